"""The worker's side of matching that stewards ask for: one at a time, and never half done.

A worker holds one lock for as long as it lives, so no two are ever at it, and what a worker left
when it was killed is taken up again by the next one at once. What is done and that it was done
commit together: either both stand or neither.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from registry.customers.live.commands import MatchReport, propose, rematch
from registry.customers.live.keeping import settle_own_keys, undo_own_keys
from registry.customers.live.progress import Step, Tell
from registry.storage.connecting import connect
from schemas.errors import Conflict, TownclerkError
from schemas.intake import RequestState
from schemas.stewarding import MatchWork

TRIES_MAX: Final = 3
"""After so many workers that died of it, it is given up: it would kill the next one, too."""

_LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('customers.match_request'))"


class RequestTaken(Conflict):
    """Another worker has taken this request meanwhile, so what this one did does not count."""

    code = "request_taken"
    remedy = "Nothing is to be done: the other worker says what came of it."


@dataclass(frozen=True)
class MatchTask:
    """One request, as the worker that took it sees it."""

    id: UUID
    work: MatchWork
    given: dict[str, Any]
    asked_by: str
    tries: int


def is_any_waiting(db: psycopg.Connection) -> bool:
    """Tell whether there may be something to do: what is marked as running may have been left."""
    return bool(
        db.execute(
            "SELECT FROM match_request WHERE state IN (%s, %s) LIMIT 1",
            (RequestState.ASKED, RequestState.RUNNING),
        ).rowcount
    )


class Lifeline:
    """A worker's hold on all requests, on a connection of its own for as long as it lives.

    Args:
        connection: Holds the lock; commits each statement at once.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._db = connection

    def take_next(self) -> MatchTask | None:
        """Take the oldest request that waits, or that a worker left when it ended.

        One whose workers keep dying is given up.
        """
        self._db.execute(
            "UPDATE match_request SET state = %s, finished_at = now(), error = %s"
            " WHERE state = %s AND tries >= %s",
            (RequestState.FAILED, Jsonb(_LOST), RequestState.RUNNING, TRIES_MAX),
        )
        with self._db.cursor(row_factory=class_row(MatchTask)) as cursor:
            return cursor.execute(
                """UPDATE match_request SET state = %(running)s, tries = tries + 1,
                       taken_at = clock_timestamp(), progress = NULL
                   WHERE id = (SELECT id FROM match_request
                       WHERE state IN (%(asked)s, %(running)s) ORDER BY id LIMIT 1)
                   RETURNING id, work, given, asked_by, tries""",
                {"running": RequestState.RUNNING, "asked": RequestState.ASKED},
            ).fetchone()

    def give_back(self, task: MatchTask) -> None:
        """Let a request wait again, because its worker was asked to stop."""
        self._db.execute(
            """UPDATE match_request SET state = %s, tries = tries - 1, taken_at = NULL,
                   progress = NULL WHERE id = %s AND state = %s AND tries = %s""",
            (RequestState.ASKED, task.id, RequestState.RUNNING, task.tries),
        )

    def fail(self, task: MatchTask, error: TownclerkError) -> None:
        """Write down why there is no answer."""
        self._db.execute(
            """UPDATE match_request SET state = %s, finished_at = clock_timestamp(), error = %s
               WHERE id = %s AND state = %s AND tries = %s""",
            (
                RequestState.FAILED, Jsonb(error.as_dict()), task.id, RequestState.RUNNING,
                task.tries,
            ),
        )  # fmt: skip

    def told(self, task: MatchTask) -> "Progress":
        """Return what a run tells how far it is."""
        return Progress(self._db, task)


_LOST: Final = {
    "code": "worker_lost",
    "what": f"{TRIES_MAX} workers that took this ended before it was done.",
    "remedy": "Look into the worker's log, and at the memory it had; then ask for it again.",
}


class Progress:
    """Writes how far a run is, visible at once to whoever asked.

    Args:
        connection: Commits each statement at once.
        task: The request.
    """

    def __init__(self, connection: psycopg.Connection, task: MatchTask) -> None:
        self._db, self._task = connection, task
        self._begun = time.monotonic()
        self._counts: dict[str, int] = {}

    def __call__(self, step: Step, done: int) -> None:
        """Note one step."""
        self._counts[step.value] = done
        self._db.execute(
            "UPDATE match_request SET progress = %s WHERE id = %s AND tries = %s",
            (
                Jsonb({**self._counts, "seconds": round(time.monotonic() - self._begun, 1)}),
                self._task.id,
                self._task.tries,
            ),
        )


@contextmanager
def lifeline(url: str) -> Iterator[Lifeline | None]:
    """Hold all requests for as long as this worker lives.

    Args:
        url: Database to connect to; the pool cannot be used, since its connections change hands.

    Yields:
        The hold; None where another living worker has it.
    """
    with connect(url, autocommit=True, application_name="townclerk matching") as connection:
        row = connection.execute(_LOCK).fetchone()
        yield Lifeline(connection) if row and row[0] else None


def do(db: psycopg.Connection, task: MatchTask, tell: Tell) -> dict[str, Any]:
    """Do what was asked, and return what came of it, in counts.

    Args:
        db: Connection in the transaction in which it is also finished.
        task: The request.
        tell: Is told how far it is.

    Raises:
        TownclerkError: It cannot be done, and why.
    """
    given = task.given
    if task.work in {MatchWork.TRAIN, MatchWork.COMPARE}:
        return asdict(propose(db, version=given.get("version"), tell=tell))
    if task.work == MatchWork.APPROVE:
        report: MatchReport | None = rematch(db, version=given["version"], tell=tell)
    elif task.work == MatchWork.SETTLE_KEYS:
        report = settle_own_keys(
            db, given["data_set"], keeps_apart=given["keeps_apart"], reason=given["reason"],
            actor=task.asked_by, tell=tell,
        )  # fmt: skip
    else:
        report = undo_own_keys(db, UUID(given["change"]), actor=task.asked_by, tell=tell)
    if report is None:
        return {"merges": 0, "splits": 0}
    change = asdict(report.change) if report.change else {}
    counts = {"records": report.records, "links": report.links, "customers": report.customers}
    return {"version": report.model, **counts, **change}


def finish(db: psycopg.Connection, task: MatchTask, answer: Mapping[str, Any]) -> None:
    """Write down what came of a request, in the transaction that did it.

    Raises:
        RequestTaken: It is another worker's now; nothing of this one's work may stand.
    """
    written = db.execute(
        """UPDATE match_request SET state = %s, finished_at = clock_timestamp(), answer = %s
           WHERE id = %s AND state = %s AND tries = %s""",
        (RequestState.DONE, Jsonb(dict(answer)), task.id, RequestState.RUNNING, task.tries),
    ).rowcount
    if not written:
        raise RequestTaken("Another worker has this request.")
