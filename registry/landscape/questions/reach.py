"""Impact: what is reached from an element, over which relationships, in how many steps.

Breadth first over index arrays: each step looks at a whole frontier at once.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from registry.landscape.questions.graph import CODE_OF, KINDS, Indices, LandscapeGraph, Ways
from schemas.errors import InvalidInput
from schemas.landscape import RelationshipKind

DEPTH_MAX = 100  # no landscape is longer; more would only hide a mistyped number
DEPTH_DEFAULT = 6
MORE_THAN_ANY = 255  # depths are kept in a byte; DEPTH_MAX stays below

# In the sense of "if this fails, that suffers": with the arrow, against it, or by way of access.
WITH_THE_ARROW: Final = frozenset(
    {
        RelationshipKind.SERVING,
        RelationshipKind.REALIZATION,
        RelationshipKind.ASSIGNMENT,
        RelationshipKind.TRIGGERING,
        RelationshipKind.FLOW,
    }
)
AGAINST_THE_ARROW: Final = frozenset(
    {
        RelationshipKind.COMPOSITION,
        RelationshipKind.AGGREGATION,
        RelationshipKind.SPECIALIZATION,
    }
)
READS, WRITES = 1, 2
# The doors of a whole: they close when the whole does, and the whole stands when they close.
DOORS: Final = frozenset(
    {
        "interface",
        "channel",
        "application_interface",
        "business_interface",
        "technology_interface",
    }
)


class Direction(StrEnum):
    """Which way relationships are followed."""

    AFFECTS = "affects"  # what suffers when this fails
    NEEDS = "needs"  # what this suffers from
    OUTGOING = "outgoing"  # with every arrow
    INCOMING = "incoming"  # against every arrow
    BOTH = "both"


class Reached(Struct, frozen=True):
    """What was reached, nearest first; the start itself is not in it.

    Args:
        nodes: Nodes of the graph.
        depths: Steps to each.
        via: The relationship each was first reached by.
        before: The node each was first reached from.
    """

    nodes: Indices
    depths: NDArray[np.uint8]
    via: Indices
    before: Indices


def reach(
    graph: LandscapeGraph,
    starts: Sequence[int],
    *,
    direction: Direction = Direction.AFFECTS,
    depth: int = DEPTH_DEFAULT,
    kinds: Collection[str] = (),
    relationships: Collection[RelationshipKind] = (),
) -> Reached:
    """Return everything that is reached from some elements.

    Args:
        graph: The landscape.
        starts: Where to begin; nodes of the graph.
        direction: Which way to go. With affects and needs, association and influence are not
            followed unless `relationships` names them, because they say nothing of failure.
        depth: Most steps, 1 to DEPTH_MAX.
        kinds: Kinds of elements to pass through and to report; none means all.
        relationships: Kinds of relationships to follow; none means all.

    Raises:
        InvalidInput: Depth out of range.
    """
    if not 1 <= depth <= DEPTH_MAX:
        raise InvalidInput(f"Depth is {depth}; it has to lie between 1 and {DEPTH_MAX}.")
    ways = _ways(graph, direction, frozenset(relationships))
    admitted = _admitted(graph, kinds)
    seen = np.zeros(graph.size, np.bool_) if admitted is None else ~admitted
    frontier = np.unique(np.asarray(starts, np.int32))
    seen[frontier] = True
    claim = np.empty(graph.size, np.int32)
    found: list[tuple[Indices, Indices, Indices]] = []
    for _step in range(depth):
        frontier, edges, origins = _next(ways, frontier, seen, claim)
        if not len(frontier):
            break
        found.append((frontier, edges, origins))
    return _collected(found)


def _next(
    ways: Sequence[Ways], frontier: Indices, seen: NDArray[np.bool_], claim: Indices
) -> tuple[Indices, Indices, Indices]:
    """Return the unseen neighbours of a frontier, each once, and mark them as seen."""
    parts = [_expand(way, frontier) for way in ways]
    nodes, edges, origins = (
        parts[0] if len(parts) == 1 else [np.concatenate(part) for part in zip(*parts, strict=True)]
    )
    fresh = np.flatnonzero(~seen[nodes])
    nodes = nodes[fresh]
    # Of several ways to a node the last written claim wins: one pass instead of a sort.
    order = np.arange(len(nodes), dtype=np.int32)
    claim[nodes[::-1]] = order[::-1]
    first = np.flatnonzero(claim[nodes] == order)
    nodes = nodes[first]
    seen[nodes] = True
    return nodes, edges[fresh][first], origins[fresh][first]


def _expand(ways: Ways, frontier: Indices) -> tuple[Indices, Indices, Indices]:
    begins = ways.starts[frontier]
    counts = ways.starts[frontier + 1] - begins
    ends = np.cumsum(counts)
    places = np.arange(ends[-1] if len(ends) else 0, dtype=np.int32)
    places += np.repeat(begins - (ends - counts).astype(np.int32), counts)
    return ways.nodes[places], ways.edges[places], np.repeat(frontier, counts)


def _collected(found: list[tuple[Indices, Indices, Indices]]) -> Reached:
    if not found:
        none = np.empty(0, np.int32)
        return Reached(none, np.empty(0, np.uint8), none, none)
    nodes, edges, origins = (np.concatenate(part) for part in zip(*found, strict=True))
    counts = [len(step[0]) for step in found]
    depths = np.repeat(np.arange(1, len(found) + 1, dtype=np.uint8), counts)
    return Reached(nodes, depths, edges, origins)


def _admitted(graph: LandscapeGraph, kinds: Collection[str]) -> NDArray[np.bool_] | None:
    if not kinds:
        return None
    admitted = np.zeros(graph.size, np.bool_)
    admitted[graph.of_kinds(*kinds)] = True
    return admitted


WAYS_KEPT_MAX = 16  # combinations of relationships; more than any page or report asks at once


def _ways(
    graph: LandscapeGraph, direction: Direction, wanted: frozenset[RelationshipKind]
) -> list[Ways]:
    kept: dict[object, list[Ways]] = graph.memo.setdefault("ways", {})
    key = (direction, wanted)
    if key not in kept:
        if len(kept) >= WAYS_KEPT_MAX:
            kept.clear()
        kept[key] = _made(graph, direction, wanted)
    return kept[key]


def _made(
    graph: LandscapeGraph, direction: Direction, wanted: frozenset[RelationshipKind]
) -> list[Ways]:
    if direction in {Direction.OUTGOING, Direction.INCOMING, Direction.BOTH} and not wanted:
        both = {Direction.OUTGOING: [graph.forward], Direction.INCOMING: [graph.reverse]}
        return both.get(direction, [graph.forward, graph.reverse])
    along, against = followed(graph, direction, wanted)
    edges = np.concatenate([along, against])
    begins = np.concatenate([graph.sources[along], graph.targets[against]])
    ends = np.concatenate([graph.targets[along], graph.sources[against]])
    return [Ways.of(begins, ends, edges, graph.size)]


def followed(
    graph: LandscapeGraph, direction: Direction, wanted: frozenset[RelationshipKind] = frozenset()
) -> tuple[Indices, Indices]:
    """Return the relationships followed with their arrow, and those followed against it."""
    chosen = np.isin(graph.codes, [CODE_OF[kind] for kind in wanted or KINDS])
    if direction is Direction.OUTGOING:
        return _numbers(chosen), _numbers(chosen & False)
    if direction is Direction.INCOMING:
        return _numbers(chosen & False), _numbers(chosen)
    if direction is Direction.BOTH:
        return _numbers(chosen), _numbers(chosen)
    along, against = _sense(graph, wanted)
    if direction is Direction.NEEDS:
        along, against = against, along
    return _numbers(chosen & along), _numbers(chosen & against)


def _sense(
    graph: LandscapeGraph, wanted: frozenset[RelationshipKind]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which relationships carry a failure with their arrow, and which against it."""
    loose = wanted - WITH_THE_ARROW - AGAINST_THE_ARROW - {RelationshipKind.ACCESS}
    along = np.isin(graph.codes, _codes(WITH_THE_ARROW | loose))
    against = np.isin(graph.codes, _codes(AGAINST_THE_ARROW | loose))
    access = graph.codes == CODE_OF[RelationshipKind.ACCESS]
    along |= access & (graph.columns.modes != READS)
    against |= access & (graph.columns.modes != WRITES)
    numbers, kinds = graph.kind_codes
    doors = np.isin(kinds, [numbers[kind] for kind in DOORS if kind in numbers])
    own = (graph.codes == CODE_OF[RelationshipKind.COMPOSITION]) & doors[graph.targets]
    return along | own, against & ~own


@lru_cache(maxsize=32)
def _codes(kinds: frozenset[RelationshipKind]) -> tuple[int, ...]:
    return tuple(CODE_OF[kind] for kind in kinds)


def _numbers(chosen: NDArray[np.bool_]) -> Indices:
    return np.flatnonzero(chosen).astype(np.int32)
