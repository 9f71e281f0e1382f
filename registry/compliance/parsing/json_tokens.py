"""JSON text to a Tree in one pass of one regular expression, with the place of every value."""

import json
import re
from typing import Any

from registry.compliance.parsing.diagnostics import DIAGNOSTICS_MAX, Diagnostic
from registry.compliance.parsing.scalars import SAFE_INTEGER_MAX, whole_number
from registry.compliance.parsing.tree import (
    ABSENT,
    DEPTH_MAX,
    KEYS_MAX,
    ROWS_MAX,
    DocumentTooLarge,
    Tree,
)

# The grammar itself is checked by the standard library first, so the pattern may be generous;
# its quantifiers are possessive, so that no text makes it look back.
_TOKEN = re.compile(
    r'[\s,]*+(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"\s*+:\s*+)?'
    r'(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|([{\[])|(-?\d[\d.eE+-]*+)|(true|false|null)|([}\]]))',
    re.DOTALL,
)
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|([\[\]{}])', re.DOTALL)
_LITERALS = {"true": True, "false": False, "null": None}


class JsonReader:
    """Builds one Tree; use `read_json`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = Tree()
        self.diagnostics: list[Diagnostic] = []
        self._twice: list[tuple[int, int]] = []  # rows of a key's first and of its last value

    def read(self) -> Tree:
        """Read a text that is known to be JSON."""
        tree = self.tree
        keys, parents, ends, values = tree.keys, tree.parents, tree.ends, tree.values
        children, starts, stops = tree.children, tree.starts, tree.stops
        parent = ABSENT
        container: Any = None
        inside: Any = None
        for match in _TOKEN.finditer(self.text):
            kind = match.lastindex
            if kind == 6:  # the end of an object or array
                ends[parent] = len(keys)
                stops[parent] = match.end()
                if type(inside) is dict and len(inside) > KEYS_MAX:
                    raise DocumentTooLarge(f"One object has more than {KEYS_MAX:,} keys.")
                parent = parents[parent]
                if parent != ABSENT:
                    container, inside = values[parent], children[parent]
                continue
            row = len(keys)
            value, below = self._value(match, kind or 0)
            if type(inside) is dict:
                key: Any = self._key(match, inside, parent)
                inside[key] = row
                container[key] = value
            elif inside is not None:
                key = len(inside)
                inside.append(row)
                container.append(value)
            else:
                key = ""
            keys.append(key)
            parents.append(parent)
            ends.append(row + 1)
            values.append(value)
            children.append(below)
            starts.append(match.start(kind or 0) - (kind == 2))
            stops.append(match.end())
            if below is not None:
                parent, container, inside = row, value, below
        for lost, won in self._twice:
            self._stand_where(won, lost)
        return tree

    def _stand_where(self, won: int, lost: int) -> None:
        """Place the last of two equal keys where the first stands, as Spectral finds it."""
        tree = self.tree
        tree.starts[won], tree.stops[won] = tree.starts[lost], tree.stops[lost]
        below, others = tree.children[won], tree.children[lost]
        if isinstance(below, dict) and isinstance(others, dict):
            for name in below.keys() & others.keys():
                self._stand_where(below[name], others[name])
        elif isinstance(below, list) and isinstance(others, list):
            for mine, other in zip(below, others, strict=False):
                self._stand_where(mine, other)

    def _value(self, match: re.Match[str], kind: int) -> tuple[Any, Any]:
        text = match[kind]
        if kind == 2:
            return (json.loads(f'"{text}"', strict=False) if "\\" in text else text), None
        if kind == 3:
            return ({}, {}) if text == "{" else ([], [])
        if kind == 4:
            return _number(text), None
        return _LITERALS[text], None

    def _key(self, match: re.Match[str], inside: dict[str, int], parent: int) -> str:
        key = match[1]
        if "\\" in key:
            key = json.loads(f'"{key}"', strict=False)
        if key in inside:
            tree, lost = self.tree, inside[key]
            tree.holes.append((lost, tree.ends[lost]))
            self._twice.append((lost, len(tree.keys)))
            if len(self.diagnostics) < DIAGNOSTICS_MAX:
                words, path = "Duplicate key: " + key, (*tree.path(parent), key)
                start, stop = match.start(1) - 1, match.end(1) + 1
                self.diagnostics.append(Diagnostic("duplicate_key", words, start, stop, path))
        return key


def _number(text: str) -> int | float:
    if text.lstrip("-").isdigit():
        number = whole_number(text, 10)
        return number if abs(number) <= SAFE_INTEGER_MAX else float(number)
    return float(text)


def read_json(text: str) -> tuple[Tree, list[Diagnostic]]:
    """Parse JSON text.

    Args:
        text: The document.

    Returns:
        The tree (empty when the text is not JSON) and the parser's remarks in reading order.

    Raises:
        DocumentTooLarge: Depth or number of values pass a limit.
    """
    if _deepest(text) > DEPTH_MAX:
        raise DocumentTooLarge(f"The document is nested deeper than {DEPTH_MAX} levels.")
    if text.count(",") > ROWS_MAX:
        raise DocumentTooLarge(f"The document has more than {ROWS_MAX:,} values.")
    try:
        json.loads(text, parse_int=len, parse_float=len, strict=False)
    except json.JSONDecodeError as broken:
        return Tree(), [Diagnostic("syntax", broken.msg, broken.pos, broken.pos)]
    reader = JsonReader(text)
    return reader.read(), reader.diagnostics


def _deepest(text: str) -> int:
    """Return an upper bound of the nesting, cheaply: brackets inside texts count too."""
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return 0
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        if bracket in ("{", "["):
            depth += 1
            deepest = max(deepest, depth)
        elif bracket:
            depth -= 1
    return deepest
