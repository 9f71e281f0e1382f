"""Changes of relationships: register, update and retire one, by its ends or its global id."""

from typing import Annotated, Any

import psycopg
import strawberry
from strawberry.scalars import JSON

from registry.access.tokens import Actor
from registry.api.change_sets import LandscapeChanged, Reason, change_set_id
from registry.api.changes import ExpectedRevision, change
from registry.api.pages import global_id, read_global_id
from registry.api.reading.plain import changed, value_of
from registry.api.reading.rows import Row
from registry.api.reading.shapes import Info
from registry.landscape import edit
from registry.landscape.edit import Edited, Editor, RelationshipEdit
from registry.landscape.readable import RELATIONSHIP
from schemas.access import Scope
from schemas.errors import InvalidInput
from schemas.landscape_kinds import RelationshipKind

Kind = Annotated[RelationshipKind, strawberry.argument(description="ArchiMate 3.2 relationship.")]
Source = Annotated[str, strawberry.argument(description="URN of the element it leaves.")]
Target = Annotated[str, strawberry.argument(description="URN of the element it reaches.")]
Id = Annotated[strawberry.ID, strawberry.argument(description="Global id of the relationship.")]
Attributes = Annotated[
    JSON | None, strawberry.argument(description="Its properties by name; null removes one.")
]


@strawberry.type(description="A relationship was registered, updated or retired.")
class RelationshipChange(LandscapeChanged):
    """A relationship was registered, updated or retired."""

    id: strawberry.ID = strawberry.field(description="Its global id; ask `node` for it.")
    kind: RelationshipKind = strawberry.field(description="ArchiMate 3.2 relationship.")
    revision: int = strawberry.field(description="Counts changes.")
    row: strawberry.Private[Row]

    @strawberry.field(description="Its properties; people in them as in `Relationship`.")
    async def attributes(self, info: Info) -> JSON:
        """Return the properties, masked where they have to be."""
        value: JSON = await value_of(self.row, "attributes", info.context)
        return value


def _register_relationship(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    kind: Kind,
    source: Source,
    target: Target,
    actor: Actor,
    attributes: Attributes = None,
    reason: Reason = "",
) -> RelationshipChange:
    given = {n: value for n, value in _object(attributes).items() if value is not None}
    return _changed(
        edit.register_relationship(db, kind, source, target, given, Editor(actor.name, reason))
    )


def _update_relationship(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    id: Id,  # noqa: A002  # Relay's name
    expected_revision: ExpectedRevision,
    actor: Actor,
    attributes: Attributes = None,
    reason: Reason = "",
) -> RelationshipChange:
    key, given, who = _key(id), _object(attributes), Editor(actor.name, reason)
    return _changed(
        edit.update_relationship(db, key, given, who, expected_revision=expected_revision)
    )


def _retire_relationship(
    db: psycopg.Connection,
    id: Id,  # noqa: A002  # Relay's name
    expected_revision: ExpectedRevision,
    actor: Actor,
    reason: Reason = "",
) -> RelationshipChange:
    key, who = _key(id), Editor(actor.name, reason)
    return _changed(edit.retire_relationship(db, key, who, expected_revision=expected_revision))


def _key(text: str) -> Any:
    kind, key = read_global_id(text)
    if kind != "relationship":
        raise InvalidInput("This global id is not one of a relationship.", path=["id"])
    return key


def _object(attributes: Any) -> dict[str, Any]:
    if not isinstance(attributes or {}, dict):
        raise InvalidInput("`attributes` must be an object.", path=["attributes"])
    return attributes or {}


def _changed(edited: Edited[RelationshipEdit]) -> RelationshipChange:
    row = edited.row
    return RelationshipChange(
        change_set=change_set_id(edited.change_set_id),
        id=strawberry.ID(global_id("relationship", row.id)),
        kind=RelationshipKind(row.kind),
        revision=row.revision,
        row=changed(RELATIONSHIP, row.id, row),
    )


@strawberry.type
class RelationshipMutation:
    """Changes of relationships."""

    register_relationship = change(
        _register_relationship, Scope.LANDSCAPE_WRITE, "Register a new relationship."
    )
    update_relationship = change(
        _update_relationship, Scope.LANDSCAPE_WRITE, "Change the properties of a relationship."
    )
    retire_relationship = change(
        _retire_relationship, Scope.LANDSCAPE_WRITE, "Take a relationship out of the register."
    )
