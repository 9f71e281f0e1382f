"""YAML text to a Tree, by libyaml's events, with the ranges that Spectral's parser gives.

libyaml knows the syntax; meaning (YAML 1.2 scalars, duplicate keys, merge keys, aliases) is ours.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from registry.compliance.parsing.diagnostics import DIAGNOSTICS_MAX, Diagnostic
from registry.compliance.parsing.recovery import recover
from registry.compliance.parsing.scalars import key_text, plain_scalar
from registry.compliance.parsing.tree import (
    ABSENT,
    DEPTH_MAX,
    KEYS_MAX,
    ROWS_MAX,
    Children,
    DocumentTooLarge,
    Key,
    Tree,
)

ALIAS_ROWS_MAX = 200_000  # rows that aliases may add; honest documents stay below a thousand
_MERGE = "<<"
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*+\s*+)++")  # anchor and tag before a value
_TABS = re.compile(r"#[^\n]*+|(\t)")
_BLOCK = frozenset({"|", ">"})
_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class _Open:
    """A collection whose end has not been seen."""

    __slots__ = ("anchor", "hides", "is_map", "key", "key_stop", "last_stop", "merged", "row")

    def __init__(self, row: int, *, is_map: bool, anchor: str | None) -> None:
        self.row = row
        self.is_map = is_map
        self.anchor = anchor
        self.key: str | None = None  # a key that waits for its value
        self.key_stop = 0
        self.last_stop = ABSENT  # where the last child ended
        self.hides = False  # the value's place cannot be found by the key's name
        self.merged: set[str] = set()  # names that merge keys brought


class YamlReader:
    """Builds one Tree; use `read_yaml`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = Tree()
        self.diagnostics: list[Diagnostic] = []
        self.is_broken = False  # libyaml stopped before the end
        self._open: list[_Open] = []
        self._anchors: dict[str, int] = {}
        self._alias_rows = 0
        self._originals: dict[int, int] = {}  # row of an alias to the row that it stands for
        self._nowhere: list[int] = []  # rows whose subtree has no findable place in the text

    def read(self) -> Tree:
        """Read the first document of the text."""
        documents = 0
        events = self._events()
        for event in events:
            kind = type(event)
            if kind in (*_STARTS, yaml.AliasEvent) and self._awaits_key():
                self._pass_over(event, events)
            elif kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent:
                self._start(event, is_map=True)
            elif kind is yaml.SequenceStartEvent:
                self._start(event, is_map=False)
            elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                self._end(event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    words = "expected a single document in the stream, but found more"
                    self.diagnostics.append(Diagnostic("syntax", words, 0, 0))
                    break
        self._close_what_is_open()
        self._place()
        return self.tree

    def _place(self) -> None:
        """Give the rows their last word on places, as Spectral's search for a path finds them."""
        tree = self.tree
        if tree.keys and not tree.children[0]:
            tree.stops[0] = len(self.text)
        for row in self._nowhere:
            for below in range(row, tree.ends[row]):
                tree.starts[below] = tree.stops[below] = 0

    def _awaits_key(self) -> bool:
        opened = self._open[-1] if self._open else None
        return opened is not None and opened.is_map and opened.key is None

    def _pass_over(self, event: Any, events: Iterator[Any]) -> None:
        """Leave out an entry whose key is a collection or an alias; JSON has no such keys."""
        opened = self._open[-1]
        start = event.start_mark.index + (type(event) is yaml.AliasEvent)
        stop = _end_of(event, events)
        path = self.tree.path(opened.row)
        self._remark("warning", "Mapping key must be a string scalar", path, start, stop)
        value = next(events, None)
        if value is not None:
            opened.last_stop = _end_of(value, events)

    def _events(self) -> Iterator[Any]:
        try:
            events = yaml.parse(self.text, Loader=yaml.CSafeLoader)
            yield from self._watching_tabs(events) if "\t" in self.text else events
        except yaml.MarkedYAMLError as broken:
            mark = broken.problem_mark or broken.context_mark
            at = mark.index if mark is not None else 0
            words = broken.problem or broken.context or "the text is not YAML"
            self.is_broken = True
            self.diagnostics.append(Diagnostic("syntax", words, at, at))
        except (yaml.YAMLError, UnicodeError) as broken:
            sign = getattr(broken, "character", None)  # one that no YAML may have
            at = max(self.text.find(chr(sign)), 0) if isinstance(sign, int) else 0
            self.diagnostics.append(Diagnostic("syntax", str(broken).splitlines()[0], at, at))

    def _watching_tabs(self, events: Iterator[Any]) -> Iterator[Any]:
        """Remark on tabs that stand between values, as Spectral's parser does."""
        words = "Using tabs can lead to unpredictable results"
        before = 0
        for event in events:
            for tab in _TABS.finditer(self.text, before, event.start_mark.index):
                if tab[1] is not None:
                    self._remark("warning", words, (), tab.start(), tab.start())
            before = max(before, event.end_mark.index)
            if type(event) is yaml.ScalarEvent and not event.style:
                while self.text[before : before + 1] in ("\t", " "):
                    before += 1  # what trails an unquoted value is read with it
            yield event

    def _close_what_is_open(self) -> None:
        for opened in reversed(self._open):
            self.tree.ends[opened.row] = len(self.tree.keys)
            self.tree.stops[opened.row] = len(self.text)
        self._open.clear()

    def _add(self, value: Any, inside: Children, start: int, stop: int) -> int:
        """Add a row under the open collection and hang its value into the parent's."""
        tree = self.tree
        row = len(tree.keys)
        if row >= ROWS_MAX:
            raise DocumentTooLarge(f"The document has more than {ROWS_MAX:,} values.")
        key: Key = ""
        parent = ABSENT
        if self._open:
            key, parent = self._hang(self._open[-1], row, value, stop)
            if inside is not None or value is not None or start != stop:
                self._open[-1].last_stop = stop
        tree.keys.append(key)
        tree.parents.append(parent)
        tree.ends.append(row + 1)
        tree.values.append(value)
        tree.children.append(inside)
        tree.starts.append(start if inside is None or not self._in_map() else self._after_key())
        tree.stops.append(stop)
        return row

    def _in_map(self) -> bool:
        return bool(self._open) and self._open[-1].is_map

    def _after_key(self) -> int:
        return self._open[-1].key_stop + 1

    def _hang(self, into: _Open, row: int, value: Any, stop: int) -> tuple[Key, int]:
        """Put a row into its parent's value; return its name and the parent's row."""
        tree = self.tree
        container, inside = tree.values[into.row], tree.children[into.row]
        if isinstance(inside, list):
            inside.append(row)
            container.append(value)
            return len(inside) - 1, into.row
        assert isinstance(inside, dict)
        if len(inside) >= KEYS_MAX:
            raise DocumentTooLarge(f"One object has more than {KEYS_MAX:,} keys.")
        key = into.key or ""
        into.key = None
        into.last_stop = stop
        if into.hides:
            self._nowhere.append(row)
        if key in inside:
            lost = inside[key]
            tree.holes.append((lost, tree.ends[lost]))
        inside[key] = row
        container[key] = value
        return key, into.row

    def _scalar(self, event: Any) -> None:
        start, stop = event.start_mark.index, event.end_mark.index
        plain = event.implicit[0] or (event.tag is not None and not event.style)
        if event.anchor is not None or event.tag is not None:
            properties = _PROPERTIES.match(self.text, start, stop)
            start = properties.end() if properties is not None else start
        if event.style in _BLOCK and stop > start and self.text[stop - 1] == "\n":
            stop -= 1  # the line break that ends a block belongs to nobody
        opened = self._open[-1] if self._open else None
        if opened is not None and opened.is_map and opened.key is None:
            self._key(opened, event.value, plain, start, stop)
            return
        if plain and start == stop and opened is not None and opened.is_map:
            start = stop = opened.key_stop + 1
        value = plain_scalar(event.value) if plain else event.value
        row = self._add(value, None, start, stop)
        if start == stop and opened is not None and not opened.is_map:
            self._nowhere.append(row)
        if event.anchor is not None:
            self._anchors[event.anchor] = row

    def _key(self, opened: _Open, text: str, plain: bool, start: int, stop: int) -> None:
        value = plain_scalar(text) if plain else text
        opened.key = name = text if isinstance(value, str) else key_text(text, value)
        opened.hides = name != text
        opened.key_stop = stop
        inside = self.tree.children[opened.row]
        assert isinstance(inside, dict)
        if name in inside and name not in opened.merged and name != _MERGE:
            path = (*self.tree.path(opened.row), text)
            self._remark("duplicate_key", "Duplicate key: " + text, path, start, stop)
        if not isinstance(value, str):
            kind = "boolean" if isinstance(value, bool) else "null" if value is None else "number"
            words = f"Mapping key must be a string scalar rather than {kind}"
            path = (*self.tree.path(opened.row), text)
            self._remark("key_not_text", words, path, start, stop)

    def _remark(self, kind: Any, words: str, path: tuple[str, ...], start: int, stop: int) -> None:
        if len(self.diagnostics) < DIAGNOSTICS_MAX:
            self.diagnostics.append(Diagnostic(kind, words, start, stop, path))

    def _start(self, event: Any, *, is_map: bool) -> None:
        self._assert_depth()
        start, stop = event.start_mark.index, event.end_mark.index
        row = self._add({} if is_map else [], {} if is_map else [], start, stop)
        self._open.append(_Open(row, is_map=is_map, anchor=event.anchor))

    def _assert_depth(self) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise DocumentTooLarge(f"The document is nested deeper than {DEPTH_MAX} levels.")

    def _end(self, event: Any) -> None:
        opened = self._open.pop()
        tree = self.tree
        tree.ends[opened.row] = len(tree.keys)
        if opened.is_map:
            self._drop_merge(opened)
        if opened.last_stop == ABSENT or (not opened.is_map and not self._last_item_ends(opened)):
            tree.stops[opened.row] = event.end_mark.index
        else:
            tree.stops[opened.row] = opened.last_stop
        if self._open:
            self._open[-1].last_stop = tree.stops[opened.row]
            self._merge_if_asked(self._open[-1])
        if opened.anchor is not None:
            self._anchors[opened.anchor] = opened.row

    def _last_item_ends(self, opened: _Open) -> bool:
        inside = self.tree.children[opened.row]
        assert isinstance(inside, list)
        last = inside[-1]
        return not (
            self.tree.values[last] is None and self.tree.starts[last] == self.tree.stops[last]
        )

    def _alias(self, event: Any) -> None:
        opened = self._open[-1] if self._open else None
        target = self._anchors.get(event.anchor, ABSENT)
        start, stop = event.start_mark.index + 1, event.end_mark.index
        if opened is not None and opened.is_map:
            start = opened.key_stop + 1
        if target == ABSENT:
            words = f'unidentified alias "{event.anchor}"'
            self.diagnostics.append(Diagnostic("syntax", words, stop, stop))
            self._add(None, None, start, stop)
            return
        row = self._copy(target, (start, stop))
        self._originals[row] = target
        self._nowhere.extend(range(row + 1, self.tree.ends[row]))
        if opened is not None:
            self._merge_if_asked(opened)

    def _copy(self, target: int, place: tuple[int, int] | None = None) -> int:
        """Repeat the rows of `target` below the open collection, there or where they stand."""
        tree = self.tree
        self._alias_rows += tree.ends[target] - target
        if self._alias_rows > ALIAS_ROWS_MAX:
            raise DocumentTooLarge(f"Aliases unfold to more than {ALIAS_ROWS_MAX:,} values.")
        inside = tree.children[target]
        start, stop = place or (tree.starts[target], tree.stops[target])
        if inside is None:
            return self._add(tree.values[target], None, start, stop)
        self._assert_depth()
        is_map = isinstance(inside, dict)
        row = self._add({} if is_map else [], {} if is_map else [], start, stop)
        opened = _Open(row, is_map=is_map, anchor=None)
        self._open.append(opened)
        for name, below in list(inside.items() if isinstance(inside, dict) else enumerate(inside)):
            opened.key, opened.key_stop = str(name), start - 1
            self._copy(below, place)
        self._open.pop()
        tree.starts[row] = start
        tree.ends[row] = len(tree.keys)
        if self._open:
            self._open[-1].last_stop = stop
        return row

    def _drop_merge(self, opened: _Open) -> int:
        """Take the `<<` entry out; return its row, or ABSENT."""
        tree = self.tree
        inside = tree.children[opened.row]
        merged = inside.pop(_MERGE, ABSENT) if isinstance(inside, dict) else ABSENT
        if merged != ABSENT:
            tree.values[opened.row].pop(_MERGE, None)
            tree.holes.append((merged, tree.ends[merged]))
        return merged

    def _merge_if_asked(self, opened: _Open) -> None:
        """Replace a `<<` entry by what it brings; like any later entry it outdoes earlier ones."""
        tree = self.tree
        inside = tree.children[opened.row]
        if not isinstance(inside, dict) or opened.key is not None:
            return
        merged = self._drop_merge(opened)
        if merged == ABSENT:
            return
        sources = tree.children[merged]
        rows = [merged] if isinstance(sources, dict) else list(reversed(sources or []))
        stop = opened.last_stop
        self._open.append(opened)
        for source in rows:
            entries = tree.children[self._originals.get(source, source)]
            for name, below in list(entries.items() if isinstance(entries, dict) else ()):
                opened.key, opened.key_stop, opened.hides = name, tree.starts[below] - 1, False
                opened.merged.add(name)
                self._copy(below)
        self._open.pop()
        opened.last_stop = stop


def _end_of(event: Any, events: Iterator[Any]) -> int:
    """Consume the node that an event begins; return where it ends."""
    depth = 0
    while True:
        depth += (type(event) in _STARTS) - (type(event) in _ENDS)
        following = next(events, None) if depth else None
        if following is None:
            return int(event.end_mark.index)
        event = following


def read_yaml(text: str) -> tuple[Tree, list[Diagnostic]]:
    """Parse YAML text.

    Args:
        text: The document; only the first one of a stream is read.

    Returns:
        The tree (empty where nothing could be read) and the parser's remarks in reading order. Of
        a text that is broken, the tree of what can be read without its broken lines.

    Raises:
        DocumentTooLarge: Depth, values or unfolded aliases pass a limit.
    """
    reader = YamlReader(text)
    tree = reader.read()
    if not reader.is_broken:
        return tree, reader.diagnostics
    mended, faults = recover(text)
    again = YamlReader(mended)
    rest = again.read()
    if again.is_broken or len(rest.keys) < len(tree.keys):
        # Too many faults to read on behind the last, or a line that holds more than all the others.
        others = [one for one in reader.diagnostics if one.kind != "syntax"]
        return tree, sorted([*faults, *others], key=lambda remark: remark.start)
    again.diagnostics = [*faults, *again.diagnostics]
    return rest, sorted(again.diagnostics, key=lambda remark: remark.start)
