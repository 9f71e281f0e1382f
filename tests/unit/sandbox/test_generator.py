"""The invented town: the same for the same seed, of the right proportions, of nobody real."""

import hashlib
import itertools
from collections import Counter
from datetime import date
from pathlib import Path
from threading import Event

import msgspec
import pytest

from schemas.errors import InvalidInput
from townclerk.sandbox.city import Stopped, build, households, read_manifest
from townclerk.sandbox.households import Household
from townclerk.sandbox.identifiers import bsn, chamber_number, passes_eleven_proof
from townclerk.sandbox.people import TODAY, Person, Role
from townclerk.sandbox.store import TABLES, Shelf

PEOPLE = 8000


@pytest.fixture(scope="module")
def town() -> list[Household]:
    return [home for home, _, _ in households(7, PEOPLE)]


@pytest.fixture(scope="module")
def everybody(town: list[Household]) -> list[Person]:
    return [person for home in town for person in home.members]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted((folder / "city").rglob("*"))
        if file.is_file()
    }


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build(tmp_path / name, people=700, seed=5)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert len(digests(tmp_path / "one")) == 6


def test_another_seed_makes_other_people(tmp_path: Path) -> None:
    build(tmp_path / "one", people=100, seed=5)
    build(tmp_path / "two", people=100, seed=6)
    one, two = digests(tmp_path / "one"), digests(tmp_path / "two")
    assert all(one[name] != two[name] for name in one)


def test_a_person_is_the_same_in_a_small_and_in_a_large_town() -> None:
    small = {home.number: msgspec.to_builtins(home.members) for home, _, _ in households(3, 500)}
    large = {home.number: msgspec.to_builtins(home.members) for home, _, _ in households(3, 5000)}
    assert small
    assert all(large[number] == members for number, members in small.items())


def test_records_do_not_depend_on_how_many_follow(tmp_path: Path) -> None:
    build(tmp_path / "small", people=400, seed=3)
    build(tmp_path / "large", people=4000, seed=3)
    for stream in TABLES:
        small = Shelf(tmp_path / "small" / "city" / "store.sqlite", stream)
        large = Shelf(tmp_path / "large" / "city" / "store.sqlite", stream)
        # Only the last households differ: those that no longer fit are passed over.
        first = small.count() * 9 // 10
        assert first > 20
        assert small.after(0, first) == large.after(0, first)
        small.close()
        large.close()


@pytest.mark.parametrize("people", [1, 2, 17, 1000])
def test_exactly_as_many_people_live_there_as_asked_for(people: int) -> None:
    assert sum(len(home.members) for home, _, _ in households(1, people)) == people


def test_people_and_personal_numbers_are_unique(everybody: list[Person]) -> None:
    assert len(everybody) == PEOPLE
    assert len({person.key for person in everybody}) == PEOPLE
    numbers = {person.bsn for person in everybody}
    assert len(numbers) == PEOPLE
    assert all(number.startswith("9") and passes_eleven_proof(number) for number in numbers)


def test_personal_numbers_stay_unique_in_the_largest_town() -> None:
    sample = itertools.chain(range(0, 8_000_000, 1009), range(999_900, 1_000_100))
    people = set(sample)
    numbers = {bsn(person) for person in people}
    assert len(numbers) == len(people)
    assert all(passes_eleven_proof(number) for number in numbers)


@pytest.mark.parametrize(
    "number", ["", "91234567", "9123456789", "000000000", "91234567x", "912345678", "٩٨٧٦٥٤٣٢١"]
)
def test_what_is_no_personal_number_fails_the_proof(number: str) -> None:
    assert not passes_eleven_proof(number)


def test_chamber_numbers_have_eight_digits_of_the_test_range() -> None:
    assert all(
        len(number) == 8 and number.startswith("99")
        for number in map(chamber_number, range(0, 1_000_000, 997))
    )


def test_all_mail_goes_to_example_nl(everybody: list[Person]) -> None:
    boxes = [box for person in everybody for box in (person.email, person.former_email) if box]
    assert len(boxes) > PEOPLE / 2
    assert all(box.endswith(".example.nl") and box.count("@") == 1 for box in boxes)
    assert all(box.isascii() and " " not in box for box in boxes)


def test_households_are_of_dutch_size_and_kind(town: list[Household]) -> None:
    kinds = Counter(home.kind for home in town)
    assert 2.0 < PEOPLE / len(town) < 2.4
    assert 0.33 < kinds["single"] / len(town) < 0.43
    assert 0.23 < kinds["couple"] / len(town) < 0.34
    assert 0.19 < kinds["family"] / len(town) < 0.28
    assert kinds["care_home"] >= 1
    assert max(len(home.members) for home in town) <= 16


