"""The OpenAPI function about examples: each must fit the schema beside it."""

from collections.abc import Iterator
from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.functions.shape import fit, openapi_dialect
from registry.compliance.jsonpath.values import UNDEFINED, ScriptError, is_object, keys

_SCHEMA_FIELDS = {2: ("example", "x-example", "default"), 3: ("example", "default")}


def valid_examples(value: Any, options: Any, call: Call) -> list[Result] | None:
    """Complain about examples and defaults that do not fit their schema."""
    if not isinstance(value, dict):
        return None
    version = options["oasVersion"]
    field = options["schemaField"]
    schema = value if field == "$" else value.get(field, UNDEFINED)
    if options["type"] == "schema":
        items: list[tuple[tuple[str, ...], Any]] = [
            ((name,), value[name]) for name in _SCHEMA_FIELDS[version] if name in value
        ]
        relaxations: list[str | None] = [None]
    else:
        items = list(_media_items(value, version))
        relaxations = call.run.relaxations(call.place, version)
    if schema is UNDEFINED:
        raise ScriptError('"undefined" is not valid JSON')
    if "oas2" in call.run.formats and not is_object(schema):
        raise ScriptError(f"Cannot use 'in' operator to search for 'required' in {schema}")
    if not isinstance(schema, dict):
        return None
    if "oas2" in call.run.formats and isinstance(schema.get("required"), bool):
        schema = call.run.without_required(schema)
    dialect, flavour = openapi_dialect(call)
    results: list[Result] = []
    for relaxes in relaxations:
        for index, (path, example) in enumerate(items):
            found = fit(
                example,
                schema,
                call,
                dialect=dialect,
                last_name=path[-1],
                relaxes=relaxes,
                again=index > 0,
                **flavour,
            )
            results += [Result(one.message, (*path, *one.below)) for one in found or ()]
    return results


def _media_items(value: dict[str, Any], version: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    if version == 3 and "example" in value:
        yield ("example",), value["example"]
        return
    examples = value.get("examples")
    if not is_object(examples):
        return
    members: dict[str, Any] = (
        examples
        if isinstance(examples, dict)
        else {str(index): item for index, item in enumerate(examples or ())}
    )
    for name in keys(members):
        example = members[name]
        if version == 2:
            yield ("examples", name), example
        elif is_object(example) and not (isinstance(example, dict) and "externalValue" in example):
            inner = example.get("value", UNDEFINED) if isinstance(example, dict) else UNDEFINED
            yield ("examples", name, "value"), inner
