"""A Splink settings file is listed beside our levels, and what has no twin is named."""

import json
from typing import Any

import pytest

from registry.customers.tables.splink_settings import read_splink
from schemas.errors import InvalidInput


def level(condition: str, **more: Any) -> dict[str, Any]:
    return {"sql_condition": condition, "m_probability": 0.8, "u_probability": 0.1, **more}


SETTINGS = {
    "link_type": "dedupe_only",
    "comparisons": [
        {
            "output_column_name": "first_name",
            "comparison_levels": [
                level('"first_name_l" IS NULL OR "first_name_r" IS NULL', is_null_level=True),
                level('"first_name_l" = "first_name_r"', label_for_charts="Exact match"),
                level('jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.92'),
                level("substr(first_name_l, 1, 2) = substr(first_name_r, 1, 2)"),
                level("ELSE", m_probability=0.05, u_probability=0.9),
            ],
        },
        {"output_column_name": "shoe_size", "comparison_levels": [level("a_l = a_r")]},
    ],
    "blocking_rules_to_generate_predictions": [{"blocking_rule": 'l."dob" = r."dob"'}],
}


def test_levels_that_map_stand_beside_ours_and_the_others_are_lost() -> None:
    found = read_splink(json.dumps(SETTINGS), None)
    assert [one.ours for one in found.mapped] == [
        "given: missing",
        "given: exact",
        "given: close",
        "given: differs",
    ]
    assert (found.mapped[1].level, found.mapped[1].bits) == ("Exact match", 3.0)
    assert [(one.column, one.lost) for one in found.lost] == [
        ("first_name", "it compares part of the value, as none of our levels does"),
        ("shoe_size", "we compare no such column"),
        ("blocking rule", "blocking follows our own rules, chosen by the size of the town"),
    ]


_KM = """
    cast(acos(case when (sin(radians("lat_l")) * sin(radians("lat_r"))) > 1 then 1 else 0 end)
    * 6371 as float) <= 10"""
_USER = "NULLIF(regexp_extract(\"email_{}\", '^[^@]+', 0), '')"
_OUTWARD = "NULLIF(regexp_extract(\"postcode_{}\", '^[A-Za-z]{{1,2}}[0-9]', 0), '')"
_NEITHER = """("first_name_l" IS NULL OR "first_name_r" IS NULL)
    AND ("surname_l" IS NULL OR "surname_r" IS NULL)"""
_DAY = "EPOCH(try_strptime(\"dob_{}\", '%Y-%m-%d'))"


@pytest.mark.parametrize(
    ("column", "condition", "ours"),
    [
        # Every level of Splink's own comparisons, as versions 4 and 5 write them for DuckDB.
        ("city", '"city_l" = "city_r"', "place: exact"),
        ("city", 'lower("city_l") = lower("city_r")', "place: exact"),
        ("surname", 'jaro_winkler_similarity("surname_l", "surname_r") >= 0.92', "family: close"),
        ("surname", 'jaro_winkler_similarity("surname_l", "surname_r") >= 0.7', "family: similar"),
        ("surname", 'jaro_similarity("surname_l", "surname_r") >= 0.9', "family: close"),
        ("surname", 'levenshtein("surname_l", "surname_r") <= 1', "family: close"),
        ("surname", 'levenshtein("surname_l", "surname_r") <= 2', "family: similar"),
        ("surname", 'jaccard("surname_l", "surname_r") >= 0.9', "family: similar"),
        ("dob", 'damerau_levenshtein("dob_l", "dob_r") <= 1', "birth: slip"),
        ("dob", 'levenshtein(CAST("dob_l" AS TEXT), CAST("dob_r" AS TEXT)) <= 1', "birth: slip"),
        ("dob", f"ABS({_DAY.format('l')} - {_DAY.format('r')}) <= 2629800.0", "digits of dates"),
        ("first_name_surname", '"surname_l" = "surname_r"', "family: exact"),
        ("first_name_surname", '"first_name_l" = "first_name_r"', "given: exact"),
        ("first_name_surname", '"first_name_l" = "surname_r" AND "first_name_r" = "surname_l"',
         "given: swapped"),
        ("first_name_surname", _NEITHER, "several columns"),
        ("email", f"{_USER.format('l')} = {_USER.format('r')}", "email: close"),
        ("email", "\n regexp_extract(email_l, '^[^@]+') \n = regexp_extract(email_r, '^[^@]+')",
         "email: close"),
        ("email", f"jaro_winkler_similarity({_USER.format('l')}, {_USER.format('r')}) >= 0.88",
         "part of the value"),
        ("postcode", '"postcode_l" = "postcode_r"', "address: street"),
        ("postcode", f"{_OUTWARD.format('l')} = {_OUTWARD.format('r')}", "part of the value"),
        ("postcode", _KM, "distance between places"),
        ("postcode", 'array_length(list_intersect("postcode_l", "postcode_r")) >= 1', "not lists"),
        ("first_name", 'list_max("first_name_l", x -> jaro_similarity(x[1], x[2])) >= 0.9',
         "not lists"),
        ("vector", 'array_cosine_similarity("vector_l", "vector_r") >= 0.9', "no such column"),
        ("surname", "\"surname_l\" = 'Bos' AND \"surname_r\" = 'Bos'", "several parts"),
        ("surname", '"surname_l" = "surname_r" AND 1=1', "several parts"),
        ("surname", 'soundex("surname_l") = soundex("surname_r")', "none we know"),
        ("surname", "", "none we know"),
    ],
)  # fmt: skip
def test_a_level_of_theirs_is_ours_or_the_reason_is_told(
    column: str, condition: str, ours: str
) -> None:
    comparison = {"output_column_name": column, "comparison_levels": [level(condition)]}
    found = read_splink(json.dumps({"comparisons": [comparison]}), None)
    (only,) = [*found.mapped, *found.lost]
    assert ours in (only.ours or only.lost)


def test_a_condition_of_a_million_characters_costs_no_time() -> None:
    comparison = {"output_column_name": "dob", "comparison_levels": [level("jaro" * 250_000)]}
    (only,) = read_splink(json.dumps({"comparisons": [comparison]}), None).lost
    assert only.lost == "its condition is none we know"


@pytest.mark.parametrize("m", [0, -1, 2, "x", None, True, float("nan")])
def test_a_weight_that_is_no_probability_is_left_empty(m: Any) -> None:
    settings = {
        "comparisons": [
            {"output_column_name": "dob", "comparison_levels": [level("ELSE", m_probability=m)]}
        ]
    }
    text = json.dumps(settings).replace("NaN", "null")
    assert read_splink(text, None).mapped[0].bits is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"comparisons": 3}', '{"comparisons": [3]}', '{"comparisons": [{}]}']
)
def test_what_is_no_settings_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_splink(text, None)
