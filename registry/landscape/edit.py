"""Change one element or relationship on top of the revision its editor saw, or not at all."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from registry.landscape.queries import ElementRow
from schemas.base import uuid7
from schemas.errors import Conflict, InvalidInput, UnknownName
from schemas.landscape import ElementDraft, ElementKind, RelationshipKind

_RELATIONSHIP = "id, kind, source_id, target_id, attrs, revision"
_COLUMNS = "id, urn, kind, name, description, attrs, revision, changed_at"


class AlreadyRegistered(Conflict):
    """Something is registered under this name already."""

    code = "already_registered"
    remedy = "Change the one that is there, or choose another URN."


class StaleRevision(Conflict):
    """Somebody changed it since its editor read it."""

    code = "stale_revision"
    remedy = "Read it anew, see what changed, and make the change on top of that revision."


class StillUsed(Conflict):
    """Something else would lead to nowhere without it."""

    code = "still_used"
    remedy = "Remove the sources and records that hang on it first; `townclerk sync status` shows."


@dataclass(frozen=True)
class RelationshipEdit:
    """One relationship with its revision."""

    id: UUID
    kind: str
    source_id: UUID | None
    target_id: UUID | None
    attrs: dict[str, Any]
    revision: int


@dataclass(frozen=True)
class ElementEdit:
    """What to change of an element; None leaves a part as it is.

    Args:
        name: Name as people say it.
        description: What it is for.
        attrs: Attributes to set, by name; those with None are removed, others stay.
    """

    name: str | None = None
    description: str | None = None
    attrs: dict[str, Any] | None = None


def register_element(db: psycopg.Connection, draft: dict[str, Any]) -> ElementRow:
    """Register one new element.

    Raises:
        InvalidInput: A value breaks the shape; `facts["path"]` tells which.
        AlreadyRegistered: The URN is taken.
    """
    checked = _checked(draft)
    with db.cursor(row_factory=class_row(ElementRow)) as cursor:
        made = cursor.execute(
            f"""INSERT INTO element
                   (id, urn, kind, name, description, attrs, revision, created_at, changed_at)
               VALUES (%s, %s, %s, %s, %s, %s, 1, now(), now())
               ON CONFLICT (urn) DO NOTHING RETURNING {_COLUMNS}""",
            (
                uuid7(),
                checked.urn,
                checked.kind,
                checked.name,
                checked.description,
                Jsonb(checked.attrs),
            ),
        ).fetchone()
        if made is None:
            there = _held(db, checked.urn)
            raise AlreadyRegistered(
                f"{checked.urn} is registered already.", current_revision=there.revision
            )
    return made


def update_element(
    db: psycopg.Connection,
    urn: str,
    kind: ElementKind,
    edit: ElementEdit,
    *,
    expected_revision: int,
) -> ElementRow:
    """Change parts of an element; a change that changes nothing keeps its revision.

    Raises:
        UnknownName: Nothing of this kind is registered under the URN.
        StaleRevision: Somebody changed it since; `facts["current_revision"]` is the newest.
        InvalidInput: A value breaks the shape; `facts["path"]` tells which.
    """
    there = _held(db, urn, kind, expected_revision)
    attrs = there.attrs | (edit.attrs or {})
    checked = _checked(
        {
            "urn": there.urn,
            "kind": there.kind,
            "name": there.name if edit.name is None else edit.name,
            "description": there.description if edit.description is None else edit.description,
            "attrs": {name: value for name, value in attrs.items() if value is not None},
        }
    )
    if (checked.name, checked.description, checked.attrs) == (
        there.name,
        there.description,
        there.attrs,
    ):
        return there
    with db.cursor(row_factory=class_row(ElementRow)) as cursor:
        changed = cursor.execute(
            f"""UPDATE element SET name = %s, description = %s, attrs = %s,
                   revision = revision + 1, changed_at = now()
               WHERE id = %s RETURNING {_COLUMNS}""",
            (checked.name, checked.description, Jsonb(checked.attrs), there.id),
        ).fetchone()
    assert changed is not None  # the row is locked
    return changed


def retire_element(
    db: psycopg.Connection, urn: str, kind: ElementKind, *, expected_revision: int
) -> tuple[ElementRow, int]:
    """Take an element out of the register, with the relationships that hang on it.

    Returns:
        The element as it was, and how many relationships went with it.

    Raises:
        UnknownName: Nothing of this kind is registered under the URN.
        StaleRevision: Somebody changed it since; `facts["current_revision"]` is the newest.
        StillUsed: A source, its records or what flowed hang on it.
    """
    there = _held(db, urn, kind, expected_revision)
    gone = db.execute(
        "DELETE FROM relationship WHERE source_id = %(id)s OR target_id = %(id)s", {"id": there.id}
    ).rowcount
    try:
        db.execute("DELETE FROM element WHERE id = %s", (there.id,))
    except psycopg.errors.ForeignKeyViolation as error:
        table = error.diag.table_name or "something"
        raise StillUsed(
            f"{urn} cannot be taken out: rows of {table} hang on it.",
            current_revision=there.revision,
        ) from error
    return there, gone


def register_relationship(
    db: psycopg.Connection,
    kind: RelationshipKind,
    source: str,
    target: str,
    attrs: dict[str, Any],
) -> RelationshipEdit:
    """Register one new relationship between two registered elements.

    Raises:
        UnknownName: One end is not registered.
        InvalidInput: Both ends are one element.
        AlreadyRegistered: There is one of this kind between the two.
    """
    ends = [_held(db, urn).id for urn in (source, target)]
    if ends[0] == ends[1]:
        raise InvalidInput("A relationship needs two different ends.", path=["target"])
    there = db.execute(
        "SELECT revision FROM relationship WHERE model_id IS NULL AND kind = %s"
        " AND source_id = %s AND target_id = %s",
        (kind, *ends),
    ).fetchone()
    if there is not None:
        raise AlreadyRegistered(
            f"There is such a relationship from {source} to {target} already.",
            current_revision=there[0],
        )
    with db.cursor(row_factory=class_row(RelationshipEdit)) as cursor:
        made = cursor.execute(
            f"""INSERT INTO relationship
                   (id, kind, source_id, target_id, attrs, revision, created_at, changed_at)
               VALUES (%s, %s, %s, %s, %s, 1, now(), now()) RETURNING {_RELATIONSHIP}""",
            (uuid7(), kind, *ends, Jsonb(attrs)),
        ).fetchone()
    assert made is not None  # RETURNING always gives the row of an insert
    return made


def update_relationship(
    db: psycopg.Connection, key: UUID, attrs: dict[str, Any], *, expected_revision: int
) -> RelationshipEdit:
    """Set attributes of a relationship; those with None are removed, others stay.

    Raises:
        UnknownName: There is none of this id.
        StaleRevision: Somebody changed it since; `facts["current_revision"]` is the newest.
    """
    there = _held_relationship(db, key, expected_revision)
    merged = {n: value for n, value in (there.attrs | attrs).items() if value is not None}
    if merged == there.attrs:
        return there
    with db.cursor(row_factory=class_row(RelationshipEdit)) as cursor:
        changed = cursor.execute(
            f"""UPDATE relationship SET attrs = %s, revision = revision + 1, changed_at = now()
               WHERE id = %s RETURNING {_RELATIONSHIP}""",
            (Jsonb(merged), key),
        ).fetchone()
    assert changed is not None  # the row is locked
    return changed


def retire_relationship(
    db: psycopg.Connection, key: UUID, *, expected_revision: int
) -> RelationshipEdit:
    """Take a relationship out of the register.

    Raises:
        UnknownName: There is none of this id.
        StaleRevision: Somebody changed it since; `facts["current_revision"]` is the newest.
        StillUsed: Another relationship reaches it.
    """
    there = _held_relationship(db, key, expected_revision)
    try:
        db.execute("DELETE FROM relationship WHERE id = %s", (key,))
    except psycopg.errors.ForeignKeyViolation as error:
        raise StillUsed(
            "Another relationship reaches this one.", current_revision=there.revision
        ) from error
    return there


def _held_relationship(db: psycopg.Connection, key: UUID, expected: int) -> RelationshipEdit:
    """Return a relationship, locked until the change counts, at the revision its editor saw."""
    with db.cursor(row_factory=class_row(RelationshipEdit)) as cursor:
        there = cursor.execute(
            f"SELECT {_RELATIONSHIP} FROM relationship WHERE id = %s FOR UPDATE", (key,)
        ).fetchone()
    if there is None:
        raise UnknownName("No relationship has this id.")
    if expected != there.revision:
        raise StaleRevision(
            f"The relationship is at revision {there.revision}; the change was made on top of "
            f"{expected}.",
            current_revision=there.revision,
        )
    return there


def _held(
    db: psycopg.Connection,
    urn: str,
    kind: ElementKind | None = None,
    expected_revision: int | None = None,
) -> ElementRow:
    """Return an element, locked until the change counts, at the revision its editor saw."""
    with db.cursor(row_factory=class_row(ElementRow)) as cursor:
        there = cursor.execute(
            f"SELECT {_COLUMNS} FROM element WHERE urn = %s AND kind = coalesce(%s, kind)"
            " FOR UPDATE",
            (urn, kind),
        ).fetchone()
    if there is None:
        what = str(kind).replace("_", " ") if kind else "element"
        raise UnknownName(f"No {what} is registered as {urn}.", urn=urn)
    if expected_revision not in (None, there.revision):
        raise StaleRevision(
            f"{urn} is at revision {there.revision}; the change was made on top of "
            f"{expected_revision}.",
            current_revision=there.revision,
        )
    return there


def _checked(draft: dict[str, Any]) -> ElementDraft:
    try:
        return msgspec.convert(draft, ElementDraft)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$.")
        path = place.rstrip("`").split(".") if place else []
        raise InvalidInput(f"{words}{f': {path[0]}' if path else ''}.", path=path) from error
