"""Change-sets by GraphQL: proposed, reviewed by somebody else, made, undone; tables of rows too."""

from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import msgspec
import psycopg
import strawberry
from msgspec import structs
from strawberry.scalars import JSON

from registry.access.tokens import Actor
from registry.api import enums as _enums  # noqa: F401  # the inputs below need the enums published
from registry.api.changes import Change, change
from registry.api.pages import global_id, plain_text, read_global_id
from registry.api.problems import FieldConflict, field_conflict
from registry.landscape.changes import decide, scenarios
from registry.landscape.changes.merge import Side, Sides
from registry.landscape.changes.plan import ChangeDraft
from registry.landscape.changes.sets import find_change_set
from registry.landscape.changes.table import drafts_of, drafts_of_rows
from registry.landscape.changes.undo import undo
from registry.landscape.exchange.tables import read_csv
from registry.landscape.metamodel import Strictness
from registry.settings import settings
from schemas.access import Scope
from schemas.changes import ChangeState
from schemas.errors import InvalidInput
from schemas.landscape_kinds import ElementKind, RelationshipKind

Reason = Annotated[str, strawberry.argument(description="Why; it stays with the change-set.")]
ChangeSetId = Annotated[
    strawberry.ID, strawberry.argument(description="Global id of the change-set.")
]
ScenarioKey = Annotated[
    str | None,
    strawberry.argument(description="Key of a scenario to plan it in; else the base is meant."),
]
StrictnessGiven = Annotated[
    Strictness,
    strawberry.argument(description="What a relationship that ArchiMate forbids meets."),
]
_WRITE = Scope.LANDSCAPE_WRITE


@strawberry.interface(description="A change of the landscape, which can be undone.")
class LandscapeChanged(Change):
    """A change of the landscape, which can be undone."""

    change_set: strawberry.ID | None = strawberry.field(
        description="Global id of the change-set it is; null where nothing had to change."
    )


def change_set_id(key: UUID | None) -> strawberry.ID | None:
    """Return the global id of a change-set, if there is one."""
    return None if key is None else strawberry.ID(global_id("change_set", key))


def read_id(text: str, kind: str, place: str) -> UUID:
    """Return the id behind a global id of one kind of things.

    Raises:
        InvalidInput: It is one of another kind, or none; `facts["path"]` is the place.
    """
    found, key = read_global_id(text)
    if found != kind:
        words = kind.replace("_", " ")
        raise InvalidInput(f"This global id is not one of a {words}.", path=[place])
    return key


# ---- What is asked for --------------------------------------------------------------------------


@strawberry.enum(description="What one change does.")
class ChangeAction(Enum):
    """What one change does."""

    ADD = strawberry.enum_value("add", description="A new element.")
    CHANGE = strawberry.enum_value("change", description="Says something else of an element.")
    UPSERT = strawberry.enum_value("upsert", description="Adds an element, or changes it.")
    REMOVE = strawberry.enum_value("remove", description="Takes an element out.")
    RELATE = strawberry.enum_value("relate", description="A new relationship.")
    UNRELATE = strawberry.enum_value("unrelate", description="Takes a relationship out.")


def _said(text: str) -> Any:
    return strawberry.field(default=None, description=text)


@strawberry.input(description="One change; what is left out stays as it is.")
class LandscapeChangeInput:
    """One change; what is left out stays as it is."""

    action: ChangeAction = strawberry.field(
        description="ADD, CHANGE, UPSERT or REMOVE an element; RELATE two, or UNRELATE them."
    )
    urn: str | None = _said("The element.")
    kind: ElementKind | None = _said("Kind of a new element.")
    relationship: RelationshipKind | None = _said("Kind of the relationship.")
    name: str | None = _said("New name.")
    description: str | None = _said("New description.")
    attributes: JSON | None = _said("New values by name; null takes one away.")
    source: str | None = _said("URN of the relationship's source.")
    target: str | None = _said("URN of its target.")
    expected_revision: int | None = _said("The element's revision that was seen.")


