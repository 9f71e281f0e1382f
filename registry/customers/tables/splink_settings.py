"""Read a Splink settings file: which of its levels and weights we have too, and which are lost.

Nothing is taken over: weights of one definition of agreement are wrong for another. What a town
learnt shows beside what our model learnt, so that somebody who knows both can judge the change.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import psycopg

from registry.customers.live.index import live_model
from registry.customers.matching.comparisons import COMPARISONS
from registry.customers.matching.levels import Comparison
from registry.customers.matching.model import MatchModel
from registry.customers.tables.column_names import role_by_name
from schemas.errors import InvalidInput
from schemas.records import CustomerKind

# A settings file of a hundred levels has some 50 kB; charts that somebody saved have megabytes.
FILE_BYTES_MAX = 4 * 1024 * 1024
LEVELS_MAX = 2_000
_TEXT_CHARACTERS_MAX = 300

# Our comparison by what a column of theirs holds.
_COMPARISON_OF: Final[Mapping[str, tuple[CustomerKind, str]]] = {
    "given_name": (CustomerKind.PERSON, "given"),
    "initials": (CustomerKind.PERSON, "initials"),
    "family_name": (CustomerKind.PERSON, "family"),
    "birth_date": (CustomerKind.PERSON, "birth"),
    "gender": (CustomerKind.PERSON, "gender"),
    "national_id": (CustomerKind.PERSON, "national_id"),
    "identifier": (CustomerKind.PERSON, "identifier"),
    "email": (CustomerKind.PERSON, "email"),
    "phone": (CustomerKind.PERSON, "phone"),
    "street": (CustomerKind.PERSON, "address"),
    "address": (CustomerKind.PERSON, "address"),
    "postal_code": (CustomerKind.PERSON, "address"),
    "city": (CustomerKind.PERSON, "place"),
    "organisation_name": (CustomerKind.ORGANISATION, "name"),
    "chamber_number": (CustomerKind.ORGANISATION, "chamber_number"),
}
# What a condition of theirs means, and the levels of ours that mean it, the first that exists.
_MEANINGS: Final[tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]] = (
    (re.compile(r"jaro"), ("close", "similar", "near")),
    (re.compile(r"levenshtein.*<=?\s*1\b|levenshtein.*<\s*2\b"), ("slip", "close", "near")),
    (re.compile(r"levenshtein|jaccard|cosine|distance"), ("similar", "near")),
    (
        re.compile(r"^\W*(?P<one>\w+?)_l\W*=\W*(?P=one)_r\W*$"),
        ("exact", "door"),
    ),
)
_NEITHER = re.compile(r"\b(and|or|substr\w*|left|split_part|regexp\w*)\b")


@dataclass(frozen=True)
class TakenLevel:
    """One level of theirs.

    Attributes:
        column: Its comparison.
        level: Its label, or its condition.
        bits: Log2 of m over u, as trained there; None where it was not trained.
        ours: Our comparison and level, empty where it is lost.
        our_bits: What the same level adds in the live model; None without one.
        lost: Why it maps to nothing; empty where it maps.
    """

    column: str
    level: str
    bits: float | None
    ours: str
    our_bits: float | None
    lost: str = ""


@dataclass(frozen=True)
class SplinkReport:
    """What a settings file holds.

    Attributes:
        mapped: Levels that we have too.
        lost: Levels and rules that we have not.
    """

    mapped: list[TakenLevel] = field(default_factory=list)
    lost: list[TakenLevel] = field(default_factory=list)


def beside_ours(db: psycopg.Connection, text: str) -> SplinkReport:
    """List the levels of a Splink settings file beside those of the live model, if there is one."""
    live = live_model(db)
    return read_splink(text, live.model if live else None)


def read_splink(text: str, model: MatchModel | None) -> SplinkReport:
    """List the levels of a Splink settings file beside ours.

    Args:
        text: The file: JSON of Splink 3, 4 or 5.
        model: The live model, whose weights are shown beside theirs.

    Raises:
        InvalidInput: It is no JSON, or no Splink settings.
    """
    try:
        settings = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The file is no JSON: {error}.") from error
    comparisons = settings.get("comparisons") if isinstance(settings, dict) else None
    if not isinstance(comparisons, list):
        raise InvalidInput(
            "The file has no list `comparisons`, so it is no Splink settings file.",
            remedy="Save it in Splink with `linker.misc.save_model_to_json(path)`.",
        )
    report = SplinkReport()
    for comparison in comparisons:
        for level in _levels_of(comparison, model):
            (report.lost if level.lost else report.mapped).append(level)
            if len(report.lost) + len(report.mapped) > LEVELS_MAX:
                raise InvalidInput(f"The file has more than {LEVELS_MAX} levels.")
    report.lost.extend(_rules_of(settings.get("blocking_rules_to_generate_predictions")))
    return report


def _levels_of(comparison: Any, model: MatchModel | None) -> Iterator[TakenLevel]:
    levels = comparison.get("comparison_levels") if isinstance(comparison, dict) else None
    if not isinstance(levels, list) or not all(isinstance(level, dict) for level in levels):
        raise InvalidInput("A comparison of the file has no list `comparison_levels`.")
    column = _short(comparison.get("output_column_name") or "")
    role = role_by_name(column)
    place = _COMPARISON_OF.get(role or "")
    ours = next((c for c in COMPARISONS[place[0]] if c.name == place[1]), None) if place else None
    for level in levels:
        condition = str(level.get("sql_condition") or "")
        label = _short(level.get("label_for_charts") or condition)
        bits = _bits(level.get("m_probability"), level.get("u_probability"))
        if place is None or ours is None:
            why = "we compare no such column"
            yield TakenLevel(column, label, bits, "", None, why)
            continue
        number, name, why = _level_like(ours, condition, null=bool(level.get("is_null_level")))
        if why:
            yield TakenLevel(column, label, bits, "", None, why)
        else:
            our_bits = _our_bits(model, place[0], ours, number)
            yield TakenLevel(column, label, bits, f"{ours.name}: {name}", our_bits)


def _level_like(ours: Comparison, condition: str, *, null: bool) -> tuple[int, str, str]:
    """Return the number and name of our level of the same meaning, or why there is none."""
    plain = condition.strip().replace('"', "").replace("`", "").lower()
    if null or re.fullmatch(r"\W*\w+_l\W+is null\W+or\W+\w+_r\W+is null\W*", plain):
        return 0, "missing", ""
    if plain == "else":
        return 1, "differs", ""
    if _NEITHER.search(plain):
        return 0, "", "its condition is made of several parts"
    names = [level.name for level in ours.levels]
    for meaning, fits in _MEANINGS:
        if meaning.search(plain):
            for name in fits:
                if name in names:
                    return len(names) + 1 - names.index(name), name, ""
            return 0, "", "we have no level of this meaning"
    return 0, "", "its condition is none we know"


def _our_bits(
    model: MatchModel | None, kind: CustomerKind, ours: Comparison, number: int
) -> float | None:
    """Return what a level adds where strangers are the alternative."""
    if model is None or number == 0 or not model.kinds[kind].records:
        return 0.0 if number == 0 else None
    part = model.kinds[kind]
    place = [item.name for item in COMPARISONS[kind]].index(ours.name)
    return _bits(part.same[place][number - 1], part.stranger[place][number - 1])


def _rules_of(rules: Any) -> Iterator[TakenLevel]:
    for rule in rules if isinstance(rules, Sequence) and not isinstance(rules, str) else ():
        text = rule.get("blocking_rule") if isinstance(rule, dict) else rule
        why = "blocking follows our own rules, chosen by the size of the town"
        yield TakenLevel("blocking rule", _short(text or ""), None, "", None, why)


def _bits(m: Any, u: Any) -> float | None:
    numbers = [float(x) for x in (m, u) if isinstance(x, int | float) and not isinstance(x, bool)]
    if len(numbers) < 2 or not all(0 < number <= 1 for number in numbers):
        return None
    return round(math.log2(numbers[0] / numbers[1]), 2)


def _short(value: Any) -> str:
    return str(value).replace("\n", " ")[:_TEXT_CHARACTERS_MAX]
