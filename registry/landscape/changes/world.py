"""Between rows and fields: what the database has of a landscape, and what is written into it."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from registry.landscape.changes.merge import (
    ELEMENT,
    ENDS,
    RELATIONSHIP,
    Action,
    Flat,
    Planned,
    World,
)
from schemas.base import utc_now
from schemas.errors import Conflict

COLUMNS = {
    ELEMENT: ("urn", "kind", "name", "description"),
    RELATIONSHIP: ("kind", *ENDS, "name", "description"),
}
FIXED = {ELEMENT: {"urn", "kind"}, RELATIONSHIP: {"kind"}}  # a change of these is another object
_ATTRIBUTE = "attrs."


def flat(table: str, row: Mapping[str, Any]) -> Flat:
    """Return a row's fields by name; what is empty or none is left out."""
    fields = {name: row[name] for name in COLUMNS[table] if row[name] not in {None, ""}}
    return fields | {f"{_ATTRIBUTE}{name}": value for name, value in row["attrs"].items()}


def as_json(fields: Mapping[str, tuple[Any, Any]]) -> dict[str, list[Any]]:
    """Return fields as the database keeps them: ids as text."""
    return {
        name: [str(value) if isinstance(value, UUID) else value for value in values]
        for name, values in fields.items()
    }


def from_json(kept: Mapping[str, list[Any]]) -> dict[str, tuple[Any, Any]]:
    """Return fields as a merge compares them: the ends of relationships as ids."""
    return {
        name: tuple(UUID(value) if name in ENDS and value else value for value in values)  # type: ignore[misc]  # two values, before and after
        for name, values in kept.items()
    }


def attrs_in(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes among fields."""
    return {
        name.removeprefix(_ATTRIBUTE): value
        for name, value in fields.items()
        if name.startswith(_ATTRIBUTE)
    }


def columns_in(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns among fields."""
    return {name: value for name, value in fields.items() if not name.startswith(_ATTRIBUTE)}


def load_world(
    db: psycopg.Connection, changes: Iterable[Planned], *, scenario: UUID | None = None
) -> World:
    """Return the part of the landscape that changes may touch; of the base, held until the end.

    Args:
        db: Connection in a transaction.
        changes: What is planned.
        scenario: As this scenario has it; none means the base.
    """
    changes = list(changes)
    elements = {one.id for one in changes if one.table == ELEMENT}
    removed = {one.id for one in changes if one.table == ELEMENT and one.action == Action.REMOVE}
    relationships = {one.id for one in changes if one.table == RELATIONSHIP}
    ends = {
        value
        for one in changes
        if one.table == RELATIONSHIP
        for name, value in one.after().items()
        if name in ENDS and value is not None
    }
    urns = [one.after()["urn"] for one in changes if one.after().get("urn")]
    world = World()
    held = " FOR UPDATE" if scenario is None else ""
    scope = {"scenario": scenario, "ids": list(elements | ends), "urns": urns}
    source = "element" if scenario is None else "element_at(NULL, %(scenario)s) AS element"
    where = f"id = ANY(%(ids)s) OR urn = ANY(%(urns)s){held}"
    for key, row in _rows(db, f"{source} WHERE {where}", scope):
        world.elements[key] = flat(ELEMENT, row)
        world.urns[row["urn"]] = key
    scope = {
        "scenario": scenario,
        "ids": list(relationships),
        "gone": list(removed),
        "ends": list(ends),
    }
    source = "relationship" if scenario is None else "relationship_at(NULL, %(scenario)s) AS r"
    where = """id = ANY(%(ids)s) OR source_id = ANY(%(gone)s) OR target_id = ANY(%(gone)s)
               OR (source_id = ANY(%(ends)s) AND target_id = ANY(%(ends)s) AND model_id IS NULL)"""
    for key, row in _rows(db, f"{source} WHERE {where}{held}", scope):
        world.relationships[key] = flat(RELATIONSHIP, row)
    return world


def _rows(
    db: psycopg.Connection, question: str, scope: dict[str, Any]
) -> Iterable[tuple[UUID, dict[str, Any]]]:
    with db.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(f"SELECT * FROM {question}", scope):
            yield row["id"], row


class AlreadyRegistered(Conflict):
    """Something is registered under this name already."""

    code = "already_registered"
    remedy = "Change the one that is there, or choose another URN."


class StillUsed(Conflict):
    """Something else would lead to nowhere without it."""

    code = "still_used"
    remedy = "Remove the sources and records that hang on it first; `townclerk sync status` shows."


def write(db: psycopg.Connection, writes: Mapping[tuple[str, UUID], Flat | None]) -> dict[str, int]:
    """Bring rows to what a merge made of them; return how many were added, changed, removed.

    Raises:
        StillUsed: A source, its records or what flowed hang on what is to go.
        AlreadyRegistered: Somebody else registered the same in this very moment.
    """
    counts = {"added": 0, "changed": 0, "removed": 0}
    # Relationships go before the elements they hang on, and come after them.
    for table, key in [found for found in writes if writes[found] is None]:
        counts["removed"] += _delete(db, table, key)
    for (table, key), row in writes.items():
        if row is not None:
            counts["changed" if _update(db, table, key, row) else "added"] += 1
    return counts


def _delete(db: psycopg.Connection, table: str, key: UUID) -> int:
    try:
        return db.execute(f"DELETE FROM {table} WHERE id = %s", (key,)).rowcount
    except psycopg.errors.ForeignKeyViolation as error:
        users = error.diag.table_name or "something"
        raise StillUsed(
            f"The {table} {key} cannot be taken out: rows of {users} hang on it."
        ) from error


def _update(db: psycopg.Connection, table: str, key: UUID, row: Flat) -> bool:
    values = {name: row.get(name) for name in COLUMNS[table]}
    values["name"] = values["name"] or ""
    values["description"] = values["description"] or ""
    values |= {"attrs": attrs_in(row)}
    names = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    found = db.execute(
        f"UPDATE {table} SET ({names}) = ROW({places}) WHERE id = %(id)s", {**values, "id": key}
    ).rowcount
    if not found:
        made = db.execute(
            f"""INSERT INTO {table} (id, {names}, revision, created_at, changed_at, valid_from,
                                     change_set_id)
                VALUES (%(id)s, {places}, 1, clock_timestamp(), clock_timestamp(),
                        coalesce(townclerk_valid_from(), clock_timestamp()),
                        townclerk_change_set())
                ON CONFLICT DO NOTHING""",
            {**values, "id": key},
        ).rowcount
        if not made:
            raise AlreadyRegistered(f"The same {table} was registered in this very moment.")
    return bool(found)


def new_row(key: UUID, row: Flat) -> dict[str, Any]:
    """Return a planned object as a whole row, as a scenario keeps it."""
    now = utc_now().isoformat()
    columns = {"name": "", "description": ""} | columns_in(row)
    plain = {
        name: str(value) if isinstance(value, UUID) else value for name, value in columns.items()
    }
    return {
        **plain,
        "id": str(key),
        "attrs": attrs_in(row),
        "revision": 1,
        "created_at": now,
        "changed_at": now,
        "valid_from": now,
    }
