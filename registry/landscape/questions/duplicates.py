"""Duplicates: elements of one kind that people may have registered twice.

Names are the same, or the same but for order, legal form and spelling, or one letter apart.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from registry.landscape.questions.graph import RELATIONSHIP_NODE, LandscapeGraph
from registry.landscape.questions.search import words_of

# Below this a letter more or less makes another word.
LETTERS_MIN = 7
LETTERS_MAX = 60  # a name longer than this is a sentence; each letter costs one candidate
_LEGAL: Final = frozenset({"bv", "b", "v", "nv", "n", "gmbh", "ltd", "inc", "llc", "vof", "ag"})
_JUNCTIONS = ("and_junction", "or_junction", "junction")


class Likeness(StrEnum):
    """Why two elements may be one."""

    SAME_NAME = "same name"
    SAME_WORDS = "same words"
    ONE_LETTER = "one letter apart"


class Duplicate(Struct, frozen=True, kw_only=True):
    """Elements of one kind that may be the same thing."""

    kind: str
    likeness: Likeness
    names: tuple[str, ...]
    keys: tuple[str, ...]


def duplicates(graph: LandscapeGraph, *, kinds: Collection[str] = ()) -> list[Duplicate]:
    """Return groups of elements that may be one, the surest first.

    Args:
        graph: The landscape.
        kinds: Only these kinds; none means all.
    """
    wanted = set(kinds) or set(graph.kinds) - {RELATIONSHIP_NODE, *_JUNCTIONS}
    nodes = [node for node in range(graph.size) if graph.kinds[node] in wanted]
    found = [*_same(graph, nodes), *_near(graph, nodes)]
    order = {likeness: place for place, likeness in enumerate(Likeness)}
    return sorted(found, key=lambda one: (order[one.likeness], one.kind, one.names, one.keys))


def _same(graph: LandscapeGraph, nodes: list[int]) -> Iterator[Duplicate]:
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for node in nodes:
        if words := _words(graph.names[node]):
            groups.setdefault((graph.kinds[node], words), []).append(node)
    for members in groups.values():
        if len(members) > 1:
            spelled = {graph.names[node].strip().casefold() for node in members}
            likeness = Likeness.SAME_NAME if len(spelled) == 1 else Likeness.SAME_WORDS
            yield _group(graph, members, likeness)


def _words(name: str) -> tuple[str, ...]:
    words = words_of(name)
    kept = [word for word in words if word not in _LEGAL]
    return tuple(sorted(kept or words))


def _near(graph: LandscapeGraph, nodes: list[int]) -> Iterator[Duplicate]:
    """Yield pairs one letter apart: leave out each letter in turn, and see who meets."""
    spelled = {node: "".join(words_of(graph.names[node])) for node in nodes}
    hashes, owners = array("q"), array("l")
    for node, word in spelled.items():
        if LETTERS_MIN <= len(word) <= LETTERS_MAX:
            kind = graph.kinds[node]
            for form in {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}:
                hashes.append(hash((kind, form)))
                owners.append(node)
    for first, second in _meeting(np.array(hashes, np.int64), np.array(owners, np.int64)):
        if graph.kinds[first] != graph.kinds[second]:
            continue
        one, other = spelled[first], spelled[second]
        if one == other:
            if _words(graph.names[first]) != _words(graph.names[second]):
                yield _group(graph, [first, second], Likeness.SAME_WORDS)
        elif _is_one_apart(one, other) and _is_typing(graph.names[first], graph.names[second]):
            yield _group(graph, [first, second], Likeness.ONE_LETTER)


def _meeting(hashes: NDArray[np.int64], owners: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return pairs of owners that share a hash."""
    order = np.argsort(hashes, kind="stable")
    hashes, owners = hashes[order], owners[order]
    pairs: set[tuple[int, int]] = set()
    bounds = np.flatnonzero(np.diff(hashes)) + 1
    for group in np.split(owners, bounds) if len(hashes) else ():
        members = sorted(set(group.tolist()))
        # Many at one form have the same name, which is told elsewhere; neighbours suffice.
        pairs.update(pairwise(members))
    return sorted(pairs)


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def _is_typing(one: str, other: str) -> bool:
    """Tell whether names differ in a long word without digits: module A and B are two modules."""
    words, others = words_of(one), words_of(other)
    if len(words) != len(others):
        return _digits(one) == _digits(other)
    differ = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    return all(
        max(map(len, pair)) >= LETTERS_MIN and not any(map(str.isdigit, "".join(pair)))
        for pair in differ
    )


def _is_one_apart(one: str, other: str) -> bool:
    """Tell whether one letter was added, left out, changed, or two were swapped."""
    if len(one) == len(other):
        differ = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if len(differ) == 1:
            return True
        return (
            len(differ) == 2
            and differ[1] == differ[0] + 1
            and Counter(one[differ[0] : differ[1] + 1]) == Counter(other[differ[0] : differ[1] + 1])
        )
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) != 1:
        return False
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _group(graph: LandscapeGraph, members: list[int], likeness: Likeness) -> Duplicate:
    members = sorted(members, key=lambda node: (graph.names[node], graph.keys[node]))
    return Duplicate(
        kind=graph.kinds[members[0]],
        likeness=likeness,
        names=tuple(graph.names[node] for node in members),
        keys=tuple(graph.keys[node] for node in members),
    )
