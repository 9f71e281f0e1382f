"""JSON Schema to Python functions: one compiler per dialect, shared subschemas compiled once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin

from registry.compliance.jsonpath.values import text
from registry.compliance.pointers import names_of
from registry.compliance.shapes.node import Check, Out, Seen, always, build, never
from registry.compliance.shapes.problem import At, InvalidSchema, MissingTarget, Problem
from registry.compliance.shapes.vocabulary import Groups, groups_of
from registry.compliance.shapes.worded import reworded

DYNAMIC_META = "$dynamicRef #meta"  # the document at which the outermost #meta stands
SCHEMA_DEPTH_MAX = 150  # nested subschemas; honest ones stay below 40


@dataclass(slots=True)
class Compiler:
    """Compiles schemas of one dialect.

    Attributes:
        dialect: draft4, draft7, draft2019-09 or draft2020-12.
        all_errors: Whether every problem is wanted, or only the first.
        documents: Schemas that references may lead to, by their address.
        base: Address of the schema that relative references start from.
        root: The schema at that address.
        relaxes: Name of the flag (readOnly, writeOnly) whose members need not be there.
        nullable_word: Whether messages about types mention null for `nullable` schemas.
        x_nullable: Whether `x-nullable` means `nullable`, as in OpenAPI 2.0.
    """

    dialect: str
    all_errors: bool = False
    documents: Mapping[str, Any] = field(default_factory=dict)
    base: str = ""
    root: Any = None
    relaxes: str | None = None
    nullable_word: bool = False
    x_nullable: bool = False
    groups: Groups = field(default_factory=list)
    known: dict[Any, Check] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)
    depth: int = 0

    def __post_init__(self) -> None:
        self.groups = self.groups or groups_of(self.dialect)

    @property
    def is_2020(self) -> bool:
        """Whether the dialect is draft 2020-12."""
        return self.dialect == "draft2020-12"

    def first_only(self) -> "Compiler":
        """Return this compiler without all_errors, for tests whose problems nobody reads."""
        return replace(self, all_errors=False, known={}) if self.all_errors else self

    def inside_not(self) -> "Compiler":
        """Return this compiler without relaxed members: what is forbidden stays forbidden."""
        return replace(self, relaxes=None, known={}) if self.relaxes else self

    def relaxed(self, names: Any, schema: dict[str, Any]) -> list[str]:
        """Return the required names that still count."""
        if not isinstance(names, list):
            return []
        wanted = [name if isinstance(name, str) else text(name) for name in names]
        rules = schema.get("properties")
        if self.relaxes is None or not isinstance(rules, dict):
            return wanted
        flag = self.relaxes
        return [
            name
            for name in wanted
            if not (isinstance(rules.get(name), dict) and rules[name].get(flag) is True)
        ]

    def check(self, schema: Any, where: str = "#") -> Check:
        """Compile a schema.

        Args:
            schema: A schema object or boolean.
            where: Its place, for details of problems.

        Raises:
            InvalidSchema: It cannot be compiled.
            MissingTarget: A reference in it leads nowhere.
        """
        if not isinstance(schema, dict):
            return always if schema is not False else never(where)
        found = self.known.get((id(schema), where if self.all_errors else ""))
        if found is not None:
            return found
        if self.depth > SCHEMA_DEPTH_MAX:
            raise InvalidSchema("Maximum call stack size exceeded")
        self.depth += 1
        check = self._with_seen(build(self, schema, where), schema)
        self.depth -= 1
        if "errorMessage" in schema:
            check = reworded(self, check, schema["errorMessage"], where)
        self.known[(id(schema), where if self.all_errors else "")] = check
        self.kept.append(schema)
        return check

    def _with_seen(self, check: Check, schema: dict[str, Any]) -> Check:
        if "unevaluatedProperties" not in schema and "unevaluatedItems" not in schema:
            return check
        if self.dialect in ("draft4", "draft7"):
            return check

        def run(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
            mine: set[Any] = set()
            good = check(value, at, out, composite, mine)
            if seen is not None:
                seen.update(mine)
            return good

        return run

    def target(self, reference: str) -> Callable[[], Check]:
        """Return a function that gives the compiled target of a reference; compiled on first use.

        Raises:
            MissingTarget: There is no such schema.
        """
        address, _, pointer = reference.partition("#")
        if reference == "#meta" and DYNAMIC_META in self.documents:
            address, pointer = self.documents[DYNAMIC_META]["$id"], ""
        base = urljoin(self.base, address) if address else self.base
        root = self.documents.get(base, self.root if base == self.base else None)
        schema = _pointed(root, pointer, reference)
        compiler = self if base == self.base else replace(self, base=base, root=root)
        key = ("target", id(schema), self.all_errors)

        def get() -> Check:
            found = self.known.get(key)
            if found is None:
                depth, compiler.depth = compiler.depth, 0
                found = self.known[key] = compiler.check(schema, "#")
                compiler.depth = depth
                compiler.kept.append(schema)
            return found

        return get


def _pointed(root: Any, pointer: str, reference: str) -> Any:
    if root is None:
        raise MissingTarget(reference)
    if pointer and not pointer.startswith("/"):
        return root  # the one anchor in use, #meta, stands at the root of its document
    schema = root
    for name in names_of("#" + pointer) if pointer else ():
        if isinstance(schema, list) and name.isdigit() and int(name) < len(schema):
            schema = schema[int(name)]
        elif isinstance(schema, dict) and name in schema:
            schema = schema[name]
        else:
            raise MissingTarget(reference)
    return schema


def problems(check: Check, value: Any) -> list[Problem]:
    """Run a compiled check from the root of a value."""
    out: list[Problem] = []
    check(value, None, out, False, None)
    return out
