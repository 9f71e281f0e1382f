"""Erase a customer: nothing that was known is left, and its records do not come back.

Erasing is not merging: a merge keeps everything under another id. What is kept of an erasure is
who did it and why, and a keyed digest of each record's key, so that the next sync passes it over.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from uuid import UUID

import psycopg

from registry.customers.asking.sheet import UnknownCustomer, current_id
from registry.customers.live.commands import withdraw
from registry.customers.live.delta import match_records
from registry.customers.live.index import LANDING, LOCK, NO_LANDING
from registry.customers.live.left_keys import forget_marks
from registry.customers.live.words import unlearn_words, words_of_records
from registry.customers.values.reasons import stated
from schemas.customers import CustomerChange
from schemas.errors import Conflict

DIGEST_BYTES: Final = 16
# Records of one customer; beyond it something else than one customer is meant.
RECORDS_MAX: Final = 5_000


class TooManyRecords(Conflict):
    """More records stand behind the customer than one customer can have."""

    code = "too_many_records"
    remedy = "Part the records first; `townclerk customers show` lists them."


@dataclass(frozen=True)
class Erased:
    """What was erased; counts only.

    Attributes:
        id: The retired id of the customer.
        records: Source records that went.
        dealings: Interactions, consents and the like that went with them.
        quarantined: Refused records of the same keys that went.
        versions: Past versions that went.
        decisions: Stewards' decisions that went.
    """

    id: UUID
    records: int
    dealings: int
    quarantined: int
    versions: int
    decisions: int


def key_digest(data_set: UUID, key: str) -> bytes:
    """Return what is kept of an erased record's key, so that it is known when it comes again."""
    return blake2b(key.encode(), digest_size=DIGEST_BYTES, key=data_set.bytes).digest()


def erase_customer(db: psycopg.Connection, customer: UUID, *, reason: str, actor: str) -> Erased:
    """Erase a customer and all that is known of it.

    Args:
        db: Connection in the caller's transaction.
        customer: Its id; a retired one leads to who took over.
        reason: Why, e.g. the number of the request; never a value.
        actor: Who does it.

    Raises:
        UnknownCustomer: There is none.
        InvalidInput: Reason or actor is empty or too long.
        TooManyRecords: It is no one customer.
    """
    reason, actor = stated(reason, actor, what="An erasure")
    # First: pages and merges that are under way end before we look who this is.
    db.execute(NO_LANDING)
    db.execute(LOCK)
    found = current_id(db, customer)
    rows = db.execute(
        """SELECT r.id, r.data_set_id, r.key FROM customer_link AS l
           JOIN landed_record AS r ON r.id = l.record_id WHERE l.customer_id = %s LIMIT %s""",
        (found, RECORDS_MAX + 1),
    ).fetchall()
    if len(rows) > RECORDS_MAX:
        raise TooManyRecords(f"More than {RECORDS_MAX} records are behind this customer.")
    records, data_sets, keys = (
        (list(part) for part in zip(*rows, strict=True)) if rows else ([],) * 3
    )
    around = _dealings_of(db, data_sets, keys)
    dealings = [record for record, _, _ in around]
    quarantined = _drop_quarantine(db, [*records, *dealings])
    # Ids that were merged into this one have a past of their own; retiring it cuts their way here.
    merged = db.execute("SELECT id FROM customer_redirect WHERE successor_id = %s", (found,))
    ids = [found, *(one for (one,) in merged)]
    versions = db.execute(_VERSIONS, (ids,)).fetchone()
    words = words_of_records(db, records)
    withdraw(db, records)
    unlearn_words(db, words, rare_only=False)
    _retire_if_left(db, found)
    db.execute("DELETE FROM landed_record WHERE id = ANY(%s)", ([*records, *dealings],))
    decisions = _drop_decisions(db, data_sets, keys)
    db.execute(
        "DELETE FROM link_sample WHERE left_id = ANY(%s) OR right_id = ANY(%s)", (records, records)
    )
    db.execute("DELETE FROM customer_version WHERE customer_id = ANY(%s)", (ids,))
    db.execute("UPDATE customer_redirect SET successor_id = NULL WHERE successor_id = %s", (found,))
    gone = [(data_set, key) for _, data_set, key in [*rows, *around]]
    _remember(db, found, len(records), gone, reason=reason, actor=actor)
    return Erased(
        id=found,
        records=len(records),
        dealings=len(dealings),
        quarantined=quarantined,
        versions=versions[0] if versions else 0,
        decisions=decisions,
    )


def hold_off_erasures(db: psycopg.Connection) -> None:
    """Let erasures wait until this transaction ends, and wait for one that is under way.

    To be called before a page looks at what has landed, so that what it reads stays true and no
    erased record comes back with it.
    """
    db.execute(LANDING)


def erased_among(db: psycopg.Connection, data_set: UUID, keys: Collection[str]) -> set[str]:
    """Return those of a data set's keys whose records were erased and must not come back."""
    known = db.execute(
        "SELECT EXISTS (SELECT FROM erased_record WHERE data_set_id = %s)", (data_set,)
    ).fetchone()
    if not known or not known[0] or not keys:
        return set()
    by_digest = {key_digest(data_set, key): key for key in keys}
    rows = db.execute(
        "SELECT key_hash FROM erased_record WHERE data_set_id = %s AND key_hash = ANY(%s)",
        (data_set, list(by_digest)),
    )
    return {by_digest[bytes(digest)] for (digest,) in rows}