@strawberry.input(description="Whose value stays in one conflict.")
class ConflictChoice:
    """Whose value stays in one conflict."""

    object: str = strawberry.field(description="As the conflict names it.")
    field: str = strawberry.field(default="", description="As the conflict names it.")
    side: Side = strawberry.field(description="Whose value stays.")


Changes = Annotated[
    list[LandscapeChangeInput],
    strawberry.argument(description="In order; later ones see what earlier ones do."),
]
Prefer = Annotated[
    Side | None, strawberry.argument(description="Whose value stays where nothing is chosen.")
]
Choices = Annotated[
    list[ConflictChoice] | None, strawberry.argument(description="Conflict by conflict.")
]


def drafts_from(changes: list[LandscapeChangeInput]) -> list[ChangeDraft]:
    """Return typed changes as the room plans them.

    Raises:
        InvalidInput: A value breaks the shape; `facts["path"]` tells which.
    """
    return [_draft(one, number) for number, one in enumerate(changes)]


def _draft(one: LandscapeChangeInput, number: int) -> ChangeDraft:
    said = {name: value for name, value in vars(one).items() if value is not None}
    said |= {"action": one.action.value, "line": number + 1}
    relationship = said.pop("relationship", None)
    if relationship is not None and "kind" in said:
        raise InvalidInput(
            "A change has a kind or a relationship, not both.",
            path=["changes", number, "relationship"],
        )
    said["kind"] = said.get("kind", relationship)
    if "attributes" in said:
        said["attrs"] = said.pop("attributes")
    try:
        return msgspec.convert(said, ChangeDraft)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{error}.", path=["changes", number]) from error


def sides_from(prefer: Side | None, choices: list[ConflictChoice] | None) -> Sides:
    """Return whose values stay.

    Raises:
        InvalidInput: A choice names no object.
    """
    found = {}
    for number, one in enumerate(choices or ()):
        try:
            found[UUID(one.object), one.field] = one.side
        except ValueError:
            raise InvalidInput(
                "A choice names its object as the conflict does.",
                path=["choices", number, "object"],
            ) from None
    return Sides(prefer, found)


# ---- What is told -------------------------------------------------------------------------------


@strawberry.type(description="Changes were proposed, made, or turned down.")
class ChangesDecided(LandscapeChanged):
    """Changes were proposed, made, or turned down."""

    state: ChangeState = strawberry.field(description="Where the change-set stands now.")
    counts: JSON = strawberry.field(description="How many objects are added, changed, removed.")
    conflicts: list[FieldConflict] = strawberry.field(
        description="What others changed meanwhile, decided as asked."
    )


@strawberry.type(description="A change-set was undone by another one.")
class ChangesUndone(LandscapeChanged):
    """A change-set was undone by another one."""

    restored: int = strawberry.field(description="Objects that are back.")
    changed_back: int = strawberry.field(description="Objects that are as they were.")
    taken_out: int = strawberry.field(description="Objects that are gone again.")


def decided(done: decide.Decided) -> ChangesDecided:
    """Return what became of a change-set as people see it."""
    counts: Any = done.counts
    return ChangesDecided(
        change_set=change_set_id(done.change_set_id),
        state=done.state,
        counts=counts,
        conflicts=[field_conflict(structs.asdict(one)) for one in done.conflicts],
    )


# ---- The changes --------------------------------------------------------------------------------


def _propose_changes(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    changes: Changes,
    reason: Reason,
    actor: Actor,
    scenario: ScenarioKey = None,
    strictness: StrictnessGiven = Strictness.STRICT,
) -> ChangesDecided:
    key = decide.propose(
        db,
        drafts_from(changes),
        proposer=actor.name,
        reason=plain_text(reason, "reason"),
        scenario=scenarios.open_for_plans(db, scenario) if scenario else None,
        strictness=strictness,
    )
    row = find_change_set(db, key)
    counts: Any = row.counts
    return ChangesDecided(
        change_set=change_set_id(key), state=ChangeState.PROPOSED, counts=counts, conflicts=[]
    )


