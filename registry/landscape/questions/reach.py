"""Impact: what is reached from an element, over which relationships, in how many steps.

Breadth first over index arrays: each step looks at a whole frontier at once.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from registry.landscape.questions.graph import CODE_OF, KINDS, Indices, LandscapeGraph, Ways
from schemas.errors import InvalidInput
from schemas.landscape_kinds import RelationshipKind

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


class Reached:
    """What was reached, nearest first; the start itself is not in it.

    Args:
        ways: What was followed.
        steps: Nodes of the graph at each depth, the starts first.
        size: Nodes the graph has.
    """

    def __init__(self, ways: Sequence[Ways], steps: list[Indices], size: int) -> None:
        self._ways, self._steps, self._size = ways, steps, size
        counts = [len(step) for step in steps[1:]]
        self.nodes: Indices = np.concatenate(steps[1:]) if counts else steps[0][:0]
        self.depths: NDArray[np.uint8] = np.repeat(np.arange(1, len(steps), dtype=np.uint8), counts)

    @property
    def via(self) -> Indices:
        """The relationship each node was first reached by."""
        return self._explained[0]

    @property
    def before(self) -> Indices:
        """The node each was first reached from."""
        return self._explained[1]

    @cached_property
    def _explained(self) -> tuple[Indices, Indices]:
        """Walk once more, only for those who want to know how; most want to know what."""
        if not len(self.nodes):
            return self.nodes, self.nodes
        depth_of = np.zeros(self._size, np.uint8)
        depth_of[self.nodes] = self.depths
        via, before = np.empty((2, self._size), np.int32)
        for depth, frontier in enumerate(self._steps[:-1], 1):
            # Backwards, because of several ways to one node the last written stays.
            for ways in reversed(self._ways):
                places, counts = ways.places(frontier)
                origins = np.repeat(frontier, counts)
                nodes = ways.nodes[places]
                here = np.flatnonzero(depth_of[nodes] == depth)[::-1]
                via[nodes[here]] = ways.edges[places[here]]
                before[nodes[here]] = origins[here]
        return via[self.nodes], before[self.nodes]


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
    seen = _closed(graph, kinds)
    frontier = np.unique(np.asarray(starts, np.int32))
    seen[frontier] = 1
    # Two maps of bytes and one scan find what is new: no sorting, and nothing made per node.
    hit, fresh = seen.copy(), np.empty_like(seen)
    steps = [frontier]
    for _step in range(depth):
        for way in ways:
            hit[way.nodes[way.places(frontier)[0]]] = 1
        np.bitwise_xor(hit, seen, out=fresh)
        frontier = np.flatnonzero(fresh.view(np.bool_)).astype(np.int32)
        if not len(frontier):
            break
        seen |= fresh
        steps.append(frontier)
    return Reached(ways, steps, graph.size)


def _closed(graph: LandscapeGraph, kinds: Collection[str]) -> NDArray[np.uint8]:
    """Return a one for every node that is not to be entered."""
    if not kinds:
        return np.zeros(graph.size, np.uint8)
    closed = np.ones(graph.size, np.uint8)
    closed[graph.of_kinds(*kinds)] = 0
    return closed


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
