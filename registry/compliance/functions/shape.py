"""The schema function, plain and in OpenAPI's variant, which knows nullable and dialects."""

import re
from dataclasses import dataclass, field
from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.jsonpath.values import UNDEFINED
from registry.compliance.regexes import RegexTooSlow
from registry.compliance.shapes.compiler import Compiler, problems
from registry.compliance.shapes.explain import explained
from registry.compliance.shapes.meta import NO_SCHEMA, assert_schema
from registry.compliance.shapes.node import Check
from registry.compliance.shapes.problem import InvalidSchema, MissingTarget

_DIALECT = re.compile(
    r"https?://json-schema.org/(?:draft-0([467])|draft/(20(?:19-09|20-12)))/(?:hyper-)?schema#?\Z"
)
TOO_DEEP_MAX = 20  # schemas nested beyond any sense; from then on none is tried any more
_TOO_DEEP = "Maximum call stack size exceeded"
_DIALECTS = frozenset({"draft4", "draft2019-09", "draft2020-12"})


def dialect_of(address: Any) -> str | None:
    """Return the dialect that a `$schema` address names, if we know it."""
    match = _DIALECT.match(address) if isinstance(address, str) else None
    return f"draft{match[1] or match[2]}" if match else None


@dataclass(slots=True)
class Schemas:
    """Compiled schemas of one check; kept as long as the document, whose objects they name."""

    compilers: dict[Any, Compiler] = field(default_factory=dict)
    compiled: dict[Any, Check | Exception] = field(default_factory=dict)
    looked_at: dict[bool, dict[int, bool]] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)
    too_deep: int = 0

    def check(
        self,
        schema: Any,
        dialect: str,
        *,
        all_errors: bool = False,
        relaxes: str | None = None,
        nullable_word: bool = False,
        x_nullable: bool = False,
        again: bool = False,
    ) -> Check:
        """Compile a schema, or raise again what compiling it raised before.

        Ajv complains about a schema that is none only once; asked `again`, it tries its best.
        """
        flavour = (dialect, all_errors, relaxes, nullable_word, x_nullable)
        key = (flavour, id(schema))
        found = self.compiled.get(key)
        if found is None:
            compiler = self.compilers.get(flavour)
            if compiler is None:
                compiler = self.compilers[flavour] = Compiler(
                    dialect,
                    all_errors,
                    relaxes=relaxes,
                    nullable_word=nullable_word,
                    x_nullable=x_nullable,
                )
            found = self.compiled[key] = self._compile(compiler, schema)
            self.kept.append(schema)  # its identity is a key, so it must not be used again
        if again and isinstance(found, InvalidSchema) and str(found).startswith(NO_SCHEMA):
            found = self._compile(self.compilers[flavour], schema, again=True)
        if isinstance(found, Exception):
            raise found
        return found

    def _compile(
        self, compiler: Compiler, schema: Any, *, again: bool = False
    ) -> Check | Exception:
        if self.too_deep > TOO_DEEP_MAX:
            return InvalidSchema(_TOO_DEEP)
        compiler.root = schema
        compiler.depth = 0
        looked_at = self.looked_at.setdefault(compiler.dialect == "draft4", {})
        try:
            if not again:
                assert_schema(schema, compiler.dialect, looked_at)
            return compiler.check(schema)
        except MissingTarget as missing:
            return MissingTarget(*missing.args)
        except (InvalidSchema, RecursionError) as wrong:
            words = _TOO_DEEP if isinstance(wrong, RecursionError) else str(wrong)
            self.too_deep += words == _TOO_DEEP
            return InvalidSchema(words)  # without the traceback, which would keep every frame


def schema(value: Any, options: Any, call: Call) -> list[Result] | None:
    """Complain where the value does not fit a JSON Schema."""
    wanted = options["schema"]
    given = options.get("dialect")
    dialect = given if given not in (None, "auto") else dialect_of(wanted.get("$schema"))
    dialect = dialect if dialect in _DIALECTS else "draft7"
    return fit(value, wanted, call, dialect=dialect, all_errors=options.get("allErrors") is True)


def fit(
    value: Any,
    wanted: Any,
    call: Call,
    *,
    dialect: str,
    all_errors: bool = False,
    last_name: str | None = None,
    **flavour: Any,
) -> list[Result] | None:
    """Check a value against a schema and word what is wrong.

    Args:
        value: The value; undefined is a complaint of its own.
        wanted: The schema.
        call: Circumstances of the call.
        dialect: JSON Schema dialect.
        all_errors: Whether every problem is wanted.
        last_name: Name of the value, where it is not the place of the call.
        flavour: Further options of Schemas.check.
    """
    if value is UNDEFINED:
        return [Result('#{{print("property")}}must exist')]
    try:
        check = call.run.schemas.check(wanted, dialect, all_errors=all_errors, **flavour)
        found = problems(check, value)
    except InvalidSchema as wrong:
        return [Result(str(wrong))]
    except RecursionError:
        return [Result(_TOO_DEEP)]
    except RegexTooSlow as slow:
        return [Result(slow.what)]
    except MissingTarget as missing:
        if call.resolved:
            return None
        return [Result(f"can't resolve reference {missing} from id #")]
    if not found:
        return None
    name = last_name if last_name is not None else call.last_name
    return [Result(told.message, told.path) for told in explained(found, value, name)]


def openapi_dialect(call: Call) -> tuple[str, dict[str, Any]]:
    """Return the dialect and flavour of schemas in the document under check."""
    formats = call.run.formats
    if not formats:
        return "draft7", {}
    if "oas3_2" in formats or "oas3_1" in formats:
        data = call.run.document.data
        named = data.get("jsonSchemaDialect") if isinstance(data, dict) else None
        dialect = dialect_of(named) if isinstance(named, str) else None
        return (dialect or "draft2020-12"), {}
    if "oas3_0" in formats:
        return "draft4", {"nullable_word": True}
    if "oas2" in formats:
        return "draft4", {"nullable_word": True, "x_nullable": True}
    return "draft4", {}


def openapi_schema(value: Any, options: Any, call: Call) -> list[Result] | None:
    """Complain where the value does not fit a schema in the dialect of the document."""
    dialect, flavour = openapi_dialect(call)
    return fit(value, options["schema"], call, dialect=dialect, **flavour)
