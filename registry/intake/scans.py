"""What a scan has seen, and so what has vanished: nothing is withdrawn on a guess.

A record that its source deleted is simply not there any more, and so is one that a fault swallowed.
A short list is therefore only believed when the scan is proved complete: it began at the first
page, every page of it was committed, the source itself said where the end was, each record could be
named, and no more than a small share is missing. Everything else waits for a steward.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from connectors.sdk.vanishing import may_vanish
from registry.intake.landing import LandedPage
from registry.intake.leases import HeldLease
from registry.storage.copying import bigints
from schemas.base import uuid7
from schemas.errors import Conflict, UnknownName
from schemas.intake import WithdrawalState


class AlreadyDecided(Conflict):
    """Somebody has decided about these records, or a later scan knows better."""

    code = "already_decided"
    remedy = "List what waits with `townclerk sync held`."


@dataclass(frozen=True)
class Vanished:
    """What a complete scan no longer has.

    Attributes:
        withdrawn: Records that may be taken out now.
        held: Id of what waits for a steward, if anything does.
    """

    withdrawn: tuple[int, ...] = ()
    held: UUID | None = None


@dataclass(frozen=True)
class HeldRow:
    """Records that wait for a steward."""

    id: UUID
    source_key: str
    stream: str
    reason: str
    known: int
    missing: int
    held_at: datetime


def note_page(
    db: psycopg.Connection,
    lease: HeldLease,
    *,
    stream: str,
    page: int,
    landed: LandedPage,
) -> None:
    """Write down which landed records a page held; the first page of a scan forgets the last one.

    Args:
        db: Connection in the page's transaction.
        lease: Whose run reads.
        stream: Stream within the source.
        page: Number of the page in its scan, from 1.
        landed: What became of it; the rows of a known page that was passed over are on record.
    """
    if page == 1:
        forget_scan(db, lease.source_id, stream)
    db.execute(
        """INSERT INTO scanned_page (source_id, stream, page, record_ids, nameless, digest)
           VALUES (%(source)s, %(stream)s, %(page)s,
                   coalesce((SELECT record_ids FROM known_page
                             WHERE source_id = %(source)s AND digest = %(digest)s),
                            %(rows)s::bigint[]),
                   %(nameless)s, %(digest)s)
           ON CONFLICT (source_id, stream, page) DO UPDATE
           SET record_ids = excluded.record_ids, nameless = excluded.nameless,
               digest = excluded.digest""",
        {
            "source": lease.source_id,
            "stream": stream,
            "page": page,
            "rows": bigints(() if landed.digest else landed.seen),
            "nameless": landed.nameless,
            "digest": landed.digest,
        },
    )


def forget_scan(db: psycopg.Connection, source_id: UUID, stream: str) -> None:
    """Drop what a scan has seen."""
    db.execute("DELETE FROM scanned_page WHERE source_id = %s AND stream = %s", (source_id, stream))


def find_vanished(
    db: psycopg.Connection,
    lease: HeldLease,
    *,
    stream: str,
    data_set_id: UUID,
    pages: int,
    share_max: float,
    always_hold: bool,
) -> Vanished:
    """Compare what a complete scan has seen with what there is.

    Call it in the transaction of the last page, after `note_page`. What may go is returned and
    still there; what may not is held, and replaces what an earlier scan held.

    Args:
        db: Connection in the page's transaction.
        lease: Whose run reads.
        stream: Stream within the source.
        data_set_id: The data set it fills.
        pages: How many pages the scan had.
        share_max: Share of the stream that may vanish at once.
        always_hold: Ask a steward whatever is missing.
    """
    known, missing = _missing(db, lease, stream, data_set_id)
    noted, nameless = _noted(db, lease, stream)
    forget_scan(db, lease.source_id, stream)
    _supersede(db, lease.source_id, stream)
    if not missing:
        return Vanished()
    allowed = may_vanish(known, share_max)
    reason = ""
    if noted != pages:
        reason = f"only {noted} of the scan's {pages} pages are on record"
    elif nameless:
        reason = f"{nameless} records had no readable key and may be among the missing ones"
    elif len(missing) > allowed:
        reason = f"{len(missing)} of {known} records vanished at once; {allowed} may"
    elif always_hold:
        reason = "the connector file says that a steward decides"
    if not reason:
        return Vanished(withdrawn=tuple(missing))
    return Vanished(held=hold(db, lease, stream, reason=reason, known=known, missing=missing))


def _missing(
    db: psycopg.Connection, lease: HeldLease, stream: str, data_set_id: UUID
) -> tuple[int, list[int]]:
    """Return how many records this source has in the data set, and those the scan missed."""
    rows = db.execute(
        """SELECT landed_record.id FROM landed_record
           JOIN sync_run ON sync_run.id = landed_record.run_id
           WHERE data_set_id = %(data_set)s AND sync_run.source_id = %(source)s
             AND landed_record.id NOT IN (
                 SELECT unnest(record_ids) FROM scanned_page
                 WHERE source_id = %(source)s AND stream = %(stream)s)
           ORDER BY landed_record.id""",
        {"data_set": data_set_id, "source": lease.source_id, "stream": stream},
    ).fetchall()
    known = db.execute(
        """SELECT count(*) FROM landed_record JOIN sync_run ON sync_run.id = landed_record.run_id
           WHERE data_set_id = %s AND sync_run.source_id = %s""",
        (data_set_id, lease.source_id),
    ).fetchone()
    return (int(known[0]) if known else 0), [int(row[0]) for row in rows]


def _noted(db: psycopg.Connection, lease: HeldLease, stream: str) -> tuple[int, int]:
    row = db.execute(
        """SELECT count(*), coalesce(sum(nameless), 0) FROM scanned_page
           WHERE source_id = %s AND stream = %s""",
        (lease.source_id, stream),
    ).fetchone()
    assert row is not None  # an aggregate always gives one row
    return int(row[0]), int(row[1])


def _supersede(db: psycopg.Connection, source_id: UUID, stream: str) -> None:
    db.execute(
        """UPDATE withdrawal SET state = %s, decided_at = now()
           WHERE source_id = %s AND stream = %s AND state = %s""",
        (WithdrawalState.SUPERSEDED, source_id, stream, WithdrawalState.HELD),
    )


def hold(
    db: psycopg.Connection,
    lease: HeldLease,
    stream: str,
    *,
    reason: str,
    known: int,
    missing: Sequence[int],
) -> UUID:
    """Let a steward decide about records that seem to be gone; return what is held."""
    held = uuid7()
    db.execute(
        """INSERT INTO withdrawal
               (id, source_id, stream, run_id, state, reason, known, record_ids, held_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now())""",
        (
            *(held, lease.source_id, stream, lease.run_id, WithdrawalState.HELD),
            *(reason, known, list(missing)),
        ),
    )
    return held


def drop_records(db: psycopg.Connection, record_ids: Sequence[int]) -> int:
    """Drop landed records; whatever hangs on them must have been withdrawn before."""
    return db.execute("DELETE FROM landed_record WHERE id = ANY(%s)", (list(record_ids),)).rowcount


def count_withdrawn(db: psycopg.Connection, run_id: UUID, records: int) -> None:
    """Add to a run's count of withdrawn records."""
    db.execute(
        "UPDATE sync_run SET records_withdrawn = records_withdrawn + %s WHERE id = %s",
        (records, run_id),
    )


