"""All versions of one element: since when each held, when we learnt it, and who changed what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct, structs
from psycopg.rows import class_row

from registry.landscape.models.difference import fields_between
from schemas.errors import UnknownName

VERSIONS_MAX = 1_000  # of one element; the newest are given


class Version(Struct, frozen=True):
    """One version of an element.

    Args:
        id: The element.
        urn: Its URN then.
        kind: Its kind.
        name: Its name then.
        valid_from: Since when this held in the world.
        valid_to: Until when; None where it still holds.
        recorded_from: When we learnt it.
        recorded_to: When we learnt that it no longer held; None where it still holds.
        withdrawn_at: When we learnt that it never held so.
        change_set_id: The change-set that made it so.
        proposer: Who made it so.
        reason: Why.
        row: What it said, by column.
        fields: By field, the values before and after; empty for the first version.
    """

    id: UUID
    urn: str
    kind: str
    name: str
    valid_from: datetime
    valid_to: datetime | None
    recorded_from: datetime
    recorded_to: datetime | None
    withdrawn_at: datetime | None
    change_set_id: UUID | None
    proposer: str | None
    reason: str | None
    row: dict[str, Any]
    fields: dict[str, list[Any]] = {}


_SAID = """jsonb_build_object('urn', urn, 'kind', kind, 'name', name, 'description', description,
                              'attrs', attrs)"""
_VERSIONS = f"""
    SELECT version.*, proposer, reason FROM (
        SELECT id, urn, kind, name, valid_from, NULL::timestamptz AS valid_to,
               changed_at AS recorded_from, NULL::timestamptz AS recorded_to,
               NULL::timestamptz AS withdrawn_at, change_set_id, {_SAID} AS row
        FROM element WHERE id = %(id)s
        UNION ALL
        SELECT id, urn, kind, name, valid_from, valid_to, changed_at, recorded_to, withdrawn_at,
               change_set_id, {_SAID}
        FROM element_history WHERE id = %(id)s
    ) AS version LEFT JOIN change_set ON change_set.id = change_set_id
    ORDER BY recorded_from DESC, valid_from DESC LIMIT {VERSIONS_MAX}"""


def versions_of(db: psycopg.Connection, urn: str) -> Sequence[Version]:
    """Return all versions of the element that bears a URN, or bore it last, newest first.

    Raises:
        UnknownName: Nothing ever bore it.
    """
    found = db.execute(
        """SELECT id FROM (
               SELECT id, 'infinity'::timestamptz AS until FROM element WHERE urn = %(urn)s
               UNION ALL
               SELECT id, recorded_to FROM element_history WHERE urn = %(urn)s
           ) AS bearer ORDER BY until DESC LIMIT 1""",
        {"urn": urn},
    ).fetchone()
    if found is None:
        raise UnknownName(f"Nothing was ever registered as {urn}.", urn=urn)
    with db.cursor(row_factory=class_row(Version)) as cursor:
        versions = cursor.execute(_VERSIONS, {"id": found[0]}).fetchall()
    earlier = [*versions[1:], None]
    return [
        structs.replace(one, fields=fields_between(before.row, one.row)) if before else one
        for one, before in zip(versions, earlier, strict=True)
    ]
