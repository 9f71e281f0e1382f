"""Operations of an OpenAPI document in one shape, whatever version wrote them.

OpenAPI 2.0 puts bodies among the parameters and media types beside them; here they stand where
3.x has them, so that 2.0 can be compared with 3.x and everything after this file knows one shape.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from registry.compliance.pointers import names_of

VERBS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_CHAIN_MAX = 100  # references to references
_FORM = "application/x-www-form-urlencoded"
_PARAMETER = re.compile(r"\{[^}]*\}")
_OUTSIDE_SCHEMA = frozenset({"name", "in", "required", "description", "collectionFormat"})


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    place: str
    required: bool
    schema: Any
    raw: dict[str, Any]
    of_path: bool


@dataclass(frozen=True)
class Body:
    """What a request carries."""

    required: bool
    media: dict[str, Any]


@dataclass(frozen=True)
class Response:
    """One answer of an operation: schemas by media type, and headers."""

    media: dict[str, Any]
    headers: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        path: As the document writes it.
        verb: In lower case.
        raw: As the document writes it.
    """

    path: str
    verb: str
    raw: dict[str, Any]
    parameters: dict[tuple[str, str], Parameter] = field(default_factory=dict)
    body: Body | None = None
    responses: dict[str, Response] = field(default_factory=dict)


class Contract:
    """One version of an OpenAPI document, with its references at hand.

    Args:
        data: The document's value.
    """

    def __init__(self, data: Any) -> None:
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        self._targets: dict[str, Any] = {}

    def resolved(self, value: Any) -> Any:
        """Return what a value stands for; what cannot be found is an empty object."""
        for _ in range(_CHAIN_MAX):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return value
            value = self._target(reference)
        return {}

    def _target(self, reference: str) -> Any:
        if reference not in self._targets:
            found: Any = self.data
            try:
                for name in names_of(reference):
                    found = self.resolved(found)
                    found = found[int(name)] if isinstance(found, list) else found[name]
            except (KeyError, ValueError, IndexError, TypeError, RecursionError):
                found = {}
            self._targets[reference] = found
        return self._targets[reference]

    def paths(self) -> dict[str, dict[str, Operation]]:
        """Return operations by verb by path, with the names of path parameters left out."""
        found: dict[str, dict[str, Operation]] = {}
        for path, given in as_object(self.data.get("paths")).items():
            item = as_object(self.resolved(given))
            operations = {
                verb: self._operation(path, verb, item)
                for verb in VERBS
                if isinstance(item.get(verb), dict)
            }
            found.setdefault(_PARAMETER.sub("{}", path), {}).update(operations)
        return found

    def schemas(self) -> dict[str, Any]:
        """Return the named schemas."""
        components = as_object(self.data.get("components"))
        return as_object(self.data.get("definitions") or components.get("schemas"))

    def security_schemes(self) -> dict[str, Any]:
        """Return the named security schemes, resolved."""
        components = as_object(self.data.get("components"))
        found = self.data.get("securityDefinitions") or components.get("securitySchemes")
        return {name: as_object(self.resolved(one)) for name, one in as_object(found).items()}

    def _operation(self, path: str, verb: str, item: dict[str, Any]) -> Operation:
        raw = as_object(item[verb])
        parameters: dict[tuple[str, str], Parameter] = {}
        bodies: list[dict[str, Any]] = []
        renamed = _positions(path)
        for given, of_path in self._given(item, raw):
            name, place = str(given.get("name", "")), str(given.get("in", ""))
            if place in ("body", "formData"):
                bodies.append(given)
                continue
            # A path parameter is its position: renaming it changes nothing on the wire.
            key = (place, renamed.get(name, name) if place == "path" else name)
            schema = given.get("schema", _schema_of(given))
            required = given.get("required") is True or place == "path"
            parameters[key] = Parameter(name, place, required, schema, given, of_path)
        body = self._body(raw, bodies)
        responses = {
            str(status): self._response(raw, as_object(self.resolved(one)))
            for status, one in as_object(raw.get("responses")).items()
        }
        return Operation(path, verb, raw, parameters, body, responses)

    def _given(
        self, item: dict[str, Any], raw: dict[str, Any]
    ) -> Iterator[tuple[dict[str, Any], bool]]:
        for holder, of_path in ((item, True), (raw, False)):
            listed = holder.get("parameters")
            for one in listed if isinstance(listed, list) else ():
                yield as_object(self.resolved(one)), of_path

    def _body(self, raw: dict[str, Any], bodies: list[dict[str, Any]]) -> Body | None:
        if bodies:
            types = self._types(raw, "consumes")
            whole = next((one for one in bodies if one.get("in") == "body"), None)
            if whole is not None:
                schema = whole.get("schema", {})
                return Body(whole.get("required") is True, dict.fromkeys(types, schema))
            required = [str(one.get("name")) for one in bodies if one.get("required") is True]
            form = {
                "type": "object",
                "properties": {str(one.get("name")): _schema_of(one) for one in bodies},
                "required": required,
            }
            kinds = [kind for kind in types if "form" in kind] or [_FORM]
            return Body(bool(required), dict.fromkeys(kinds, form))
        if "requestBody" not in raw:
            return None
        given = as_object(self.resolved(raw["requestBody"]))
        return Body(given.get("required") is True, self._media(given))

    def _response(self, raw: dict[str, Any], given: dict[str, Any]) -> Response:
        headers = {
            str(name).lower(): as_object(self.resolved(one))
            for name, one in as_object(given.get("headers")).items()
        }
        if "schema" in given:
            media = dict.fromkeys(self._types(raw, "produces"), given["schema"])
        else:
            media = self._media(given)
        return Response(media, headers)

    def _media(self, given: dict[str, Any]) -> dict[str, Any]:
        content = as_object(given.get("content"))
        return {str(kind): as_object(one).get("schema", {}) for kind, one in content.items()}

    def _types(self, raw: dict[str, Any], key: str) -> list[str]:
        found = raw.get(key, self.data.get(key))
        return [str(kind) for kind in found] if isinstance(found, list) else ["application/json"]


def as_object(value: Any) -> dict[str, Any]:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _schema_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a parameter or header of 2.0 writes into itself."""
    content = as_object(given.get("content"))
    if content:
        return as_object(next(iter(content.values()))).get("schema", {})  # type: ignore[no-any-return]  # a schema may be anything
    return {key: value for key, value in given.items() if key not in _OUTSIDE_SCHEMA}


def _positions(path: str) -> dict[str, str]:
    names = [found[1:-1] for found in _PARAMETER.findall(path)]
    return {name: f"{{{at}}}" for at, name in enumerate(names)}
