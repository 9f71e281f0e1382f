"""Cleaning: whatever a source sends, a row comes out that PostgreSQL can hold."""

import time
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.customers.matching.standard import family_features, given_features
from registry.customers.values.address import house_number, postal_code, street_and_number
from registry.customers.values.clean import CLEAN_COLUMNS, clean
from registry.customers.values.identifiers import chamber_number, citizen_service_number
from registry.customers.values.names import family_parts, given_parts, split_prefix
from registry.customers.values.text import TEXT_CHARACTERS_MAX, fold, mixed_scripts, named, tidy
from schemas.records import CustomerKind, CustomerRecord, Gender

DATA_SET = UUID("018f0000-0000-7000-8000-000000000001")
TODAY = date(2026, 11, 21)


def cleaned(**fields: object) -> dict[str, object]:
    record = CustomerRecord(key="1", kind=CustomerKind.PERSON, **fields)  # type: ignore[arg-type]
    return dict(zip(CLEAN_COLUMNS, clean(7, DATA_SET, record, today=TODAY), strict=True))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Janna", ""),
        (None, ""),
        ("Иван", ""),
        ("Иван van Dijk", ""),
        ("J\u0430nna", "Latin and Cyrillic"),
        ("van der W\u03bfuden", "Latin and Greek"),
    ],
)
def test_a_word_of_two_alphabets_is_named(name: str | None, told: str) -> None:
    assert mixed_scripts(name) == told


def test_a_complete_record_comes_out_folded_split_and_checked() -> None:
    row = cleaned(
        given_name=" Johanna  Maria ",
        initials="j. m.",
        family_name="van den Heuvel",
        birth_date=date(1961, 4, 30),
        gender=Gender.FEMALE,
        national_id="1234.56.782",
        email="J.vandenHeuvel@Example.NL",
        phone="06 - 12 34 56 78",
        street="Lange Voorhout",
        house_number="012 a",
        postal_code="2514 ea",
        city="Den Haag",
        changed_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    assert row == {
        "record_id": 7,
        "data_set_id": DATA_SET,
        "kind": "person",
        "given_name": "Johanna Maria",
        "initials": "JM",
        "name_prefix": "van den",
        "family_name": "Heuvel",
        "birth_date": date(1961, 4, 30),
        "gender": "female",
        "national_id": "123456782",
        "organisation_name": None,
        "chamber_number": None,
        "email": "j.vandenheuvel@example.nl",
        "phone": "+31612345678",
        "street": "Lange Voorhout",
        "house_number": "12-A",
        "postal_code": "2514EA",
        "city": "Den Haag",
        "source_changed_at": datetime(2026, 1, 2, tzinfo=UTC),
        "unused": None,
    }


def test_a_record_with_nothing_in_it_is_a_row_of_nulls() -> None:
    row = cleaned()
    assert {name for name, value in row.items() if value is not None} == {
        "record_id",
        "data_set_id",
        "kind",
    }


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 11, 22),
        date(9999, 12, 31),
        date(1, 1, 1),
        date(1753, 1, 1),
        date(1900, 1, 1),
        date(1899, 12, 30),
    ],
)
def test_a_birth_date_that_cannot_be_or_means_unknown_is_dropped(day: date) -> None:
    row = cleaned(birth_date=day)
    assert row["birth_date"] is None
    assert str(row["unused"]).startswith("birth date ")


@pytest.mark.parametrize("day", [date(2026, 11, 21), date(1908, 2, 29), date(1970, 1, 1)])
def test_a_birth_date_that_can_be_is_kept(day: date) -> None:
    assert cleaned(birth_date=day)["birth_date"] == day


@pytest.mark.parametrize(
    "filler", ["", "   ", "n/a", "N.v.t.", "ONBEKEND", "null", "NULL", "xxx", "---", "???", "12"]
)
def test_filler_in_a_name_is_no_name(filler: str) -> None:
    row = cleaned(given_name=filler, family_name=filler, city=filler)
    assert row | {"unused": None} == cleaned()


def test_people_called_null_and_na_keep_their_names() -> None:
    assert named("Null") == "Null"
    assert named("Na") == "Na"


def test_nul_and_invisible_characters_vanish_and_a_megabyte_is_no_name() -> None:
    row = cleaned(given_name="Jo\x00han\u200bna", family_name="B" * 1_000_000, email="@" * 10**6)
    assert row["given_name"] == "Johanna"
    assert row["family_name"] is None
    assert row["email"] is None


def test_a_megabyte_in_every_field_costs_next_to_nothing() -> None:
    text = "1 a@" * 250_000
    begun = time.process_time()
    cleaned(**dict.fromkeys(_TEXT_FIELDS, text))
    assert time.process_time() - begun < 2


_TEXT_FIELDS = (
    "given_name",
    "initials",
    "name_prefix",
    "family_name",
    "national_id",
    "organisation_name",
    "chamber_number",
    "email",
    "phone",
    "street",
    "house_number",
    "postal_code",
    "city",
)


@given(st.fixed_dictionaries(dict.fromkeys(_TEXT_FIELDS, st.none() | st.text(max_size=60))))
def test_no_text_breaks_cleaning_and_every_value_fits_postgresql(fields: dict[str, str]) -> None:
    for kind in CustomerKind:
        record = CustomerRecord(key="1", kind=kind, **fields)  # type: ignore[arg-type]
        for value in clean(1, DATA_SET, record, today=TODAY):
            if isinstance(value, str):
                assert "\x00" not in value
                assert value.encode()
                assert value == value.strip()


@given(st.text(max_size=TEXT_CHARACTERS_MAX))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    once = tidy(text)
    assert once is None or tidy(once) == once


