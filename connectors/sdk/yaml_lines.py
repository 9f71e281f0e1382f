"""Read YAML so that every fault can name its line; a small and strict part of YAML 1.2.

No anchors or aliases (a few of them can expand to gigabytes), no doubled keys, and plain words
stay words: `no`, `on` and dates are text, only true, false, null and numbers are more than that.
"""

import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from schemas.errors import InvalidConnectorFile

FILE_CHARACTERS_MAX = 400_000
"""A connector file is written by a person; two hundred streams fit in this."""

DEPTH_MAX = 20
"""The deepest connector file has six levels; PyYAML itself recurses until the stack ends."""

_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")

_PLAIN_WORDS = {
    "expected <block end>, but found": "it stands further in, or less far, than the lines it "
    "belongs to; lines of one part begin in the same column",
    "mapping values are not allowed here": "a second `:` follows on one line; text that holds one "
    "stands in quotes",
    "character '\\t' that cannot start": "it is indented with a tab; use blanks",
    "expected ',' or": "a bracket is opened and not closed, or a comma is missing",
    "while scanning a quoted scalar": "a quote is opened and not closed",
    "found unexpected end of stream": "a quote is opened and not closed",
    "could not find expected ':'": "a name is without its `:`",
    "found undefined alias": "text that begins with * stands in quotes",
    "found character '%'": "text that begins with % stands in quotes",
    "found character '@'": "text that begins with @ stands in quotes",
    "found character '`'": "text that begins with ` stands in quotes",
    "a name must be plain text": "a name must be plain text; an expression has no {{ }} around it",
}
"""What PyYAML says, by how it begins or goes on, and what it means to whoever wrote the file."""

Lines = dict[tuple[str | int, ...], int]
"""Line of each key or item, by its path from the top."""


class _PlainLoader(yaml.SafeLoader):
    """Composes nodes only; refuses what a connector file never needs."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise _fault("anchors and aliases are not allowed here", self._mark())
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise _fault(f"nested deeper than {DEPTH_MAX} levels", self._mark())
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _mark(self) -> Any:
        return self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs lack it


def read_yaml(text: str, *, name: str) -> tuple[Any, Lines]:
    """Read one YAML document.

    Args:
        text: The document.
        name: File name for messages.

    Returns:
        Plain data, and the line of every key and item.

    Raises:
        InvalidConnectorFile: It is no YAML of the kind we accept.
    """
    if len(text) > FILE_CHARACTERS_MAX:
        raise InvalidConnectorFile(
            f"{name} has more than {FILE_CHARACTERS_MAX} characters.", name=name
        )
    try:
        loader = _PlainLoader(text)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        raise _unreadable(error, name) from None
    lines: Lines = {(): 1}
    try:
        return (None if node is None else _plain(node, (), lines)), lines
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error, name) from None


def _plain(node: Node, path: tuple[str | int, ...], lines: Lines) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, SequenceNode):
        return [_plain(item, (*path, at), lines) for at, item in enumerate(node.value)]
    if isinstance(node, MappingNode):
        return _mapping(node, path, lines)
    return _scalar(node)


def _mapping(node: MappingNode, path: tuple[str | int, ...], lines: Lines) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            raise _fault("a name must be plain text", key_node.start_mark)
        key = str(key_node.value)
        if key in found:
            raise _fault(f"`{key[:60]}` stands here twice", key_node.start_mark)
        lines[(*path, key)] = key_node.start_mark.line + 1
        found[key] = _plain(value_node, (*path, key), lines)
    return found


def _scalar(node: Node) -> Any:
    text = str(node.value)
    if isinstance(node, ScalarNode) and node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text


def _fault(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _unreadable(error: yaml.YAMLError, name: str) -> InvalidConnectorFile:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it holds a character that YAML does not allow"
    problem = next((plain for word, plain in _PLAIN_WORDS.items() if word in problem), problem)
    line = mark.line + 1 if mark is not None else 1
    return InvalidConnectorFile(
        f"{name}, line {line}: this is not readable as YAML: {problem}.", name=name, line=line
    )
