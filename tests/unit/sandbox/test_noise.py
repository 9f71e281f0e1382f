"""What goes wrong in records: often enough, never beyond what a record can hold."""

import itertools
from collections import Counter
from datetime import date
from random import Random

import pytest

from townclerk.sandbox.city import desks, households
from townclerk.sandbox.noise import (
    Care,
    Sighting,
    disturb,
    fill_with_junk,
    typo,
    wrong_digit,
)
from townclerk.sandbox.sources.desk import Desk, Moment
from townclerk.sandbox.sources.taxes import COLUMNS, shape
from townclerk.sandbox.sources.waste import HEADERS, western

CARELESS = Care(
    slips=1.0, junk=0.0, call_name=0.5, email=1.0, phone=1.0, birth=1.0, bsn=1.0, twice=0.0
)


def a_sighting() -> Sighting:
    return Sighting(
        given="Johannes",
        initials="J.",
        prefix="van der",
        family="Meer",
        gender="M",
        birth=date(1980, 2, 29),
        bsn="912345678",
        email="jan@mail.example.nl",
        phone="0681234567",
        street="Kerkstraat",
        number=1,
        addition="A",
        postal_code="4101AB",
        city="Lindehaven",
    )


@pytest.mark.parametrize("word", ["", "a", "ab", "é", "van", "Jansen", "李", "O'Neill", "1234"])
def test_any_word_survives_a_typing_error(word: str) -> None:
    random = Random(1)
    for _ in range(500):
        typo(random.random, word)
        wrong_digit(random.random, word)


def test_a_typing_error_changes_one_word_by_little() -> None:
    random = Random(2)
    made = [typo(random.random, "Jansen") for _ in range(2000)]
    assert sum(word != "Jansen" for word in made) > 1800
    assert all(abs(len(word) - 6) <= 1 for word in made)


def test_a_careless_desk_changes_nearly_every_record_and_breaks_none() -> None:
    random = Random(3)
    changed = Counter[str]()
    clean = a_sighting()
    for _ in range(5000):
        seen = a_sighting()
        disturb(random.random, seen, CARELESS)
        for name in seen.__struct_fields__:
            changed[name] += getattr(seen, name) != getattr(clean, name)
        assert seen.number >= 1
        assert seen.birth is None or seen.birth.year > 1900
    assert {"family", "given", "street", "birth", "bsn", "postal_code", "prefix"} <= set(changed)
    assert changed["family"] > changed["gender"] > 0


def test_an_empty_record_survives_every_error() -> None:
    random = Random(4)
    for _ in range(3000):
        disturb(random.random, Sighting(), CARELESS)
        fill_with_junk(random.random, Sighting())


def test_junk_is_what_clerks_type() -> None:
    random = Random(5)
    seen = [a_sighting() for _ in range(2000)]
    for one in seen:
        fill_with_junk(random.random, one)
    assert {"0330140000", "0600000000"} <= {one.phone for one in seen}
    assert date(1900, 1, 1) in {one.birth for one in seen}
    assert "0000XX" in {one.postal_code for one in seen}
    assert {"n/a", "onbekend"} <= {one.given for one in seen}


def test_letters_outside_the_code_page_are_folded() -> None:
    assert western("Łukasz Şahin") == "Lukasz Sahin"
    assert western("Zoë") == "Zoë"


@pytest.fixture(scope="module")
def counted() -> dict[str, tuple[Desk, list[object]]]:
    found: dict[str, tuple[Desk, list[object]]] = {desk.stream: (desk, []) for desk in desks()}
    for home, firms, draw in households(11, 3000):
        for desk, rows in found.values():
            rows.extend(note.row for note in desk.notes(draw, home, firms))
    return found


def test_sources_cover_the_town_differently(
    counted: dict[str, tuple[Desk, list[object]]],
) -> None:
    share = {name: len(rows) / 3000 for name, (_, rows) in counted.items()}
    assert 0.5 < share["crm.customers"] < 0.75
    assert 0.07 < share["permits.applicants"] < 0.15
    assert 0.15 < share["library.patrons"] < 0.3
    assert 0.45 < share["taxes.subjects"] < 0.7
    assert 0.3 < share["waste.passes"] < 0.5
    assert 0.04 < share["parking.permits"] < 0.12
    assert 1.6 < sum(share.values()) < 2.4


def test_rows_fit_the_columns_they_are_for(
    counted: dict[str, tuple[Desk, list[object]]],
) -> None:
    for row in counted["taxes.subjects"][1]:
        assert isinstance(row, tuple)
        assert len(row) == len(COLUMNS)
        assert all(cell is None or cell.isprintable() for cell in row)
    for row in counted["waste.passes"][1]:
        assert isinstance(row, tuple)
        assert len(row) == len(HEADERS)
        assert all(cell.encode("cp1252") is not None for cell in row)


def test_two_slips_in_one_postal_code_still_fit_the_old_systems_column() -> None:
    seen = a_sighting()
    seen.postal_code = "1234AABB"  # each slip has doubled a letter
    row = shape(Random(1).random, "1", seen, Moment(date(2026, 1, 1), "2026-01-01T00:00:00Z"))
    assert row[COLUMNS.index("postal_code")] == "1234AAB"


def test_keys_tell_nothing_about_the_order_of_people(
    counted: dict[str, tuple[Desk, list[object]]],
) -> None:
    keys = [
        note.number
        for desk in desks()[:1]
        for home, firms, draw in households(11, 300)
        for note in desk.notes(draw, home, firms)
    ]
    assert keys == list(range(1, len(keys) + 1))
    for desk, _ in counted.values():
        hidden = [desk.scramble.hide(number) for number in range(1, 2000)]
        rising = sum(a < b for a, b in itertools.pairwise(hidden))
        assert 0.2 < rising / len(hidden) < 0.8, desk.stream
        assert [desk.scramble.find(number) for number in hidden] == list(range(1, 2000))
