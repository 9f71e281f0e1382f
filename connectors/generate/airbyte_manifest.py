"""Write a low-code manifest out in full: references followed, `$parameters` handed down.

A manifest says things once and refers to them: `$ref: "#/definitions/x"`, in older versions
`"*ref(definitions.x)"`; `$parameters` (once `$options`) of a component fill the fields that the
components inside it leave out, and the `{{ parameters['x'] }}` in their texts.
"""

import re
from collections.abc import Mapping
from typing import Any

from connectors.generate.guesses import InterfaceUnreadable

DEPTH_MAX = 60
"""Written out, real manifests nest fifteen deep; a circle of references never ends."""

NODES_MAX = 500_000
"""Fifty times the largest manifest that Airbyte ships, written out."""

_COMPONENTS = frozenset(
    {"retriever", "requester", "record_selector", "extractor", "paginator", "incremental_sync"}
    | {"pagination_strategy", "authenticator", "schema_loader", "partition_router"}
)
_OLD_REFERENCE = re.compile(r"\*ref\(([\w.]+)\)")
_PARAMETER = re.compile(
    r"\{\{\s*(?:parameters|options)(?:\[\s*['\"](\w+)['\"]\s*\]|\.get\(\s*['\"](\w+)['\"]\s*\)"
    r"|\.(\w+))\s*\}\}"
)


def write_out(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the streams of a manifest, each by itself.

    Raises:
        InterfaceUnreadable: It refers to itself, or is too large when written out.
    """
    writer = _Writer(document)
    listed = document.get("streams")
    whole = (writer.write(entry, {}, 0) for entry in (listed if isinstance(listed, list) else ()))
    return [filled(stream, {}) for stream in whole if isinstance(stream, dict)]


class _Writer:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._nodes = 0

    def write(self, node: Any, parameters: Mapping[str, Any], depth: int) -> Any:
        self._nodes += 1
        if depth > DEPTH_MAX or self._nodes > NODES_MAX:
            raise InterfaceUnreadable("The manifest refers to itself, or is far too large.")
        node = self._followed(node)
        if isinstance(node, Mapping):
            given = node.get("$parameters", node.get("$options"))
            inner = {**parameters, **(given if isinstance(given, Mapping) else {})}
            written = {
                str(name): self.write(value, inner, depth + 1)
                for name, value in node.items()
                if name not in ("$parameters", "$options")
            }
            return {**written, "$parameters": inner} if inner else written
        if isinstance(node, list):
            return [self.write(value, parameters, depth + 1) for value in node]
        if isinstance(node, str) and "{{" in node:
            return _PARAMETER.sub(lambda found: _said(found, parameters), node)
        return node

    def _followed(self, node: Any) -> Any:
        """Return a node with what it refers to under its own fields."""
        own: dict[str, Any] = {}
        for _ in range(DEPTH_MAX):
            if isinstance(node, str):
                old = _OLD_REFERENCE.fullmatch(node)
                place = old[1].replace(".", "/") if old else node.removeprefix("#/")
                if old is None and not node.startswith("#/"):
                    return node
                node = self._at(place)
                continue
            if not isinstance(node, Mapping):
                return own or node
            shared = {**_parameters(node), **_parameters(own)}
            own = {**node, **own, **({"$parameters": shared} if shared else {})}
            reference = own.pop("$ref", None)
            if not isinstance(reference, str):
                return own
            node = reference if reference.startswith(("#/", "*ref(")) else f"#/{reference}"
        raise InterfaceUnreadable("The manifest refers to itself.")

    def _at(self, place: str) -> Any:
        node: Any = self._document
        for step in place.split("/"):
            node = node.get(step) if isinstance(node, Mapping) else None
        return {} if node is None else node


def _parameters(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found = node.get("$parameters", node.get("$options"))
    return found if isinstance(found, Mapping) else {}


def _said(found: re.Match[str], parameters: Mapping[str, Any]) -> str:
    value = parameters.get(found[1] or found[2] or found[3])
    return found[0] if value is None or isinstance(value, dict | list) else str(value)


def filled(component: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a component whose missing fields are filled from the parameters handed down."""
    mine = {**parameters, **_parameters(component)}
    for name, value in component.items():
        if name in _COMPONENTS and isinstance(value, dict):
            component[name] = filled(value, mine)
    return {**mine, **component}