def list_held(db: psycopg.Connection) -> list[HeldRow]:
    """Return what waits for a steward, oldest first."""
    with db.cursor(row_factory=class_row(HeldRow)) as cursor:
        return cursor.execute(
            """SELECT withdrawal.id, source.key AS source_key, stream, reason, known,
                      cardinality(record_ids) AS missing, held_at
               FROM withdrawal JOIN source ON source.id = withdrawal.source_id
               WHERE state = 'held' ORDER BY withdrawal.id LIMIT 200"""
        ).fetchall()


def decide(
    db: psycopg.Connection, held: UUID, *, confirm: bool, by: str
) -> tuple[UUID, tuple[int, ...]]:
    """Write down what a steward has decided.

    Returns:
        The run that missed the records, and those that are to go: none of them has come back
        or changed since.

    Raises:
        UnknownName: Nothing of this id was ever held.
        AlreadyDecided: It no longer waits.
    """
    row = db.execute(
        "SELECT state, run_id FROM withdrawal WHERE id = %s FOR UPDATE", (held,)
    ).fetchone()
    if row is None:
        raise UnknownName(f"Nothing is held as {held}.", remedy=AlreadyDecided.remedy)
    if row[0] != WithdrawalState.HELD:
        raise AlreadyDecided(f"{held} is {row[0]} by now")
    state = WithdrawalState.CONFIRMED if confirm else WithdrawalState.REFUSED
    db.execute(
        "UPDATE withdrawal SET state = %s, decided_at = now(), decided_by = %s WHERE id = %s",
        (state, by[:200], held),
    )
    if not confirm:
        return row[1], ()
    gone = db.execute(
        """SELECT landed_record.id FROM withdrawal
           JOIN landed_record ON landed_record.id = ANY(record_ids)
           WHERE withdrawal.id = %s AND landed_record.changed_at <= held_at
           ORDER BY landed_record.id""",
        (held,),
    ).fetchall()
    return row[1], tuple(int(found[0]) for found in gone)