def _change_landscape(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    changes: Changes,
    reason: Reason,
    actor: Actor,
    strictness: StrictnessGiven = Strictness.STRICT,
    prefer: Prefer = None,
) -> ChangesDecided:
    done = decide.make(
        db,
        drafts_from(changes),
        proposer=actor.name,
        reason=plain_text(reason, "reason"),
        strictness=strictness,
        sides=sides_from(prefer, None),
    )
    return decided(done)


def _approve_changes(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    change_set: ChangeSetId,
    actor: Actor,
    reason: Reason = "",
    prefer: Prefer = None,
    choices: Choices = None,
) -> ChangesDecided:
    verdict = decide.Verdict(reviewer=actor.name, decision=reason, own_too=settings().self_approval)
    key = read_id(change_set, "change_set", "changeSet")
    return decided(decide.approve(db, key, verdict, sides=sides_from(prefer, choices)))


def _reject_changes(
    db: psycopg.Connection, change_set: ChangeSetId, reason: Reason, actor: Actor
) -> ChangesDecided:
    key = read_id(change_set, "change_set", "changeSet")
    decide.reject(db, key, decide.Verdict(reviewer=actor.name, decision=reason))
    counts: Any = find_change_set(db, key).counts
    return ChangesDecided(
        change_set=change_set, state=ChangeState.REJECTED, counts=counts, conflicts=[]
    )


def _undo_changes(
    db: psycopg.Connection, change_set: ChangeSetId, reason: Reason, actor: Actor
) -> ChangesUndone:
    key = read_id(change_set, "change_set", "changeSet")
    done = undo(db, key, proposer=actor.name, reason=reason)
    return ChangesUndone(
        change_set=change_set_id(done.change_set_id),
        restored=done.restored,
        changed_back=done.changed_back,
        taken_out=done.taken_out,
    )


def _upsert_table(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    reason: Reason,
    actor: Actor,
    csv: Annotated[
        str | None, strawberry.argument(description="A table with a header, as CSV.")
    ] = None,
    rows: Annotated[
        list[JSON] | None, strawberry.argument(description="Or its rows, each an object.")
    ] = None,
    scenario: ScenarioKey = None,
    strictness: StrictnessGiven = Strictness.STRICT,
    prefer: Prefer = None,
) -> ChangesDecided:
    if (csv is None) == (rows is None):
        raise InvalidInput("Give either `csv` or `rows`.", path=["csv"])
    table: Any = rows
    drafts = (
        drafts_of(read_csv(csv.encode("utf-8", "replace"), file="csv"))
        if csv is not None
        else drafts_of_rows(table)
    )
    done = decide.make(
        db,
        drafts,
        proposer=actor.name,
        reason=plain_text(reason, "reason"),
        purpose="table",
        scenario=scenarios.open_for_plans(db, scenario) if scenario else None,
        strictness=strictness,
        sides=sides_from(prefer, None),
    )
    return decided(done)


@strawberry.type
class ChangeSetMutation:
    """Changes that people agree on."""

    propose_changes = change(
        _propose_changes, _WRITE, "Write down what you want to change; somebody else decides."
    )
    change_landscape = change(
        _change_landscape, _WRITE, "Change elements and relationships of any kind at once."
    )
    approve_changes = change(
        _approve_changes, _WRITE, "Make what somebody else proposed, on top of what others did."
    )
    reject_changes = change(_reject_changes, _WRITE, "Turn a proposal down, and say why.")
    undo_changes = change(
        _undo_changes, _WRITE, "Take a change-set back; what others did to other fields stays."
    )
    upsert_table = change(
        _upsert_table, _WRITE, "Bring elements or relationships up to a table of rows."
    )
