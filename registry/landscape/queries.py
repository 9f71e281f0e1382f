"""Questions to the landscape: elements by kind or name, what hangs on them, how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import args_row, class_row

from schemas.errors import UnknownName
from schemas.landscape_kinds import ElementKind, RelationshipKind

PAGE_MAX = 200  # rows per page: what a person or a client can use at once


@dataclass(frozen=True)
class ElementRow:
    """One element as it stands."""

    id: UUID
    urn: str
    kind: ElementKind
    name: str
    description: str
    attrs: dict[str, Any]
    revision: int
    changed_at: datetime


@dataclass(frozen=True)
class RelationshipRow:
    """One relationship as it stands."""

    id: UUID
    kind: str
    source_id: UUID
    target_id: UUID
    attrs: dict[str, Any]


_ELEMENT_COLUMNS = (
    "element.id, element.urn, element.kind, element.name, element.description, element.attrs, "
    "element.revision, element.changed_at"
)
_ELEMENT = f"SELECT {_ELEMENT_COLUMNS} FROM element"
_RELATIONSHIP = "SELECT id, kind, source_id, target_id, attrs FROM relationship"


def list_elements(
    db: psycopg.Connection,
    kind: ElementKind | None = None,
    *,
    after: tuple[str, UUID] | None = None,
    limit: int = PAGE_MAX,
    search: str | None = None,
) -> list[ElementRow]:
    """Return elements by name, one keyset page.

    Args:
        db: Connection in a transaction.
        kind: Only this kind; None means all.
        after: Name and id of the last element of the page before.
        limit: Rows to return, at most `PAGE_MAX` + 1, so that callers can ask for one more.
        search: Part of the name, any case.
    """
    with db.cursor(row_factory=class_row(ElementRow)) as cursor:
        return cursor.execute(
            f"""{_ELEMENT}
                WHERE (%(kind)s::text IS NULL OR kind = %(kind)s)
                  AND (%(search)s::text IS NULL
                       OR strpos(lower(name), lower(%(search)s)) > 0)
                  AND (%(name)s::text IS NULL OR (name, id) > (%(name)s, %(id)s::uuid))
                ORDER BY name, id LIMIT %(limit)s""",
            {
                "kind": kind,
                "search": search,
                "name": after[0] if after else None,
                "id": after[1] if after else None,
                "limit": min(limit, PAGE_MAX + 1),
            },
        ).fetchall()


def elements_by_id(db: psycopg.Connection, ids: Sequence[UUID]) -> list[ElementRow]:
    """Return the elements with these ids, in no particular order."""
    with db.cursor(row_factory=class_row(ElementRow)) as cursor:
        return cursor.execute(f"{_ELEMENT} WHERE id = ANY(%s)", (list(ids),)).fetchall()


def find_element(db: psycopg.Connection, urn: str) -> ElementRow:
    """Return one element.

    Raises:
        UnknownName: Nothing is registered under the URN.
    """
    with db.cursor(row_factory=class_row(ElementRow)) as cursor:
        found = cursor.execute(f"{_ELEMENT} WHERE urn = %s", (urn,)).fetchone()
    if found is None:
        raise UnknownName(f"nothing is registered as {urn}", urn=urn)
    return found


def relationships_of(
    db: psycopg.Connection, ids: Sequence[UUID], *, end: str
) -> list[RelationshipRow]:
    """Return the relationships that leave (`end="source"`) or reach (`"target"`) these elements."""
    column = {"source": "source_id", "target": "target_id"}[end]
    with db.cursor(row_factory=class_row(RelationshipRow)) as cursor:
        return cursor.execute(
            f"{_RELATIONSHIP} WHERE {column} = ANY(%s) ORDER BY kind, id", (list(ids),)
        ).fetchall()


@dataclass(frozen=True)
class Hop:
    """One step along a relationship to elements of one kind."""

    relationship: RelationshipKind
    outgoing: bool
    kind: ElementKind


INTERFACES_OF_SYSTEM = Hop(RelationshipKind.COMPOSITION, outgoing=True, kind=ElementKind.INTERFACE)
SYSTEMS_OF_INTERFACE = Hop(RelationshipKind.COMPOSITION, outgoing=False, kind=ElementKind.SYSTEM)
DATA_SETS_OF = Hop(RelationshipKind.ACCESS, outgoing=True, kind=ElementKind.DATA_SET)
SYSTEMS_OF_DATA_SET = Hop(RelationshipKind.ACCESS, outgoing=False, kind=ElementKind.SYSTEM)
REFERENCES_OF_SYSTEM = Hop(
    RelationshipKind.SPECIALIZATION, outgoing=True, kind=ElementKind.REFERENCE_COMPONENT
)
SYSTEMS_OF_REFERENCE = Hop(RelationshipKind.SPECIALIZATION, outgoing=False, kind=ElementKind.SYSTEM)
CONSUMERS_OF_INTERFACE = Hop(RelationshipKind.SERVING, outgoing=True, kind=ElementKind.SYSTEM)
USED_BY_SYSTEM = Hop(RelationshipKind.SERVING, outgoing=False, kind=ElementKind.INTERFACE)
REFERENCES_OF_DOMAIN = Hop(
    RelationshipKind.COMPOSITION, outgoing=True, kind=ElementKind.REFERENCE_COMPONENT
)
DOMAINS_OF_REFERENCE = Hop(RelationshipKind.COMPOSITION, outgoing=False, kind=ElementKind.DOMAIN)


def neighbours(
    db: psycopg.Connection, ids: Sequence[UUID], hop: Hop
) -> dict[UUID, list[ElementRow]]:
    """Return for each element those one hop away, by name, in one statement."""
    here, there = ("source_id", "target_id") if hop.outgoing else ("target_id", "source_id")
    with db.cursor(row_factory=args_row(lambda start, *row: (start, ElementRow(*row)))) as cursor:
        rows = cursor.execute(
            f"""SELECT relationship.{here}, {_ELEMENT_COLUMNS}
                FROM relationship JOIN element ON element.id = relationship.{there}
                WHERE relationship.{here} = ANY(%s) AND relationship.kind = %s
                  AND element.kind = %s
                ORDER BY element.name, element.id""",
            (list(ids), hop.relationship, hop.kind),
        ).fetchall()
    found: dict[UUID, list[ElementRow]] = {}
    for start, row in rows:
        found.setdefault(start, []).append(row)
    return found


def neighbour_pages(
    db: psycopg.Connection,
    ids: Sequence[UUID],
    hop: Hop,
    *,
    after: tuple[str, UUID] | None = None,
    limit: int = PAGE_MAX,
) -> dict[UUID, list[ElementRow]]:
    """Return for each element the first of those one hop away, by name, in one statement.

    Args:
        db: Connection in a transaction.
        ids: Where to start; a start without neighbours is absent from the answer.
        hop: Which way to go.
        after: Name and id of the last neighbour of the page before.
        limit: Neighbours per start, at most `PAGE_MAX` + 1.
    """
    here, there = ("source_id", "target_id") if hop.outgoing else ("target_id", "source_id")
    with db.cursor(row_factory=args_row(lambda start, *row: (start, ElementRow(*row)))) as cursor:
        rows = cursor.execute(
            f"""SELECT start.id, neighbour.*
                FROM unnest(%(ids)s::uuid[]) AS start (id) CROSS JOIN LATERAL (
                    SELECT {_ELEMENT_COLUMNS}
                    FROM relationship JOIN element ON element.id = relationship.{there}
                    WHERE relationship.{here} = start.id AND relationship.kind = %(relationship)s
                      AND element.kind = %(kind)s
                      AND (%(name)s::text IS NULL
                           OR (element.name, element.id) > (%(name)s, %(after)s::uuid))
                    ORDER BY element.name, element.id LIMIT %(limit)s) AS neighbour
                ORDER BY start.id, neighbour.name, neighbour.id""",
            {
                "ids": list(ids),
                "relationship": hop.relationship,
                "kind": hop.kind,
                "name": after[0] if after else None,
                "after": after[1] if after else None,
                "limit": min(limit, PAGE_MAX + 1),
            },
        ).fetchall()
    found: dict[UUID, list[ElementRow]] = {}
    for start, row in rows:
        found.setdefault(start, []).append(row)
    return found


def count_neighbours(db: psycopg.Connection, ids: Sequence[UUID], hop: Hop) -> dict[UUID, int]:
    """Return how many elements are one hop away; a start without any is absent."""
    here, there = ("source_id", "target_id") if hop.outgoing else ("target_id", "source_id")
    rows = db.execute(
        f"""SELECT relationship.{here}, count(*)
            FROM relationship JOIN element ON element.id = relationship.{there}
            WHERE relationship.{here} = ANY(%s) AND relationship.kind = %s AND element.kind = %s
            GROUP BY relationship.{here}""",
        (list(ids), hop.relationship, hop.kind),
    ).fetchall()
    return dict(rows)


def relationship_pages(
    db: psycopg.Connection,
    ids: Sequence[UUID],
    *,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
) -> dict[UUID, list[RelationshipRow]]:
    """Return for each element the first relationships that leave it, by id, in one statement."""
    with db.cursor(row_factory=class_row(RelationshipRow)) as cursor:
        rows = cursor.execute(
            f"""SELECT leaving.* FROM unnest(%(ids)s::uuid[]) AS start (id) CROSS JOIN LATERAL (
                    {_RELATIONSHIP} WHERE source_id = start.id
                      AND (%(after)s::uuid IS NULL OR relationship.id > %(after)s)
                    ORDER BY id LIMIT %(limit)s) AS leaving
                ORDER BY source_id, id""",
            {"ids": list(ids), "after": after, "limit": min(limit, PAGE_MAX + 1)},
        ).fetchall()
    found: dict[UUID, list[RelationshipRow]] = {}
    for row in rows:
        found.setdefault(row.source_id, []).append(row)
    return found


def count_relationships_of(db: psycopg.Connection, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many relationships leave each element; one without any is absent."""
    rows = db.execute(
        "SELECT source_id, count(*) FROM relationship WHERE source_id = ANY(%s) GROUP BY source_id",
        (list(ids),),
    ).fetchall()
    return dict(rows)


