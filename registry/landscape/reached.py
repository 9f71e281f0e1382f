"""What impact reaches, as parameters of the statement that joins it."""

from collections.abc import Mapping
from typing import Any, Final

import psycopg

from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.impact import Walk, impact_arrays, kept_arrays
from registry.landscape.questions.reach import DEPTH_DEFAULT, Direction
from registry.landscape.questions.stored import STALE, graph_at, newest_kept
from registry.storage.readable import Computed, Recalled

REACHED_MAX: Final = 2500  # rows of one answer; more is a report (townclerk landscape impact)


def _walk(graph: LandscapeGraph, asked: Mapping[str, Any]) -> Walk:
    return Walk(
        graph.find(asked["of"]),
        asked.get("direction") or Direction.AFFECTS,
        DEPTH_DEFAULT if asked.get("depth") is None else asked["depth"],
        frozenset(asked.get("kinds") or ()),
        frozenset(asked.get("relationships") or ()),
        REACHED_MAX,
    )


def _reached(db: psycopg.Connection, asked: Mapping[str, Any]) -> tuple[str, ...]:
    """Walk the landscape in memory; a walk that was made before is not made again."""
    graph = graph_at(db, asked.get("asOf"), asked.get("scenario"))
    return impact_arrays(graph, _walk(graph, asked))


def _recalled(db: psycopg.Connection, asked: Mapping[str, Any]) -> Recalled | None:
    """Return a walk through the present landscape that was made before."""
    if asked.get("asOf") is not None or asked.get("scenario") is not None:
        return None
    kept = newest_kept(db)
    if kept is None:
        return None
    columns = kept_arrays(kept.graph, _walk(kept.graph, asked))
    return None if columns is None else Recalled(columns, STALE, kept.seen)


REACHED: Final = Computed(
    _reached, {"element_id": "uuid", "depth": "int4", "by": "text", "before_id": "uuid"}, _recalled
)
