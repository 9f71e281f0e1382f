"""The official OpenAPI document schemas, adjusted to say one clear thing instead of many.

The schemas are those of the OpenAPI Initiative, as openapi-spec-validator ships them. Where they
offer "a Reference or the thing itself", we ask which one it is first, so that a wrong parameter is
reported as a wrong parameter; the wording of some messages is fixed, as identity demands.
"""

from functools import cache
from typing import Any

from registry.compliance.functions.openapi.official_3_1 import openapi_3_1, openapi_3_2
from registry.compliance.shapes.compiler import Compiler
from registry.compliance.shapes.node import Check
from registry.compliance.shapes.shipped import json_schemas, shipped

# Parts of the 2.0 schema whose members say both their type and their words, as Spectral's do.
_KEEPS_TYPE = frozenset(
    {"swagger", "header", "bodyParameter"}
    | {f"{place}ParameterSubSchema" for place in ("header", "query", "formData", "path")}
)
_IS_REFERENCE = {"type": "object", "required": ["$ref"]}


@cache
def document_check(version: str) -> Check:
    """Return the compiled check of a whole document.

    Args:
        version: oas2, oas3_0, oas3_1 or oas3_2.
    """
    make = {"oas2": _openapi_2, "oas3_0": _openapi_3_0, "oas3_1": openapi_3_1}
    root, documents = make.get(version, openapi_3_2)()
    compiler = Compiler(
        "draft2020-12", True, documents=documents, base=root.get("$id", ""), root=root
    )
    return compiler.check(root)


