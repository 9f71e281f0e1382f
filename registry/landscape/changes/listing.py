"""What a change-set changed, or would change: object by object, each field before and after.

Proposals say it themselves. What was applied at once and compactly (a file, a release, an undoing)
is read off the past: what it made carries its id, what it ended says so.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from registry.landscape.changes.sets import find_change_set
from registry.landscape.models.difference import COMPARED, Difference, fields_between

LISTED_MAX = 10_000  # of one table; a whole release of a national model has fewer
_WORDS = {"add": "added", "change": "changed", "remove": "removed"}


def changes_made(db: psycopg.Connection, key: UUID) -> list[Difference]:
    """Return what a change-set made otherwise; of a proposal, what it would.

    Raises:
        UnknownName: There is no such change-set.
    """
    find_change_set(db, key)
    planned = list(_planned(db, key))
    return planned or [one for table in COMPARED for one in _from_the_past(db, table, key)]


def _planned(db: psycopg.Connection, key: UUID) -> Iterator[Difference]:
    rows = db.execute(
        """SELECT change.table_name, change.action, change.object_id, change.fields,
                  coalesce(element.kind, relationship.kind, ''),
                  coalesce(element.name, relationship.name, '')
           FROM change LEFT JOIN element ON element.id = object_id
           LEFT JOIN relationship ON relationship.id = object_id
           WHERE change.change_set_id = %s ORDER BY position LIMIT %s""",
        (key, LISTED_MAX),
    ).fetchall()
    for table, action, object_id, fields, kind, name in rows:
        yield Difference(
            table,
            _WORDS[action],
            object_id,
            kind or _said(fields, "kind"),
            name or _said(fields, "name"),
            fields,
        )


def _said(fields: dict[str, list[Any]], name: str) -> str:
    before, after = fields.get(name, (None, None))
    return str(after or before or "")


def _from_the_past(db: psycopg.Connection, table: str, key: UUID) -> Iterator[Difference]:
    """Compare the last version it made of each object with the first one it ended."""
    columns = ("id", "version_id", *COMPARED[table])
    present = ", ".join("NULL" if name == "version_id" else name for name in columns)
    named = ", ".join(columns)
    question = f"""
        WITH made AS (
            SELECT DISTINCT ON (id) * FROM (
                SELECT {present.replace("NULL", "NULL::bigint AS version_id")} FROM {table}
                WHERE change_set_id = %(key)s
                UNION ALL
                SELECT {named} FROM {table}_history
                WHERE change_set_id = %(key)s AND ended_by IS DISTINCT FROM %(key)s
            ) AS versions ORDER BY id, version_id DESC NULLS FIRST
        ), ended AS (
            SELECT DISTINCT ON (id) {named} FROM {table}_history
            WHERE ended_by = %(key)s AND change_set_id IS DISTINCT FROM %(key)s
            ORDER BY id, version_id
        )
        SELECT id, to_jsonb(ended) - 'version_id' AS old, to_jsonb(made) - 'version_id' AS new
        FROM ended FULL JOIN made USING (id) ORDER BY id LIMIT {LISTED_MAX}"""
    with db.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(question, {"key": key}):
            old, new = ({k: v for k, v in (row[side] or {}).items() if k != "id"} for side in
                        ("old", "new"))  # fmt: skip
            what = "changed" if old and new else "added" if new else "removed"
            either = new or old
            fields = fields_between(old, new)
            yield Difference(table, what, row["id"], either["kind"], either["name"], fields)
