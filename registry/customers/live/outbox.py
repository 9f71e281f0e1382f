"""What changed since: the outbox of events, and who has read how far.

Events name customers by id and attributes by name, never a value, so they may leave the house
without a purpose; whoever wants the values asks for the customer, with one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from schemas.customers import CustomerChange
from schemas.errors import InvalidInput

EVENTS_MAX: Final = 1_000  # events at a time: what a copy takes in within a second
READER_CHARACTERS_MAX: Final = 120


@dataclass(frozen=True)
class EventRow:
    """One thing that happened to a customer.

    Attributes:
        number: Place in the outbox; rises for ever.
        customer_id: Whom it happened to.
        change: One of new, changed, merged, split or erased.
        other_id: The other customer of a merge or split.
        happened_at: When it happened.
    """

    number: int
    customer_id: UUID
    change: str
    other_id: UUID | None
    happened_at: datetime


@dataclass(frozen=True)
class ReaderRow:
    """How far somebody has read the outbox.

    Attributes:
        name: What the reader calls itself.
        last_event: Last event it has taken in.
        behind: Events that wait for it.
        changed_at: When it last said so.
    """

    name: str
    last_event: int
    behind: int
    changed_at: datetime | None


@dataclass(frozen=True)
class ChangedCustomer:
    """One customer who is not as before a moment.

    Attributes:
        customer_id: Its id, also where it is retired by now.
        changes: What happened, each kind once.
        attributes: Names of golden attributes that came, went or differ; no values.
        successor_id: Who took over, where it was merged.
        last_at: When something last happened to it.
    """

    customer_id: UUID
    changes: list[str]
    attributes: list[str]
    successor_id: UUID | None
    last_at: datetime


def events_for(
    db: psycopg.Connection,
    reader: str | None = None,
    *,
    after: int | None = None,
    change: CustomerChange | None = None,
    limit: int = EVENTS_MAX,
) -> list[EventRow]:
    """Return events in order, after what a reader has taken in.

    Args:
        db: Connection in a transaction.
        reader: Name of one who keeps a copy; it need not be known.
        after: Number of the last event that is not wanted; stands above the reader's.
        change: Only this kind.
        limit: Events to return, at most EVENTS_MAX.
    """
    with db.cursor(row_factory=class_row(EventRow)) as cursor:
        # Whoever writes events holds the matching lock until commit, so numbers come in the order
        # of commits, and no reader can go past an event that is still to appear.
        return cursor.execute(
            """SELECT id AS number, customer_id, change, other_id, happened_at
               FROM customer_event
               WHERE id > coalesce(%(after)s::bigint,
                       (SELECT last_event FROM event_reader WHERE name = %(reader)s), 0)
                 AND (%(change)s::text IS NULL OR change = %(change)s)
               ORDER BY id LIMIT %(limit)s""",
            {
                "reader": reader,
                "after": after,
                "change": change.value if change else None,
                "limit": min(max(limit, 0), EVENTS_MAX),
            },
        ).fetchall()


def acknowledge(db: psycopg.Connection, reader: str, event: int) -> ReaderRow:
    """Note that a reader has taken in all events up to one; it can also go back to read again.

    Args:
        db: Connection in the caller's transaction.
        reader: What it calls itself.
        event: Number of the last event it has; 0 begins anew.

    Raises:
        InvalidInput: The name is empty or too long, or there is no such event yet.
    """
    name = reader.strip()
    if not name or len(name) > READER_CHARACTERS_MAX:
        raise InvalidInput("A reader needs a name of 1 to 120 characters.", path=["reader"])
    last = db.execute("SELECT coalesce(max(id), 0) FROM customer_event").fetchone()
    assert last is not None  # an aggregate always gives one row
    if not 0 <= event <= last[0]:
        raise InvalidInput(f"Events are numbered up to {last[0]}.", path=["event"])
    db.execute(
        """INSERT INTO event_reader (name, last_event, changed_at) VALUES (%s, %s, now())
           ON CONFLICT (name) DO UPDATE SET last_event = excluded.last_event, changed_at = now()""",
        (name, event),
    )
    (row,) = [one for one in readers(db) if one.name == name]
    return row


def readers(db: psycopg.Connection) -> list[ReaderRow]:
    """Return who reads the outbox, and how far they are behind."""
    with db.cursor(row_factory=class_row(ReaderRow)) as cursor:
        return cursor.execute(
            """SELECT name, last_event, changed_at,
                   (SELECT count(*) FROM customer_event WHERE id > last_event)::int AS behind
               FROM event_reader ORDER BY name"""
        ).fetchall()


def changed_since(
    db: psycopg.Connection,
    since: datetime,
    *,
    customer: UUID | None = None,
    limit: int = EVENTS_MAX,
) -> list[ChangedCustomer]:
    """Return the customers that are not as before a moment, those of last first.

    Args:
        db: Connection in a transaction.
        since: The moment; what happened at it or later counts.
        customer: Only this one.
        limit: Customers to return, at most EVENTS_MAX.
    """
    with db.cursor(row_factory=class_row(ChangedCustomer)) as cursor:
        return cursor.execute(
            _CHANGED,
            {"since": since, "customer": customer, "limit": min(max(limit, 0), EVENTS_MAX)},
        ).fetchall()


# What a customer was at the moment is the version that was in force then; a new one was nothing.
_CHANGED = """
WITH happened AS (
    SELECT customer_id, array_agg(DISTINCT change ORDER BY change) AS changes,
        max(happened_at) AS last_at
    FROM customer_event
    WHERE happened_at >= %(since)s AND (%(customer)s::uuid IS NULL OR customer_id = %(customer)s)
    GROUP BY customer_id ORDER BY last_at DESC, customer_id LIMIT %(limit)s
)
SELECT h.customer_id, h.changes, h.last_at, r.successor_id,
    coalesce((
        SELECT array_agg(key ORDER BY key) FROM (
            SELECT coalesce(old.key, new.key) AS key
            FROM jsonb_each_text(coalesce(v.attrs, '{}')) AS old(key, value)
            FULL JOIN jsonb_each_text(coalesce(c.attrs, '{}')) AS new(key, value) USING (key)
            WHERE old.value IS DISTINCT FROM new.value) AS differing
    ), ARRAY[]::text[]) AS attributes
FROM happened AS h
LEFT JOIN customer AS c ON c.id = h.customer_id
LEFT JOIN customer_redirect AS r ON r.id = h.customer_id
LEFT JOIN LATERAL (
    SELECT coalesce(p.attrs, CASE WHEN c.created_at < %(since)s THEN c.attrs END) AS attrs
    FROM (SELECT) AS one LEFT JOIN LATERAL (
        SELECT attrs FROM customer_version
        WHERE customer_id = h.customer_id AND valid_from < %(since)s AND valid_to >= %(since)s
        ORDER BY revision LIMIT 1
    ) AS p ON true
) AS v ON true
ORDER BY h.last_at DESC, h.customer_id
"""
