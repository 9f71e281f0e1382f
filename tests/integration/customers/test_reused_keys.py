"""A source gives a key to somebody else: what stewards said of the first holds no longer."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from benchmarks.customers.lively import differences, keep_state
from registry.customers.live.commands import rematch
from registry.customers.live.reused_keys import THE_SOURCE, is_somebody_else
from registry.customers.stewarding import stewardship
from registry.customers.stewarding.compare import compare_records
from registry.customers.values.clean import CLEAN_COLUMNS
from schemas.customers import Verdict
from tests.integration.customers.conftest import JANNA, PIET, Counter

STRANGER = {
    "given_name": "Wubbo",
    "family_name": "Ockels",
    "birth_date": date(1946, 3, 28),
    "postal_code": "9711 AA",
    "house_number": "1",
}
MARRIED = {**JANNA, "family_name": "Zwart", "postal_code": "2622 CD", "house_number": "9"}


@pytest.fixture
def town(counter: Counter) -> Iterator[Counter]:
    """A town of which a full run finds nothing new when the test is over."""
    yield counter
    keep_state(counter.db)
    rematch(counter.db, retrain=False, memory_limit_mb=512)
    assert not any(differences(counter.db).values()), differences(counter.db)


def test_a_link_does_not_carry_a_stranger_into_a_customer_and_is_shown_as_fallen(
    town: Counter,
) -> None:
    janna, piet = town.land(JANNA, PIET)
    town.decide(janna, piet, Verdict.LINK)
    assert town.together(janna, piet)

    town.say(piet, STRANGER)

    assert not town.together(janna, piet)
    (fallen,) = stewardship.decisions(town.db)
    assert (fallen.verdict, fallen.undone_by) == ("link", THE_SOURCE)
    assert compare_records(town.db, town.sight(), janna, piet).warnings == [
        "A steward linked these keys; then a source gave one of them to somebody else."
    ]
    town.decide(janna, piet, Verdict.LINK)
    assert town.together(janna, piet), "a steward who looks again has the last word"


def test_an_unlink_does_not_keep_two_records_of_the_new_person_apart(town: Counter) -> None:
    one, other, third = town.land(JANNA, JANNA, PIET)
    town.decide(one, other, Verdict.UNLINK)
    town.decide(one, third, Verdict.POSTPONE)
    town.say(one, STRANGER)
    town.say(other, STRANGER)
    assert town.together(one, other)
    assert {row.undone_by for row in stewardship.decisions(town.db)} == {THE_SOURCE}


def test_a_copy_whose_partner_became_somebody_else_is_one_of_many_again(town: Counter) -> None:
    *copies, piet = town.land(*[JANNA] * 30, PIET)
    aside = "SELECT record_id FROM match_record WHERE aside ORDER BY record_id"
    before = town.db.execute(aside).fetchall()
    (named,) = before[0]
    town.decide(named, piet, Verdict.UNLINK)
    assert len(town.db.execute(aside).fetchall()) == len(before) - 1
    town.say(piet, STRANGER)
    assert town.db.execute(aside).fetchall() == before
    assert town.together(*copies)


@pytest.mark.parametrize(
    "now",
    [
        MARRIED,
        {**JANNA, "given_name": "Wubbo", "family_name": "Ockels"},
        {**JANNA, "birth_date": date(1990, 1, 9)},
        {**JANNA, "given_name": "Wouden", "family_name": "Janna"},
        {**JANNA, "given_name": None, "family_name": None},
        {"email": "other@post.nl"},
        {},
    ],
    ids=["wedding", "another name", "birth corrected", "swapped", "nameless", "mail", "nothing"],
)
def test_a_decision_holds_as_long_as_it_may_be_the_same_person(
    counter: Counter, now: dict[str, Any]
) -> None:
    janna, piet = counter.land(JANNA, PIET)
    counter.decide(janna, piet, Verdict.LINK)
    counter.say(janna, now)
    assert counter.together(janna, piet)


def row(kind: str = "person", **fields: Any) -> dict[str, Any]:
    return dict.fromkeys(CLEAN_COLUMNS) | {"kind": kind, **fields}


# A record, another under its key, and whether that is somebody else.
SOMEBODY_ELSE = [
    (row(**JANNA), row("organisation", organisation_name="Bouw BV"), True),
    (row(**JANNA, national_id="1"), row(**STRANGER, national_id="1"), False),
    (row(given_name="Jan", family_name="Bos"), row(given_name="Wim", family_name="Vis"), True),
    (row(initials="J", family_name="Bos"), row(initials="W", family_name="Vis"), True),
    (row(family_name="Bos"), row(family_name="Vis"), False),
    (row(given_name="Jan", family_name="Bos"), row(given_name="Bos", family_name="Jan"), False),
    (row(**JANNA), row(**STRANGER | {"birth_date": JANNA["birth_date"]}), False),
    (row(**JANNA), row(**STRANGER | {"birth_date": date(1971, 12, 24)}), True),
    (row("organisation", organisation_name="Bos BV"),
     row("organisation", organisation_name="Vis NV"), False),
    (row("organisation", organisation_name="Bos BV", chamber_number="1"),
     row("organisation", organisation_name="Vis NV", chamber_number="2"), True),
    (row("organisation", organisation_name="Bos BV", chamber_number="1"),
     row("organisation", organisation_name="Bos BV", chamber_number="2"), False),
]  # fmt: skip


@pytest.mark.parametrize(("before", "now", "other"), SOMEBODY_ELSE)
def test_who_is_somebody_else_is_told_by_names_births_and_numbers(
    before: dict[str, Any], now: dict[str, Any], other: bool
) -> None:
    assert is_somebody_else(before, now) is other