_VERSIONS = "SELECT count(*)::int FROM customer_version WHERE customer_id = ANY(%s)"
_PARTNERS = """
SELECT r.id FROM match_decision d JOIN unnest(%(sets)s::uuid[], %(keys)s::text[]) AS gone(s, k)
    ON d.data_set_l = gone.s AND d.key_l = gone.k
JOIN landed_record r ON r.data_set_id = d.data_set_r AND r.key = d.key_r
UNION
SELECT l.id FROM match_decision d JOIN unnest(%(sets)s::uuid[], %(keys)s::text[]) AS gone(s, k)
    ON d.data_set_r = gone.s AND d.key_r = gone.k
JOIN landed_record l ON l.data_set_id = d.data_set_l AND l.key = d.key_l
"""
_DECISIONS = """
DELETE FROM match_decision AS d USING unnest(%(sets)s::uuid[], %(keys)s::text[]) AS gone(s, k)
WHERE (d.data_set_l = gone.s AND d.key_l = gone.k) OR (d.data_set_r = gone.s AND d.key_r = gone.k)
"""
DEALINGS: Final = (
    "interaction",
    "consent",
    "channel_preference",
    "customer_role",
    "contact_point",
    "customer_address",
    "customer_identifier",
)


def _dealings_of(
    db: psycopg.Connection, data_sets: Sequence[UUID], keys: Sequence[str]
) -> list[tuple[int, UUID, str]]:
    """Return id, data set and key of the landed records that name one of these keys."""
    if not keys:
        return []
    union = " UNION ALL ".join(
        f"""SELECT d.record_id FROM {table} AS d
            JOIN gone ON d.data_set_id = gone.s AND d.customer_key = gone.k"""
        for table in DEALINGS
    )
    return db.execute(
        f"""WITH gone AS (SELECT * FROM unnest(%s::uuid[], %s::text[]) AS g(s, k))
            SELECT DISTINCT r.id, r.data_set_id, r.key FROM ({union}) AS every_one
            JOIN landed_record AS r ON r.id = every_one.record_id""",
        (list(data_sets), list(keys)),
    ).fetchall()


def _drop_quarantine(db: psycopg.Connection, records: Sequence[int]) -> int:
    """Drop refused records of the same keys: they hold what the customer's records held."""
    return db.execute(
        """DELETE FROM quarantined_record AS q
           USING landed_record AS r JOIN sync_run ON sync_run.id = r.run_id
           WHERE r.id = ANY(%s) AND q.source_id = sync_run.source_id AND q.key = r.key""",
        (list(records),),
    ).rowcount


def _drop_decisions(db: psycopg.Connection, data_sets: Sequence[UUID], keys: Sequence[str]) -> int:
    gone = {"sets": list(data_sets), "keys": list(keys)}
    partners = db.execute(_PARTNERS, gone).fetchall()
    dropped = db.execute(_DECISIONS, gone).rowcount
    forget_marks(db)
    if partners:
        # A copy that was compared for its decision's sake may be one too many now.
        match_records(db, changed=[record for (record,) in partners])
    return dropped


def _retire_if_left(db: psycopg.Connection, customer: UUID) -> None:
    """Erase a customer that has no record any more and was left over."""
    if db.execute("DELETE FROM customer WHERE id = %s", (customer,)).rowcount:
        db.execute(
            """INSERT INTO customer_redirect (id, successor_id, retired_at)
               VALUES (%s, NULL, now()) ON CONFLICT (id) DO NOTHING""",
            (customer,),
        )
    told = db.execute(
        """SELECT FROM customer_event WHERE customer_id = %s AND change = 'erased'
           AND happened_at = now()""",
        (customer,),
    ).rowcount
    if not told:
        db.execute(
            """INSERT INTO customer_event (customer_id, change, happened_at)
               VALUES (%s, %s, now())""",
            (customer, CustomerChange.ERASED.value),
        )


def _remember(
    db: psycopg.Connection,
    customer: UUID,
    records: int,
    gone: Sequence[tuple[UUID, str]],
    *,
    reason: str,
    actor: str,
) -> None:
    db.execute(
        """INSERT INTO erasure (customer_id, records, reason, actor, erased_at)
           VALUES (%s, %s, %s, %s, now())""",
        (customer, records, reason, actor),
    )
    db.execute(
        """INSERT INTO erased_record (data_set_id, key_hash, customer_id)
           SELECT s, h, %s FROM unnest(%s::uuid[], %s::bytea[]) AS gone(s, h)
           ON CONFLICT (data_set_id, key_hash) DO NOTHING""",
        (
            customer,
            [data_set for data_set, _ in gone],
            [key_digest(data_set, key) for data_set, key in gone],
        ),
    )


__all__ = [
    "Erased",
    "TooManyRecords",
    "UnknownCustomer",
    "erase_customer",
    "erased_among",
    "hold_off_erasures",
]
