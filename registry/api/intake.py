"""Changes of the intake: register sources, read them now or by the clock, settle what is in doubt.

What only a worker can do - speak to Prefect, read a source, replay - is written down as a request;
`syncRequests` tells what came of it.
"""

from typing import Annotated
from uuid import UUID

import psycopg
import strawberry

from connectors.sdk.load import load_connector_file
from registry import customers
from registry.access.tokens import Actor
from registry.api.changes import Change, change
from registry.api.pages import global_id, plain_text, read_global_id
from registry.intake import commands, queries, requests, scans, schedules
from schemas.access import Scope
from schemas.errors import InvalidInput
from schemas.intake import RequestKind

FILE_CHARACTERS_MAX = 200_000  # a connector file has tens of lines

SourceKey = Annotated[str, strawberry.argument(description="Key of the source, e.g. crm.")]
StreamName = Annotated[str | None, strawberry.argument(description="Only this stream of it.")]
HeldId = Annotated[strawberry.ID, strawberry.argument(description="Id of the withdrawal.")]


@strawberry.type(description="A sync was asked to stop after its page.")
class SyncCancelled(Change):
    """A sync was asked to stop after its page."""

    was_running: bool = strawberry.field(description="Whether one ran that could be asked.")


@strawberry.type(description="A source was registered, or its connector file renewed.")
class SourceRegistered(Change):
    """A source was registered, or its connector file renewed."""

    source: str = strawberry.field(description="Its key.")
    streams: list[str] = strawberry.field(description="Its streams.")


@strawberry.type(description="A worker was asked; the next that is free does it.")
class SyncAsked(Change):
    """A worker was asked; the next that is free does it."""

    request: strawberry.ID = strawberry.field(description="Id of the request, for `node(id:)`.")


@strawberry.type(description="It is settled when a source is read.")
class ScheduleChanged(Change):
    """It is settled when a source is read."""

    source: str = strawberry.field(description="Key of the source.")
    active: bool = strawberry.field(description="Whether the clock reads it.")


@strawberry.type(description="It is settled how old a data set may become.")
class FreshnessTargetSet(Change):
    """It is settled how old a data set may become."""

    minutes: int | None = strawberry.field(description="Its target; null where it has none now.")


@strawberry.type(description="The next sync reads changes again from an earlier moment.")
class BackfillSet(Change):
    """The next sync reads changes again from an earlier moment."""

    streams: list[str] = strawberry.field(description="The streams that were rewound.")


@strawberry.type(description="Somebody decided about records that vanished from their source.")
class WithdrawalDecided(Change):
    """Somebody decided about records that vanished from their source."""

    withdrawn: int = strawberry.field(description="Records taken out of the master view.")


def _cancel_sync(db: psycopg.Connection, source: SourceKey) -> SyncCancelled:
    asked = commands.request_cancel(db, plain_text(source, "source"))
    return SyncCancelled(was_running=asked)


def _register_source(
    db: psycopg.Connection,
    file: Annotated[str, strawberry.argument(description="The connector file, as YAML.")],
) -> SourceRegistered:
    spec = load_connector_file(checked_file(file), name="file")
    commands.register_source(
        db,
        key=spec.connector,
        interface_urn=spec.interface,
        spec=spec.model_dump(mode="json", exclude_none=True),
    )
    return SourceRegistered(source=spec.connector, streams=list(spec.streams))


def checked_file(file: str) -> str:
    """Return a connector file that is no longer than one can be.

    Raises:
        InvalidInput: It is.
    """
    if len(file) > FILE_CHARACTERS_MAX:
        raise InvalidInput(
            f"A connector file has {FILE_CHARACTERS_MAX} characters at most.", path=["file"]
        )
    return file


def _start_sync(db: psycopg.Connection, source: SourceKey, actor: Actor) -> SyncAsked:
    return _ask(db, source, RequestKind.SYNC, actor)


def _rehearse_sync(db: psycopg.Connection, source: SourceKey, actor: Actor) -> SyncAsked:
    return _ask(db, source, RequestKind.REHEARSAL, actor)


def _replay_quarantine(
    db: psycopg.Connection, source: SourceKey, actor: Actor, stream: StreamName = None
) -> SyncAsked:
    return _ask(db, source, RequestKind.REPLAY, actor, stream)


def _ask(
    db: psycopg.Connection, source: str, kind: RequestKind, actor: Actor, stream: str | None = None
) -> SyncAsked:
    made = requests.ask(db, plain_text(source, "source"), kind, by=actor.name, stream=stream)
    return SyncAsked(request=strawberry.ID(global_id("sync_request", made)))


