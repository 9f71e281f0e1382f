"""One schema object to one Python function, with Ajv's order of keywords and rules of stopping.

Ajv groups keywords by the type they apply to: numbers, texts, any type, arrays, objects. Unless
all problems are wanted it stops at the first one, except inside anyOf, oneOf and the like
(`composite`), where every branch may say one thing per group.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from registry.compliance.jsonpath.values import text
from registry.compliance.shapes.kinds import TYPES, assert_kinds
from registry.compliance.shapes.problem import At, InvalidSchema, Problem

if TYPE_CHECKING:
    from registry.compliance.shapes.compiler import Compiler

Out = list[Problem]
Seen = set[Any] | None
Check = Callable[[Any, At, Out, bool, Seen], bool]
Keyword = Callable[["Compiler", Any, dict[str, Any], str], Check | None]


def always(_value: Any, _at: At, _out: Out, _composite: bool, _seen: Seen) -> bool:
    """Accept everything."""
    return True


def never(where: str) -> Check:
    """Accept nothing."""

    def check(_value: Any, at: At, out: Out, _composite: bool, _seen: Seen) -> bool:
        out.append(Problem("false schema", at, "boolean schema is false", where + "/false schema"))
        return False

    return check


def types_of(schema: dict[str, Any]) -> list[str]:
    """Return the types that a schema allows, `nullable` included.

    Raises:
        InvalidSchema: `type` and `nullable` contradict each other.
    """
    given = schema.get("type")
    types = list(given) if isinstance(given, list) else [] if given is None else [given]
    for name in types:
        if not isinstance(name, str) or name not in TYPES:
            raise InvalidSchema(f"type must be JSONType or JSONType[]: {text(types)}")
    nullable = schema.get("nullable")
    if "null" in types:
        if nullable is False:
            raise InvalidSchema("type: null contradicts nullable: false")
    else:
        if not types and "nullable" in schema:
            raise InvalidSchema('"nullable" cannot be used without "type"')
        if nullable is True:
            types.append("null")
    return types


def build(compiler: "Compiler", schema: dict[str, Any], where: str) -> Check:
    """Compile a schema object; `where` is its place in the schema, for error details."""
    if compiler.x_nullable and schema.get("x-nullable") is True:
        schema = {**schema, "nullable": True}
    assert_kinds(schema, compiler.dialect)
    types = types_of(schema)
    groups: list[tuple[Callable[[Any], bool] | None, list[Check], bool]] = []
    type_in_group = False
    for name, keywords in compiler.groups:
        present = [key for key in keywords if key in schema and key not in ("then", "else")]
        if not present:
            continue
        owns_type = name is not None and types == [name]
        type_in_group = type_in_group or owns_type
        checks = [
            check
            for key in present
            if (check := keywords[key](compiler, schema[key], schema, f"{where}/{key}")) is not None
        ]
        groups.append((TYPES[name] if name else None, checks, owns_type))
    before = None if type_in_group or not types else _type_test(types)
    words = ",".join(schema["type"]) if isinstance(schema.get("type"), list) else schema.get("type")
    if compiler.nullable_word and schema.get("nullable") is True:
        words = f"{words},null"
    if not groups and before is None:
        return always
    return _runner(compiler.all_errors, groups, before, f"must be {words}", where + "/type")


def _type_test(types: list[str]) -> Callable[[Any], bool]:
    if len(types) == 1:
        return TYPES[types[0]]
    tests = [TYPES[name] for name in types]
    return lambda value: any(test(value) for test in tests)


def _runner(
    all_errors: bool,
    groups: list[tuple[Callable[[Any], bool] | None, list[Check], bool]],
    before: Callable[[Any], bool] | None,
    type_message: str,
    type_path: str,
) -> Check:
    def run(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        start = len(out)
        if before is not None and not before(value):
            out.append(Problem("type", at, type_message, type_path))
            if not (all_errors or composite):
                return False
        for applies, checks, owns_type in groups:
            if applies is None or applies(value):
                for check in checks:
                    if not check(value, at, out, composite, seen) and not all_errors:
                        break
            elif owns_type:
                out.append(Problem("type", at, type_message, type_path))
            if not all_errors and len(out) != start:
                return False
        return len(out) == start

    return run
