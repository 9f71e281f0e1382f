"""The past and the plans by GraphQL: what differs between two moments, and one element's versions.

Two times can be asked: `from` and `to` are moments in the world, `knownAt` is the moment whose
knowledge counts, so that an answer of the past can be given again.
"""

from datetime import datetime
from typing import Annotated, Any

import psycopg
import strawberry
from strawberry.scalars import JSON

from registry.api.change_sets import ChangeSetId, change_set_id, read_id
from registry.api.context import Context
from registry.api.reading.moments import past, read_scenario
from registry.landscape.changes.listing import changes_made
from registry.landscape.changes.versions import Version, versions_of
from registry.landscape.models.difference import Difference, Scope, difference
from schemas.access import Scope as Allowed
from schemas.errors import InvalidInput

DIFFERENCES_MAX = 1_000  # of one answer; the command line tells all
Info = strawberry.Info[Context, None]
First = Annotated[int, strawberry.argument(description=f"Most answers, at most {DIFFERENCES_MAX}.")]
Moment = Annotated[
    datetime | None, strawberry.argument(description="A moment that has been; now if left out.")
]
InScenario = Annotated[
    strawberry.ID | None, strawberry.argument(description="Global id of a scenario.")
]
Known = Annotated[
    datetime | None,
    strawberry.argument(description="As we knew it then: what was learnt later is left out."),
]


@strawberry.type(description="One field that is not the same on both sides.")
class FieldDifference:
    """One field that is not the same on both sides."""

    name: str = strawberry.field(description="The field; attributes as attrs.NAME.")
    before: JSON | None = strawberry.field(description="The one value.")
    after: JSON | None = strawberry.field(description="The other value.")


@strawberry.type(description="One object that is not the same on both sides.")
class ObjectDifference:
    """One object that is not the same on both sides."""

    table: str = strawberry.field(description="Which table: element, relationship, stored_view.")
    what: str = strawberry.field(description="What happened: added, changed, removed.")
    object: str = strawberry.field(description="The object's own id.")
    kind: str = strawberry.field(description="Its kind.")
    name: str = strawberry.field(description="Its name.")
    fields: list[FieldDifference] = strawberry.field(description="What differs.")


@strawberry.type(description="One version of an element.")
class ElementVersion:
    """One version of an element."""

    name: str = strawberry.field(description="Its name then.")
    valid_from: datetime = strawberry.field(description="Since when it held in the world.")
    valid_to: datetime | None = strawberry.field(
        description="Until when; null where it still holds."
    )
    recorded_from: datetime = strawberry.field(description="When we learnt it.")
    recorded_to: datetime | None = strawberry.field(
        description="When we learnt that it no longer held."
    )
    withdrawn_at: datetime | None = strawberry.field(
        description="When we learnt that it never held so."
    )
    change_set: strawberry.ID | None = strawberry.field(description="What made it so.")
    proposer: str | None = strawberry.field(description="Who made it so.")
    reason: str | None = strawberry.field(description="Why.")
    fields: list[FieldDifference] = strawberry.field(
        description="What differs from the version before."
    )


def _fields(fields: dict[str, list[Any]]) -> list[FieldDifference]:
    return [
        FieldDifference(name=name, before=before, after=after)
        for name, (before, after) in ((n, values or [None, None]) for n, values in fields.items())
    ]


def _object(one: Difference) -> ObjectDifference:
    return ObjectDifference(
        table=one.table,
        what=one.what,
        object=str(one.id),
        kind=one.kind,
        name=one.name,
        fields=_fields(one.fields),
    )


def _version(one: Version) -> ElementVersion:
    return ElementVersion(
        name=one.name,
        valid_from=one.valid_from,
        valid_to=one.valid_to,
        recorded_from=one.recorded_from,
        recorded_to=one.recorded_to,
        withdrawn_at=one.withdrawn_at,
        change_set=change_set_id(one.change_set_id),
        proposer=one.proposer,
        reason=one.reason,
        fields=_fields(one.fields),
    )


def _scope(as_of: datetime | None, scenario: strawberry.ID | None, known: datetime | None) -> Scope:
    if scenario is not None and known is not None:
        raise InvalidInput("A scenario has no past.", path=["knownAt"])
    return Scope(
        as_of=None if as_of is None else past(as_of),
        scenario=None if scenario is None else read_scenario(scenario),
        known=None if known is None else past(known),
    )


def _few(rows: Any, first: int) -> list[Any]:
    return [one for _, one in zip(range(max(0, min(first, DIFFERENCES_MAX))), rows, strict=False)]


@strawberry.type(description="Questions about the past and about plans.")
class HistoryQuestions:
    """Questions about the past and about plans."""

    @strawberry.field(description="What differs between two moments, or the base and a scenario.")
    async def landscape_difference(
        self,
        info: Info,
        *,
        from_: Annotated[
            datetime | None,
            strawberry.argument(name="from", description="The one moment; now if left out."),
        ] = None,
        to: Moment = None,
        from_scenario: InScenario = None,
        to_scenario: InScenario = None,
        known_at: Known = None,
        model: Annotated[
            str | None, strawberry.argument(description="Only the model of this key.")
        ] = None,
        first: First = DIFFERENCES_MAX,
    ) -> list[ObjectDifference]:
        """Compare two scopes."""

        def question(db: psycopg.Connection) -> list[ObjectDifference]:
            before = _scope(from_, from_scenario, known_at)
            after = _scope(to, to_scenario, known_at)
            rows = difference(db, before, after, model=model, most=min(first, DIFFERENCES_MAX))
            return [_object(one) for one in _few(rows, first)]

        return await info.context.read(Allowed.LANDSCAPE_READ, question)

    @strawberry.field(description="What a change-set changed, or would change.")
    async def changes_made(
        self, info: Info, change_set: ChangeSetId, first: First = DIFFERENCES_MAX
    ) -> list[ObjectDifference]:
        """Read a change-set."""

        def question(db: psycopg.Connection) -> list[ObjectDifference]:
            key = read_id(change_set, "change_set", "changeSet")
            return [_object(one) for one in _few(changes_made(db, key), first)]

        return await info.context.read(Allowed.LANDSCAPE_READ, question)

    @strawberry.field(description="All versions of an element, newest first.")
    async def element_history(
        self,
        info: Info,
        urn: Annotated[str, strawberry.argument(description="Its URN, also of one that is gone.")],
        first: First = 100,
    ) -> list[ElementVersion]:
        """Read an element's past."""
        return await info.context.read(
            Allowed.LANDSCAPE_READ,
            lambda db: [_version(one) for one in _few(versions_of(db, urn), first)],
        )
