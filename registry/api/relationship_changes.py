"""Changes of relationships: register, update and retire one, by its ends or its global id."""

from typing import Annotated, Any

import psycopg
import strawberry
from strawberry.scalars import JSON

from registry.api.changes import Change, ExpectedRevision, change
from registry.api.pages import global_id, read_global_id
from registry.api.reading.plain import changed, value_of
from registry.api.reading.rows import Row
from registry.api.reading.shapes import Info
from registry.landscape import edit
from registry.landscape.edit import RelationshipEdit
from registry.landscape.readable import RELATIONSHIP
from schemas.access import Scope
from schemas.errors import InvalidInput
from schemas.landscape import RelationshipKind

Kind = Annotated[RelationshipKind, strawberry.argument(description="ArchiMate 3.2 relationship.")]
Source = Annotated[str, strawberry.argument(description="URN of the element it leaves.")]
Target = Annotated[str, strawberry.argument(description="URN of the element it reaches.")]
Id = Annotated[strawberry.ID, strawberry.argument(description="Global id of the relationship.")]
Attributes = Annotated[
    JSON | None, strawberry.argument(description="Its properties by name; null removes one.")
]


@strawberry.type(description="A relationship was registered, updated or retired.")
class RelationshipChange(Change):
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


def _register_relationship(
    db: psycopg.Connection,
    kind: Kind,
    source: Source,
    target: Target,
    attributes: Attributes = None,
) -> RelationshipChange:
    given = {n: value for n, value in _object(attributes).items() if value is not None}
    return _changed(edit.register_relationship(db, kind, source, target, given))


def _update_relationship(
    db: psycopg.Connection,
    id: Id,  # noqa: A002  # Relay's name
    expected_revision: ExpectedRevision,
    attributes: Attributes = None,
) -> RelationshipChange:
    key, given = _key(id), _object(attributes)
    return _changed(edit.update_relationship(db, key, given, expected_revision=expected_revision))


def _retire_relationship(
    db: psycopg.Connection,
    id: Id,  # noqa: A002  # Relay's name
    expected_revision: ExpectedRevision,
) -> RelationshipChange:
    return _changed(edit.retire_relationship(db, _key(id), expected_revision=expected_revision))


def _key(text: str) -> Any:
    kind, key = read_global_id(text)
    if kind != "relationship":
        raise InvalidInput("This global id is not one of a relationship.", path=["id"])
    return key


def _object(attributes: Any) -> dict[str, Any]:
    if not isinstance(attributes or {}, dict):
        raise InvalidInput("`attributes` must be an object.", path=["attributes"])
    return attributes or {}


def _changed(row: RelationshipEdit) -> RelationshipChange:
    return RelationshipChange(
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
