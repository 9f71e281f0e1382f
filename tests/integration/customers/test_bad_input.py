"""What sources send on their worst day: no crash, bounded work, and the reason is visible."""

from datetime import date
from typing import Any

import psycopg
import pytest

from benchmarks.customers.lively import differences, keep_state
from registry.customers.live.commands import absorb, rematch
from registry.customers.stewarding import compare, stewardship
from schemas.customers import Verdict
from schemas.records import CustomerKind, CustomerRecord
from tests.integration.customers.conftest import JANNA, Counter

FATHER: dict[str, Any] = {
    "given_name": "Jan",
    "family_name": "Bakker",
    "birth_date": date(1950, 3, 1),
    "postal_code": "2611 AB",
    "house_number": "8",
}


def edges(db: psycopg.Connection) -> int:
    row = db.execute("SELECT count(*) FROM match_edge").fetchone()
    assert row is not None
    return int(row[0])


def clean(counter: Counter, record: int, column: str) -> Any:
    row = counter.db.execute(
        f"SELECT {column} FROM clean_record WHERE record_id = %s", (record,)
    ).fetchone()
    assert row is not None
    return row[0]


def test_records_without_a_single_field_are_customers_of_their_own(counter: Counter) -> None:
    records = counter.land(*[{}] * 5)
    assert len({counter.customer(record) for record in records}) == 5
    found = compare.compare_records(counter.db, counter.sight(), *records[:2])
    assert found.lines == []
    assert found.because == "The evidence is below the cut, so the model keeps them apart."


@pytest.mark.heavy
def test_one_email_for_five_thousand_people_links_nobody(counter: Counter) -> None:
    before = edges(counter.db)
    shared = {"email": "receptie@gemeente.nl"}
    people = [
        shared | {"given_name": f"Q{number:04}x", "family_name": f"Z{number * 7919 % 99991}y"}
        for number in range(5_000)
    ]
    page = [
        (number + 10_000_000, counter.data_sets[0], fields) for number, fields in enumerate(people)
    ]
    counter.db.execute(
        """INSERT INTO landed_record (id, data_set_id, key, raw, raw_hash, run_id,
               landed_at, changed_at)
           OVERRIDING SYSTEM VALUE
           SELECT n, %s, 'shared' || n, '', '', %s, now(), now()
           FROM generate_series(%s::bigint, %s) AS n""",
        (counter.data_sets[0], counter.run_id, page[0][0], page[-1][0]),
    )
    absorb(
        counter.db,
        [
            (record, data_set, CustomerRecord(key="-", kind=CustomerKind.PERSON, **fields))
            for record, data_set, fields in page
        ],
    )
    row = counter.db.execute(
        "SELECT count(DISTINCT customer_id) FROM customer_link WHERE record_id >= 10000000"
    ).fetchone()
    assert row is not None
    assert row[0] > 4_900
    assert edges(counter.db) - before < 50_000
    keep_state(counter.db)
    rematch(counter.db, retrain=False, memory_limit_mb=512)
    assert not any(differences(counter.db).values()), differences(counter.db)
    found = compare.compare_records(counter.db, counter.sight(), page[0][0], page[1][0])
    assert found.because == "The evidence is below the cut, so the model keeps them apart."


def test_a_source_that_uses_a_key_again_moves_the_record_to_somebody_else(
    counter: Counter,
) -> None:
    other, record = counter.land(JANNA, JANNA)
    assert counter.customer(record) == counter.customer(other)
    stranger = {**FATHER, "given_name": "Wubbo", "family_name": "Ockels"}
    kind = CustomerKind.PERSON
    absorb(
        counter.db, [(record, counter.data_sets[1], CustomerRecord(key="k", kind=kind, **stranger))]
    )
    assert counter.customer(record) != counter.customer(other)


@pytest.mark.parametrize(
    "birth", [date(2199, 1, 1), date(9999, 12, 31), date(1, 1, 1), date(1900, 1, 1)]
)
def test_a_birth_date_that_cannot_be_weighs_nothing(counter: Counter, birth: date) -> None:
    (record,) = counter.land({**JANNA, "birth_date": birth})
    assert clean(counter, record, "birth_date") is None


@pytest.mark.parametrize(
    "family",
    ["van der Wоuden", "van der Wouden", "VAN DER WOUDEN", "van\u00a0der Wouden", "Wo\u0301uden"],
)
def test_letters_that_only_look_alike_still_meet(counter: Counter, family: str) -> None:
    one, other = counter.land(JANNA, {**JANNA, "family_name": family})
    assert counter.customer(one) == counter.customer(other)
    steps = compare.compare_records(counter.db, counter.sight(), one, other).steps
    assert ("family", "exact") in {(step.field, step.level) for step in steps}


def test_two_hundred_records_of_one_person_are_one_customer(counter: Counter) -> None:
    records = counter.land(*[JANNA] * 200)
    assert len({counter.customer(record) for record in records}) == 1
    assert edges(counter.db) < 20_000


def test_twins_of_the_same_initials_stay_two(counter: Counter) -> None:
    twin = {**JANNA, "email": None, "national_id": "999990019"}
    one, other = counter.land(
        twin | {"given_name": "Joris"}, twin | {"given_name": "Joost", "national_id": "111222333"}
    )
    assert counter.customer(one) != counter.customer(other)
    found = compare.compare_records(counter.db, counter.sight(), one, other)
    assert found.because == "Two official numbers that differ: the model never links them."


def test_father_and_son_of_one_name_and_door_stay_two(counter: Counter) -> None:
    one, other = counter.land(FATHER, {**FATHER, "birth_date": date(1980, 3, 1)}, into=0)
    found = compare.compare_records(counter.db, counter.sight(), one, other)
    birth = next(step for step in found.steps if step.field == "birth")
    assert birth.bits < 0, "what speaks against them is visible"
    assert "seldom has a customer twice" in " ".join(found.warnings)


def test_swapped_names_still_meet(counter: Counter) -> None:
    swapped = {**JANNA, "given_name": "Wouden", "family_name": "Janna"}
    one, other = counter.land(JANNA, swapped)
    found = compare.compare_records(counter.db, counter.sight(), one, other)
    assert counter.customer(one) == counter.customer(other), found.because


def test_a_decision_against_a_number_is_shown_as_one(counter: Counter) -> None:
    one, other = counter.land(
        {**JANNA, "national_id": "999990019"},
        {**JANNA, "national_id": "111222333", "birth_date": date(1990, 1, 2)},
    )
    stewardship.decide(counter.db, one, other, Verdict.LINK, reason="seen", actor="Sam")
    found = compare.compare_records(counter.db, counter.sight(), one, other)
    assert found.linked
    assert found.because == "A steward decided: one customer."
    assert found.warnings == [
        "A steward linked them although their citizen service numbers differ.",
        "A steward linked them although their birth dates differ.",
    ]
    same = counter.land(*[{**JANNA, "national_id": "123456782"}] * 2)
    stewardship.decide(counter.db, *same, Verdict.UNLINK, reason="seen", actor="Sam")
    found = compare.compare_records(counter.db, counter.sight(), *same)
    assert "are equal" in found.warnings[0]
