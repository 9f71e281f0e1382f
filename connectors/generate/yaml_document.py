"""Build a YAML document from the parser's events: in one pass, bounded, with JSON's types.

libyaml's own composer recurses until the stack ends, and takes three times as long. Aliases stay
shared instead of being written out; dates stay text.
"""

from typing import Any

import yaml

from connectors.generate.guesses import InterfaceUnreadable

DEPTH_MAX = 200
"""Real documents nest thirty deep."""

NODES_MAX = 3_000_000
"""The largest public document has a third of that; what `<<` copies counts, too."""

_PLAIN_SIGNS = frozenset("ghijklmpqrsuvwxzGHIJKLMPQRSUVWXZ/{}[]$#*&@%!?_<>()\"'`|^")
"""A plain scalar that begins with one of these is text, whatever follows."""

_RESOLVERS = {
    sign: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for sign, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_CONSTRUCTORS = {
    "tag:yaml.org,2002:bool": _CONSTRUCTOR.construct_yaml_bool,
    "tag:yaml.org,2002:int": _CONSTRUCTOR.construct_yaml_int,
    "tag:yaml.org,2002:float": _CONSTRUCTOR.construct_yaml_float,
    "tag:yaml.org,2002:null": _CONSTRUCTOR.construct_yaml_null,
}
_NO_KEY = object()
_MERGE = object()


def read_yaml(text: str) -> Any:
    """Read the first document of a YAML text.

    Raises:
        InterfaceUnreadable: It is too deep, too large, or has a key that is no plain value.
        yaml.YAMLError: It is no YAML.
    """
    return _Builder().build(text)


class _Builder:
    """Holds the containers that are open while events come in."""

    def __init__(self) -> None:
        self._open: list[tuple[Any, Any]] = []  # each container with the key of its parent
        self._key: Any = _NO_KEY
        self._into: Any = None
        self._anchors: dict[str, Any] = {}
        self._nodes = 0
        self._root: Any = None

    def build(self, text: str) -> Any:
        scalar, start = yaml.ScalarEvent, yaml.CollectionStartEvent
        for event in yaml.parse(text, Loader=yaml.CLoader):
            if isinstance(event, scalar):
                self._anchored(event.anchor, value := _value(event))
                self._put(value)
            elif isinstance(event, start):
                self._begin(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
            elif isinstance(event, yaml.CollectionEndEvent):
                self._into, self._key = self._open.pop()
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self._anchors:
                    raise yaml.YAMLError("an alias of nothing")
                self._put(self._anchors[event.anchor])
            elif isinstance(event, yaml.DocumentEndEvent):
                break
        return self._root

    def _begin(self, event: Any, container: Any) -> None:
        self._anchored(event.anchor, container)
        self._put(container)
        self._open.append((self._into, self._key))
        self._into, self._key = container, _NO_KEY
        if len(self._open) > DEPTH_MAX:
            raise _too_much()

    def _anchored(self, anchor: str | None, value: Any) -> None:
        if anchor is not None:
            self._anchors[anchor] = value

    def _put(self, value: Any) -> None:
        """Put a value where it belongs: into the open list, or as the open mapping's next part."""
        self._count(1)
        into = self._into
        if value is _MERGE and (self._key is not _NO_KEY or not isinstance(into, dict)):
            value = "<<"
        if into is None:
            self._root = value
        elif isinstance(into, list):
            into.append(value)
        elif self._key is _NO_KEY:
            if isinstance(value, dict | list):
                raise InterfaceUnreadable("The document has a key that is a list or a mapping.")
            self._key = value
        else:
            if self._key is _MERGE:
                self._merge(into, value)
            else:
                into[self._key] = value
            self._key = _NO_KEY

    def _merge(self, into: dict[Any, Any], value: Any) -> None:
        """Copy what `<<` names; the mapping's own entries win."""
        for found in value if isinstance(value, list) else [value]:
            if isinstance(found, dict):
                self._count(len(found))
                for name, inner in list(found.items()):
                    into.setdefault(name, inner)

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > NODES_MAX:
            raise _too_much()


def _value(event: Any) -> Any:
    """Return a scalar as what it means."""
    text = event.value
    if not event.implicit[0] or text[:1] in _PLAIN_SIGNS:
        return _MERGE if text == "<<" and event.implicit[0] else text
    for tag, pattern in _RESOLVERS.get(text[:1], ()):
        if pattern.match(text) and tag in _CONSTRUCTORS:
            return _CONSTRUCTORS[tag](yaml.ScalarNode(tag, text))
    return text


def _too_much() -> InterfaceUnreadable:
    return InterfaceUnreadable(
        f"The document nests deeper than {DEPTH_MAX} levels or has more than {NODES_MAX:,} values."
    )
