"""Looks that somebody asks a worker to take at what runs: a probe, or one page through a connector.

They stand beside requests about sources (registry.intake.requests), because they need no source:
an interface is enough. Only a worker speaks to other machines, so a look is written down here, and
whoever asked reads what came of it. Values of customers are kept apart, and not for long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from registry.intake.queues import Asked, ask_once, write_outcome
from schemas.errors import UnknownName
from schemas.intake import RequestState
from schemas.looks import LookKind

TAKEN_MINUTES_MAX = 10
"""A worker that has not answered by then is dead: a probe sends a dozen requests, a trial a few."""

TRIES_MINUTES_MAX = 60
"""After this a look whose workers die is given up, or one that kills them would kill them all."""

VALUES_MINUTES = 15
"""How long records of a trial are kept: time to look at them and mend a mapping, not to keep."""


@dataclass(frozen=True)
class Look:
    """One look, as the worker that took it sees it."""

    id: UUID
    kind: LookKind
    urn: str
    given: dict[str, Any]
    asked_by: str


@dataclass(frozen=True)
class Samples:
    """Records of a trial, for whom and for what they were asked.

    Attributes:
        purpose: The purpose that masked them.
        asked_by: Who asked; nobody else sees them.
        streams: By stream, what may be seen.
    """

    purpose: str
    asked_by: str
    streams: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a look stands, for people."""

    id: UUID
    state: str
    asked_by: str
    asked_at: datetime
    answer: dict[str, Any] | None
    error: dict[str, Any] | None
    check_number: int | None


def newest(db: psycopg.Connection, urn: str, kind: LookKind, *, limit: int) -> list[Outcome]:
    """Return the newest looks of one kind at an interface."""
    with db.cursor(row_factory=class_row(Outcome)) as cursor:
        return cursor.execute(
            """SELECT look_request.id, state, asked_by, asked_at, answer, error, check_number
               FROM look_request JOIN element ON element.id = interface_id
               WHERE element.urn = %s AND look_request.kind = %s
               ORDER BY look_request.id DESC LIMIT %s""",
            (urn, kind, limit),
        ).fetchall()


def ask(
    db: psycopg.Connection,
    urn: str,
    kind: LookKind,
    *,
    by: str,
    given: Mapping[str, Any] | None = None,
) -> UUID:
    """Ask the next free worker for a look; the same one that still waits is not doubled.

    Args:
        db: Connection in the caller's transaction.
        urn: The interface.
        kind: What to look at.
        by: Who asks.
        given: Of a trial, what to try.

    Raises:
        UnknownName: There is no such interface.
        TooManyRequests: A hundred looks wait for it.
    """
    sweep(db)
    interface = db.execute(
        "SELECT id FROM element WHERE urn = %s AND kind = 'interface'", (urn,)
    ).fetchone()
    if interface is None:
        raise UnknownName(f"No interface is registered under {urn}.", urn=urn)
    asked = Asked("look_request", "interface_id", interface[0], f"looks wait for {urn}")
    wanted = {"kind": kind, "given": Jsonb(dict(given or {}))}
    return ask_once(db, asked, wanted, by=by, same_by=True)


def take_next(db: psycopg.Connection) -> Look | None:
    """Take the oldest look that waits, or whose worker has died; two workers never share one."""
    with db.cursor(row_factory=class_row(Look)) as cursor:
        return cursor.execute(
            """UPDATE look_request SET state = %(running)s, taken_at = now()
               FROM element
               WHERE element.id = look_request.interface_id AND look_request.id = (
                   SELECT id FROM look_request
                   WHERE state = %(asked)s OR (state = %(running)s
                       AND taken_at < now() - %(taken)s * interval '1 minute'
                       AND asked_at > now() - %(tries)s * interval '1 minute')
                   ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
               RETURNING look_request.id, look_request.kind, element.urn, given, asked_by""",
            {
                "running": RequestState.RUNNING,
                "asked": RequestState.ASKED,
                "taken": TAKEN_MINUTES_MAX,
                "tries": TRIES_MINUTES_MAX,
            },
        ).fetchone()


def finish(
    db: psycopg.Connection,
    look: UUID,
    *,
    answer: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
    check_number: int | None = None,
) -> None:
    """Write down what came of a look."""
    more = {"check_number": check_number}
    write_outcome(db, "look_request", look, answer=answer, error=error, **more)


def keep_samples(db: psycopg.Connection, look: UUID, streams: Mapping[str, Any]) -> None:
    """Keep the records of a trial for a quarter of an hour."""
    db.execute(
        """INSERT INTO trial_sample (request_id, streams, until)
           VALUES (%s, %s, now() + %s * interval '1 minute')
           ON CONFLICT (request_id) DO UPDATE
           SET streams = excluded.streams, until = excluded.until""",
        (look, Jsonb(dict(streams)), VALUES_MINUTES),
    )


def samples_of(db: psycopg.Connection, look: UUID) -> Samples:
    """Return the records of a trial.

    Raises:
        UnknownName: There is no such trial, none were kept, or their time is over.
    """
    with db.cursor(row_factory=class_row(Samples)) as cursor:
        found = cursor.execute(
            """SELECT given ->> 'purpose' AS purpose, asked_by, streams
               FROM look_request JOIN trial_sample ON request_id = look_request.id
               WHERE look_request.id = %s AND until > now()""",
            (look,),
        ).fetchone()
    if found is None:
        raise UnknownName(
            "This trial has no records to show.",
            remedy=f"They are kept for {VALUES_MINUTES} minutes, and only where a purpose was named"
            " when the trial was asked for; ask for it anew.",
        )
    return found


def sweep(db: psycopg.Connection) -> int:
    """Delete records of trials whose time is over, and give up looks whose workers keep dying.

    Returns:
        How many trials lost their records.
    """
    db.execute(
        """UPDATE look_request SET state = %s, finished_at = now(), error = %s
           WHERE state = %s AND taken_at < now() - %s * interval '1 minute'
             AND asked_at <= now() - %s * interval '1 minute'""",
        (
            RequestState.FAILED,
            Jsonb(
                {
                    "code": "worker_lost",
                    "what": "Every worker that took this look ended before it was done.",
                    "remedy": "Look into the worker's log; then ask for it again.",
                }
            ),
            RequestState.RUNNING,
            TAKEN_MINUTES_MAX,
            TRIES_MINUTES_MAX,
        ),
    )
    return db.execute("DELETE FROM trial_sample WHERE until <= now()").rowcount
