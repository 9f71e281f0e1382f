"""A source deletes a key first and gives it to somebody else later, or brings its person back."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from benchmarks.customers.lively import differences, keep_state
from registry.customers.live.commands import absorb, rematch, withdraw
from registry.customers.live.left_keys import Left, left_for_somebody_else, marks_of
from registry.customers.live.reused_keys import THE_SOURCE
from registry.customers.stewarding import stewardship
from registry.customers.stewarding.erase import erase_customer
from schemas.base import uuid7
from schemas.customers import Verdict
from schemas.records import CustomerKind, CustomerRecord
from tests.factories import a_landed_record
from tests.integration.customers.conftest import JANNA, PIET, Counter
from tests.integration.customers.test_reused_keys import MARRIED, SOMEBODY_ELSE, STRANGER, row


@pytest.fixture
def town(counter: Counter) -> Iterator[Counter]:
    """A town of which a full run finds nothing new when the test is over."""
    yield counter
    keep_state(counter.db)
    rematch(counter.db, retrain=False, memory_limit_mb=512)
    assert not any(differences(counter.db).values()), differences(counter.db)


def leave(town: Counter, record: int) -> tuple[Any, str]:
    """Let the source delete a record, as a scan or a message does."""
    row = town.db.execute(
        "SELECT data_set_id, key FROM landed_record WHERE id = %s", (record,)
    ).fetchone()
    assert row is not None
    withdraw(town.db, [record])
    town.db.execute("DELETE FROM landed_record WHERE id = %s", (record,))
    return row[0], row[1]


def come(town: Counter, place: tuple[Any, str], fields: dict[str, Any]) -> int:
    """Let a record come in under a key that its source has used before."""
    data_set, key = place
    row = a_landed_record(town.db, data_set_id=data_set, key=key, run_id=town.run_id)
    assert row.id is not None
    absorb(town.db, [(row.id, data_set, CustomerRecord(key=key, kind=CustomerKind("person"),
                                                       **fields))])  # fmt: skip
    return row.id


def marks(town: Counter) -> int:
    return len(town.db.execute("SELECT FROM left_key").fetchall())


def test_a_link_of_who_left_does_not_bind_who_comes_pages_later_under_the_key(
    town: Counter,
) -> None:
    janna, piet = town.land(JANNA, PIET)
    town.decide(janna, piet, Verdict.LINK)
    place = leave(town, piet)
    for _ in range(3):
        town.land(PIET | {"given_name": "Wim"}, into=1)  # pages in between

    somebody = come(town, place, STRANGER)

    assert not town.together(janna, somebody)
    (fallen,) = stewardship.decisions(town.db)
    assert (fallen.verdict, fallen.undone_by) == ("link", THE_SOURCE)
    assert not marks(town)


def test_an_unlink_of_who_left_does_not_part_who_comes(town: Counter) -> None:
    one, other = town.land(JANNA, JANNA)
    town.decide(one, other, Verdict.UNLINK)
    places = [leave(town, one), leave(town, other)]
    assert marks(town) == 2
    come_both = [come(town, place, STRANGER) for place in places]
    assert town.together(*come_both)


@pytest.mark.parametrize(
    "again",
    [
        PIET,
        {**PIET, "postal_code": "9999 ZZ", "house_number": "77", "email": "new@post.nl"},
        {**PIET, "given_name": "Pieter", "family_name": "Zwaart"},
        {**PIET, "given_name": "Zwart", "family_name": "Piet", "birth_date": None},
        {**PIET, "given_name": "Wubbo", "family_name": "Ockels"},
        {**PIET, "birth_date": date(1950, 2, 1), "family_name": "Bos"},
        {**PIET, "birth_date": date(1981, 9, 30)},
        {"given_name": "P.", "family_name": "Zwart"},
        {},
    ],
    ids=["as before", "moved", "slips", "swapped", "another name", "wedding", "birth corrected",
         "initial", "nothing"],
)  # fmt: skip
def test_who_is_withdrawn_and_brought_back_keeps_the_decision(
    counter: Counter, again: dict[str, Any]
) -> None:
    janna, piet = counter.land(JANNA, PIET)
    counter.decide(janna, piet, Verdict.LINK)
    back = come(counter, leave(counter, piet), again)
    assert counter.together(janna, back)
    assert bool(marks(counter)) is ("birth_date" not in again or again["birth_date"] is None), (
        "who is back is known by the record itself, as far as it says anything"
    )


@pytest.mark.parametrize("silent", [{}, {"given_name": "P."}, {"email": "piet@post.nl"}])
def test_a_record_that_falls_silent_before_it_names_somebody_else_does_not_hide_it(
    town: Counter, silent: dict[str, Any]
) -> None:
    janna, piet, third = town.land(JANNA, PIET, {**PIET, "given_name": "Kees"})
    town.decide(janna, piet, Verdict.LINK)
    town.decide(janna, third, Verdict.LINK)
    back = come(town, leave(town, piet), silent)
    town.say(third, silent)
    assert town.together(janna, back, third)
    assert marks(town) == 2
    for record in (back, third):
        town.say(record, STRANGER)
        assert not town.together(janna, record)
    assert not marks(town)


def test_who_changes_bit_by_bit_stays_who_they_are(town: Counter) -> None:
    janna, piet = town.land(JANNA, PIET)
    town.decide(janna, piet, Verdict.LINK)
    unborn = {**PIET, "birth_date": None}
    married = {**unborn, "family_name": "Ockels"}
    back = come(town, leave(town, piet), unborn)
    town.say(back, married)
    town.say(back, {**married, "birth_date": PIET["birth_date"]})
    town.say(back, {**married, "birth_date": date(1981, 9, 30)})
    assert town.together(janna, back)


def test_in_a_town_without_a_model_a_full_run_finds_the_same(town: Counter) -> None:
    janna, piet = town.land(JANNA, PIET)
    other, second = town.land(MARRIED, {**PIET, "given_name": "Kees"})
    town.decide(janna, piet, Verdict.LINK)
    town.decide(other, second, Verdict.LINK)
    places = [leave(town, piet), leave(town, second)]
    town.db.execute("UPDATE live_model SET complete = false")
    stranger = come(town, places[0], STRANGER)
    kees = come(town, places[1], {**PIET, "given_name": "Kees"})
    rematch(town.db, retrain=False, memory_limit_mb=512)
    assert not town.together(janna, stranger)
    assert town.together(other, kees)


def test_nothing_is_kept_of_who_left_where_nobody_decided_or_it_was_undone(town: Counter) -> None:
    janna, piet = town.land(JANNA, PIET)
    leave(town, *town.land(STRANGER))
    assert not marks(town)
    decision = town.decide(janna, piet, Verdict.LINK)
    place = leave(town, piet)
    ((said,),) = town.db.execute("SELECT marks::text FROM left_key").fetchall()
    assert not any(word in said.lower() for word in ("piet", "zwart", "1950"))
    stewardship.undo(town.db, decision, actor="Sam")
    assert not marks(town)
    assert not town.together(janna, come(town, place, PIET))


def test_an_erasure_leaves_no_mark(town: Counter) -> None:
    janna, piet, third = town.land(JANNA, PIET, MARRIED)
    town.decide(janna, piet, Verdict.LINK)
    town.decide(piet, third, Verdict.UNLINK)
    leave(town, third)
    assert marks(town) == 1
    erase_customer(town.db, town.customer(piet), reason="request 12", actor="Sam")
    assert not marks(town)


@pytest.mark.parametrize(
    ("before", "now", "other"),
    [
        *SOMEBODY_ELSE,
        (row(given_name="Ян", family_name="Бос"), row(given_name="Уим", family_name="Вис"), True),
        (row(given_name="x" * 900, family_name="y" * 900), row(**STRANGER), True),
    ],
)
def test_digests_tell_who_is_somebody_else_as_the_records_would(
    before: dict[str, Any], now: dict[str, Any], other: bool
) -> None:
    place = {"data_set_id": uuid7(), "source_key": "k" * 400}
    assert (
        left_for_somebody_else(Left(before["kind"], marks_of(before | place)), now | place) is other
    )
    elsewhere = marks_of(before | place | {"source_key": "another"})
    assert not set(map(str, elsewhere.values())) & set(map(str, marks_of(before | place).values()))
