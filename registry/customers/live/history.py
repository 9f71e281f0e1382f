"""What happened to customers: versions for questions about the past, events for others' copies.

Every change of the master view passes here, whether a page or a full run made it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson
import psycopg

from registry.customers.live.golden import Golden
from schemas.customers import CustomerChange


def keep_customers(db: psycopg.Connection, found: Sequence[tuple[UUID | str, Golden]]) -> None:
    """Write customers that are new or differ, with the version that ended and an event each.

    Args:
        db: Connection in the caller's transaction.
        found: Customers by id, golden values chosen.
    """
    if not found:
        return
    # One document instead of six arrays: psycopg writes arrays of text in Python.
    document = orjson.dumps([{"id": name, **vars(golden)} for name, golden in found]).decode()
    db.execute(_KEEP, (document, CustomerChange.CHANGED.value, CustomerChange.NEW.value))


_VERSION = """customer_id, revision, display_name, attrs, provenance, record_count, valid_from,
    valid_to"""
_ENDED = """id, revision, display_name, attrs, provenance, record_count, changed_at, now()"""
# The matching lock is held, so nobody else can write the customers that are compared here; then an
# update and an insert cost a fifth less than INSERT … ON CONFLICT, which also locks what it leaves.
_KEEP = f"""
WITH found AS MATERIALIZED (
    SELECT f.*, c.id IS NOT NULL AS stands, c.revision, c.display_name AS old_name,
        c.attrs AS old_attrs, c.provenance AS old_provenance, c.record_count AS old_count,
        c.changed_at, (c.kind, c.display_name, c.attrs, c.provenance, c.record_count)
            IS DISTINCT FROM (f.kind, f.display_name, f.attrs, f.provenance, f.record_count)
            AS differs
    FROM jsonb_to_recordset(%s::jsonb) AS f(id uuid, kind text, display_name text, attrs jsonb,
        provenance jsonb, record_count int)
    LEFT JOIN customer c ON c.id = f.id
), ended AS (
    INSERT INTO customer_version ({_VERSION})
    SELECT id, revision, old_name, old_attrs, old_provenance, old_count, changed_at, now()
    FROM found WHERE stands AND differs
), changed AS (
    UPDATE customer c
    SET kind = f.kind, display_name = f.display_name, attrs = f.attrs,
        provenance = f.provenance, record_count = f.record_count,
        revision = c.revision + 1, changed_at = now()
    FROM found f WHERE f.stands AND f.differs AND c.id = f.id
), fresh AS (
    INSERT INTO customer (id, kind, display_name, attrs, provenance, record_count,
        revision, created_at, changed_at)
    SELECT id, kind, display_name, attrs, provenance, record_count, 1, now(), now()
    FROM found WHERE NOT stands
)
INSERT INTO customer_event (customer_id, change, happened_at)
SELECT id, CASE WHEN stands THEN %s ELSE %s END, now() FROM found WHERE differs
"""


def forget_customers(
    db: psycopg.Connection, former: Mapping[int, str], now: Mapping[int, str]
) -> None:
    """Retire customers that have no record left, and tell of merges and splits.

    Args:
        db: Connection in the caller's transaction.
        former: Customer by record, before.
        now: Customer by record, at present; records that left are absent.
    """
    kept = set(now.values())
    heirs: dict[str, Counter[str]] = {}
    for record, customer in former.items():
        heirs.setdefault(customer, Counter())
        if record in now and now[record] != customer:
            heirs[customer][now[record]] += 1
    retired: dict[str, str | None] = {}
    events: list[tuple[str, CustomerChange, str | None]] = []
    for customer, shares in sorted(heirs.items()):
        if customer in kept:
            events += [(customer, CustomerChange.SPLIT, heir) for heir in sorted(shares)]
            continue
        heir = min(shares, key=lambda other: (-shares[other], other), default=None)
        retired[customer] = heir
        change = CustomerChange.ERASED if heir is None else CustomerChange.MERGED
        events.append((customer, change, heir))
    if events:
        customers, changes, others = zip(*events, strict=True)
        db.execute(
            """INSERT INTO customer_event (customer_id, change, other_id, happened_at)
               SELECT *, now() FROM unnest(%s::uuid[], %s::text[], %s::uuid[])""",
            (list(customers), list(map(str, changes)), list(others)),
        )
    retire(db, retired)


def retire(
    db: psycopg.Connection, retired: Mapping[UUID, UUID | None] | Mapping[str, str | None]
) -> None:
    """Delete customers and let their ids lead to those who took over, also over several merges.

    A customer without an heir had no record left: nothing of it is kept but the retired id.
    """
    if not retired:
        return
    ids, heirs = list(retired), list(retired.values())
    db.execute(
        """WITH gone AS (
               SELECT * FROM unnest(%s::uuid[], %s::uuid[]) AS g(id, heir)
           ), ended AS (
               DELETE FROM customer c USING gone WHERE c.id = gone.id RETURNING c.*, gone.heir
           ), kept AS (
               INSERT INTO customer_version ("""
        + _VERSION
        + """) SELECT """
        + _ENDED
        + """ FROM ended WHERE heir IS NOT NULL
           ), forwarded AS (
               UPDATE customer_redirect r SET successor_id = gone.heir
               FROM gone WHERE r.successor_id = gone.id
           )
           INSERT INTO customer_redirect (id, successor_id, retired_at)
           SELECT id, heir, now() FROM gone""",
        (ids, heirs),
    )
    erased = [customer for customer, heir in retired.items() if heir is None]
    if erased:
        db.execute("DELETE FROM customer_version WHERE customer_id = ANY(%s)", (erased,))


def note_full_run(db: psycopg.Connection) -> None:
    """Note what a full run is about to change, and retire the customers it no longer finds.

    The first customers of a town are no news to anybody and make no events.

    Args:
        db: Connection with `found_customer` and `found_link`, before they are merged.
    """
    for statement in _FULL_RUN:
        db.execute(statement)
    retired = db.execute(
        """SELECT DISTINCT ON (c.id) c.id, f.customer_id FROM customer c
           LEFT JOIN customer_link l ON l.customer_id = c.id
           LEFT JOIN found_link f ON f.record_id = l.record_id
           WHERE NOT EXISTS (SELECT FROM found_customer WHERE found_customer.id = c.id)
           ORDER BY c.id, count(*) FILTER (WHERE f.customer_id IS NOT NULL)
                              OVER (PARTITION BY c.id, f.customer_id) DESC, f.customer_id"""
    ).fetchall()
    retire(db, dict(retired))


_DIFFERS = """
    FROM customer c JOIN found_customer f USING (id)
    WHERE (c.kind, c.display_name, c.attrs, c.provenance, c.record_count)
        IS DISTINCT FROM (f.kind, f.display_name, f.attrs, f.provenance, f.record_count)
"""
_FULL_RUN = (
    f"""INSERT INTO customer_version ({_VERSION})
        SELECT c.id, c.revision, c.display_name, c.attrs, c.provenance, c.record_count,
            c.changed_at, now() {_DIFFERS}""",
    f"""INSERT INTO customer_event (customer_id, change, happened_at)
        SELECT c.id, 'changed', now() {_DIFFERS}""",
    """INSERT INTO customer_event (customer_id, change, happened_at)
       SELECT id, 'new', now() FROM found_customer f
       WHERE EXISTS (SELECT FROM customer)
         AND NOT EXISTS (SELECT FROM customer c WHERE c.id = f.id)""",
    """INSERT INTO customer_event (customer_id, change, other_id, happened_at)
       SELECT DISTINCT l.customer_id,
           CASE WHEN EXISTS (SELECT FROM found_customer c WHERE c.id = l.customer_id)
                THEN 'split' ELSE 'merged' END, f.customer_id, now()
       FROM customer_link l JOIN found_link f USING (record_id)
       WHERE l.customer_id <> f.customer_id""",
)