def relationships_by_id(db: psycopg.Connection, ids: Sequence[UUID]) -> list[RelationshipRow]:
    """Return the relationships with these ids, in no particular order."""
    with db.cursor(row_factory=class_row(RelationshipRow)) as cursor:
        return cursor.execute(f"{_RELATIONSHIP} WHERE id = ANY(%s)", (list(ids),)).fetchall()


def list_relationships(
    db: psycopg.Connection, *, after: UUID | None = None, limit: int = PAGE_MAX
) -> list[RelationshipRow]:
    """Return relationships by id, one keyset page."""
    with db.cursor(row_factory=class_row(RelationshipRow)) as cursor:
        return cursor.execute(
            f"""{_RELATIONSHIP} WHERE %(after)s::uuid IS NULL OR id > %(after)s
                ORDER BY id LIMIT %(limit)s""",
            {"after": after, "limit": min(limit, PAGE_MAX + 1)},
        ).fetchall()


def count_by_kind(db: psycopg.Connection) -> dict[ElementKind, int]:
    """Return how many elements of each kind are registered; kinds without any count 0."""
    rows = db.execute("SELECT kind, count(*) FROM element GROUP BY kind").fetchall()
    counted: dict[str, int] = dict(rows)
    return {kind: counted.get(kind, 0) for kind in ElementKind}