def test_ages_are_possible(everybody: list[Person]) -> None:
    assert all(date(1920, 1, 1) < person.birth <= TODAY for person in everybody)
    children = [person for person in everybody if person.role == Role.CHILD]
    adults = [person for person in everybody if person.age >= 18]
    assert 0.12 < len(children) / PEOPLE < 0.3
    assert 0.72 < len(adults) / PEOPLE < 0.88
    assert 0.12 < sum(person.age >= 65 for person in everybody) / PEOPLE < 0.3


def test_names_are_skewed_as_dutch_names_are(everybody: list[Person]) -> None:
    families = Counter(person.own for person in everybody)
    most_common = families.most_common(1)[0][1]
    top_hundred = sum(size for _, size in families.most_common(100))
    assert 0.003 < most_common / PEOPLE < 0.015
    assert 0.12 < top_hundred / PEOPLE < 0.45
    assert len(families) > 1200
    prefixed = sum(bool(person.own.prefix) for person in everybody)
    assert 0.15 < prefixed / PEOPLE < 0.4


def test_many_cultures_live_there(everybody: list[Person]) -> None:
    not_ascii = sum(not (person.given + person.own.name).isascii() for person in everybody)
    assert 0.02 < not_ascii / PEOPLE < 0.12


def test_the_hard_cases_occur(town: list[Household]) -> None:
    twins = alike = juniors = shared_mail = moved = renamed = 0
    for home in town:
        pairs = list(itertools.combinations(home.members, 2))
        twins += any(a.birth == b.birth and a.own == b.own for a, b in pairs)
        alike += any(
            a.birth == b.birth and a.initials[0] == b.initials[0] and a.given != b.given
            for a, b in pairs
        )
        juniors += any(a.given == b.given and a.own == b.own for a, b in pairs)
        shared_mail += any(a.email and a.email == b.email for a, b in pairs)
        head = home.members[0]
        moved += head.home_on(TODAY.toordinal()) != head.home_on(0)
        renamed += any(
            one.name_on(TODAY.toordinal()) != one.name_on(one.birth.toordinal())
            for one in home.members
        )
    assert twins >= 5
    assert alike >= 2
    assert juniors >= 20
    assert 0.1 < shared_mail / len(town) < 0.4
    assert 0.3 < moved / len(town) < 0.55
    assert 0.1 < renamed / len(town) < 0.35


def test_two_people_never_share_a_mailbox_unless_they_live_together(
    everybody: list[Person],
) -> None:
    homes: dict[str, set[int]] = {}
    for person in everybody:
        if person.email:
            homes.setdefault(person.email, set()).add(person.household)
    strangers = sum(len(who) > 1 for who in homes.values())
    assert strangers <= PEOPLE / 1000


def test_sole_traders_share_the_address_of_their_owner() -> None:
    firms = [firm for _, found, _ in households(2, 4000) for firm in found]
    traders = [firm for firm in firms if firm.owner]
    assert len(firms) > 150
    assert 0.3 < len(traders) / len(firms) < 0.75
    assert all(firm.owner and firm.home == firm.owner.home for firm in traders)
    assert len({firm.key for firm in firms}) == len(firms)


@pytest.mark.parametrize(
    ("people", "seed"), [(0, 1), (-1, 1), (1_000_001, 1), (10, -1), (10, 2**31)]
)
def test_an_impossible_town_is_refused(tmp_path: Path, people: int, seed: int) -> None:
    with pytest.raises(InvalidInput):
        build(tmp_path, people=people, seed=seed)
    assert not list(tmp_path.iterdir())


def test_a_town_that_is_there_is_kept(tmp_path: Path) -> None:
    build(tmp_path, people=50, seed=1)
    before = (tmp_path / "city" / "manifest.json").stat().st_mtime_ns
    build(tmp_path, people=50, seed=1)
    assert (tmp_path / "city" / "manifest.json").stat().st_mtime_ns == before


def test_another_size_replaces_the_town_whole(tmp_path: Path) -> None:
    build(tmp_path, people=50, seed=1)
    manifest = build(tmp_path, people=60, seed=1)
    assert read_manifest(tmp_path) == manifest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["city"]


def test_a_spoilt_manifest_makes_the_town_new(tmp_path: Path) -> None:
    build(tmp_path, people=50, seed=1)
    whole = digests(tmp_path)
    (tmp_path / "city" / "manifest.json").write_text("{")
    (tmp_path / "city" / "store.sqlite").write_bytes(b"half")
    build(tmp_path, people=50, seed=1)
    assert digests(tmp_path) == whole


def test_a_stop_while_building_leaves_the_old_town(tmp_path: Path) -> None:
    build(tmp_path, people=50, seed=1)
    whole = digests(tmp_path)
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        build(tmp_path, people=5000, seed=1, stop=stop)
    assert digests(tmp_path) == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["city"]
