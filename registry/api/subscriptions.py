"""What can be followed: the progress of syncs, changes of the landscape, what waits for people.

Events are flat: who wants more asks for it by id. An event is made once, whoever has subscribed.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Final
from uuid import UUID

import psycopg
import strawberry

from registry.access.tokens import Actor
from registry.api.context import Context
from registry.api.enums import publish
from registry.api.feeds import Feed
from registry.api.pages import global_id, plain_text
from registry.api.reading.plain import shown
from registry.api.reading.rows import NOW, Row
from registry.api.reading.shapes import TYPES
from registry.intake import queries as intake
from registry.intake.queries import RunRow
from registry.intake.readable import FAILURE
from registry.storage.announcements import Announcements
from schemas.access import Scope
from schemas.errors import AccessDenied
from schemas.intake import RunState

Failure: Any = TYPES["Failure"]
RUNS_SHOWN: Final = 50  # newest runs that a subscription begins with; a town has tens of sources
OnlySource = Annotated[
    str | None, strawberry.argument(description="Key of one source; leave it out for all.")
]


class LandscapePart(Enum):
    """What of the landscape has changed."""

    ELEMENTS = "element"
    RELATIONSHIPS = "relationship"
    UNKNOWN = "unknown"


class LandscapeChangeKind(Enum):
    """What happened to it."""

    REGISTERED = "insert"
    UPDATED = "update"
    RETIRED = "delete"
    MISSED = "missed"


publish(
    LandscapePart,
    "What of the landscape has changed.",
    {
        LandscapePart.ELEMENTS: "Elements; `urns` names some.",
        LandscapePart.RELATIONSHIPS: "Relationships; `relationshipIds` names some.",
        LandscapePart.UNKNOWN: "Anything may have changed.",
    },
)
publish(
    LandscapeChangeKind,
    "What happened to a part of the landscape.",
    {
        LandscapeChangeKind.REGISTERED: "It is new.",
        LandscapeChangeKind.UPDATED: "Something else is said of it.",
        LandscapeChangeKind.RETIRED: "It was taken out of the register.",
        LandscapeChangeKind.MISSED: "We were not told for a moment; read anew what you show.",
    },
)


@strawberry.type(description="How one sync run stands.")
class SyncProgress:
    """How one sync run stands."""

    run_id: strawberry.ID = strawberry.field(description="Global id of the run; ask `node` for it.")
    source_key: str = strawberry.field(description="The source it reads.")
    state: RunState = strawberry.field(description="Where it stands.")
    pages: int = strawberry.field(description="Pages committed.")
    records_read: int = strawberry.field(description="Records read from the source.")
    records_landed: int = strawberry.field(description="New or changed records.")
    records_quarantined: int = strawberry.field(description="Records refused, with reason.")
    started_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    failure: Failure | None = strawberry.field(description="Why it failed; null where it did not.")


@strawberry.type(description="Something in the landscape has changed.")
class LandscapeChange:
    """Something in the landscape has changed."""

    what: LandscapePart = strawberry.field(description="What of it has changed.")
    change: LandscapeChangeKind = strawberry.field(description="What happened to it.")
    count: int = strawberry.field(description="How many, in one go.")
    urns: list[str] = strawberry.field(description="URNs of at most 20 elements of them.")
    relationship_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of at most 20 relationships of them."
    )


@strawberry.type(description="How much of one kind waits for a person.")
class WaitingCount:
    """How much of one kind waits for a person."""

    kind: str = strawberry.field(description="What it is, e.g. quarantine.")
    key: str = strawberry.field(description="Where it waits, e.g. the key of a source.")
    count: int = strawberry.field(description="How many wait.")


@strawberry.type(description="What waits for a person to look at it.")
class ReviewQueue:
    """What waits for a person to look at it."""

    total: int = strawberry.field(description="How many wait altogether.")
    parts: list[WaitingCount] = strawberry.field(
        description="How many of each kind, of those that who asks may see."
    )


@dataclass(frozen=True)
class Waiting:
    """One kind of things that wait for a person.

    Attributes:
        kind: As people call it.
        scope: What who sees its count must hold.
        count: How many wait, by key; kinds without keys use an empty one.
    """

    kind: str
    scope: Scope
    count: Callable[[psycopg.Connection], dict[str, int]]


# A room adds its kind here, and a trigger or `announce(db, "review")` where it changes.
WAITING: Final = (Waiting("quarantine", Scope.SYNC_READ, intake.quarantine_counts),)


class Feeds:
    """The feeds of one process.

    Args:
        announcements: Tells what changes.
    """

    def __init__(self, announcements: Announcements) -> None:
        self.syncs = Feed[SyncProgress](announcements, "sync", _read_runs)
        self.landscape = Feed[LandscapeChange](announcements, "landscape", _read_changes)
        self.review = Feed[list[tuple[Scope, WaitingCount]]](announcements, "review", _read_waiting)


class Subscriber(Context):
    """The context of one connection that subscribes.

    Args:
        actor: Who asks, as far as is known before the connection begins.
        correlation_id: Under which the log has this connection.
        feeds: Where events come from.
        find_actor: From an Authorization header to who asks; None where that is settled.
        authorization: The header of the request.
    """

    def __init__(
        self,
        actor: Actor,
        *,
        correlation_id: str,
        feeds: Feeds,
        find_actor: Callable[[str | None], Actor] | None,
        authorization: str | None,
    ) -> None:
        super().__init__(actor, correlation_id=correlation_id)
        self.feeds = feeds
        self.find_actor = find_actor
        self.authorization = authorization
        self.connection_params: dict[str, Any] = {}
        self.drop: Callable[[], None] = _nothing


def _nothing() -> None:
    """Stand in until there is a connection that can be dropped."""


@strawberry.type(description="Everything that can be followed.")
class Subscription:
    """Everything that can be followed."""

    @strawberry.subscription(
        description="Sync runs: first how the newest stand, then each one at every page."
    )
    async def sync_progress(
        self, info: strawberry.Info[Subscriber, None], source: OnlySource = None
    ) -> AsyncGenerator[SyncProgress, None]:
        """Follow sync runs."""
        context = info.context
        context.demand(Scope.SYNC_READ)
        key = None if source is None else plain_text(source, "source")
        async for event in context.feeds.syncs.events(context.drop):
            if key in (None, event.source_key):
                yield event

    @strawberry.subscription(
        description="Changes of the landscape: first `MISSED`, which says that we listen from now "
        "on, then every change; an import is one event with a count."
    )
    async def landscape_changes(
        self, info: strawberry.Info[Subscriber, None]
    ) -> AsyncGenerator[LandscapeChange, None]:
        """Follow the landscape."""
        context = info.context
        context.demand(Scope.LANDSCAPE_READ)
        async for event in context.feeds.landscape.events(context.drop):
            yield event

    @strawberry.subscription(
        description="How much waits for people: first how it stands, then at every change."
    )
    async def review_queue(
        self, info: strawberry.Info[Subscriber, None]
    ) -> AsyncGenerator[ReviewQueue, None]:
        """Follow what waits."""
        context = info.context
        if not any(context.actor.may(each.scope) for each in WAITING):
            scopes = " or ".join(sorted({str(each.scope) for each in WAITING}))
            raise AccessDenied(f"This needs a token with the scope {scopes}.", scope=scopes)
        async for event in context.feeds.review.events(context.drop):
            parts = [part for scope, part in event if context.actor.may(scope)]
            yield ReviewQueue(total=sum(part.count for part in parts), parts=parts)


def _read_runs(db: psycopg.Connection, told: Sequence[dict[str, Any]] | None) -> list[SyncProgress]:
    if told is None:
        rows = intake.list_runs(db, source_key=None, before=None, limit=RUNS_SHOWN)[::-1]
    else:
        rows = intake.runs_by_id(db, sorted({UUID(facts["run"]) for facts in told}))
    return [_progress(row) for row in rows]


def _progress(row: RunRow) -> SyncProgress:
    return SyncProgress(
        run_id=strawberry.ID(global_id("sync_run", row.id)),
        source_key=row.source_key,
        state=RunState(row.state),
        pages=row.pages,
        records_read=row.records_read,
        records_landed=row.records_landed,
        records_quarantined=row.records_quarantined,
        started_at=row.started_at,
        finished_at=row.finished_at,
        failure=shown(Row(FAILURE, row.error, {}, NOW)) if row.error else None,
    )


def _read_changes(
    _: psycopg.Connection, told: Sequence[dict[str, Any]] | None
) -> list[LandscapeChange]:
    if told is None:
        return [
            LandscapeChange(
                what=LandscapePart.UNKNOWN,
                change=LandscapeChangeKind.MISSED,
                count=0,
                urns=[],
                relationship_ids=[],
            )
        ]
    changes = []
    for facts in told:
        what, parts = LandscapePart(facts["what"]), facts.get("parts") or []
        is_element = what is LandscapePart.ELEMENTS
        changes.append(
            LandscapeChange(
                what=what,
                change=LandscapeChangeKind(facts["how"]),
                count=facts["count"],
                urns=parts if is_element else [],
                relationship_ids=[]
                if is_element
                else [strawberry.ID(global_id("relationship", part)) for part in parts],
            )
        )
    return changes


def _read_waiting(
    db: psycopg.Connection, _: Sequence[dict[str, Any]] | None
) -> list[list[tuple[Scope, WaitingCount]]]:
    return [
        [
            (each.scope, WaitingCount(kind=each.kind, key=key, count=count))
            for each in WAITING
            for key, count in sorted(each.count(db).items())
        ]
    ]
