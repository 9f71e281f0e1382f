"""Work that somebody asks a worker to do with a source.

Pages, GraphQL and Prefect may stand on other machines than the workers. What is asked for here is
part of the asker's transaction, so a request that is taken back was never made.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from registry.intake.queries import find_source
from registry.intake.queues import Asked, ask_once, write_outcome
from schemas.errors import UnknownName
from schemas.intake import RequestKind, RequestState

TAKEN_HOURS_MAX = 6
"""A worker that has not answered by then is dead, and another takes the request."""


@dataclass(frozen=True)
class Request:
    """One request, as the worker that took it sees it."""

    id: UUID
    source_key: str
    kind: RequestKind
    stream: str | None


def ask(
    db: psycopg.Connection,
    source_key: str,
    kind: RequestKind,
    *,
    by: str,
    stream: str | None = None,
) -> UUID:
    """Ask the next free worker for something; the same thing that still waits is not doubled.

    Raises:
        UnknownName: There is no such source, or it has no such stream.
        TooManyRequests: A hundred of them wait.
    """
    source = find_source(db, source_key)
    if stream is not None and stream not in source.spec.get("streams", {}):
        raise UnknownName(f"{source_key} has no stream `{stream}`.")
    asked = Asked("sync_request", "source_id", source.id, f"requests wait for {source_key}")
    return ask_once(db, asked, {"kind": kind, "stream": stream}, by=by, same_by=False)


def take_next(db: psycopg.Connection) -> Request | None:
    """Take the oldest request that waits, or whose worker has died; two workers never share one."""
    with db.cursor(row_factory=class_row(Request)) as cursor:
        return cursor.execute(
            """UPDATE sync_request SET state = %(running)s, taken_at = now()
               FROM source
               WHERE source.id = sync_request.source_id AND sync_request.id = (
                   SELECT id FROM sync_request
                   WHERE state = %(asked)s OR (state = %(running)s
                       AND taken_at < now() - %(hours)s * interval '1 hour')
                   ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
               RETURNING sync_request.id, source.key AS source_key, kind, stream""",
            {
                "running": RequestState.RUNNING,
                "asked": RequestState.ASKED,
                "hours": TAKEN_HOURS_MAX,
            },
        ).fetchone()


def finish(
    db: psycopg.Connection,
    request: UUID,
    *,
    answer: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    """Write down what came of a request."""
    write_outcome(db, "sync_request", request, answer=answer, error=error)
