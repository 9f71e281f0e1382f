"""The judge's check of schemas, at a tenth of its cost.

It walks plain values instead of paths, lets jsonschema-rs pass the schemas that are right, and
hands what may be wrong to the judge's own validators, whose word stands. What it asks of a
schema, in which order, and what it leaves unasked is the judge's.

Source: openapi-spec-validator 0.9, validation/keywords.py, SchemaValidator.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jsonschema_rs
from jsonschema.exceptions import ValidationError
from jsonschema_path import SchemaPath
from openapi_schema_validator import OAS30Validator, OAS31Validator, OAS32Validator
from openapi_schema_validator._specifications import REGISTRY
from openapi_spec_validator.validation import keywords
from openapi_spec_validator.validation.exceptions import ExtraParametersError
from openapi_spec_validator.validation.registries import KeywordValidatorRegistry

from registry.compliance.pointers import names_of

_LISTS = ("allOf", "anyOf", "oneOf")
_DEPTH_MAX = 200  # schemas within schemas; documents stay below 60
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "object": (dict,), "array": (list,),
    "integer": (int,), "number": (int, float),
}  # fmt: skip
# Keywords that say nothing about a value of the right type.
_HARMLESS = frozenset(
    {"type", "default", "description", "title", "example", "examples", "deprecated", "readOnly",
     "writeOnly", "nullable", "xml", "externalDocs", "x-enum-varnames"}
)  # fmt: skip


class QuickSchemaValidator:
    """Stands in for the judge's schema validator.

    Args:
        registry: The judge's validators by keyword.
        data: The whole document's value.
        judge: The validator it stands in for.
    """

    def __init__(
        self, registry: KeywordValidatorRegistry, data: Any, judge: keywords.SchemaValidator
    ) -> None:
        self.registry = registry
        self.judge = judge
        self.data = data
        self.visited: set[int] = set()
        self.meta_checked: set[int] = set()
        self.kept: list[Any] = []  # what was visited stays alive, so that ids stay unique
        self.targets: dict[str, Any] = {}

    def __call__(
        self, schema: SchemaPath, require_properties: bool = True, meta_checked: bool = False
    ) -> Iterator[ValidationError]:
        """Check one schema and everything below it, each once."""
        value = schema.read_value()
        if not isinstance(value, dict | bool):
            yield from self.judge(schema, require_properties, meta_checked)
            return
        if id(value) not in self.meta_checked:
            self.meta_checked.add(id(value))
            if not self._fits_its_dialect(value):
                wrong = self.judge._validate_schema_meta(schema, value)  # noqa: SLF001  # its only door
                if wrong is not None:
                    yield wrong
                    return
        yield from self._walk(schema, value, require_properties)

    def _fits_its_dialect(self, value: Any) -> bool:
        if isinstance(self.judge, keywords.OpenAPIV31SchemaValidator):
            other = self.data.get("jsonSchemaDialect")
            if other is not None or (isinstance(value, dict) and "$schema" in value):
                return False
            dialect = self.judge.default_jsonschema_dialect_id
        else:
            dialect = "http://json-schema.org/draft-04/schema#"
        return bool(_dialect(dialect).is_valid(value))

    def _resolved(self, value: Any) -> Any:
        for _ in range(_DEPTH_MAX):
            if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                return value
            value = self._target(value["$ref"])
        return {}

    def _target(self, reference: str) -> Any:
        if reference not in self.targets:
            found = self.data
            try:
                for name in names_of(reference):
                    found = self._resolved(found)
                    found = found[int(name)] if isinstance(found, list) else found[name]
            except (KeyError, ValueError, IndexError, TypeError):
                found = {}
            self.targets[reference] = found
        return self.targets[reference]

    def _walk(
        self, schema: SchemaPath, value: Any, require_properties: bool
    ) -> Iterator[ValidationError]:
        todo: list[tuple[Any, bool]] = [(value, require_properties)]
        while todo:
            value, required = todo.pop()
            value = self._resolved(value)
            if not isinstance(value, dict) or id(value) in self.visited:
                continue
            self.visited.add(id(value))
            self.kept.append(value)
            yield from self._look_at(schema, value, required)
            for keyword in _LISTS:
                inner = value.get(keyword)
                if isinstance(inner, list):
                    todo += [(one, False) for one in inner]
            for keyword in ("not", "items"):
                if isinstance(value.get(keyword), dict):
                    todo.append((value[keyword], False))
            properties = value.get("properties")
            if isinstance(properties, dict):
                todo += [(one, False) for one in properties.values()]

    def _look_at(
        self, schema: SchemaPath, value: dict[str, Any], require_properties: bool
    ) -> Iterator[ValidationError]:
        if require_properties and isinstance(value.get("allOf"), list):
            known: set[str] = set(value.get("properties") or ())
            for one in value["allOf"]:
                known |= self._properties(one)
            missing = [name for name in value.get("required") or () if name not in known]
            if missing:
                words = f"Required list has not defined properties: {sorted(set(missing))}"
                yield ExtraParametersError(words)
        if "default" in value:
            default = value["default"]
            left_out = default is None and value.get("nullable") is True
            if not left_out and not _plainly_fits(value, default):
                yield from _validator_of(self.judge)(
                    value, _resolver=_resolver_of(schema)
                ).iter_errors(default)

    def _properties(self, value: Any) -> set[str]:
        """Return all names of properties reachable by allOf, anyOf, oneOf, items and not."""
        found: set[str] = set()
        seen: set[int] = set()
        todo = [value]
        while todo:
            inner = self._resolved(todo.pop())
            if not isinstance(inner, dict) or id(inner) in seen:
                continue
            seen.add(id(inner))
            properties = inner.get("properties")
            found |= set(properties) if isinstance(properties, dict) else set()
            for keyword in _LISTS:
                todo += inner[keyword] if isinstance(inner.get(keyword), list) else []
            todo += [inner[keyword] for keyword in ("items", "not") if keyword in inner]
        return found


def _resolver_of(schema: SchemaPath) -> Any:
    with schema.resolve() as resolved:
        return resolved.resolver


def _validator_of(judge: keywords.SchemaValidator) -> Any:
    default = judge.default_validator
    checker = default.value_validator_format_checker

    def made(schema: Any, **options: Any) -> Any:
        return default.value_validator_cls(schema, format_checker=checker, **options)

    return made


def _plainly_fits(schema: dict[str, Any], default: Any) -> bool:
    """Say whether a default is right beyond doubt; the judge decides about all others."""
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        return False
    if not isinstance(default, _TYPES[kind]) or (isinstance(default, bool) != (kind == "boolean")):
        return False
    allowed = schema.get("enum")
    if allowed is not None and not (isinstance(allowed, list) and default in allowed):
        return False
    return all(keyword in _HARMLESS or keyword == "enum" for keyword in schema)


@lru_cache(maxsize=4)
def _dialect(name: str) -> Any:
    """Return the quick validator of a dialect's own schema, with the judge's idea of a regex."""
    resources = [(uri, REGISTRY.contents(uri)) for uri in REGISTRY]
    registry = jsonschema_rs.Registry(resources)
    checker = (OAS31Validator if "3.1" in name else OAS32Validator).FORMAT_CHECKER
    if name.startswith("http://json-schema.org"):
        checker = OAS30Validator.FORMAT_CHECKER

    def is_regex(text: str) -> bool:
        return bool(checker.conforms(text, "regex"))

    return jsonschema_rs.validator_for(
        REGISTRY.contents(name),
        registry=registry,
        formats={"regex": is_regex},
        validate_formats=True,
    )
