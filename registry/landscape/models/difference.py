"""What changed in the register between two days, or between the base and a scenario."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.rows import dict_row

ROWS_MAX = 100_000  # more than any model has; keeps one question from filling the memory

# What of each table is compared, by column.
COMPARED = {
    "element": ("kind", "name", "description", "attrs", "model_id"),
    "relationship": ("kind", "source_id", "target_id", "name", "description", "attrs", "model_id"),
    "stored_view": ("kind", "name", "description", "viewpoint", "attrs"),
}
FILE = "file"  # the field that stands for what only the model's file knows


class Scope(Struct, frozen=True):
    """A moment, and perhaps a scenario; nothing of both is the present.

    Args:
        as_of: The moment in the world; None means now.
        scenario: With the plans of this scenario.
        known: As we knew it at this moment: what was learnt later is left out. It has no scenario.
    """

    as_of: datetime | None = None
    scenario: UUID | None = None
    known: datetime | None = None

    def source(self, table: str, side: str) -> str:
        """Return where the rows of a table come from in this scope, as SQL with parameters."""
        if self.known is not None:
            return f"{table}_known_at(coalesce(%({side})s, now()), %({side}_known)s)"
        return f"{table}_at(%({side})s, %({side}_scenario)s)"

    def parameters(self, side: str) -> dict[str, Any]:
        """Return the parameters of `source`."""
        return {side: self.as_of, f"{side}_scenario": self.scenario, f"{side}_known": self.known}


class Difference(Struct, frozen=True):
    """One object that is not the same in both scopes.

    Args:
        table: element, relationship or stored_view.
        what: added, changed or removed.
        id: The object.
        kind: Its kind.
        name: Its name.
        fields: By field, the values before and after; `file` where only its file says more.
    """

    table: str
    what: str
    id: UUID
    kind: str
    name: str
    fields: dict[str, list[Any]]


def difference(
    db: psycopg.Connection,
    before: Scope,
    after: Scope,
    *,
    model: str | None = None,
    most: int = ROWS_MAX,
) -> Iterator[Difference]:
    """Yield what changed from one scope to the other: elements, relationships, views.

    Args:
        db: Connection in a transaction.
        before: The one.
        after: The other.
        model: Only what belongs to the model of this key.
        most: Of each table at most so many, by kind and name.
    """
    for table, columns in COMPARED.items():
        yield from _of_table(db, table, columns, before, after, model=model, most=most)


def _of_table(
    db: psycopg.Connection,
    table: str,
    columns: tuple[str, ...],
    before: Scope,
    after: Scope,
    *,
    model: str | None,
    most: int,
) -> Iterator[Difference]:
    said = ", ".join(f"'{name}', {{side}}.{name}" for name in columns)
    olds, news = (f"jsonb_build_object({said.format(side=side)})" for side in ("old", "new"))
    question = f"""
        SELECT id, old.id IS NOT NULL AS was, new.id IS NOT NULL AS is,
               {olds} AS old, {news} AS new,
               coalesce(new.kind, old.kind) AS kind, coalesce(new.name, old.name) AS name
        FROM {before.source(table, "before")} AS old
        FULL JOIN {after.source(table, "after")} AS new USING (id)
        WHERE (old.id IS NULL OR new.id IS NULL
               OR {olds} <> {news} OR old.detail IS DISTINCT FROM new.detail)
          AND (%(model)s::text IS NULL OR coalesce(new.model_id, old.model_id)
               = (SELECT id FROM architecture_model WHERE key = %(model)s))
        ORDER BY kind, name, id LIMIT %(most)s"""
    scope = (
        {"model": model, "most": max(0, most)}
        | before.parameters("before")
        | after.parameters("after")
    )
    with db.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(question, scope):
            what = "changed" if row["was"] and row["is"] else "added" if row["is"] else "removed"
            fields = fields_between(row["old"], row["new"]) if what == "changed" else {}
            yield Difference(table, what, row["id"], row["kind"], row["name"], fields)


def fields_between(old: dict[str, Any], new: dict[str, Any]) -> dict[str, list[Any]]:
    """Return what differs between two rows, attributes one by one.

    Args:
        old: The one, by column; empty where there is none.
        new: The other.
    """
    fields: dict[str, list[Any]] = {}
    for name in old or new:
        before, after = old.get(name), new.get(name)
        if name != "attrs":
            if before != after and (before or after):
                fields[name] = [before, after]
            continue
        was, becomes = before or {}, after or {}
        for key in sorted(was.keys() | becomes.keys()):
            values = [was.get(key), becomes.get(key)]
            if values[0] != values[1]:
                fields[f"attrs.{key}"] = values
    return fields or {FILE: []}
