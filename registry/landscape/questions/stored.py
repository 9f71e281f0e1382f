"""The graph of the hub's own landscape: read by COPY, kept in memory, read again when it changed.

Whether it changed is asked of PostgreSQL itself: every transaction that touches the landscape
leaves its number behind, and a number the kept snapshot does not see means a newer landscape.
"""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import numpy as np
import psycopg
from msgspec import Struct
from numpy.typing import NDArray
from psycopg import sql

from registry.landscape.exchange.municipal import KIND_PROPERTY
from registry.landscape.questions.graph import (
    KINDS,
    RELATIONSHIP_NODE,
    Columns,
    Facts,
    Indices,
    LandscapeGraph,
    folded,
)

# The head of PostgreSQL's binary COPY is 19 bytes long, its tail 2.
_COPY_HEAD, _COPY_TAIL = 19, 2
_EDGE = np.dtype(
    [
        ("fields", ">i2"),
        *((f"{name}{part}", of) for name in ("id", "source", "target")
          for part, of in (("_length", ">i4"), ("", "V16"))),
        *((f"{name}{part}", of) for name in ("kind", "mode")
          for part, of in (("_length", ">i4"), ("", ">i2"))),
    ]
)  # fmt: skip
# A relationship that is itself an end also becomes a node, reached from its source and leading
# to its target; so it is with model files, too.
_ENDS: Final = """
    ends AS (
        SELECT source_relationship_id AS id FROM {relationship}
        WHERE source_relationship_id IS NOT NULL
        UNION SELECT target_relationship_id FROM {relationship}
        WHERE target_relationship_id IS NOT NULL)"""
_NODES: Final = f"""
    WITH {_ENDS}
    SELECT uuid_send(id), urn, coalesce(attrs ->> '{KIND_PROPERTY}', kind), name, description,
           attrs::text
    FROM {{element}}
    UNION ALL
    SELECT uuid_send(id), '', '{RELATIONSHIP_NODE}', name, description, attrs::text
    FROM {{relationship}} WHERE id IN (SELECT id FROM ends)
    ORDER BY 1"""
_EDGES: Final = f"""
    WITH {_ENDS}, told AS (
        SELECT id, coalesce(source_id, source_relationship_id) AS source,
               coalesce(target_id, target_relationship_id) AS target,
               array_position({{kinds}}::text[], kind)::int2 AS kind,
               CASE lower(coalesce(attrs ->> 'access', attrs ->> 'access_type'))
                   WHEN 'read' THEN 1 WHEN 'write' THEN 2 WHEN 'readwrite' THEN 3 ELSE 0
               END::int2 AS mode
        FROM {{relationship}})
    SELECT id, source, target, kind, mode FROM told
    UNION ALL SELECT id, source, id, kind, mode FROM told WHERE id IN (SELECT id FROM ends)
    UNION ALL SELECT id, id, target, kind, mode FROM told WHERE id IN (SELECT id FROM ends)
    ORDER BY 1"""
_EDGE_FACTS: Final = """
    SELECT uuid_send(id), name, attrs::text FROM {relationship}
    WHERE attrs <> '{{}}' OR name <> '' ORDER BY 1"""
# Whether a statement sees a newer landscape than that of the snapshot `{stamp}`.
STALE: Final = """
    EXISTS (
        SELECT FROM landscape_change
        WHERE xid >= pg_snapshot_xmin({stamp}::pg_snapshot)::text::bigint
          AND xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
          AND NOT pg_visible_in_snapshot(xid::text::xid8, {stamp}::pg_snapshot))"""
_OWN: Final = """
    SELECT pg_current_snapshot()::text, EXISTS (
        SELECT FROM landscape_change
        WHERE xid = pg_current_xact_id_if_assigned()::text::bigint)"""

# Numbers of transactions are kept for a week; a graph older than this is read again anyhow.
KEPT_SECONDS_MAX = 6 * 24 * 3600.0


class Kept(Struct, frozen=True):
    """A landscape that was read.

    Attributes:
        graph: The landscape.
        seen: The snapshot it was read in, as PostgreSQL writes it.
        read_at: When, by the clock of this process.
    """

    graph: LandscapeGraph
    seen: str
    read_at: float

    def is_old(self) -> bool:
        """Tell whether it is too old to ask whether it still holds."""
        return time.monotonic() - self.read_at > KEPT_SECONDS_MAX


