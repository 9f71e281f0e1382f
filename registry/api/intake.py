"""Changes of the intake: ask a running sync to stop."""

from typing import Annotated

import psycopg
import strawberry

from registry.api.changes import Change, change
from registry.api.pages import plain_text
from registry.intake import commands
from schemas.access import Scope

SourceKey = Annotated[str, strawberry.argument(description="Key of the source, e.g. crm.")]


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
