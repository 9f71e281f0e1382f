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
# The longest condition that Splink itself writes, a distance in km, has 900; what is longer is
# somebody's own, and no level of ours means it.
_CONDITION_CHARACTERS_MAX = 4_000

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
_EQUAL = r"^\W*(?P<one>\w+?)_l\W*=\W*(?P=one)_r\W*$"
# What a condition of theirs means, and the levels of ours that mean it, the first that exists; or,
# where no comparison of ours means anything like it, why. The first meaning that fits counts.
_MEANINGS: Final[tuple[tuple[re.Pattern[str], tuple[str, ...] | str], ...]] = (
    (re.compile(r"list_|array_|\[\d\]"), "we compare single values, not lists"),
    (re.compile(r"acos|radians|haversine"), "we measure no distance between places"),
    (
        re.compile(r"epoch|date_?diff|strptime|timestamp"),
        "we compare the digits of dates, not the time between them",
    ),
    (re.compile(r"\b(and|or)\b"), "its condition is made of several parts"),
    # The name before the sign of an e-mail address.
    (
        re.compile(
            r"^(nullif\()?regexp_extract\(\w+_[lr], '\^\[\^@\]\+'(, 0)?\)(, ''\))?"
            r" = (nullif\()?regexp_extract\("
        ),
        ("close",),
    ),
    (
        re.compile(r"\b(substr\w*|left|right|split_part|regexp\w*)\b"),
        "it compares part of the value, as none of our levels does",
    ),
    (re.compile(r"jaro.*>=?\s*(0\.(8[5-9]|9)\d*|1(\.0*)?)$"), ("close", "similar", "near")),
    (re.compile(r"jaro"), ("similar", "near")),
    (re.compile(r"levenshtein.*(<=?\s*1|<\s*2)(\.0*)?$"), ("slip", "close", "near")),
    (re.compile(r"levenshtein|jaccard|cosine|distance"), ("similar", "near")),
    (re.compile(_EQUAL), ("exact",)),
)
# What else the same column means to us: an address is compared as a whole.
_INSTEAD: Final[Mapping[str, str]] = {"exact": "street"}
_SIDE = re.compile(r"\b(\w+?)_[lr]\b")
_REVERSED = re.compile(
    r"^\W*(\w+)_l\W*=\W*(\w+)_r\W*(and\W*\2_l\W*=\W*\1_r|and\W*\1_r\W*=\W*\2_l)?\W*$"
)
_NULL = re.compile(r"\W*\w+_l\W+is null\W+or\W+\w+_r\W+is null\W*")
# Upper and lower case, blanks and casts mean nothing to us: values are folded before.
_WRAPPED = re.compile(r"\b(?:lower|upper|trim|try_cast|cast)\(\s*(\w+?_[lr])(?: as \w+)?\s*\)")
_NO_COLUMN: Final = "we compare no such column"
_SEVERAL: Final = "it looks at several columns at once, and we at each by itself"


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
    for level in levels:
        condition = str(level.get("sql_condition") or "")
        label = _short(level.get("label_for_charts") or condition)
        bits = _bits(level.get("m_probability"), level.get("u_probability"))
        plain = _plain(condition)
        kind, ours, names = _ours_of(column, plain)
        if ours is None:
            several = len(set(_SIDE.findall(plain))) > 1
            yield TakenLevel(column, label, bits, "", None, _SEVERAL if several else _NO_COLUMN)
            continue
        found = names or _meant(plain, null=bool(level.get("is_null_level")))
        number, name = _level_like(ours, found) if isinstance(found, tuple) else (0, "")
        if name:
            our_bits = _our_bits(model, kind, ours, number)
            yield TakenLevel(column, label, bits, f"{ours.name}: {name}", our_bits)
        else:
            why = found if isinstance(found, str) else "we have no level of this meaning"
            yield TakenLevel(column, label, bits, "", None, why)


def _plain(condition: str) -> str:
    """Return a condition in small letters, without quotes and what changes no meaning."""
    if len(condition) > _CONDITION_CHARACTERS_MAX:
        return ""
    plain = " ".join(condition.replace('"', "").replace("`", "").lower().split())
    return _WRAPPED.sub(r"\1", plain)


def _ours_of(column: str, plain: str) -> tuple[CustomerKind, Comparison | None, tuple[str, ...]]:
    """Return our comparison of what a level is about, and the level where that tells it.

    A comparison of theirs may look at several columns; each of its levels then counts for the
    one column that it looks at.
    """
    sides = sorted(set(_SIDE.findall(plain)))
    swapped = _REVERSED.match(plain)
    if swapped and {role_by_name(side) for side in sides} == {"given_name", "family_name"}:
        return CustomerKind.PERSON, _comparison(CustomerKind.PERSON, "given"), ("swapped",)
    role = role_by_name(sides[0]) if len(sides) == 1 else None
    place = _COMPARISON_OF.get(role or role_by_name(column) or "")
    return (CustomerKind.PERSON, None, ()) if place is None else (place[0], _comparison(*place), ())


def _comparison(kind: CustomerKind, name: str) -> Comparison:
    return next(item for item in COMPARISONS[kind] if item.name == name)


def _meant(plain: str, *, null: bool) -> tuple[str, ...] | str:
    """Return what our levels of the same meaning are called, or why there is none."""
    if null or _NULL.fullmatch(plain):
        return ("missing",)
    if plain.strip() == "else":
        return ("differs",)
    for meaning, found in _MEANINGS:
        if meaning.search(plain):
            return found
    return "its condition is none we know"


def _level_like(ours: Comparison, fits: Sequence[str]) -> tuple[int, str]:
    """Return the number and name of the first of our levels that is called so; no name if none."""
    names = [level.name for level in ours.levels]
    for name in fits:
        if name in ("missing", "differs"):
            return int(name == "differs"), name
        for each in (name, _INSTEAD.get(name)):
            if each in names:
                return len(names) + 1 - names.index(each), each
    return 0, ""


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
