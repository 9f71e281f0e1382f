"""Impact as rows: for people, and as ids with depths for the API to join."""

from collections.abc import Collection

from msgspec import Struct

from registry.landscape.questions.graph import KINDS, LandscapeGraph
from registry.landscape.questions.reach import DEPTH_DEFAULT, Direction, Reached, reach
from schemas.landscape_kinds import RelationshipKind

ROWS_MAX = 10_000  # what a person or a page can use; the API asks for ids instead
WALKS_KEPT_MAX = 50  # answers of at most 250 kB each, per kept landscape


class Affected(Struct, frozen=True):
    """One element that is reached, and how.

    Args:
        key: Its id.
        kind: Its kind.
        name: Its name.
        depth: Steps from the start.
        by: Kind of the relationship that reached it.
        through: Name of the element before it on a shortest way.
    """

    key: str
    kind: str
    name: str
    depth: int
    by: str
    through: str


def impact(
    graph: LandscapeGraph,
    start: int,
    *,
    direction: Direction = Direction.AFFECTS,
    depth: int = DEPTH_DEFAULT,
    kinds: Collection[str] = (),
    relationships: Collection[RelationshipKind] = (),
) -> list[Affected]:
    """Return what is reached from one element, nearest first, then by kind and name.

    Args:
        graph: The landscape.
        start: Node to begin with.
        direction: See Direction.
        depth: Most steps.
        kinds: Kinds to pass through and report; none means all.
        relationships: Kinds to follow; none means all that say something of failure.
    """
    found = reach(
        graph, [start], direction=direction, depth=depth, kinds=kinds, relationships=relationships
    )
    rows = [
        Affected(
            key=graph.keys[node],
            kind=graph.kinds[node],
            name=graph.names[node],
            depth=steps,
            by=KINDS[graph.codes[edge]],
            through=graph.names[before],
        )
        for node, steps, edge, before in _rows(found)
    ]
    return sorted(rows, key=lambda row: (row.depth, row.kind, row.name, row.key))


def _rows(found: Reached) -> list[tuple[int, int, int, int]]:
    columns = (found.nodes, found.depths, found.via, found.before)
    return list(zip(*(column[:ROWS_MAX].tolist() for column in columns), strict=True))


class Walk(Struct, frozen=True):
    """One question for impact, as it is kept beside its answer.

    Attributes:
        start: As for `impact`, like all that follows.
        direction: See Direction.
        depth: Most steps.
        kinds: Kinds to pass through and report; none means all.
        relationships: Kinds to follow; none means all that say something of failure.
        rows_max: The most rows to return.
    """

    start: int
    direction: Direction
    depth: int
    kinds: frozenset[str]
    relationships: frozenset[RelationshipKind]
    rows_max: int


Arrays = tuple[str, str, str, str]


def impact_arrays(graph: LandscapeGraph, walk: Walk) -> Arrays:
    """Return what is reached, nearest first, as PostgreSQL writes arrays, to be joined by `unnest`.

    The graph keeps the newest answers, and goes with them when the landscape changes.

    Returns:
        Ids, depths, kinds of the relationships that reached each, and ids of the elements before.
    """
    known = kept_arrays(graph, walk)
    if known is not None:
        return known
    found = reach(
        graph,
        [walk.start],
        direction=walk.direction,
        depth=walk.depth,
        kinds=walk.kinds,
        relationships=walk.relationships,
    )
    rows = _rows(found)[: walk.rows_max]
    columns = (
        [graph.keys[node] for node, _, _, _ in rows],
        [str(steps) for _, steps, _, _ in rows],
        [KINDS[graph.codes[edge]] for _, _, edge, _ in rows],
        [graph.keys[before] for _, _, _, before in rows],
    )
    ids, depths, by, before = (f"{{{','.join(column)}}}" for column in columns)
    kept = _kept(graph)
    if len(kept) >= WALKS_KEPT_MAX:
        kept.pop(next(iter(kept)), None)
    kept[walk] = (ids, depths, by, before)
    return kept[walk]


def kept_arrays(graph: LandscapeGraph, walk: Walk) -> Arrays | None:
    """Return what `impact_arrays` returned for the same walk, if that is still kept."""
    return _kept(graph).get(walk)


def _kept(graph: LandscapeGraph) -> dict[Walk, Arrays]:
    kept: dict[Walk, Arrays] = graph.memo.setdefault("impact", {})
    return kept