class Keeper:
    """Keeps the newest graph of one database; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Kept | None = None

    def graph(self, db: psycopg.Connection) -> LandscapeGraph:
        """Return the landscape as the caller's transaction sees it.

        A kept graph that is still right costs two statements of a tenth of a millisecond.
        """
        now, is_changing = _snapshot(db)
        if is_changing:
            return read_graph(db)  # nobody else may see what is not committed
        kept = self._kept
        if kept is not None and not _is_stale(db, kept):
            return kept.graph
        with self._lock:
            newer = self._kept
            if newer is not None and newer is not kept and not _is_stale(db, newer):
                return newer.graph
            read_at = time.monotonic()
            graph = read_graph(db)
            self._kept = Kept(graph, now, read_at)
        return graph

    def newest(self) -> Kept | None:
        """Return the graph that was read last, whether it still holds or not."""
        kept = self._kept
        return None if kept is None or kept.is_old() else kept


def _is_stale(db: psycopg.Connection, kept: Kept) -> bool:
    if kept.is_old():
        return True
    question = f"SELECT {STALE.format(stamp='%(seen)s')}"
    row = db.execute(question, {"seen": kept.seen}).fetchone()
    assert row is not None  # EXISTS always answers
    return bool(row[0])


def _snapshot(db: psycopg.Connection) -> tuple[str, bool]:
    row = db.execute(_OWN).fetchone()
    assert row is not None  # a function always answers
    return row[0], row[1]


@dataclass(frozen=True)
class Moment:
    """Which landscape: the present, that of a day, or a planned one."""

    as_of: datetime | None = None
    scenario: UUID | None = None

    def tables(self) -> dict[str, sql.Composable]:
        """Return what to read instead of the two tables."""
        if self.as_of is None and self.scenario is None:
            return {name: sql.Identifier(name) for name in ("element", "relationship")}
        return {
            name: sql.SQL("{}({}, {})").format(
                sql.Identifier(f"{name}_at"), sql.Literal(self.as_of), sql.Literal(self.scenario)
            )
            for name in ("element", "relationship")
        }


def read_graph(db: psycopg.Connection, moment: Moment | None = None) -> LandscapeGraph:
    """Read a whole landscape by COPY.

    Between elements and relationships somebody may commit; a relationship whose end is not
    among the elements read is left out, and the next question reads again.

    Args:
        db: Connection in a transaction.
        moment: Which landscape; the present one where none is given.
    """
    tables = (moment or Moment()).tables()
    nodes = _read_rows(db, _NODES, tables, ("bytea", "text", "text", "text", "text", "text"))
    place = {bytes(row[0]): number for number, row in enumerate(nodes)}
    edges = _read_edges(db, tables)
    sources, targets = _places(edges["source"], place), _places(edges["target"], place)
    whole = (sources >= 0) & (targets >= 0)
    edges, sources, targets = edges[whole], sources[whole], targets[whole]
    ids = edges["id"].copy()
    attributes = [row[5].encode() for row in nodes]
    said = _read_rows(db, _EDGE_FACTS, tables, ("bytea", "text", "text"))
    facts_said = {row[0]: row[2] for row in said if row[2] != "{}"}
    names_said = {row[0]: row[1] for row in said if row[1]}
    return LandscapeGraph(
        Columns(
            keys=[str(UUID(bytes=row[0])) for row in nodes],
            aliases=[row[1] for row in nodes],
            kinds=[sys.intern(row[2]) for row in nodes],
            names=[row[3] for row in nodes],
            facts=_facts_of(attributes.__getitem__),
            properties=lambda node: _written(attributes[node]),
            descriptions=[row[4] for row in nodes].__getitem__,
            sources=sources,
            targets=targets,
            codes=(edges["kind"] - 1).astype(np.int8),
            modes=edges["mode"].astype(np.int8),
            edge_keys=lambda edge: str(UUID(bytes=ids[edge].tobytes())),
            edge_names=lambda edge: names_said.get(ids[edge].tobytes(), ""),
            edge_facts=_facts_of(lambda edge: facts_said.get(ids[edge].tobytes(), "{}").encode()),
        )
    )


def _read_rows(
    db: psycopg.Connection, question: str, tables: dict[str, sql.Composable], types: tuple[str, ...]
) -> list[tuple[Any, ...]]:
    copying = sql.SQL(f"COPY ({question}) TO STDOUT").format(**tables)
    with db.cursor() as cursor, cursor.copy(copying) as copy:
        copy.set_types(types)
        return list(copy.rows())


def _read_edges(db: psycopg.Connection, tables: dict[str, sql.Composable]) -> NDArray[Any]:
    copying = sql.SQL(f"COPY ({_EDGES}) TO STDOUT (FORMAT binary)").format(
        kinds=sql.Literal([str(kind) for kind in KINDS]), **tables
    )
    with db.cursor() as cursor, cursor.copy(copying) as copy:
        data = b"".join(bytes(block) for block in copy)
    count = (len(data) - _COPY_HEAD - _COPY_TAIL) // _EDGE.itemsize
    return np.frombuffer(data, _EDGE, count=count, offset=_COPY_HEAD)


def _places(ids: NDArray[Any], place: dict[bytes, int]) -> Indices:
    return np.fromiter((place.get(one, -1) for one in ids.tolist()), np.int32, len(ids))


def _facts_of(document: Callable[[int], bytes]) -> Callable[[int], Facts]:
    """Decode properties when they are asked for: most never are."""

    def facts(index: int) -> Facts:
        return {
            folded(name): _texts(value)
            for name, value in msgspec.json.decode(document(index)).items()
        }

    return facts


def _written(document: bytes) -> list[tuple[str, str]]:
    said: dict[str, Any] = msgspec.json.decode(document)
    return [(name, text) for name, value in said.items() for text in _texts(value)]


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(one) for one in value)
    return (_text(value),)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_keepers: dict[tuple[str, int, str], Keeper] = {}
KEEPERS_MAX = 4  # a process has one database; tests have several, one after the other


def graph_at(
    db: psycopg.Connection, as_of: datetime | None = None, scenario: UUID | None = None
) -> LandscapeGraph:
    """Return the landscape of a day, of a scenario, or of both; of neither, the kept present.

    Args:
        db: Connection in a transaction.
        as_of: The moment; None means now.
        scenario: With the changes of this scenario.
    """
    if as_of is None and scenario is None:
        return kept_graph(db)
    return read_graph(db, Moment(as_of=as_of, scenario=scenario))


def kept_graph(db: psycopg.Connection) -> LandscapeGraph:
    """Return the graph of the database behind a connection, kept by this process."""
    address = _address(db)
    if address not in _keepers:
        if len(_keepers) >= KEEPERS_MAX:
            _keepers.clear()
        _keepers[address] = Keeper()
    return _keepers[address].graph(db)


def newest_kept(db: psycopg.Connection) -> Kept | None:
    """Return what `kept_graph` read last, without asking the database whether it still holds."""
    keeper = _keepers.get(_address(db))
    return keeper.newest() if keeper else None


def _address(db: psycopg.Connection) -> tuple[str, int, str]:
    return db.info.host, db.info.port, db.info.dbname
