"""What another system knew: its links hold, its ids lead on, and a person's word stands above."""

from uuid import uuid4

import pytest

from registry.customers.asking.find import search_customers
from registry.customers.asking.sheet import current_id
from registry.customers.live.commands import rematch
from registry.customers.live.cross_reference import (
    GOLDEN_RECORDS_MAX,
    Named,
    TruthReport,
    alias_of,
    import_truth,
)
from registry.customers.stewarding import stewardship
from schemas.customers import Verdict
from schemas.errors import InvalidInput
from tests.integration.customers.conftest import JANNA, PIET, Counter


def take_over(counter: Counter, *lines: tuple[str, int | str, str]) -> TruthReport:
    rows = [
        Named(source, key if isinstance(key, str) else counter.key(key), golden)
        for source, key, golden in lines
    ]
    return import_truth(counter.db, rows, actor="Sam", reason="from the old hub")


def test_an_imported_link_holds_and_its_id_leads_on_through_a_full_run(counter: Counter) -> None:
    janna, piet = counter.land(JANNA, PIET)
    earlier = uuid4()
    report = take_over(counter, ("CRM", janna, str(earlier)), ("library", piet, str(earlier)))
    assert (report.records, report.links, report.ids, report.divided) == (2, 1, 1, 0)
    rematch(counter.db, retrain=True, memory_limit_mb=512)
    assert counter.customer(janna) == counter.customer(piet)
    assert current_id(counter.db, earlier) == counter.customer(janna)


def test_an_id_that_is_no_uuid_finds_the_customer_too(counter: Counter) -> None:
    (janna,) = counter.land(JANNA)
    take_over(counter, ("CRM", janna, "MDM 00017"))
    found = search_customers(counter.db, counter.sight(), "MDM 00017")
    assert (found[0].id, found[0].by) == (counter.customer(janna), "id")


def test_taking_over_twice_changes_nothing_and_undone_links_stay_undone(counter: Counter) -> None:
    janna, piet = counter.land(JANNA, PIET)
    lines = (("CRM", janna, "G1"), ("Library", piet, "G1"))
    take_over(counter, *lines)
    (decision, *_) = stewardship.decisions(counter.db)
    stewardship.undo(counter.db, decision.id, actor="Sam")
    again = take_over(counter, *lines)
    assert (again.links, again.kept, again.divided) == (0, 1, 1)
    assert counter.customer(janna) != counter.customer(piet)


def test_a_stewards_unlink_stands_above_the_table(counter: Counter) -> None:
    one, other = counter.land(JANNA, JANNA)
    stewardship.decide(counter.db, one, other, Verdict.UNLINK, reason="twins", actor="Sam")
    report = take_over(counter, ("CRM", one, "G1"), ("Library", other, "G1"))
    assert (report.links, report.kept) == (0, 1)
    assert counter.customer(one) != counter.customer(other)


def test_what_cannot_be_placed_is_counted_and_links_nothing(counter: Counter) -> None:
    janna, piet = counter.land(JANNA, PIET)
    many = [("CRM", f"none-{number}", "N/A") for number in range(3)]
    report = take_over(
        counter,
        ("CRM", janna, "G1"),
        ("CRM", janna, "G2"),
        ("Library", piet, "G1"),
        ("Tax", "7", "G1"),
        *many,
    )
    assert (report.rows, report.contradictions, report.links) == (7, 1, 0)
    assert (report.unknown_records, report.unknown_sources) == (3, ["Tax"])


def test_an_id_of_half_the_town_is_a_placeholder(counter: Counter) -> None:
    landed = counter.db.execute(
        """SELECT e.name, r.key FROM landed_record r JOIN element e ON e.id = r.data_set_id
           JOIN clean_record c ON c.record_id = r.id"""
    ).fetchall()
    assert len(landed) < GOLDEN_RECORDS_MAX
    copies = counter.land(*[PIET] * (GOLDEN_RECORDS_MAX + 1 - len(landed)), into=0)
    rows = [Named(name, key, "0") for name, key in landed]
    rows += [Named("CRM", counter.key(record), "0") for record in copies]
    report = import_truth(counter.db, rows, actor="Sam", reason="old hub")
    assert (report.placeholders, report.links, report.ids) == (1, 0, 0)


def test_two_data_sets_of_one_name_are_not_guessed(counter: Counter) -> None:
    counter.db.execute("UPDATE element SET name = 'CRM' WHERE name = 'Library'")
    with pytest.raises(InvalidInput, match="2 data sets are called"):
        take_over(counter, ("CRM", "7", "G1"))


def test_an_alias_is_the_id_itself_where_it_can_be() -> None:
    earlier = uuid4()
    assert alias_of(str(earlier)) == earlier
    assert alias_of("17") == alias_of("17") != alias_of("18")
