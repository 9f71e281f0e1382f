"""The JSON Schema of connector files, for editors that complete and check while one types.

It is generated from the models that check the file itself, once per kind. What the models check
beyond shape - expressions, combinations - an editor cannot see; `townclerk connector try` does.
"""

from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from connectors.sdk.connector import find_connector
from connectors.sdk.spec import ConnectorFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{model}"


def connector_schema(kinds: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of connector files of some kinds.

    Args:
        kinds: Names of installed kinds; their streams differ.
    """
    types = {kind: find_connector(kind).stream_type for kind in kinds}
    models: list[type[BaseModel]] = list(dict.fromkeys([ConnectorFile, *types.values()]))
    keys, whole = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    definitions = cast("dict[str, Any]", whole["$defs"])
    for definition in definitions.values():
        _tidy(definition)
    top = definitions.pop("ConnectorFile")
    properties = {**top["properties"], "kind": {"enum": list(kinds)}}
    properties["streams"] = {"type": "object", "minProperties": 1}
    return {
        "$schema": DIALECT,
        "title": "Townclerk connector file",
        "description": "How one registered interface is read; docs/reference/connector-file.md.",
        **top,
        "properties": properties,
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {
                    "properties": {
                        "streams": {"additionalProperties": keys[(types[kind], "validation")]}
                    }
                },
            }
            for kind in kinds
        ],
        "$defs": definitions,
    }


def _tidy(definition: dict[str, Any]) -> None:
    """Keep the first line of a docstring; the rest is for readers of the code."""
    if "description" in definition:
        definition["description"] = definition["description"].splitlines()[0]
    definition.pop("title", None)
    for found in definition.get("properties", {}).values():
        found.pop("title", None)
        if str(found.get("pattern", "")).startswith("(?"):  # Python's own flags; editors choke
            del found["pattern"]
