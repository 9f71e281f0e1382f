"""An erased customer is gone from everywhere, is told of, and does not come back."""

import psycopg
import pytest

from registry.customers.asking import sheet
from registry.customers.asking.sheet import UnknownCustomer
from registry.customers.live import outbox
from registry.customers.stewarding import sampling, stewardship
from registry.customers.stewarding.erase import erase_customer, erased_among
from schemas.customers import CustomerChange, Verdict
from schemas.errors import InvalidInput
from tests.dealings_factories import an_interaction
from tests.factories import a_quarantined_record, a_sync_run
from tests.integration.customers.conftest import JANNA, PIET, Counter

MARK = "Zuurkool"  # a name nobody else has


def rows_with(db: psycopg.Connection, words: str) -> dict[str, int]:
    """Count the rows of every table that hold these words anywhere, bytes included."""
    tables = db.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    hexed = words.encode().hex()
    found = {}
    for (table,) in tables:
        row = db.execute(
            f"SELECT count(*) FROM {table} AS t WHERE t::text ILIKE %s OR t::text LIKE %s",
            (f"%{words}%", f"%{hexed}%"),
        ).fetchone()
        if row and row[0]:
            found[table] = row[0]
    return found


def test_no_value_of_an_erased_customer_is_left_anywhere(counter: Counter) -> None:
    db, marked = counter.db, {**JANNA, "family_name": MARK}
    one, other, piet = counter.land(marked, marked, {**PIET})
    customer = counter.customer(one)
    assert counter.customer(other) == customer
    stewardship.decide(db, one, piet, Verdict.LINK, reason="seen", actor="Sam")
    stewardship.undo(db, stewardship.decisions(db)[0].id, actor="Sam")
    customer = counter.customer(one)
    db.execute("UPDATE landed_record SET raw = %s WHERE id = %s", (MARK.encode(), one))
    an_interaction(
        db, data_set_id=counter.data_sets[0], customer_key=counter.key(one), feedback=MARK
    )
    source = db.execute("SELECT source_id FROM sync_run WHERE id = %s", (counter.run_id,))
    a_quarantined_record(
        db,
        source_id=source.fetchone()[0],  # type: ignore[index]  # the run has one
        run_id=counter.run_id,
        key=counter.key(one),
        raw=MARK.encode(),
    )
    assert rows_with(db, MARK).keys() >= {
        "clean_record", "customer", "customer_version", "interaction", "landed_record",
        "match_record", "quarantined_record",
    }  # fmt: skip
    keys = [counter.key(record) for record in (one, other)]
    erased = erase_customer(db, customer, reason="request 12", actor="Sam")
    assert (erased.records, erased.dealings, erased.quarantined) == (2, 1, 1)
    assert erased.versions >= 1
    assert rows_with(db, MARK) == {}
    for record in (one, other):
        for table, column in (("match_edge", "left_id"), ("match_key", "record_id")):
            row = db.execute(
                f"SELECT count(*) FROM {table} WHERE {column} = %s", (record,)
            ).fetchone()
            assert row == (0,)
    (event,) = outbox.events_for(db, change=CustomerChange.ERASED)
    assert event.customer_id == customer
    with pytest.raises(UnknownCustomer, match="erased"):
        sheet.customer_sheet(db, counter.sight(), customer)
    with pytest.raises(UnknownCustomer):
        erase_customer(db, customer, reason="again", actor="Sam")
    assert erased_among(db, counter.data_sets[0], [*keys, "somebody"]) == {keys[0]}
    assert counter.customer(piet)


def test_a_retired_id_leads_the_erasure_to_its_heir_and_leaves_no_past(counter: Counter) -> None:
    db = counter.db
    janna, piet = counter.land({**JANNA, "family_name": MARK}, PIET)
    ids = {counter.customer(janna), counter.customer(piet)}
    stewardship.decide(db, janna, piet, Verdict.LINK, reason="seen", actor="Sam")
    (retired,) = ids - {counter.customer(janna)}
    assert erase_customer(db, retired, reason="request 13", actor="Sam").records == 2
    assert rows_with(db, MARK) == {}
    with pytest.raises(UnknownCustomer, match="erased"):
        sheet.current_id(db, retired)


def test_what_was_made_of_a_record_goes_with_it(counter: Counter) -> None:
    tables = ("clean_record", "match_record", "record_words", "customer_link")
    records = [record for (record,) in counter.db.execute("SELECT id FROM landed_record")]
    gone, stay = records[::2], records[1::2]
    counter.db.execute("DELETE FROM landed_record WHERE id = ANY(%s)", (gone,))
    for table in tables:
        left = counter.db.execute(f"SELECT record_id FROM {table} ORDER BY record_id").fetchall()
        assert left == [(record,) for record in sorted(stay)], table


def test_an_erasure_needs_a_reason_and_an_actor(counter: Counter) -> None:
    (janna,) = counter.land(JANNA)
    for reason, actor in (("", "Sam"), (" ", "Sam"), ("x", "")):
        with pytest.raises(InvalidInput, match="needs a reason"):
            erase_customer(counter.db, counter.customer(janna), reason=reason, actor=actor)


def test_a_sample_forgets_an_erased_record(counter: Counter) -> None:
    one, _ = counter.land(JANNA, JANNA)
    sampling.draw_sample(counter.db, 1000)
    erase_customer(counter.db, counter.customer(one), reason="x", actor="Sam")
    assert one not in {
        record
        for link in sampling.waiting_sample(counter.db)
        for record in (link.left_id, link.right_id)
    }
    assert a_sync_run(counter.db)


def test_a_sample_measures_precision_with_its_interval(counter: Counter) -> None:
    waiting = sampling.draw_sample(counter.db, 10)
    assert len(waiting) == 10
    for number, link in enumerate(waiting):
        found = sampling.judge_link(counter.db, link.id, right=number > 0, actor="Sam")
    assert (found.judged, found.right, found.waiting, found.share) == (10, 9, 0, 0.9)
    assert found.least < 0.9 < found.most
    again = sampling.draw_sample(counter.db, 1000)
    assert not {(one.left_id, one.right_id) for one in again} & {
        (one.left_id, one.right_id) for one in waiting
    }
    for size in (0, -1, 1001):
        with pytest.raises(InvalidInput):
            sampling.draw_sample(counter.db, size)
