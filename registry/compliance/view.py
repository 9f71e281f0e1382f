"""The document as rules walk over it: once as written, once with references followed.

A place is a row of the tree; what stands there may be the row of a reference's target. All places
reachable from a set of places are one byte per row, filled by whole ranges: no tree is expanded.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from registry.compliance.parsing.tree import ABSENT, Key, Tree


class View:
    """One way to look at a tree.

    Args:
        tree: The parsed document.
        targets: References to follow, from place to target; empty to see it as written.
        index: Rows by name, where another view of the tree has them already.
    """

    def __init__(
        self, tree: Tree, targets: dict[int, int], index: dict[Key, list[int]] | None = None
    ) -> None:
        self.tree = tree
        self._index = index
        self.targets = targets
        self._breaks = sorted(
            [(start, end) for start, end in tree.holes]
            + [(site + 1, tree.ends[site]) for site in targets]
        )
        self._break_starts = [start for start, _ in self._breaks]
        self._sites = sorted(targets)
        self._reached: dict[tuple[tuple[int, ...], str | None], bytearray] = {}

    @cached_property
    def index(self) -> dict[Key, list[int]]:
        """Rows by their name or index."""
        if self._index is not None:
            return self._index
        rows: dict[Key, list[int]] = {}
        for row, key in enumerate(self.tree.keys):
            if key in rows:
                rows[key].append(row)
            else:
                rows[key] = [row]
        return rows

    @cached_property
    def nulls(self) -> list[int]:
        """Rows whose value is null."""
        return [row for row, value in enumerate(self.tree.values) if value is None]

    @cached_property
    def places(self) -> dict[int, list[int]]:
        """References by the row they lead to."""
        by_target: dict[int, list[int]] = {}
        for site in self._sites:
            by_target.setdefault(self.targets[site], []).append(site)
        return by_target

    @cached_property
    def _copies(self) -> dict[int, Any]:
        """Values of the containers above a followed reference, rebuilt to share its target."""
        tree, targets = self.tree, self.targets
        copies: dict[int, Any] = {}
        for site in targets:
            row = tree.parents[site]
            while row != ABSENT and row not in copies:
                copies[row] = {} if isinstance(tree.children[row], dict) else []
                row = tree.parents[row]
        for row, copy in copies.items():
            inside = tree.children[row]
            if isinstance(inside, dict):
                for name, place in inside.items():
                    thing = targets.get(place, place)
                    copy[name] = copies.get(thing, tree.values[thing])
            else:
                for place in inside or ():
                    thing = targets.get(place, place)
                    copy.append(copies.get(thing, tree.values[thing]))
        return copies

    def thing(self, place: int) -> int:
        """Return the row of what stands at the place."""
        return self.targets.get(place, place)

    def value(self, place: int) -> Any:
        """Return the value that stands at the place."""
        if not self.targets:
            return self.tree.values[place]
        row = self.targets.get(place, place)
        copies = self._copies
        return copies[row] if row in copies else self.tree.values[row]

    def child(self, place: int, name: Key) -> int:
        """Return the place of the named child, or ABSENT."""
        return self.tree.child(self.targets.get(place, place), name)

    def below(self, place: int) -> Iterable[int]:
        """Return the places directly below."""
        inside = self.tree.children[self.targets.get(place, place)]
        if inside is None:
            return ()
        return inside.values() if isinstance(inside, dict) else inside

    def all_places(self, row: int) -> list[int]:
        """Return the places at which this row's value stands: its own and all references to it."""
        return [row, *self.places.get(row, ())]

    def reachable(self, places: Iterable[int], stop: str | None = None) -> bytearray:
        """Mark every place below the given ones.

        Args:
            places: Where to begin; they are marked only if they also lie below another.
            stop: Name below which the walk does not go on (the place itself is marked).

        Returns:
            One byte per row, 1 where reached. Do not change it: it is remembered.
        """
        things = tuple(sorted({self.targets.get(place, place) for place in places}))
        known = self._reached.get((things, stop))
        if known is None:
            known = self._reached[(things, stop)] = self._reach(things, stop)
        return known

    def objects(self, marks: bytearray, *, nulls: bool) -> list[int]:
        """Return the marked places whose value is an object or array, or null if that counts."""
        found: list[int] = []
        for row, mark in enumerate(marks):
            value = self.value(row) if mark else ""
            if isinstance(value, dict | list) or (nulls and value is None):
                found.append(row)
        return found

    def _reach(self, things: tuple[int, ...], stop: str | None) -> bytearray:
        tree = self.tree
        marks = bytearray(len(tree.keys))
        begun: set[int] = set()
        todo = list(things)
        breaks, starts = self._breaks, self._break_starts
        if stop is not None:
            stops = [(hit + 1, tree.ends[hit]) for hit in self.index.get(stop, ())]
            breaks = sorted(breaks + stops)
            starts = [start for start, _ in breaks]
        while todo:
            row = todo.pop()
            if row in begun or (stop is None and marks[row] and row not in things):
                continue
            begun.add(row)
            for start, end in _pieces(row + 1, tree.ends[row], breaks, starts):
                marks[start:end] = b"\x01" * (end - start)
                first = bisect_left(self._sites, start)
                while first < len(self._sites) and self._sites[first] < end:
                    site = self._sites[first]
                    first += 1
                    if stop is None or tree.keys[site] != stop:
                        todo.append(self.targets[site])
        return marks


def _pieces(
    at: int, end: int, breaks: list[tuple[int, int]], starts: list[int]
) -> Iterator[tuple[int, int]]:
    """Yield what is left of the row range when the breaks are taken out."""
    step = bisect_left(starts, at)
    while at < end:
        if step >= len(breaks) or starts[step] >= end:
            yield at, end
            return
        start, after = breaks[step]
        step += 1
        if start > at:
            yield at, start
        at = max(at, after)
