"""The official schemas of OpenAPI 3.1 and 3.2, with the JSON Schema dialect of their schemas."""

from copy import deepcopy
from typing import Any

from registry.compliance.shapes.compiler import DYNAMIC_META
from registry.compliance.shapes.shipped import json_schemas, shipped

_NOT_A_SCHEMA = {
    "not": True,
    "errorMessage": '"{{property}}" property must be a valid Schema Object',
}
_PARTS = 'The document must have either "paths", "webhooks" or "components"'
_META = "https://spec.openapis.org/oas/3.1/meta/base"
_DIALECT = "https://spec.openapis.org/oas/3.1/dialect/base"
_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_SCHEMA_BY_TYPE = "urn:townclerk:json-schema:2020-12"
_TYPE_WORDS = '"type" property must be either a string or an array of strings'


def openapi_3_1() -> tuple[Any, dict[str, Any]]:
    """Return the schema of OpenAPI 3.1 documents and the schemas it refers to, by address."""
    root = shipped("v3.1")
    for part in root["anyOf"]:
        part["errorMessage"] = _PARTS
    root["errorMessage"] = {"anyOf": _PARTS}
    _replace(root, {"$dynamicRef": "#meta"}, {"$ref": _DIALECT})
    _replace_format(root, "uri", "uri-reference")
    parts = root["$defs"]
    parts["schema"] = {"$ref": _DIALECT}
    parts["reference"].pop("unevaluatedProperties", None)
    parts["paths"]["patternProperties"]["^/"] = {"$ref": "#/$defs/path-item"}
    parts["server"]["properties"]["url"].pop("format", None)
    in_path = parts["parameter"]["dependentSchemas"]["schema"]["$defs"]["styles-for-path"]
    in_path["then"]["properties"].pop("name", None)
    documents = json_schemas()
    documents[_DIALECT] = _by_type(
        {"allOf": [{"$ref": _SCHEMA_BY_TYPE}, {"$ref": _META}]}, _DIALECT
    )
    base = deepcopy(documents[_SCHEMA])
    documents[_SCHEMA_BY_TYPE] = _by_type({"allOf": _vocabularies(base)}, _SCHEMA_BY_TYPE)
    documents[DYNAMIC_META] = documents[_SCHEMA_BY_TYPE]
    documents[_META] = _vocabulary_of_openapi()
    documents["urn:townclerk:json-schema:validation"] = _validation()
    return root, documents


def openapi_3_2() -> tuple[Any, dict[str, Any]]:
    """Return the schema of OpenAPI 3.2 documents and the schemas it refers to, by address."""
    root = shipped("v3.2")
    _replace(root, {"$dynamicRef": "#meta"}, {"$ref": _SCHEMA})
    documents = json_schemas()
    documents[DYNAMIC_META] = documents[_SCHEMA]
    return root, documents


def _by_type(then: dict[str, Any], address: str) -> dict[str, Any]:
    """Return a schema that says one thing about values that are neither object nor boolean."""
    other = {"if": {"type": "boolean"}, "then": True, "else": _NOT_A_SCHEMA}
    return {"$id": address, "if": {"type": "object"}, "then": then, "else": other}


def _vocabularies(schema: dict[str, Any]) -> list[dict[str, Any]]:
    base = "https://json-schema.org/draft/2020-12/"
    return [
        {"$ref": "urn:townclerk:json-schema:validation"}
        if part["$ref"] == "meta/validation"
        else {"$ref": base + part["$ref"]}
        for part in schema["allOf"]
    ]


def _validation() -> dict[str, Any]:
    schema: dict[str, Any] = deepcopy(
        json_schemas()["https://json-schema.org/draft/2020-12/meta/validation"]
    )
    schema["$id"] = "urn:townclerk:json-schema:validation"
    schema["properties"]["type"] = {
        "if": {"type": "string"},
        "then": {"$ref": "#/$defs/simpleTypes"},
        "else": {
            "if": {"type": "array"},
            "then": {
                "type": "array",
                "items": {"$ref": "#/$defs/simpleTypes"},
                "minItems": 1,
                "uniqueItems": True,
            },
            "else": {"not": True, "errorMessage": _TYPE_WORDS},
        },
    }
    return schema


def _vocabulary_of_openapi() -> dict[str, Any]:
    schema: dict[str, Any] = deepcopy(_openapi_base())
    return {**_by_type({**schema, "type": "object"}, _META), "$defs": schema.get("$defs", {})}


def _openapi_base() -> dict[str, Any]:
    extensible = {"patternProperties": {"^x-": True}}
    text = {"type": "string"}

    def closed(members: dict[str, Any], required: list[str]) -> dict[str, Any]:
        shape = {"$ref": "#/$defs/extensible", "type": "object", "properties": members}
        return {**shape, "required": required, "unevaluatedProperties": False}

    flag = {"type": "boolean"}
    mapping = {"type": "object", "additionalProperties": text}
    return {
        "properties": {
            "example": True,
            "discriminator": {"$ref": "#/$defs/discriminator"},
            "externalDocs": {"$ref": "#/$defs/external-docs"},
            "xml": {"$ref": "#/$defs/xml"},
        },
        "$defs": {
            "extensible": extensible,
            "discriminator": closed({"propertyName": text, "mapping": mapping}, ["propertyName"]),
            "external-docs": closed(
                {"url": {"type": "string", "format": "uri-reference"}, "description": text}, ["url"]
            ),
            "xml": closed(
                {
                    "name": text,
                    "namespace": {"type": "string", "format": "uri"},
                    "prefix": text,
                    "attribute": flag,
                    "wrapped": flag,
                },
                [],
            ),
        },
    }


def _replace(schema: Any, old: dict[str, Any], new: dict[str, Any]) -> None:
    if isinstance(schema, dict):
        if all(schema.get(name) == value for name, value in old.items()):
            for name in old:
                del schema[name]
            schema.update(new)
        for item in schema.values():
            _replace(item, old, new)
    elif isinstance(schema, list):
        for item in schema:
            _replace(item, old, new)


def _replace_format(schema: Any, old: str, new: str) -> None:
    """Loosen a format below the parts of a 3.1 document that may hold relative addresses."""
    parts = schema["$defs"]
    for name in ("example", "security-scheme", "oauth-flows"):
        _replace(parts[name], {"format": old}, {"format": new})
