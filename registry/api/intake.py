"""Sources and their sync runs as a graph: what came in, how it went, what to do next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import psycopg
import strawberry

from registry.api.changes import Change, change
from registry.api.elements import Info, Interface, element, element_loader
from registry.api.pages import (
    PAGE_DEFAULT,
    After,
    Connection,
    First,
    Node,
    connection,
    global_id,
    id_place,
    page_size,
    plain_text,
)
from registry.intake import commands, queries
from registry.intake.queries import RegisteredSource, RunRow
from schemas.access import Scope
from schemas.intake import RunState

RUNS = "sync_run:newest"
SourceKey = Annotated[str, strawberry.argument(description="Key of the source, e.g. crm.")]
OnlySource = Annotated[str | None, strawberry.argument(description="Only runs of this source.")]


@strawberry.type(description="Why something failed, and what to do next.")
class Failure:
    """Why something failed, and what to do next."""

    code: str = strawberry.field(description="Stable code; docs/reference/errors.md explains it.")
    what: str = strawberry.field(description="What happened and why.")
    remedy: str = strawberry.field(description="What to do next.")

    @classmethod
    def of(cls, error: dict[str, Any] | None) -> "Failure | None":
        """Return the GraphQL object of a run's error, if it has one."""
        if error is None:
            return None
        return cls(code=error["code"], what=error["what"], remedy=error["remedy"])


@strawberry.type(description="One attempt to read one source.")
class SyncRun(Node):
    """One attempt to read one source."""

    row: strawberry.Private[RunRow]
    source_key: str = strawberry.field(description="The source it read.")
    state: RunState = strawberry.field(description="Where it stands.")
    started_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    pages: int = strawberry.field(description="Pages committed.")
    records_read: int = strawberry.field(description="Records read from the source.")
    records_landed: int = strawberry.field(description="New or changed records.")
    records_unchanged: int = strawberry.field(description="Records that were the same as before.")
    records_quarantined: int = strawberry.field(description="Records refused, with reason.")
    failure: Failure | None = strawberry.field(description="Why it failed; null where it did not.")

    @classmethod
    def of(cls, row: RunRow) -> "SyncRun":
        """Return the GraphQL object of a row."""
        return cls(
            row=row,
            id=global_id("sync_run", row.id),
            source_key=row.source_key,
            state=RunState(row.state),
            started_at=row.started_at,
            finished_at=row.finished_at,
            pages=row.pages,
            records_read=row.records_read,
            records_landed=row.records_landed,
            records_unchanged=row.records_unchanged,
            records_quarantined=row.records_quarantined,
            failure=Failure.of(row.error),
        )

    @strawberry.field(description="The source it read.")
    async def source(self, info: Info) -> "Source":
        """Load the source."""
        loader = info.context.by_id(Scope.SYNC_READ, queries.sources_by_id)
        return Source.of(await loader.load(self.row.source_id))


@strawberry.type(description="A registered interface that a connector reads.")
class Source(Node):
    """A registered interface that a connector reads."""

    row: strawberry.Private[RegisteredSource]
    key: str = strawberry.field(description="Short name people type.")

    @classmethod
    def of(cls, row: RegisteredSource) -> "Source":
        """Return the GraphQL object of a row."""
        return cls(row=row, id=global_id("source", row.id), key=row.key)

    @strawberry.field(
        description="The interface it reads; a connector runs only against a registered one. "
        "Needs the scope landscape:read."
    )
    async def interface(self, info: Info) -> Interface | None:
        """Load the registered interface."""
        return element(await element_loader(info.context).load(self.row.interface_id))

    @strawberry.field(description="Its newest run; null before the first.")
    async def last_run(self, info: Info) -> SyncRun | None:
        """Load the newest run, for all asked sources in one statement."""

        async def load(ids: Sequence[UUID]) -> list[RunRow | None]:
            found = await info.context.read(Scope.SYNC_READ, queries.newest_runs, ids)
            return [found.get(key) for key in ids]

        row = await info.context.loader("last_run", load).load(self.row.id)
        return SyncRun.of(row) if row else None


@strawberry.type
class IntakeQuery:
    """The intake's entry points."""

    @strawberry.field(description="All sources by key; a town has tens of them, not thousands.")
    async def sources(self, info: Info) -> list[Source]:
        """List sources."""
        info.context.demand(Scope.SYNC_READ)
        rows = await info.context.read(Scope.SYNC_READ, queries.list_sources)
        info.context.spend(len(rows))
        return [Source.of(row) for row in rows]

    @strawberry.field(description="Sync runs, newest first.")
    async def sync_runs(
        self,
        info: Info,
        first: First = PAGE_DEFAULT,
        after: After = None,
        source: OnlySource = None,
    ) -> Connection[SyncRun]:
        """List sync runs."""
        context = info.context
        context.demand(Scope.SYNC_READ)
        size = page_size(first)
        key = None if source is None else plain_text(source, "source")
        rows = await context.read(
            Scope.SYNC_READ,
            queries.list_runs,
            source_key=key,
            before=id_place(after, RUNS),
            limit=size + 1,
        )
        return connection(
            context,
            rows,
            first=size,
            after=after,
            order=RUNS,
            key=lambda row: (row.id,),
            node=SyncRun.of,
            total=lambda: context.read(Scope.SYNC_READ, queries.count_runs, source_key=key),
        )


@strawberry.type(description="A sync was asked to stop after its page.")
class SyncCancelled(Change):
    """A sync was asked to stop after its page."""

    was_running: bool = strawberry.field(description="Whether one ran that could be asked.")


def _cancel_sync(db: psycopg.Connection, source: SourceKey) -> SyncCancelled:
    asked = commands.request_cancel(db, plain_text(source, "source"))
    return SyncCancelled(was_running=asked)


@strawberry.type
class IntakeMutation:
    """Changes of the intake."""

    cancel_sync = change(
        _cancel_sync, Scope.SYNC_RUN, "Ask the running sync of a source to stop after its page."
    )
