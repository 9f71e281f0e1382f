"""Impact as rows: for people, and as ids with depths for the API to join."""

from collections.abc import Collection, Sequence
from uuid import UUID

import psycopg
from msgspec import Struct

from registry.landscape.questions.graph import KINDS, LandscapeGraph
from registry.landscape.questions.reach import DEPTH_DEFAULT, Direction, Reached, reach
from registry.landscape.questions.stored import kept_graph
from schemas.landscape import RelationshipKind

ROWS_MAX = 10_000  # what a person or a page can use; the API asks for ids instead


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


def impact_ids(
    db: psycopg.Connection,
    starts: Sequence[UUID],
    *,
    direction: Direction = Direction.AFFECTS,
    depth: int = DEPTH_DEFAULT,
    rows_max: int,
) -> tuple[list[str], list[int]]:
    """Return ids and depths of what is reached, nearest first, to be joined by `unnest`.

    Starts that nothing is registered under reach nothing. Arguments as for reach, and the most
    rows to return.
    """
    graph = kept_graph(db)
    nodes = [node for start in starts if (node := graph.with_key(str(start))) is not None]
    found = reach(graph, nodes, direction=direction, depth=depth)
    keys = [graph.keys[node] for node in found.nodes[:rows_max].tolist()]
    return keys, found.depths[:rows_max].tolist()