@dataclass(frozen=True)
class MapRows:
    """What a map of the landscape is drawn from.

    Attributes:
        elements: Domains, reference components and systems, by name.
        edges: Pairs of domain and component, and of system and component.
        data_sets: Data sets of each system that has any.
        interfaces: Interfaces of each system that has any.
    """

    elements: list[ElementRow]
    edges: list[tuple[UUID, UUID]]
    data_sets: dict[UUID, int]
    interfaces: dict[UUID, int]


def map_rows(db: psycopg.Connection) -> MapRows:
    """Return everything a map shows, in three statements whatever the size of the landscape."""
    with db.cursor(row_factory=class_row(ElementRow)) as cursor:
        elements = cursor.execute(
            f"""{_ELEMENT} WHERE kind IN ('domain', 'reference_component', 'system')
                ORDER BY name, id"""
        ).fetchall()
    edges = db.execute(
        """SELECT source_id, target_id FROM relationship
           JOIN element AS source ON source.id = source_id
           JOIN element AS target ON target.id = target_id
           WHERE target.kind = 'reference_component'
             AND (source.kind, relationship.kind)
                 IN (('domain', 'composition'), ('system', 'specialization'))"""
    ).fetchall()
    counts = db.execute(
        """SELECT source_id, target.kind, count(*) FROM relationship
           JOIN element AS target ON target.id = target_id
           WHERE (relationship.kind, target.kind)
               IN (('access', 'data_set'), ('composition', 'interface'))
           GROUP BY source_id, target.kind"""
    ).fetchall()
    return MapRows(
        elements=elements,
        edges=edges,
        data_sets={start: count for start, kind, count in counts if kind == "data_set"},
        interfaces={start: count for start, kind, count in counts if kind == "interface"},
    )


def count_elements(
    db: psycopg.Connection, kind: ElementKind | None = None, *, search: str | None = None
) -> int:
    """Return how many elements `list_elements` would list with the same arguments."""
    row = db.execute(
        """SELECT count(*) FROM element
           WHERE (%(kind)s::text IS NULL OR kind = %(kind)s)
             AND (%(search)s::text IS NULL OR strpos(lower(name), lower(%(search)s)) > 0)""",
        {"kind": kind, "search": search},
    ).fetchone()
    assert row is not None  # an aggregate always gives one row
    return int(row[0])


def count_relationships(db: psycopg.Connection) -> int:
    """Return how many relationships are registered."""
    row = db.execute("SELECT count(*) FROM relationship").fetchone()
    assert row is not None  # an aggregate always gives one row
    return int(row[0])
