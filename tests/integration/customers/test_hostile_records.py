"""The worst that sources send, page by page: the reason can be read, and a full run agrees.

All of it comes into one town, so that what one source spoils meets what another one does.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from benchmarks.customers.lively import differences, keep_state
from benchmarks.customers.town import People
from registry.customers.live.commands import rematch
from registry.customers.stewarding.compare import Comparison, compare_records
from registry.customers.tables.link_files import link_files
from registry.storage.connecting import connect
from schemas.customers import Verdict
from tests.integration.customers.conftest import SOUNDS, Counter

BELOW = "The evidence is below the cut, so the model keeps them apart."
BY_WAY = "The evidence is below the cut; they are one customer by way of other records."
ABOVE = "The evidence is at or above the cut, so the model linked them."
HOME = {"postal_code": "2613 EF", "house_number": "71", "family_name": "Rietveldt"}
JOOST = {**HOME, "given_name": "Joost", "initials": "J", "birth_date": date(2004, 2, 9)}
JELMER = {**JOOST, "given_name": "Jelmer"}
FATHER = {
    "given_name": "Sybren",
    "family_name": "Hoogterp",
    "birth_date": date(1951, 3, 1),
    "postal_code": "2614 GH",
    "house_number": "8",
}
NUMBERED = {
    "given_name": "Tjitske",
    "family_name": "Wagenaars",
    "birth_date": date(1966, 8, 8),
    "national_id": "999990019",
}
# Households among them, from which the model learns what they share.
NEIGHBOURS = 700
MANY, SHARED = 200, 300


def others(first: str, **fields: Any) -> dict[str, Any]:
    """Return somebody who resembles no one else of this file."""
    number = sum(map(ord, first))
    return {
        "given_name": f"{first}la",
        "family_name": f"{first}ngeveld",
        "birth_date": date(1700 + number, number % 12 + 1, number % 28 + 1),
        "postal_code": f"{9000 + number} {first.upper()}",
        "house_number": str(number % 90),
        **fields,
    }


CASES: dict[str, list[dict[str, Any]]] = {
    "nothing": [{}, {}, {"email": "", "given_name": " "}],
    "future": [others("Fi", birth_date=date(2199, 1, 1)), others("Fi")],
    "confusables": [others("Ce"), others("Ce", family_name="Cеngeveld")],  # the first e is Cyrillic
    "swapped": [others("Ru"), others("Ru", given_name="Rungeveld", family_name="Rula")],
    "twins": [JOOST, JELMER],
    "namesakes": [FATHER, {**FATHER, "birth_date": date(1981, 9, 30)}],
    "numbers": [NUMBERED, {**NUMBERED, "national_id": "111222333"}],
    "many": [others("Va", email=f"va{number % 7}@post.nl") for number in range(MANY)],
    "shared": [
        {
            "given_name": f"{SOUNDS[n % 42]}{SOUNDS[n // 42]}".capitalize(),
            "family_name": f"{SOUNDS[n * 5 % 42]}{SOUNDS[n // 10 % 42]}x".capitalize(),
            "email": "balie@dienst.nl",
        }
        for n in range(SHARED)
    ],
}


@dataclass
class HostileTown:
    """A matched town after the worst pages."""

    counter: Counter
    records: dict[str, list[int]] = field(default_factory=dict)

    def compared(self, case: str, one: int = 0, other: int = 1) -> Comparison:
        """Lay two records of a case side by side."""
        left, right = self.records[case][one], self.records[case][other]
        return compare_records(self.counter.db, self.counter.sight(), left, right)


@pytest.fixture(scope="module")
def hostile(rolled_back_url: str) -> Iterator[HostileTown]:
    with connect(rolled_back_url) as db, db.transaction(force_rollback=True):
        town = HostileTown(Counter(db))
        people = People(seed=7, records=NEIGHBOURS)
        town.counter.land(*(people.record() for _ in range(NEIGHBOURS)))
        rematch(db, memory_limit_mb=512)
        for case, records in CASES.items():
            town.records[case] = town.counter.land(*records)
        (number, other) = town.records["numbers"]
        town.counter.decide(number, other, Verdict.LINK)
        yield town


def test_a_full_run_finds_the_same_of_all_of_them(hostile: HostileTown) -> None:
    db = hostile.counter.db
    with db.transaction(force_rollback=True):
        keep_state(db)
        rematch(db, retrain=False, memory_limit_mb=512)
        assert not any(differences(db).values()), differences(db)


def test_who_has_no_field_is_a_customer_alone(hostile: HostileTown) -> None:
    assert hostile.counter.rules(*hostile.records["nothing"]) == {"alone"}
    found = hostile.compared("nothing")
    assert (found.lines, found.because) == ([], BELOW)


def test_a_birth_date_in_the_future_is_not_used_and_that_is_told(hostile: HostileTown) -> None:
    found = hostile.compared("future")
    assert found.linked
    assert "birth" not in {step.field for step in found.steps}
    assert any(told.startswith("Not used of the first record: birth") for told in found.warnings)


def test_letters_that_look_alike_meet_and_are_told(hostile: HostileTown) -> None:
    found = hostile.compared("confusables")
    assert (found.linked, found.because) == (True, ABOVE)
    assert any("they look alike" in told for told in found.warnings)


def test_names_in_each_others_place_are_seen_as_swapped(hostile: HostileTown) -> None:
    found = hostile.compared("swapped")
    assert found.linked
    assert ("given", "swapped") in {(step.field, step.level) for step in found.steps}


def test_twins_of_one_initial_are_parted_by_their_given_names(hostile: HostileTown) -> None:
    found = hostile.compared("twins")
    assert (found.linked, found.because) == (False, BELOW)
    (given,) = [step for step in found.steps if step.field == "given"]
    assert (given.level, given.bits < 0) == ("differs", True)


def test_a_record_with_their_initial_may_tie_twins_which_is_told_and_a_steward_can_part_them(
    hostile: HostileTown,
) -> None:
    twins, counter = hostile.records["twins"], hostile.counter
    with counter.db.transaction(force_rollback=True):
        counter.land({**JOOST, "given_name": None})
        found = hostile.compared("twins")
        assert (found.linked, found.because) == (True, BY_WAY)
        counter.decide(*twins, Verdict.UNLINK)
        assert not counter.together(*twins)
        assert hostile.compared("twins").because == "A steward decided: two customers."


def test_father_and_son_of_one_name_and_door_are_parted_by_their_births(
    hostile: HostileTown,
) -> None:
    found = hostile.compared("namesakes")
    assert (found.linked, found.because) == (False, BELOW)
    (birth,) = [step for step in found.steps if step.field == "birth"]
    assert (birth.level, birth.bits < 0) == ("differs", True)


def test_a_decision_against_two_numbers_holds_and_is_told(hostile: HostileTown) -> None:
    found = hostile.compared("numbers")
    assert (found.linked, found.because) == (True, "A steward decided: one customer.")
    told = "A steward linked them although their citizen service numbers differ."
    assert told in found.warnings


def test_two_hundred_records_of_one_person_are_one_customer(hostile: HostileTown) -> None:
    assert hostile.counter.together(*hostile.records["many"])
    assert hostile.compared("many", 0, MANY - 1).because == ABOVE


def test_an_email_that_hundreds_share_ties_nobody(hostile: HostileTown) -> None:
    records = hostile.records["shared"]
    customers = {hostile.counter.customer(record) for record in records}
    assert len(customers) == len({(c["given_name"], c["family_name"]) for c in CASES["shared"]})
    assert hostile.compared("shared", 0, SHARED - 1).because == BELOW


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The cluster of each row, where the same comes as a table that `customers link` is given."""
    place = tmp_path_factory.mktemp("hostile")
    people = People(seed=7, records=NEIGHBOURS)
    rows = [{"id": f"town-{n}", **people.record()} for n in range(NEIGHBOURS)]
    rows += [{"id": f"{case}-{n}", **row} for case, given in CASES.items()
             for n, row in enumerate(given)]  # fmt: skip
    rows += [{"id": "nothing-0", **JELMER}, {"id": "", **FATHER}]  # a key used again, and none
    with (place / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    found = link_files(
        [place / "people.csv"], place / "pairs.csv", key="id", clusters=place / "clusters.csv"
    )
    assert found.records == len(rows)
    with (place / "clusters.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["cluster"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("case", ["nothing", "twins", "namesakes", "numbers"])
def test_in_a_table_too_they_stay_apart(clusters: dict[str, str], case: str) -> None:
    rows = [f"{case}-{number}" for number in range(len(CASES[case]))]
    assert len({clusters[row] for row in rows}) == len(rows)


@pytest.mark.parametrize("case", ["future", "confusables", "swapped", "many"])
def test_in_a_table_too_they_meet(clusters: dict[str, str], case: str) -> None:
    assert len({clusters[f"{case}-{number}"] for number in range(len(CASES[case]))}) == 1


def test_in_a_table_too_a_shared_email_and_a_key_used_again_tie_nobody(
    clusters: dict[str, str],
) -> None:
    shared = {clusters[f"shared-{number}"] for number in range(SHARED)}
    assert len(shared) == len({(c["given_name"], c["family_name"]) for c in CASES["shared"]})
    assert clusters["nothing-0#2"] == clusters["twins-1"] != clusters["nothing-0"]
    assert clusters[f"row-{len(clusters)}"] == clusters["namesakes-0"]
