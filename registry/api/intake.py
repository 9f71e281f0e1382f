"""Sources and their sync runs as a graph: what came in, how it went, what to do next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from registry.api.context import Context
from registry.api.landscape import Interface, element
from registry.api.pages import Connection, Node, connection, global_id, page_size, read_cursor
from registry.intake import commands, queries
from registry.intake.queries import RegisteredSource, RunRow
from registry.landscape.queries import elements_by_id
from schemas.access import Scope
from schemas.intake import RunState

Info = strawberry.Info[Context, None]

strawberry.enum(RunState, name="RunState", description="Where a sync run stands.")


@strawberry.type(description="Why something failed, and what to do next.")
class Failure:
    """Why something failed, and what to do next."""

    code: str = strawberry.field(description="Stable code; docs/reference/errors.md explains it.")
    what: str = strawberry.field(description="What happened and why.")
    remedy: str = strawberry.field(description="What to do next.")


@strawberry.type(description="One attempt to read one source.")
class SyncRun(Node):
    """One attempt to read one source."""

    source_key: str = strawberry.field(description="The source it read.")
    state: RunState = strawberry.field(description="Where it stands.")
    started_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    pages: int = strawberry.field(description="Pages committed.")
    records_read: int = strawberry.field(description="Records read from the source.")
    records_landed: int = strawberry.field(description="New or changed records.")
    records_unchanged: int = strawberry.field(description="Records that were the same as before.")
    records_quarantined: int = strawberry.field(description="Records refused, with reason.")
    failure: Failure | None = strawberry.field(description="Why it failed.")

    @classmethod
    def of(cls, row: RunRow) -> "SyncRun":
        """Return the GraphQL object of a row."""
        error = row.error
        return cls(
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
            failure=Failure(code=error["code"], what=error["what"], remedy=error["remedy"])
            if error
            else None,
        )


@strawberry.type(description="A registered interface that a connector reads.")
class Source(Node):
    """A registered interface that a connector reads."""

    row: strawberry.Private[RegisteredSource]
    key: str = strawberry.field(description="Short name people type.")

    @classmethod
    def of(cls, row: RegisteredSource) -> "Source":
        """Return the GraphQL object of a row."""
        return cls(row=row, id=global_id("source", row.id), key=row.key)

    @strawberry.field(description="The interface it reads; a connector runs only against one.")
    async def interface(self, info: Info) -> Interface:
        """Load the registered interface."""
        loader = info.context.by_id("element", elements_by_id)
        return element(await loader.load(self.row.interface_id))

    @strawberry.field(description="Its newest run.")
    async def last_run(self, info: Info) -> SyncRun | None:
        """Load the newest run, for all asked sources in one statement."""

        async def load(ids: Sequence[UUID]) -> list[RunRow | None]:
            found = await info.context.read(queries.newest_runs, ids)
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
        return [Source.of(row) for row in await info.context.read(queries.list_sources)]

    @strawberry.field(description="Sync runs, newest first.")
    async def sync_runs(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        source: str | None = None,
    ) -> Connection[SyncRun]:
        """List sync runs."""
        info.context.demand(Scope.SYNC_READ)
        size = page_size(first)
        key = read_cursor(after, "sync_run:newest")
        rows: list[Any] = await info.context.read(
            queries.list_runs,
            source_key=source,
            before=UUID(key[0]) if key else None,
            limit=size + 1,
        )
        return connection(
            rows,
            first=size,
            order="sync_run:newest",
            key=lambda row: (row.id,),
            node=SyncRun.of,
        )


@strawberry.type
class IntakeMutation:
    """Changes of the intake."""

    @strawberry.mutation(
        description="Ask the running sync of a source to stop after its page; true if one ran."
    )
    async def cancel_sync(self, info: Info, source: str) -> bool:
        """Ask a run to stop."""
        info.context.demand(Scope.SYNC_RUN)
        return await info.context.read(commands.request_cancel, source)
