"""What the queues of this room share: ask once, and write down what came of it.

Requests about sources and looks at interfaces are tables of the same shape; each is written with
the asker's change and taken by the next free worker.
"""

from collections.abc import Mapping
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from schemas.base import uuid7
from schemas.errors import Conflict
from schemas.intake import RequestState

WAITING_MAX = 100
"""Requests that may wait for one source or interface; more come of a loop."""

ASKER_CHARACTERS_MAX = 200  # the column's width


class TooManyRequests(Conflict):
    """So much is asked of one source that nobody reads what comes of it."""

    code = "too_many_requests"
    remedy = "Start a worker with `townclerk worker`; it does what waits."


class Asked(NamedTuple):
    """Of whom something is asked.

    Attributes:
        table: The queue.
        column: Its column that names whom.
        of: Whom.
        waiting: What to say of too many, after their number.
    """

    table: LiteralString
    column: LiteralString
    of: UUID
    waiting: str


def ask_once(
    db: psycopg.Connection, asked: Asked, wanted: Mapping[str, Any], *, by: str, same_by: bool
) -> UUID:
    """Put something on a queue; the same thing that still waits there is not doubled.

    Args:
        db: Connection in the asker's transaction.
        asked: Of whom.
        wanted: What, by column.
        by: Who asks.
        same_by: The same thing asked by somebody else is something else.

    Raises:
        TooManyRequests: A hundred of them wait.
    """
    by = by[:ASKER_CHARACTERS_MAX]
    alike = {**wanted, "asked_by": by} if same_by else dict(wanted)
    table, column = sql.Identifier(asked.table), sql.Identifier(asked.column)
    same = sql.SQL(" AND ").join(
        sql.SQL("{} IS NOT DISTINCT FROM %s").format(sql.Identifier(name)) for name in alike
    )
    waiting = db.execute(
        sql.SQL("SELECT id, {} FROM {} WHERE {} = %s AND state = %s ORDER BY id").format(
            same, table, column
        ),
        (*alike.values(), asked.of, RequestState.ASKED),
    ).fetchall()
    for found, is_same in waiting:
        if is_same:
            return UUID(str(found))
    if len(waiting) >= WAITING_MAX:
        raise TooManyRequests(f"{len(waiting)} {asked.waiting} already.")
    made = uuid7()
    row = {
        "id": made,
        asked.column: asked.of,
        **wanted,
        "state": RequestState.ASKED,
        "asked_by": by,
    }
    db.execute(
        sql.SQL("INSERT INTO {} ({}, asked_at) VALUES ({}, now())").format(
            table,
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        ),
        tuple(row.values()),
    )
    return made


def write_outcome(
    db: psycopg.Connection,
    table: LiteralString,
    request: UUID,
    *,
    answer: dict[str, Any] | None,
    error: dict[str, Any] | None,
    **more: Any,
) -> None:
    """Write down what came of something that was asked: an answer, or why there is none."""
    outcome = {
        "state": RequestState.FAILED if error else RequestState.DONE,
        "answer": None if answer is None else Jsonb(answer),
        "error": None if error is None else Jsonb(error),
        **more,
    }
    changes = sql.SQL(", ").join(
        sql.SQL("{} = %s").format(sql.Identifier(name)) for name in outcome
    )
    db.execute(
        sql.SQL("UPDATE {} SET finished_at = now(), {} WHERE id = %s").format(
            sql.Identifier(table), changes
        ),
        (*outcome.values(), request),
    )
