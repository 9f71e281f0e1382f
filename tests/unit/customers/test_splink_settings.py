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
        ("first_name", "its condition is made of several parts"),
        ("shoe_size", "we compare no such column"),
        ("blocking rule", "blocking follows our own rules, chosen by the size of the town"),
    ]


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
