"""Who may write for a source now: a lock tells who is alive, a fence number refuses who is not.

A worker that is killed drops its database connection and with it the lock, so the next worker
need not wait. A worker that merely lost its connection may still run; the fence number refuses
its pages. Both are needed: the lock for speed, the fence for truth (docs/decisions/0007).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from registry.storage.connecting import connect
from schemas.base import uuid7
from schemas.errors import SourceBusy, StaleLease
from schemas.intake import RunState

# Longer than one request may take with all its tries: the lock tells who is alive, and only a
# holder that is silent longer than this has hung.
LEASE_SECONDS = 660
LOCK_TRIES_MAX = 5  # a worker that has just finished needs a moment to let go
LOCK_PAUSE_SECONDS = 0.2
LOCK_SPACE = 0x7C1E  # our corner of PostgreSQL's advisory lock numbers


@dataclass(frozen=True)
class HeldLease:
    """The right to write pages for one source, until somebody takes a higher fence."""

    source_id: UUID
    run_id: UUID
    fence: int


@contextmanager
def lifeline(url: str, source_id: UUID) -> Iterator[bool]:
    """Hold the source's lock on a connection of its own for as long as this worker lives.

    Args:
        url: Database to connect to; the pool cannot be used, since its connections change hands.
        source_id: The source to hold.

    Yields:
        Whether the lock was free; False means that another living worker holds it.
    """
    with connect(url, autocommit=True, application_name="townclerk lifeline") as connection:
        yield _lock(connection, source_id)


def _lock(connection: psycopg.Connection, source_id: UUID) -> bool:
    for attempt in range(LOCK_TRIES_MAX):
        if attempt:
            time.sleep(LOCK_PAUSE_SECONDS)
        row = connection.execute(
            "SELECT pg_try_advisory_lock(%s, hashtext(%s))", (LOCK_SPACE, str(source_id))
        ).fetchone()
        if row and row[0]:
            return True
    return False


def take_lease(
    db: psycopg.Connection,
    source_id: UUID,
    *,
    holder: str,
    lock_is_ours: bool,
    prefect_flow_run_id: UUID | None = None,
) -> HeldLease:
    """Take a source over under the next fence number and open a run for it.

    Args:
        db: Connection in a transaction.
        source_id: The source to take.
        holder: Host and process, for people.
        lock_is_ours: What `lifeline` said; without the lock only an expired lease can be taken.
        prefect_flow_run_id: The flow run this run belongs to, if any.

    Returns:
        The lease; every page must show it.

    Raises:
        SourceBusy: Another living worker holds it.
    """
    # Takers queue on the source's row: before the first lease there is no other. A page that runs
    # meanwhile only needs its key, which this does not hold.
    db.execute("SELECT FROM source WHERE id = %s FOR NO KEY UPDATE", (source_id,))
    held = db.execute(
        "SELECT fence, expires_at < now(), holder FROM lease WHERE source_id = %s", (source_id,)
    ).fetchone()
    if not lock_is_ours and (held is None or not held[1]):
        holder = held[2] if held else "another worker"
        raise SourceBusy(f"{holder} is reading this source", holder=holder)
    fence = (held[0] if held else 0) + 1
    run_id = uuid7()
    _open_run(db, source_id, run_id, fence, prefect_flow_run_id)
    db.execute(
        """INSERT INTO lease (source_id, fence, run_id, holder, expires_at)
           VALUES (%(source)s, %(fence)s, %(run)s, %(holder)s, now() + %(seconds)s * interval '1 s')
           ON CONFLICT (source_id) DO UPDATE
           SET fence = excluded.fence, run_id = excluded.run_id, holder = excluded.holder,
               expires_at = excluded.expires_at""",
        {
            "source": source_id,
            "fence": fence,
            "run": run_id,
            "holder": holder[:200],
            "seconds": LEASE_SECONDS,
        },
    )
    return HeldLease(source_id=source_id, run_id=run_id, fence=fence)


def note_refusal(db: psycopg.Connection, source_id: UUID, error: SourceBusy) -> None:
    """Write down that a run was refused; without a row nobody would see that it was asked for."""
    db.execute(
        """INSERT INTO sync_run (id, source_id, state, fence, started_at, finished_at, pages,
               records_read, records_landed, records_unchanged, records_quarantined,
               cancel_requested, error)
           VALUES (%s, %s, %s, 0, now(), now(), 0, 0, 0, 0, 0, false, %s)""",
        (uuid7(), source_id, RunState.REFUSED, Jsonb(error.as_dict())),
    )


def close_crashed(db: psycopg.Connection, source_id: UUID) -> int:
    """Close the runs of a source whose worker is gone, and give the source free.

    Call it only while holding the source's lock: whoever holds it knows that nobody else lives.

    Returns:
        How many runs were still marked as running.
    """
    db.execute("SELECT FROM source WHERE id = %s FOR NO KEY UPDATE", (source_id,))
    db.execute(
        "UPDATE lease SET fence = fence + 1, expires_at = now() WHERE source_id = %s", (source_id,)
    )
    return db.execute(
        """UPDATE sync_run SET state = %s, finished_at = now()
           WHERE source_id = %s AND state = %s""",
        (RunState.CRASHED, source_id, RunState.RUNNING),
    ).rowcount


def sources_running(db: psycopg.Connection) -> list[tuple[UUID, str]]:
    """Return id and key of each source that has a run marked as running."""
    return db.execute(
        """SELECT DISTINCT source.id, source.key FROM source
           JOIN sync_run ON sync_run.source_id = source.id
           WHERE state = %s ORDER BY source.key""",
        (RunState.RUNNING,),
    ).fetchall()


def _open_run(
    db: psycopg.Connection,
    source_id: UUID,
    run_id: UUID,
    fence: int,
    prefect_flow_run_id: UUID | None,
) -> None:
    """Close what a vanished worker left open, and open the new run."""
    db.execute(
        """UPDATE sync_run SET state = %s, finished_at = now()
           WHERE source_id = %s AND state = %s""",
        (RunState.CRASHED, source_id, RunState.RUNNING),
    )
    db.execute(
        """INSERT INTO sync_run (id, source_id, state, fence, started_at, pages, records_read,
               records_landed, records_unchanged, records_quarantined, cancel_requested,
               prefect_flow_run_id)
           VALUES (%s, %s, %s, %s, now(), 0, 0, 0, 0, 0, false, %s)""",
        (run_id, source_id, RunState.RUNNING, fence, prefect_flow_run_id),
    )


def renew_lease(db: psycopg.Connection, lease: HeldLease) -> None:
    """Renew the lease inside the page's transaction; two writers can never both pass.

    Raises:
        StaleLease: A higher fence was taken since.
    """
    renewed = db.execute(
        """UPDATE lease SET expires_at = now() + %s * interval '1 s'
           WHERE source_id = %s AND fence = %s AND run_id = %s""",
        (LEASE_SECONDS, lease.source_id, lease.fence, lease.run_id),
    )
    if renewed.rowcount != 1:
        raise StaleLease(
            f"fence {lease.fence} of run {lease.run_id} is no longer the newest",
            run_id=str(lease.run_id),
        )