def _set_schedule(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    source: SourceKey,
    actor: Actor,
    cron: Annotated[
        str | None, strawberry.argument(description="When to read it, e.g. `0 3 * * *`.")
    ] = None,
    zone: Annotated[str, strawberry.argument(description="Time zone of the cron line.")] = "UTC",
    fresh_minutes: Annotated[
        int | None, strawberry.argument(description="Age at which it is too old.")
    ] = None,
) -> ScheduleChanged:
    found = queries.find_source(db, plain_text(source, "source"))
    schedules.set_schedule(db, found.id, cron=cron, zone=zone, fresh_minutes=fresh_minutes)
    _ask(db, found.key, RequestKind.SCHEDULE, actor)
    return ScheduleChanged(source=found.key, active=cron is not None)


def _pause_schedule(
    db: psycopg.Connection,
    source: SourceKey,
    actor: Actor,
    paused: Annotated[bool, strawberry.argument(description="False lets it go on.")] = True,
) -> ScheduleChanged:
    found = queries.find_source(db, plain_text(source, "source"))
    schedules.pause_schedule(db, found.id, paused=paused)
    _ask(db, found.key, RequestKind.SCHEDULE, actor)
    return ScheduleChanged(source=found.key, active=not paused)


def _set_freshness_target(
    db: psycopg.Connection,
    data_set: Annotated[str, strawberry.argument(description="URN of the data set.")],
    minutes: Annotated[
        int | None, strawberry.argument(description="Age at which it is too old; null for none.")
    ] = None,
) -> FreshnessTargetSet:
    schedules.set_target(db, plain_text(data_set, "dataSet"), minutes)
    return FreshnessTargetSet(minutes=minutes)


def _backfill_source(
    db: psycopg.Connection,
    source: SourceKey,
    since: Annotated[
        str, strawberry.argument(description="Change mark to read from, as the source writes it.")
    ],
    stream: StreamName = None,
) -> BackfillSet:
    found = queries.find_source(db, plain_text(source, "source"))
    mark = plain_text(since, "since")
    return BackfillSet(streams=commands.rewind(db, found, since=mark, stream=stream))


def _confirm_withdrawal(
    db: psycopg.Connection, withdrawal: HeldId, actor: Actor
) -> WithdrawalDecided:
    run_id, records = scans.decide(db, _held(withdrawal), confirm=True, by=actor.name)
    customers.commands.withdraw(db, records)
    gone = scans.drop_records(db, records)
    scans.count_withdrawn(db, run_id, gone)
    return WithdrawalDecided(withdrawn=gone)


def _refuse_withdrawal(
    db: psycopg.Connection, withdrawal: HeldId, actor: Actor
) -> WithdrawalDecided:
    scans.decide(db, _held(withdrawal), confirm=False, by=actor.name)
    return WithdrawalDecided(withdrawn=0)


def _held(withdrawal: str) -> UUID:
    kind, key = read_global_id(withdrawal)
    if kind != "withdrawal":
        raise InvalidInput("This global id is not one of a withdrawal.", path=["withdrawal"])
    return key


_RUN = Scope.SYNC_RUN


@strawberry.type
class IntakeMutation:
    """Changes of the intake."""

    cancel_sync = change(
        _cancel_sync, _RUN, "Ask the running sync of a source to stop after its page."
    )
    register_source = change(
        _register_source,
        _RUN,
        "Register a source on a registered interface, or renew its connector file.",
    )
    start_sync = change(_start_sync, _RUN, "Ask a worker to read a source now.")
    rehearse_sync = change(
        _rehearse_sync, _RUN, "Ask a worker what a sync would change; nothing is kept."
    )
    replay_quarantine = change(
        _replay_quarantine,
        _RUN,
        "Ask a worker to map a source's refused records anew, after its file was mended.",
    )
    set_schedule = change(
        _set_schedule, _RUN, "Say when a source is read by the clock, and how old it may become."
    )
    pause_schedule = change(
        _pause_schedule, _RUN, "Stop reading a source by the clock, or go on; the line stays."
    )
    set_freshness_target = change(
        _set_freshness_target, _RUN, "Say how old a data set may become, whichever sources fill it."
    )
    backfill_source = change(
        _backfill_source, _RUN, "Let the next sync read changes again from an earlier moment."
    )
    confirm_withdrawal = change(
        _confirm_withdrawal, _RUN, "Take vanished records out: their source has deleted them."
    )
    refuse_withdrawal = change(
        _refuse_withdrawal, _RUN, "Keep vanished records: the scan that missed them was wrong."
    )
