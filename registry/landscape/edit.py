"""Change one element or relationship on top of the revision its editor saw, or not at all.

Each edit is a change-set of its own, applied at once: the past tells who did it and why, and it can
be undone like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import class_row, dict_row

from registry.landscape.changes.decide import carry_out
from registry.landscape.changes.merge import ELEMENT, RELATIONSHIP, Action, Flat, Planned
from registry.landscape.changes.sets import ChangeSetDraft
from registry.landscape.changes.world import AlreadyRegistered, StillUsed, flat
from registry.landscape.metamodel import allowed, concept_of, refusal
from registry.landscape.queries import ElementRow
from schemas.base import uuid7
from schemas.errors import Conflict, InvalidInput, UnknownName
from schemas.landscape import ElementDraft, ElementKind, RelationshipKind

_RELATIONSHIP = "id, kind, source_id, target_id, attrs, revision"
_COLUMNS = "id, urn, kind, name, description, attrs, revision, changed_at"
R = TypeVar("R")


class StaleRevision(Conflict):
    """Somebody changed it since its editor read it."""

    code = "stale_revision"
    remedy = "Read it anew, see what changed, and make the change on top of that revision."


@dataclass(frozen=True)
class Editor:
    """Who edits, and why; without a reason, what is done stands for it."""

    name: str
    reason: str = ""


@dataclass(frozen=True)
class Edited(Generic[R]):
    """What an edit left, and the change-set it is; None where nothing had to change.

    Args:
        row: The object afterwards; as it was, where it was retired.
        change_set_id: What to undo to take the edit back.
        removed: How many relationships went with a retired element.
    """

    row: R
    change_set_id: UUID | None
    removed: int = 0


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


def register_element(
    db: psycopg.Connection, draft: dict[str, Any], editor: Editor
) -> Edited[ElementRow]:
    """Register one new element.

    Raises:
        InvalidInput: A value breaks the shape; `facts["path"]` tells which.
        AlreadyRegistered: The URN is taken.
    """
    checked = _checked(draft)
    there = _find(db, checked.urn)
    if there is not None:
        raise AlreadyRegistered(
            f"{checked.urn} is registered already.", current_revision=there.revision
        )
    wanted = _difference({}, flat(ELEMENT, msgspec.to_builtins(checked)))
    change = Planned(ELEMENT, uuid7(), Action.ADD, wanted)
    change_set = _write(db, [change], editor, f"Registered {checked.urn}.")
    return Edited(_held(db, checked.urn), change_set)


def update_element(
    db: psycopg.Connection,
    urn: str,
    kind: ElementKind,
    edit: ElementEdit,
    editor: Editor,
    *,
    expected_revision: int,
) -> Edited[ElementRow]:
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
    fields = _difference(_flat(there), flat(ELEMENT, msgspec.to_builtins(checked)))
    if not fields:
        return Edited(there, None)
    change = Planned(ELEMENT, there.id, Action.CHANGE, fields)
    change_set = _write(db, [change], editor, f"Changed {urn}.")
    return Edited(_held(db, urn), change_set)


def retire_element(
    db: psycopg.Connection, urn: str, kind: ElementKind, editor: Editor, *, expected_revision: int
) -> Edited[ElementRow]:
    """Take an element out of the register, with the relationships that hang on it.

    Raises:
        UnknownName: Nothing of this kind is registered under the URN.
        StaleRevision: Somebody changed it since; `facts["current_revision"]` is the newest.
        StillUsed: A source, its records or what flowed hang on it.
    """
    there = _held(db, urn, kind, expected_revision)
    with db.cursor(row_factory=dict_row) as cursor:
        hanging = cursor.execute(
            "SELECT * FROM relationship WHERE %s IN (source_id, target_id) FOR UPDATE", (there.id,)
        ).fetchall()
    planned = [_removal(RELATIONSHIP, row["id"], flat(RELATIONSHIP, row)) for row in hanging]
    planned.append(_removal(ELEMENT, there.id, _flat(there)))
    try:
        change_set = _write(db, planned, editor, f"Retired {urn}.")
    except StillUsed as error:
        error.facts["current_revision"] = there.revision
        raise
    return Edited(there, change_set, removed=len(hanging))


def register_relationship(  # noqa: PLR0917  # what makes a relationship
    db: psycopg.Connection,
    kind: RelationshipKind,
    source: str,
    target: str,
    attrs: dict[str, Any],
    editor: Editor,
) -> Edited[RelationshipEdit]:
    """Register one new relationship between two registered elements.

    Raises:
        UnknownName: One end is not registered.
        InvalidInput: Both ends are one element, or ArchiMate forbids it.
        AlreadyRegistered: There is one of this kind between the two.
    """
    ends = [_held(db, urn) for urn in (source, target)]
    if ends[0].id == ends[1].id:
        raise InvalidInput("A relationship needs two different ends.", path=["target"])
    concepts = (concept_of(ends[0].kind), concept_of(ends[1].kind))
    if kind not in allowed(*concepts):
        raise InvalidInput(refusal(kind, *concepts), path=["kind"])
    there = db.execute(
        "SELECT revision FROM relationship WHERE model_id IS NULL AND kind = %s"
        " AND source_id = %s AND target_id = %s",
        (kind, ends[0].id, ends[1].id),
    ).fetchone()
    if there is not None:
        raise AlreadyRegistered(
            f"There is such a relationship from {source} to {target} already.",
            current_revision=there[0],
        )
    row = {
        "kind": kind,
        "source_id": ends[0].id,
        "target_id": ends[1].id,
        "name": "",
        "attrs": attrs,
    }
    wanted = _difference({}, flat(RELATIONSHIP, {"description": "", **row}))
    change = Planned(RELATIONSHIP, uuid7(), Action.ADD, wanted)
    change_set = _write(db, [change], editor, f"Related {source} to {target}: {kind}.")
    return Edited(_held_relationship(db, change.id), change_set)


def update_relationship(
    db: psycopg.Connection,
    key: UUID,
    attrs: dict[str, Any],
    editor: Editor,
    *,
    expected_revision: int,
) -> Edited[RelationshipEdit]:
    """Set attributes of a relationship; those with None are removed, others stay.

    Raises:
        UnknownName: There is none of this id.
        StaleRevision: Somebody changed it since; `facts["current_revision"]` is the newest.
    """
    there = _held_relationship(db, key, expected_revision)
    merged = {n: value for n, value in (there.attrs | attrs).items() if value is not None}
    fields = {
        f"attrs.{name}": (there.attrs.get(name), merged.get(name))
        for name in there.attrs.keys() | merged.keys()
        if there.attrs.get(name) != merged.get(name)
    }
    if not fields:
        return Edited(there, None)
    change = Planned(RELATIONSHIP, key, Action.CHANGE, fields)
    change_set = _write(db, [change], editor, f"Changed the {there.kind} {key}.")
    return Edited(_held_relationship(db, key), change_set)


def retire_relationship(
    db: psycopg.Connection, key: UUID, editor: Editor, *, expected_revision: int
) -> Edited[RelationshipEdit]:
    """Take a relationship out of the register.

    Raises:
        UnknownName: There is none of this id.
        StaleRevision: Somebody changed it since; `facts["current_revision"]` is the newest.
        StillUsed: Another relationship reaches it.
    """
    there = _held_relationship(db, key, expected_revision)
    with db.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute("SELECT * FROM relationship WHERE id = %s", (key,)).fetchone()
    assert row is not None  # it is locked
    reached = db.execute(
        "SELECT 1 FROM relationship WHERE %s IN (source_relationship_id, target_relationship_id)",
        (key,),
    ).fetchone()
    if reached:
        raise StillUsed(
            "Another relationship reaches this one.",
            remedy="Retire that one first.",
            current_revision=there.revision,
        )
    removal = _removal(RELATIONSHIP, key, flat(RELATIONSHIP, row))
    change_set = _write(db, [removal], editor, f"Retired the {there.kind} {key}.")
    return Edited(there, change_set)


def _write(db: psycopg.Connection, planned: Sequence[Planned], editor: Editor, done: str) -> UUID:
    draft = ChangeSetDraft(purpose="edit", reason=editor.reason or done, proposer=editor.name)
    return carry_out(db, planned, draft).change_set_id


def _flat(row: ElementRow) -> Flat:
    return flat(ELEMENT, vars(row))


def _difference(before: Flat, after: Flat) -> dict[str, tuple[Any, Any]]:
    return {
        name: (before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _removal(table: str, key: UUID, row: Flat) -> Planned:
    return Planned(table, key, Action.REMOVE, _difference(row, {}))


def _held_relationship(
    db: psycopg.Connection, key: UUID, expected: int | None = None
) -> RelationshipEdit:
    """Return a relationship, locked until the change counts, at the revision its editor saw."""
    with db.cursor(row_factory=class_row(RelationshipEdit)) as cursor:
        there = cursor.execute(
            f"SELECT {_RELATIONSHIP} FROM relationship WHERE id = %s FOR UPDATE", (key,)
        ).fetchone()
    if there is None:
        raise UnknownName("No relationship has this id.")
    if expected not in {None, there.revision}:
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
    there = _find(db, urn, kind)
    if there is None:
        what = str(kind).replace("_", " ") if kind else "element"
        raise UnknownName(f"No {what} is registered as {urn}.", urn=urn)
    if expected_revision not in {None, there.revision}:
        raise StaleRevision(
            f"{urn} is at revision {there.revision}; the change was made on top of "
            f"{expected_revision}.",
            current_revision=there.revision,
        )
    return there


def _find(db: psycopg.Connection, urn: str, kind: ElementKind | None = None) -> ElementRow | None:
    with db.cursor(row_factory=class_row(ElementRow)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM element WHERE urn = %s AND kind = coalesce(%s, kind)"
            " FOR UPDATE",
            (urn, kind),
        ).fetchone()


def _checked(draft: dict[str, Any]) -> ElementDraft:
    try:
        return msgspec.convert(draft, ElementDraft)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$.")
        path = place.rstrip("`").split(".") if place else []
        raise InvalidInput(f"{words}{f': {path[0]}' if path else ''}.", path=path) from error