def _openapi_2() -> tuple[Any, dict[str, Any]]:
    root = _ask_first(shipped("v2.0"), "#/definitions/jsonReference")
    _drop_type_beside_enum(root)
    parts = root["definitions"]
    parts["schema"]["properties"]["additionalProperties"] = {
        "default": {},
        "if": {"type": "object"},
        "then": {"$ref": "#/definitions/schema"},
        "else": {
            "if": {"type": "boolean"},
            "then": True,
            "else": {
                "not": True,
                "errorMessage": '"additionalProperties" property must be a valid schema',
            },
        },
    }
    several = {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/schema"}}
    parts["schema"]["properties"] |= {"oneOf": several, "anyOf": several}
    kinds = ("basic", "apiKey", "oauth2")
    parts["securityDefinitions"]["errorMessage"] = {
        "properties": {k: f"Invalid {k} authentication security definition" for k in kinds},
        "_": "Invalid security securityDefinitions",
    }
    for name in ("Implicit", "Password", "Application", "AccessCode"):
        required = parts[f"oauth2{name}Security"]["required"]
        if "scopes" not in required:
            required.append("scopes")
    for name in ("Application", "AccessCode"):
        members = parts[f"oauth2{name}Security"]["properties"]
        for member in ("type", "flow"):
            members[member] = {"const": members[member]["enum"][0]}
    parts["multipleOf"] = {"type": "number", "exclusiveMinimum": 0}
    return root, json_schemas()


def _openapi_3_0() -> tuple[Any, dict[str, Any]]:
    root = _ask_first(shipped("v3.0"), "#/definitions/Reference")
    _drop_type_beside_enum(root)
    parts = root["definitions"]
    members = parts["Schema"]["properties"]
    members["multipleOf"] = {"type": "number", "exclusiveMinimum": 0}
    members["additionalProperties"] = _reference_schema_or_flag()
    parts["SchemaXORContent"] = _schema_or_content(parts["SchemaXORContent"])
    parts["ParameterLocation"] = _by_location()
    parts["Parameter"]["required"] = ["name"]
    parts["SecurityScheme"] = _by_scheme()
    parts["Header"]["properties"]["style"] = {"const": "simple"}
    for name in ("APIKey", "HTTP", "OAuth2", "OpenIdConnect"):
        kind = parts[f"{name}SecurityScheme"]["properties"]["type"]
        kind["const"] = kind.pop("enum")[0]
    bearer, other = parts["HTTPSecurityScheme"]["oneOf"]
    bearer["properties"] = {"scheme": {"const": "bearer"}}
    other["properties"] = {"scheme": {"not": {"const": "bearer"}}}
    parts["Encoding"]["properties"]["headers"]["additionalProperties"] = {
        "$ref": "#/definitions/Header"
    }
    parts["Encoding"].pop("patternProperties", None)
    return root, json_schemas()


def _case(member: str, value: str) -> dict[str, Any]:
    return {"type": "object", "properties": {member: {"const": value}}, "required": [member]}


def _reference_schema_or_flag() -> dict[str, Any]:
    words = '"additionalProperties" property must be a valid Schema Object'
    other = {"if": {"type": "boolean"}, "then": True, "else": {"not": True, "errorMessage": words}}
    schema = {"if": {"type": "object"}, "then": {"$ref": "#/definitions/Schema"}, "else": other}
    return {"if": _IS_REFERENCE, "then": {"$ref": "#/definitions/Reference"}, "else": schema}


def _schema_or_content(shipped: dict[str, Any]) -> dict[str, Any]:
    neither = {"not": True, "errorMessage": {"not": '"schema" or "content" must be present'}}
    content = {
        "if": {"type": "object", "required": ["content"]},
        "then": {"allOf": shipped["oneOf"][1]["allOf"]},
        "else": neither,
    }
    words = "Schema and content are mutually exclusive, at least one is required"
    return {
        "errorMessage": {"not": words},
        "not": {"required": ["schema", "content"]},
        "if": {"type": "object", "required": ["schema"]},
        "then": True,
        "else": content,
    }


def _by_location() -> dict[str, Any]:
    styles = {
        "path": {"enum": ["matrix", "label", "simple"]},
        "query": {"enum": ["form", "spaceDelimited", "pipeDelimited", "deepObject"]},
        "header": {"const": "simple"},
        "cookie": {"const": "form"},
    }
    chain: dict[str, Any] = {
        "type": "object",
        "properties": {"in": {"enum": list(styles)}},
        "required": ["in"],
        "errorMessage": {"required": 'Parameter must have a valid "in" property'},
    }
    for location, style in reversed(styles.items()):
        then: dict[str, Any] = {"properties": {"style": style}}
        if location == "path":
            then["required"] = ["required"]
            then["properties"]["required"] = {"const": True}
        chain = {"if": _case("in", location), "then": then, "else": chain}
    return {"type": "object", **chain}


def _by_scheme() -> dict[str, Any]:
    """Return the choice of security scheme; `http` is not looked at, as in Spectral's schema."""
    kinds = ["apiKey", "http", "oauth2", "openIdConnect"]
    parts = {"apiKey": "APIKey", "oauth2": "OAuth2", "openIdConnect": "OpenIdConnect"}
    chain: dict[str, Any] = {
        "type": "object",
        "properties": {"type": {"enum": kinds}},
        "required": ["type"],
        "errorMessage": {
            "required": "Security scheme must have a valid type",
            "type": "Invalid security scheme",
        },
    }
    for kind, part in reversed(parts.items()):
        then = {"$ref": f"#/definitions/{part}SecurityScheme"}
        chain = {"if": _case("type", kind), "then": then, "else": chain}
    return chain


def _ask_first(schema: Any, reference: str) -> Any:
    """Turn "oneOf a thing or a reference" into "if it has $ref, a reference, else the thing"."""
    if isinstance(schema, list):
        return [_ask_first(item, reference) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _ask_first(item, reference) for name, item in schema.items()}
    options = made.get("oneOf")
    if isinstance(options, list) and len(options) == 2 and {"$ref": reference} in options:
        other = next((item for item in options if item != {"$ref": reference}), None)
        if other is not None:
            del made["oneOf"]
            made |= {"if": _IS_REFERENCE, "then": {"$ref": reference}, "else": other}
    return made


def _drop_type_beside_enum(schema: Any) -> None:
    """Remove `type` where `enum` says more: one complaint about a wrong word is enough."""
    if isinstance(schema, dict):
        if isinstance(schema.get("enum"), list) and schema.get("type") == "string":
            del schema["type"]
        for name, item in schema.items():
            if name not in _KEEPS_TYPE:
                _drop_type_beside_enum(item)
    elif isinstance(schema, list):
        for item in schema:
            _drop_type_beside_enum(item)
