"""Take a change-set back: every row as it was, unless somebody has built on it since.

The past itself is the record: what a change-set made carries its id, what it ended says so.
Changes others made since to other fields stay; to the same fields they are conflicts, and then
nothing is undone.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.rows import dict_row

from registry.landscape.changes.sets import (
    ChangeSetDraft,
    find_change_set,
    open_change_set,
    scoped_writing,
)
from registry.landscape.changes.world import StillUsed
from registry.landscape.models import work
from schemas.base import uuid7
from schemas.changes import ChangeState
from schemas.errors import Conflict

CONFLICTS_TOLD_MAX = 20  # of a whole release there could be thousands

# What a row says, apart from its identity and its place in time.
COLUMNS = {
    "architecture_model": ("key", "name", "strictness", "detail"),
    "element": ("urn", "kind", "name", "description", "attrs", "model_id", "detail"),
    "relationship": (
        *("kind", "source_id", "source_relationship_id", "target_id", "target_relationship_id"),
        *("name", "description", "attrs", "model_id", "detail"),
    ),
    "stored_view": (
        *("model_id", "kind", "name", "description", "viewpoint", "attrs", "shows", "detail"),
    ),
}


class ChangedSince(Conflict):
    """What is to be undone has been changed again by somebody else."""

    code = "changed_since"
    remedy = "Undo the later changes first, or correct the values by a change of your own."


class Clash(Struct, frozen=True):
    """One field that two changes want differently."""

    table: str
    id: UUID
    name: str
    field: str
    theirs: Any  # as it stands now
    ours: Any  # as it would have to become


class Undone(Struct, frozen=True):
    """What undoing did."""

    change_set_id: UUID
    restored: int
    changed_back: int
    taken_out: int
    retired: int


def undo(db: psycopg.Connection, key: UUID, *, proposer: str, reason: str) -> Undone:
    """Undo an applied change-set by another one.

    Args:
        db: Connection in a transaction.
        key: What to undo.
        proposer: Who undoes it.
        reason: Why.

    Raises:
        UnknownName: There is no such change-set.
        Conflict: It is not applied.
        ChangedSince: Somebody changed the same fields since; `facts["conflicts"]` lists both
            values. Nothing is undone.
    """
    wanted = find_change_set(db, key, lock=True)
    if wanted.scenario_id is not None:
        raise Conflict(
            "This change-set is part of a scenario; the base knows nothing of it.",
            remedy="Propose the opposite in that scenario.",
        )
    if wanted.state != ChangeState.APPLIED:
        raise Conflict(
            f"This change-set is {wanted.state}; only applied ones can be undone.",
            remedy="`townclerk landscape changes list` shows what is applied.",
        )
    _refuse_older_release(db, key)
    undoing = uuid7()
    try:
        with scoped_writing(db, undoing, wanted.valid_from):
            done = _undone(db, key, undoing)
    except psycopg.errors.ForeignKeyViolation as error:
        raise StillUsed(
            f"This cannot be undone: rows of {error.diag.table_name} hang on what it brought."
        ) from error
    except psycopg.errors.UniqueViolation as error:
        raise ChangedSince(
            "This cannot be undone: something else bears the name it would bring back."
        ) from error
    counts = {"added": done.restored, "changed": done.changed_back, "removed": done.taken_out}
    open_change_set(
        db,
        ChangeSetDraft(
            id=undoing,
            purpose="undo",
            reason=reason,
            proposer=proposer,
            valid_from=wanted.valid_from,
            undoes_id=key,
            counts=counts,
        ),
        applied=True,
    )
    db.execute("UPDATE change_set SET state = %s WHERE id = %s", (ChangeState.UNDONE, key))
    work.reopen(db, key)
    _take_release_back(db, key, undoing)
    return done


def _refuse_older_release(db: psycopg.Connection, key: UUID) -> None:
    newer = db.execute(
        """SELECT newer.name FROM model_release AS newer JOIN model_release AS this
               ON this.model_id = newer.model_id AND this.applied_at < newer.applied_at
           WHERE this.change_set_id = %s AND newer.rolled_back_at IS NULL
           ORDER BY newer.applied_at LIMIT 1""",
        (key,),
    ).fetchone()
    if newer:
        raise Conflict(
            f"The release {newer[0]} was taken in on top of this one.",
            remedy="Take newer releases back first: `townclerk landscape releases rollback MODEL`.",
        )


def _take_release_back(db: psycopg.Connection, key: UUID, undoing: UUID) -> None:
    """Mark the release that a change-set was, if it was one, and renew what it left to decide."""
    for (release,) in db.execute(
        """UPDATE model_release SET rolled_back_at = now()
           WHERE change_set_id = %s AND rolled_back_at IS NULL RETURNING id""",
        (key,),
    ).fetchall():
        work.withdraw(db, release)
        work.write_down(db, release, undoing)


def _undone(db: psycopg.Connection, key: UUID, undoing: UUID) -> Undone:
    untouched = {table: _untouched(db, table, key) for table in COLUMNS}
    later = {table: _changed_since(db, table, key, untouched[table]) for table in COLUMNS}
    restored = sum(_bring_back(db, table, key, undoing) for table in COLUMNS)
    changed = sum(_change_back(db, table, key, untouched[table]) for table in COLUMNS)
    changed += sum(_merge_back(db, table, rows) for table, rows in later.items())
    retired = _retire_used(db, key, untouched)
    taken_out = sum(
        _take_out(db, table, key, untouched[table]) for table in ("relationship", "stored_view")
    )
    _refuse_hanging(db, key, untouched["element"])
    taken_out += _take_out(db, "element", key, untouched["element"])
    return Undone(undoing, restored, changed, taken_out, len(retired))


# Of several versions a change-set ended, the first is what was there before it.
_BEFORE = """(SELECT DISTINCT ON (id) * FROM {table}_history
              WHERE ended_by = %(key)s AND change_set_id IS DISTINCT FROM %(key)s
              ORDER BY id, version_id)"""


# The last version a change-set made of each object that has been changed since.
_MADE = """(SELECT DISTINCT ON (id) * FROM {table}_history
            WHERE change_set_id = %(key)s AND ended_by IS DISTINCT FROM %(key)s
            ORDER BY id, version_id DESC)"""


def _untouched(db: psycopg.Connection, table: str, key: UUID) -> list[UUID]:
    """Return what stands as the change-set left it, also where later changes were undone."""
    made = ", ".join(f"made.{name}" for name in COLUMNS[table])
    present = ", ".join(f"present.{name}" for name in COLUMNS[table])
    rows = db.execute(
        f"""SELECT id FROM {table} WHERE change_set_id = %(key)s
            UNION
            SELECT id FROM {_MADE.format(table=table)} AS made JOIN {table} AS present USING (id)
            WHERE ROW({present}) IS NOT DISTINCT FROM ROW({made})""",
        {"key": key},
    ).fetchall()
    return [row[0] for row in rows]


def _bring_back(db: psycopg.Connection, table: str, key: UUID, undoing: UUID) -> int:
    columns = ", ".join(COLUMNS[table])
    old = ", ".join(f"before.{name}" for name in COLUMNS[table])
    return db.execute(
        f"""INSERT INTO {table} (id, {columns}, revision, created_at, changed_at, valid_from,
                                 change_set_id)
            SELECT before.id, {old}, before.revision + 1, before.created_at, clock_timestamp(),
                   coalesce(townclerk_valid_from(), clock_timestamp()), %(undoing)s
            FROM {_BEFORE.format(table=table)} AS before
            WHERE NOT EXISTS (SELECT FROM {table} WHERE {table}.id = before.id)""",
        {"key": key, "undoing": undoing},
    ).rowcount


def _change_back(db: psycopg.Connection, table: str, key: UUID, untouched: list[UUID]) -> int:
    old = ", ".join(f"before.{name}" for name in COLUMNS[table])
    return db.execute(
        f"""UPDATE {table} AS present SET ({", ".join(COLUMNS[table])}) = ROW({old})
            FROM {_BEFORE.format(table=table)} AS before
            WHERE present.id = before.id AND present.id = ANY(%(untouched)s)""",
        {"key": key, "untouched": untouched},
    ).rowcount


# What the change-set itself brought: nothing of another's was there when it came.
_BROUGHT = """{table}.id = ANY(%(untouched)s) AND NOT EXISTS (
    SELECT FROM {table}_history AS past
    WHERE past.id = {table}.id AND past.ended_by = %(key)s
      AND past.change_set_id IS DISTINCT FROM %(key)s)"""


def _retire_used(db: psycopg.Connection, key: UUID, untouched: dict[str, list[UUID]]) -> set[UUID]:
    """Keep what the change-set brought and ours hang on by now."""
    brought: dict[UUID, dict[str, set[UUID]]] = {}
    for table in ("element", "relationship"):
        for model_id, own in db.execute(
            f"""SELECT model_id, id FROM {table}
                WHERE model_id IS NOT NULL AND {_BROUGHT.format(table=table)}""",
            {"key": key, "untouched": untouched[table]},
        ):
            brought.setdefault(model_id, {}).setdefault(table, set()).add(own)
    found: set[UUID] = set()
    for model_id, ids in brought.items():
        found |= work.retire(
            db, model_id, ids.get("element", set()), ids.get("relationship", set())
        )
    return found


def _refuse_hanging(db: psycopg.Connection, key: UUID, untouched: list[UUID]) -> None:
    """Refuse to take out an element under what others have related to it since."""
    hanging = db.execute(
        f"""SELECT element.name, count(*) FROM element
            JOIN relationship ON element.id IN (source_id, target_id)
            WHERE {_BROUGHT.format(table="element")}
              AND element.change_set_id IS DISTINCT FROM townclerk_change_set()
            GROUP BY element.id, element.name ORDER BY element.name LIMIT %(most)s""",
        {"key": key, "untouched": untouched, "most": CONFLICTS_TOLD_MAX},
    ).fetchall()
    if hanging:
        names = ", ".join(f"{name} ({count})" for name, count in hanging)
        raise ChangedSince(f"Relationships made since hang on what would go: {names}.")


def _take_out(db: psycopg.Connection, table: str, key: UUID, untouched: list[UUID]) -> int:
    # What was just retired belongs to the undoing now, and stays.
    return db.execute(
        f"""DELETE FROM {table} WHERE {_BROUGHT.format(table=table)}
            AND change_set_id IS DISTINCT FROM townclerk_change_set()""",
        {"key": key, "untouched": untouched},
    ).rowcount


# ---- What others changed since ------------------------------------------------------------------


def _changed_since(
    db: psycopg.Connection, table: str, key: UUID, untouched: list[UUID]
) -> list[dict[str, Any]]:
    """Return, of each object that others changed since, what it is to become.

    Raises:
        ChangedSince: Some field was changed by both.
    """
    with db.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"""SELECT made.id, to_jsonb(before) AS before, to_jsonb(made) AS made,
                       to_jsonb(present) AS present
                FROM {_MADE.format(table=table)} AS made
                LEFT JOIN {_BEFORE.format(table=table)} AS before USING (id)
                LEFT JOIN {table} AS present USING (id)
                WHERE made.id <> ALL(%(untouched)s)""",
            {"key": key, "untouched": untouched},
        ).fetchall()
    clashes: list[Clash] = []
    patches = [_patch(table, row, clashes) for row in rows]
    if clashes:
        told = clashes[:CONFLICTS_TOLD_MAX]
        names = ", ".join(sorted({f"{clash.name} ({clash.field})" for clash in told}))
        raise ChangedSince(
            f"{len(clashes)} fields have been changed again since: {names}.",
            conflicts=[
                {name: getattr(clash, name) for name in clash.__struct_fields__} for clash in told
            ],
        )
    return [patch for patch in patches if len(patch) > 1]


def _patch(table: str, row: dict[str, Any], clashes: list[Clash]) -> dict[str, Any]:
    before, made, present = row["before"], row["made"], row["present"]
    name = made["name"] or made["kind"]
    if before is None:
        if present is not None:
            clashes.append(Clash(table, row["id"], name, "(all)", "changed since", "removed"))
        return {"id": row["id"]}
    if present is None:
        clashes.append(Clash(table, row["id"], name, "(all)", "removed since", "changed back"))
        return {"id": row["id"]}
    patch = {"id": row["id"]}
    for field in COLUMNS[table]:
        if made[field] == before[field] or present[field] == before[field]:
            continue
        if present[field] == made[field]:
            patch[field] = before[field]
        elif field == "attrs":
            patch[field] = _attrs_back(table, row, name, clashes)
        else:
            clash = Clash(table, row["id"], name, field, present[field], before[field])
            clashes.append(clash)
    return patch


def _attrs_back(table: str, row: dict[str, Any], name: str, clashes: list[Clash]) -> dict[str, Any]:
    before, made, present = (row[moment]["attrs"] for moment in ("before", "made", "present"))
    attrs = dict(present)
    for key in before.keys() | made.keys():
        was, became, now = before.get(key), made.get(key), present.get(key)
        if was in (became, now):
            continue
        if now != became:
            clashes.append(Clash(table, row["id"], name, f"attrs.{key}", now, was))
        elif was is None:
            attrs.pop(key)
        else:
            attrs[key] = was
    return attrs


def _merge_back(db: psycopg.Connection, table: str, patches: Sequence[dict[str, Any]]) -> int:
    for patch in patches:
        columns = [name for name in patch if name != "id"]
        db.execute(
            f"""UPDATE {table} AS present SET ({", ".join(columns)}) = ROW(
                    {", ".join(f"patched.{name}" for name in columns)})
                FROM jsonb_populate_record(NULL::{table}, %(patch)s) AS patched
                WHERE present.id = patched.id""",
            {"patch": {**patch, "id": str(patch["id"])}},
        )
    return len(patches)