@pytest.mark.parametrize(
    ("written", "twin"),
    [
        ("Jаnsen", "Jansen"),  # the second letter is Cyrillic
        ("Müller", "muller"),
        ("Łukasz", "lukasz"),
        ("D’Ancona", "d'ancona"),
        ("Ｊａｎ", "Jan"),
        ("Özdemir-Yılmaz", "ozdemir yilmaz"),
    ],
)
def test_look_alikes_and_accents_fold_to_one_key(written: str, twin: str) -> None:
    assert fold(written) == fold(twin)


@pytest.mark.parametrize(
    ("family_name", "prefix", "rest"),
    [
        ("van der Berg", "van der", "Berg"),
        ("Van Der Berg", "van der", "Berg"),
        ("Berg, van der", "van der", "Berg"),
        ("d'Ancona", "d'", "Ancona"),
        ("'t Hooft", "'t", "Hooft"),
        ("in 't Veld", "in 't", "Veld"),
        ("De", None, "De"),
        ("Vandersteen", None, "Vandersteen"),
        ("Denkers", None, "Denkers"),
        ("Jansen, Piet", None, "Jansen, Piet"),
    ],
)
def test_prefixes_are_split_from_family_names(
    family_name: str, prefix: str | None, rest: str
) -> None:
    assert split_prefix(family_name) == (prefix, rest)


def test_a_prefix_that_stands_in_both_columns_counts_once() -> None:
    assert family_parts("van der", "van der Berg") == ("van der", "Berg")
    assert family_parts("van", "Berg") == ("van", "Berg")
    assert family_parts("van", None) == (None, None)


@pytest.mark.parametrize(
    ("given_name", "initials", "expected"),
    [
        ("J.P.", None, (None, "JP")),
        ("J P", None, (None, "JP")),
        ("J", None, (None, "J")),
        ("Jo", None, ("Jo", None)),
        ("Anna", "A.M.", ("Anna", "AM")),
        (None, "a.m.c.", (None, "AMC")),
        (None, "12", (None, None)),
        (None, "Anna Maria Cornelia", (None, None)),
    ],
)
def test_initials_find_their_column(
    given_name: str | None, initials: str | None, expected: tuple[str | None, str | None]
) -> None:
    assert given_parts(given_name, initials) == expected


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("123456782", "123456782"),
        ("1234 56 782", "123456782"),
        ("10000008", "010000008"),
        ("123456789", None),
        ("000000000", None),
        ("111111110", None),
        ("12345678a", None),
        ("١٢٣٤٥٦٧٨٢", None),
        ("1" * 10_000, None),
        (None, None),
    ],
)
def test_only_numbers_that_pass_the_eleven_proof_are_citizen_service_numbers(
    number: str | None, digits: str | None
) -> None:
    assert citizen_service_number(number) == digits


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("12345678", "12345678"),
        ("1234567", "01234567"),
        ("KvK 12345678", None),
        ("00000000", None),
        ("123", None),
    ],
)
def test_chamber_numbers_have_eight_digits(number: str, digits: str | None) -> None:
    assert chamber_number(number) == digits


@pytest.mark.parametrize(
    ("street", "number", "expected"),
    [
        ("Dorpsstraat 12a", None, ("Dorpsstraat", "12-A")),
        ("Dorpsstraat 12 bis", None, ("Dorpsstraat", "12-BIS")),
        ("Plein 1944", "3", ("Plein 1944", "3")),
        ("12 Main Street", None, ("Main Street", "12")),
        ("Kerkweg", "007", ("Kerkweg", "7")),
        ("Kerkweg", "n/a", ("Kerkweg", None)),
        ("Kade", "t/o 12", ("Kade", "T/O 12")),
        (None, "12-2", (None, "12-2")),
    ],
)
def test_house_numbers_are_found_where_people_put_them(
    street: str | None, number: str | None, expected: tuple[str | None, str | None]
) -> None:
    assert street_and_number(street, number) == expected


def test_postal_codes_of_other_countries_stay_and_zeros_go() -> None:
    assert postal_code(" 1234 ab ") == "1234AB"
    assert postal_code("SW1A 1AA") == "SW1A1AA"
    assert postal_code("00000") is None
    assert postal_code("Den Haag") is None
    assert postal_code("1234 AB Den Haag") is None
    assert house_number("twaalf") == "TWAALF"


def test_an_organisation_has_no_birth_date_and_no_citizen_service_number() -> None:
    record = CustomerRecord(
        key="1",
        kind=CustomerKind.ORGANISATION,
        organisation_name="Bakkerij Jansen B.V.",
        chamber_number="12345678",
        birth_date=date(1980, 1, 2),
        national_id="123456782",
        family_name="Jansen",
    )
    row = dict(zip(CLEAN_COLUMNS, clean(1, DATA_SET, record, today=TODAY), strict=True))
    assert row["organisation_name"] == "Bakkerij Jansen B.V."
    assert row["chamber_number"] == "12345678"
    assert (row["birth_date"], row["national_id"], row["family_name"]) == (None, None, None)


def test_what_is_not_used_is_said_with_its_reason_and_without_its_value() -> None:
    row = cleaned(
        given_name="J.",
        family_name="x" * (TEXT_CHARACTERS_MAX + 1),
        birth_date=date(2091, 5, 6),
        national_id="123456789",
        email="nobody at all",
        phone="",
    )
    assert row["unused"] == (
        "birth date lies in the future; family name is no name; national id fails its check;"
        " email is no address"
    )
    assert cleaned(given_name="Janna", email="janna@post.nl")["unused"] is None


def test_digits_that_a_scanner_took_for_letters_are_letters_in_names() -> None:
    assert given_features("J0hnny") == given_features("Johnny")
    assert family_features("Bake1") == family_features("Bakel")
