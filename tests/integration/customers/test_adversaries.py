"""What sources and stewards do at the worst moment: a full run finds the same afterwards."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from benchmarks.customers.lively import differences, keep_state
from registry.customers.live.commands import absorb, propose, rematch, withdraw
from registry.customers.live.index import mark_incomplete
from registry.customers.matching.copies import COPIES_MAX
from registry.customers.stewarding import stewardship
from registry.customers.stewarding.erase import erase_customer
from schemas.customers import Verdict
from schemas.records import CustomerKind, CustomerRecord
from tests.factories import a_landed_record
from tests.integration.customers.conftest import JANNA, PIET, Counter

MEMORY_MB = 512
NUMBER, ANOTHER = "111222333", "123456782"


@pytest.fixture
def town(counter: Counter) -> Iterator[Counter]:
    """A town of which a full run finds nothing new when the test is over."""
    yield counter
    a_full_run_finds_the_same(counter.db)


def a_full_run_finds_the_same(db: psycopg.Connection) -> None:
    keep_state(db)
    rematch(db, retrain=False, memory_limit_mb=MEMORY_MB)
    assert not any(differences(db).values()), differences(db)


def say(counter: Counter, *said: tuple[int, dict[str, Any]]) -> int:
    """Let a source send records that stand already, all on one page."""
    places = {
        row[0]: row[1:]
        for row in counter.db.execute(
            "SELECT id, data_set_id, key FROM landed_record WHERE id = ANY(%s)",
            ([record for record, _ in said],),
        )
    }
    return absorb(
        counter.db,
        [
            (record, places[record][0], CustomerRecord(
                key=places[record][1], kind=CustomerKind.PERSON, **fields
            ))
            for record, fields in said
        ],
    )  # fmt: skip


def test_a_page_that_changes_a_record_back_changes_nothing(town: Counter) -> None:
    one, other = town.land(JANNA, JANNA)
    assert say(town, (one, PIET), (one, JANNA)) == 0
    assert say(town, (one, JANNA), (one, PIET)) == 1
    assert not town.together(one, other)


def test_a_page_that_swaps_two_people_swaps_their_customers(town: Counter) -> None:
    janna, piet, still_janna, still_piet = town.land(JANNA, PIET, JANNA, PIET)
    say(town, (janna, PIET), (piet, JANNA))
    assert town.together(janna, still_piet)
    assert town.together(piet, still_janna)
    assert not town.together(janna, piet)


def test_a_record_that_goes_and_returns_joins_its_customer_and_keeps_decisions(
    town: Counter,
) -> None:
    janna, piet = town.land(JANNA, PIET)
    town.decide(janna, piet, Verdict.LINK)
    customer, key = town.customer(janna), town.key(piet)
    withdraw(town.db, [piet])
    town.db.execute("DELETE FROM landed_record WHERE id = %s", (piet,))
    assert town.customer(janna) == customer
    row = a_landed_record(town.db, data_set_id=town.data_sets[1], run_id=town.run_id, key=key)
    assert row.id is not None
    say(town, (row.id, PIET))
    assert town.together(janna, row.id)
    assert town.customer(row.id) == customer
    assert town.rules(row.id) == {"steward"}


def test_an_unlink_that_a_number_proves_wrong_holds_until_it_is_undone(town: Counter) -> None:
    one, other = town.land(JANNA, JANNA)
    decision = town.decide(one, other, Verdict.UNLINK)
    say(town, *((record, {**JANNA, "national_id": NUMBER}) for record in (one, other)))
    (third,) = town.land({**JANNA, "national_id": NUMBER})
    assert not town.together(one, other), "a person looked, and saw more than the number"
    assert town.together(third, one) or town.together(third, other)
    stewardship.undo(town.db, decision, actor="Sam")
    assert town.together(one, other, third)
    assert town.rules(one, other, third) == {"identifier"}


def test_a_link_that_a_number_proves_wrong_holds_and_a_third_record_chooses(town: Counter) -> None:
    one, other = town.land({**JANNA, "national_id": NUMBER}, PIET)
    town.decide(one, other, Verdict.LINK)
    say(town, (other, {**PIET, "national_id": ANOTHER}))
    assert town.together(one, other)
    (third,) = town.land({**PIET, "national_id": ANOTHER})
    withdraw(town.db, [one])
    assert town.together(other, third)


def test_decisions_that_contradict_each_other_leave_one_answer(town: Counter) -> None:
    first, second, third = town.land(JANNA, JANNA, JANNA)
    town.decide(first, second, Verdict.LINK)
    town.decide(second, third, Verdict.LINK)
    town.decide(first, third, Verdict.UNLINK)
    assert not town.together(first, third)
    say(town, (second, {"given_name": "Janna", "family_name": "Zwart"}))
    withdraw(town.db, [first])
    assert town.together(second, third)


@pytest.mark.heavy
def test_two_hundred_records_of_one_person_come_change_and_go(town: Counter) -> None:
    records = town.land(*[{**JANNA, "email": f"j{number}@post.nl"} for number in range(200)])
    assert town.together(*records)
    say(town, *((record, {**JANNA, "birth_date": None}) for record in records[:30]))
    withdraw(town.db, records[20:120])
    assert town.together(*records[:20], *records[120:])


def test_pages_go_on_under_a_model_that_was_approved_meanwhile(town: Counter) -> None:
    before = town.land(JANNA, PIET)
    chosen = propose(town.db, memory_limit_mb=MEMORY_MB).version
    rematch(town.db, version=chosen, memory_limit_mb=MEMORY_MB)
    after = town.land(JANNA, PIET)
    assert town.together(before[0], after[0])
    assert town.together(before[1], after[1])


def test_what_came_while_no_model_was_in_force_is_found_by_the_next_run(town: Counter) -> None:
    (one,) = town.land(JANNA)
    mark_incomplete(town.db)
    other, gone = town.land(JANNA, PIET)
    withdraw(town.db, [gone], settled_later=True)
    rematch(town.db, memory_limit_mb=MEMORY_MB)
    assert town.together(one, other)


@pytest.mark.heavy
def test_every_pair_of_a_component_may_be_parted_and_joined_again(town: Counter) -> None:
    records = town.land(*[JANNA] * 5)
    decisions = [
        town.decide(one, other, Verdict.UNLINK)
        for place, one in enumerate(records)
        for other in records[place + 1 :]
    ]
    assert len({town.customer(record) for record in records}) == len(records)
    for decision in decisions:
        stewardship.undo(town.db, decision, actor="Sam")
    assert town.together(*records)


def test_a_decision_on_one_of_many_copies_holds_until_it_is_undone(town: Counter) -> None:
    *copies, piet = town.land(*[JANNA] * 30, PIET)
    one, other, *_ = aside = set_aside(town)
    assert len(aside) == len(copies) - COPIES_MAX
    link = town.decide(one, piet, Verdict.LINK)
    town.decide(other, copies[0], Verdict.UNLINK)
    assert town.together(one, piet)
    assert not town.together(other, copies[0])
    a_full_run_finds_the_same(town.db)
    stewardship.undo(town.db, link, actor="Sam")
    assert not town.together(one, piet)
    assert set_aside(town) == [record for record in aside if record != other]


def test_a_copy_whose_partner_was_erased_is_one_of_many_again(town: Counter) -> None:
    *_, piet = town.land(*[JANNA] * 30, PIET)
    aside = set_aside(town)
    town.decide(aside[0], piet, Verdict.UNLINK)
    assert set_aside(town) == aside[1:]
    erase_customer(town.db, town.customer(piet), reason="request 9", actor="Sam")
    assert set_aside(town) == aside


def set_aside(town: Counter) -> list[int]:
    """Return the copies beyond the first few, which follow their like."""
    rows = town.db.execute("SELECT record_id FROM match_record WHERE aside ORDER BY record_id")
    return [record for (record,) in rows]
