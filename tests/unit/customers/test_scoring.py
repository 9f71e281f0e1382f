"""Comparison levels, weights and models: small facts that everything else rests on."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pytest

from registry.customers.matching.comparisons import COMPARISONS, IDENTITIES
from registry.customers.matching.engine import open_engine, run
from registry.customers.matching.frequencies import (
    add_bits,
    find_shared,
    forget_shared,
    frequency_columns,
)
from registry.customers.matching.model import Frequencies, KindModel, MatchModel, from_parameters
from registry.customers.matching.patterns import compare, unpack
from registry.customers.matching.score import match_weight_bits
from registry.customers.matching.standard import standardise
from registry.customers.values.nicknames import FULL_NAMES_MAX, full_names
from registry.customers.values.phonetic import phonetic
from schemas.records import CustomerKind
from tests.unit.customers.conftest import Row, load


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_engine(512, threads=1) as session:
        yield session


def levels_of(
    con: duckdb.DuckDBPyConnection, one: Row, other: Row, kind: CustomerKind = CustomerKind.PERSON
) -> dict[str, str]:
    """Return the level names of all comparisons that could be made."""
    load(con, [{"id": 1, "kind": kind.value, **one}, {"id": 2, "kind": kind.value, **other}])
    standardise(con, "plain", kind, into="record")
    comparisons = COMPARISONS[kind]
    bits = ", ".join(
        f"0::FLOAT AS {column}_bits" for column in {c.frequency for c in comparisons if c.frequency}
    )
    run(con, f"CREATE OR REPLACE TABLE weighed AS SELECT *, {bits} FROM record")
    run(con, "CREATE OR REPLACE TABLE pair AS SELECT 0 AS l, 1 AS r")
    compare(con, "weighed", "pair", comparisons, into="compared")
    pattern = run(con, "SELECT pattern FROM compared")[0][0]
    found = {}
    for comparison, level in zip(
        comparisons, unpack(np.array([pattern]), comparisons)[0], strict=True
    ):
        if level == 1:
            found[comparison.name] = "differs"
        elif level > 1:
            found[comparison.name] = comparison.levels[comparison.size - 1 - level].name
    return found


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"given_name": "Anna"}, {"given_name": "ANNA"}, {"given": "exact"}),
        ({"given_name": "Willem"}, {"given_name": "Pim"}, {"given": "related"}),
        ({"given_name": "Johannes"}, {"given_name": "Johanes"}, {"given": "close"}),
        ({"given_name": "Anna Maria"}, {"given_name": "Maria"}, {"given": "similar"}),
        ({"given_name": "Bregje"}, {"given_name": "Thijs"}, {"given": "differs"}),
        ({"given_name": "Anna"}, {"initials": "A.M."}, {"initials": "compatible"}),
        ({"given_name": "Anna"}, {"given_name": None}, {}),
        (
            {"given_name": "Siebren", "family_name": "Harmens"},
            {"given_name": "Harmens", "family_name": "Siebren"},
            {"given": "swapped"},
        ),
        ({"family_name": "van der Berg"}, {"family_name": "Berg"}, {"family": "exact"}),
        ({"family_name": "Jansen-de Vries"}, {"family_name": "Jansen"}, {"family": "part"}),
        ({"family_name": "Дмитриев"}, {"family_name": "Dmitriev"}, {"family": "exact"}),
        ({"birth_date": "1980-03-11"}, {"birth_date": "1980-11-03"}, {"birth": "slip"}),
        ({"birth_date": "1980-03-11"}, {"birth_date": "1980-03-12"}, {"birth": "slip"}),
        ({"birth_date": "1980-03-11"}, {"birth_date": "1980-03-29"}, {"birth": "two_parts"}),
        ({"birth_date": "1980-03-11"}, {"birth_date": "1980-07-29"}, {"birth": "year"}),
        ({"birth_date": "1980-03-11"}, {"birth_date": "1951-07-29"}, {"birth": "differs"}),
        ({"phone": "+31612345678"}, {"phone": "06-12345678"}, {"phone": "exact"}),
        ({"phone": "+31612345678"}, {"phone": "+31612354678"}, {"phone": "slip"}),
        ({"email": "jan@a.nl"}, {"email": "jan@b.nl"}, {"email": "close"}),
        (
            {"postal_code": "2514EA", "house_number": "12"},
            {"postal_code": "2514 ea", "house_number": "12-A"},
            {"address": "door"},
        ),
        (
            {"street": "Kerkweg", "house_number": "1", "city": "Oord"},
            {"street": "Kerkweg", "house_number": "1", "city": "Elders"},
            {"address": "near_door"},
        ),
        ({"postal_code": "2514EA"}, {"postal_code": "2514EB"}, {"address": "near"}),
        ({"city": "Oord"}, {"city": "Oord"}, {"place": "exact"}),
    ],
)
def test_people_agree_to_the_degree_that_a_clerk_would_see(
    con: duckdb.DuckDBPyConnection, one: Row, other: Row, expected: dict[str, str]
) -> None:
    assert levels_of(con, one, other) == expected
    assert levels_of(con, other, one) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Bakkerij Jansen B.V.", "bakkerij jansen", {"name": "exact"}),
        ("Jansen Bakkerij", "Bakkerij Jansen BV", {"name": "same_words"}),
        ("Stichting De Korenaar", "Korenaar Testdam", {"name": "contained"}),
        ("Molenzicht", "Havenzicht Advies", {"name": "differs"}),
    ],
)
def test_organisations_agree_without_their_legal_form(
    con: duckdb.DuckDBPyConnection, one: str, other: str, expected: dict[str, str]
) -> None:
    kind = CustomerKind.ORGANISATION
    assert (
        levels_of(con, {"organisation_name": one}, {"organisation_name": other}, kind) == expected
    )


@pytest.mark.parametrize("kind", list(CustomerKind))
def test_every_comparison_expects_something_and_every_identity_is_compared(
    kind: CustomerKind,
) -> None:
    names = [comparison.name for comparison in COMPARISONS[kind]]
    assert len(set(names)) == len(names)
    assert IDENTITIES[kind].column in names
    for comparison in COMPARISONS[kind]:
        assert sum(comparison.priors()) == pytest.approx(1.0, abs=0.05)
    # All patterns must fit a signed 64-bit number.
    assert np.prod([float(comparison.size) for comparison in COMPARISONS[kind]]) < 2**62


def test_a_value_of_nine_names_is_forgotten_and_one_of_eight_or_of_a_family_is_kept(
    con: duckdb.DuckDBPyConnection,
) -> None:
    eight = ["Aalders", "Bergsma", "Cornel", "Dijkema", "Elzinga", "Fokkens", "Geluk", "Ruiter"]
    desk, patchwork, family = "703533000", "703533001", "611111112"
    sharing = [(desk, name) for name in [*eight, "Iemsma"]] + [(patchwork, name) for name in eight]
    sharing += [(family, "Bakker")] * 30
    rows = [
        {"id": number, "family_name": name, "phone": f"+31{phone}", "email": f"{number}@post.nl"}
        for number, (phone, name) in enumerate(sharing)
    ]
    load(con, rows)
    standardise(con, "plain", CustomerKind.PERSON, into="record")
    shared = find_shared(con, "record", CustomerKind.PERSON)
    forget_shared(con, "record", shared)
    left = {phone for (phone,) in run(con, "SELECT DISTINCT phone FROM record")}
    assert left == {None, patchwork, family}
    assert (len(shared["phone"]), len(shared["email"])) == (1, 0)


def test_no_pairs_and_no_frequent_values_leave_columns_of_the_same_types(
    con: duckdb.DuckDBPyConnection,
) -> None:
    def shape(table: str) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in run(con, "DESCRIBE $table", table=table)]

    kind = CustomerKind.PERSON
    load(con, [{"id": 1, "family_name": "Bakker"}, {"id": 2, "family_name": "Bakker"}])
    found = {}
    for name, keys in (("frequent", [5]), ("rare", [])):
        bits = Frequencies(np.array(keys, np.uint64), np.array([0.5] * len(keys)), -2.0)
        standardise(con, "plain", kind, into=name)
        add_bits(con, name, dict.fromkeys(frequency_columns(kind), bits))
        found[name] = run(con, "FROM $name ORDER BY rid", name=name)
    assert (shape("rare"), found["rare"]) == (shape("frequent"), found["frequent"])

    run(con, "CREATE OR REPLACE TABLE pair AS SELECT 0::INTEGER AS l, 1::INTEGER AS r")
    compare(con, "rare", "pair", COMPARISONS[kind], into="compared")
    run(con, "DELETE FROM pair")
    compare(con, "rare", "pair", COMPARISONS[kind], into="not_compared")
    assert shape("not_compared") == shape("compared")
    assert run(con, "SELECT count(*) FROM not_compared") == [(0,)]


def test_weights_are_log_odds_in_bits() -> None:
    assert match_weight_bits(10.0, 3.0, 3.0) == pytest.approx(6.0)
    assert match_weight_bits(0.0, -1000.0, 0.0) == pytest.approx(0.0)


def test_a_model_survives_json_and_its_hash_tells_models_apart() -> None:
    part = KindModel(
        records=10,
        same=((0.1, 0.9),),
        household=((0.5, 0.5),),
        stranger=((0.999, 0.001),),
        same_pairs=3.0,
        household_pairs=1.0,
        pairs=45.0,
        frequencies={
            "family": Frequencies(np.array([1, 2**64 - 1], np.uint64), np.array([0.5, -1.0]), -2.0)
        },
        shared={"phone": np.array([7], np.uint64)},
        hot_keys=np.array([], np.uint64),
    )
    model = MatchModel({CustomerKind.PERSON: part})
    back = from_parameters(model.as_parameters())
    assert back is not None
    assert back.content_hash == model.content_hash
    assert back.kinds[CustomerKind.PERSON].frequencies["family"].keys.tolist() == [1, 2**64 - 1]
    assert MatchModel({CustomerKind.PERSON: part}, cut_bits=3.0).content_hash != model.content_hash


def test_a_model_of_other_comparisons_is_not_used() -> None:
    assert from_parameters({"definitions": "0" * 64, "kinds": {}, "cut_bits": 1}) is None


def test_short_forms_lead_to_their_full_names_and_others_to_themselves() -> None:
    assert set(full_names("bert")) >= {"albertus", "robert"}
    assert "johannes" in full_names("jan")
    assert full_names("midge") == ("margaret", "margaretta", "margarita")  # the package's
    assert "aaron" not in full_names("ronnie")  # our own tables know the form, and say who bears it
    assert full_names("xanthippe") == ("xanthippe",)
    assert all(len(full_names(name)) <= FULL_NAMES_MAX for name in ("bert", "jo", "hanna", "sam"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eijk", "ijk"),
        ("schmidt", "smit"),
        ("visser", "fisser"),
        ("dijksma", "dyksma"),
        ("cohen", "kohen"),
    ],
)
def test_spellings_of_one_sound_share_a_code(one: str, other: str) -> None:
    assert phonetic(one) == phonetic(other)


def test_a_code_of_nothing_is_nothing() -> None:
    assert phonetic("") == phonetic("12") == ""
