"""Patterns out of a document, tried with a clock: a default may be made to match for hours."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from openapi_spec_validator.validation.keywords import ValueValidator

from registry.compliance.regexes import InvalidRegex, RegexTooSlow, regex_of


def with_a_clock(judge: ValueValidator) -> ValueValidator:
    """Return the judge's validator of defaults, with patterns that cannot run for long."""
    kind: Any = type(judge)
    clocked: ValueValidator = _clocked(kind)(judge.registry)
    return clocked


@lru_cache(maxsize=8)
def _clocked(judge: Any) -> Any:
    timed: Any = extend(
        judge.value_validator_cls,
        {
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
        },
    )
    return type(f"Clocked{judge.__name__}", (judge,), {"value_validator_cls": timed})


def _fits(pattern: Any, text: str) -> bool:
    """Say whether a pattern occurs; one that is none, or takes too long, is no reason to refuse."""
    try:
        return regex_of(str(pattern)).test(text)
    except (InvalidRegex, RegexTooSlow):
        return True


def _pattern(_: Any, pattern: Any, value: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _fits(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Any, value: Any, _: Any
) -> Iterator[ValidationError]:
    if not isinstance(value, dict) or not isinstance(patterns, dict):
        return
    for pattern, schema in patterns.items():
        for name, inner in value.items():
            if _fits(pattern, name):
                yield from validator.descend(inner, schema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, others: Any, value: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    extra = [
        name for name in value
        if name not in known and not any(_fits(pattern, name) for pattern in patterns)
    ]  # fmt: skip
    if isinstance(others, dict):
        for name in extra:
            yield from validator.descend(value[name], others, path=name)
    elif others is False and extra:
        yield ValidationError(f"Additional properties are not allowed ({', '.join(extra)[:200]})")
