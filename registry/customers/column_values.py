"""What a column without a telling name holds, judged by its values and by the columns beside it.

First the shapes that prove themselves (e-mail addresses, dates, postal codes), then the words
(names, towns, streets, companies), then what the place beside a known column suggests.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from registry.customers.column_words import (
    BUSINESS_WORDS,
    FAMILY_WORDS,
    GIVEN_WORDS,
    STREET_ENDINGS,
    STREET_WORDS,
    TOWN_BEGINNINGS,
    TOWN_ENDINGS,
    TOWN_WORDS,
)
from registry.customers.genders import GENDER_WORDS
from registry.customers.identifiers import citizen_service_number
from registry.customers.names import split_prefix
from registry.customers.nicknames import SHORT_FORMS
from registry.customers.text import fold

# Fewer filled cells than this prove nothing about a column without a telling name.
VALUES_MIN = 5
# A column of fewer different values tells nobody from anybody.
DISTINCT_MIN = 3
# Births lie between these years; other dates are of cases and payments.
BIRTH_YEAR_MIN, BIRTH_YEAR_MAX = 1850, 2035
# A column of births has many of them; one date on every row is the day of the export.
_BIRTH_SHARE_DISTINCT = 0.1
# Genders have few ways to be written.
_GENDERS_MAX = 8
# Names have this many words at most, tussenvoegsels and titles included.
_NAME_WORDS_MAX = 6
# Columns of addresses in one line hold the postal code, or town and street, in most rows.
_ADDRESS_SHARE = 0.6
_MONTH_LENGTHS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DATE = re.compile(
    r"(?:(\d{4})[-/. ]\d{1,2}[-/. ]\d{1,2}"
    r"|\d{1,2}[-/. ](?:\d{1,2}|[a-z]{3,9}\.?)[-/. ](\d{4}|\d{2}))"
    r"(?:[T ].*)?",
    re.IGNORECASE,
)
_DATE_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(?:\.0)?")
_POSTAL = re.compile(r"[1-9]\d{3}\s?[A-Za-z]{2}|[A-Za-z]{1,2}\d[\dA-Za-z]?\s?\d[A-Za-z]{2}")
_POSTAL_DIGITS = re.compile(r"\d{4,5}(?:-\d{4})?")
_POSTAL_INSIDE = re.compile(r"\b([1-9]\d{3}\s?[A-Z]{2}|\d{5}|[A-Z]{1,2}\d[\dA-Z]?\s\d[A-Z]{2})\b")
_PHONE = re.compile(r"\+?[\d\s().x/-]{7,24}")
_PHONE_DIGITS_MIN, _PHONE_DIGITS_MAX = 8, 15
_HOUSE = re.compile(r"0*\d{1,4}(?:\.0)?(?:\s?[-/]?\s?(?:[A-Za-z]{1,3}|\d{1,3}))?")
_NUMBER_INSIDE = re.compile(r"(?:^|[\s,])\d{1,5}\s?[-/]?\s?[A-Za-z]?(?=$|[\s,])")
_IDENTIFIER = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9 .-]{5,23}")
_IDENTIFIER_DISTINCT_MIN = 0.5

_SHORT_FORMS = frozenset(
    word for line in SHORT_FORMS.split("\n") for word in line.replace(":", " ").split()
)
GIVEN = GIVEN_WORDS | _SHORT_FORMS

Values = Sequence[str]


def role_of_shape(values: Values) -> str | None:
    """Return the role that the shape of a column's values proves, if any."""
    if len(values) < VALUES_MIN:
        return None
    if is_birth_column(values):
        return "birth_date"
    for role, test, share in _SHAPES:
        if share_of(values, test) >= share:
            return role
    return "gender" if is_gender_column(values) else None


def role_of_line(values: Values) -> bool:
    """Tell a column of whole addresses from one of streets."""
    return share_of(values, _is_address) >= _ADDRESS_SHARE


def roles_of_words(columns: Mapping[str, Values], taken: set[str]) -> dict[str, str]:
    """Return the roles of columns of words and bare numbers.

    Args:
        columns: Filled values by column, of those that have no role yet, in the table's order.
        taken: Roles that other columns have already.

    Returns:
        Role by column; each role once.
    """
    found: dict[str, str] = {}
    open_columns = {name: values for name, values in columns.items() if len(values) >= VALUES_MIN}
    # A company's name holds family names; it is one where no person has a column.
    company_first = not taken & {"given_name", "family_name", "full_name", "birth_date", "gender"}
    for role, test, share, without in _WORDS:
        if role in taken | set(found.values()) or without & (taken | set(found.values())):
            continue
        if role == "organisation_name" and not company_first:
            continue
        if role == "house_number" and not {"street", "postal_code"} & (taken | set(found.values())):
            continue
        rated = [
            (share_of(values, test), -place, name)
            for place, (name, values) in enumerate(open_columns.items())
            if name not in found and len(set(values)) >= DISTINCT_MIN
        ]
        best = max(rated, default=(0.0, 0, ""))
        if best[0] >= share:
            found[best[2]] = role
    _by_place(open_columns, taken, found)
    return found


def _by_place(columns: Mapping[str, Values], taken: set[str], found: dict[str, str]) -> None:
    """Give roles to columns of words that only their neighbours explain."""
    roles = taken | set(found.values())
    left = {
        name: values
        for name, values in columns.items()
        if name not in found and share_of(values, _is_words) >= 0.8 and _variety(values) >= 0.15
    }
    people = {"given_name", "birth_date", "gender", "email", "phone"}
    if left and "full_name" not in roles and "family_name" not in roles and "given_name" in roles:
        name = max(left, key=lambda item: _variety(left[item]))
        found[name] = "family_name"
        left.pop(name)
    elif left and not roles & {"full_name", "given_name", "family_name", "organisation_name"}:
        name = max(left, key=lambda item: _variety(left[item]))
        found[name] = "full_name" if roles & people - {"phone", "email"} else "organisation_name"
        left.pop(name)
    if left and "city" not in roles and roles & {"postal_code", "street", "address"}:
        found[max(left, key=lambda item: share_of(left[item], is_town))] = "city"


def share_of(values: Values, test: Callable[[str], object]) -> float:
    """Return the share of values that pass a test."""
    return sum(bool(test(value)) for value in values) / max(len(values), 1)


def is_birth_column(values: Values) -> bool:
    """Tell a column of births: dates that can be, of many years and not all of lately."""
    years = [year for year in map(_birth_year, values) if year]
    if len(years) < 0.8 * len(values) or len(set(values)) < _BIRTH_SHARE_DISTINCT * len(values):
        return False
    return len(values) < 20 or len(set(years)) >= 12


def _birth_year(value: str) -> int:
    """Return the year of a date, 1 where only two digits tell it, 0 for anything else."""
    match = _DATE.fullmatch(value.strip())
    if match:
        year = int(match.group(1) or match.group(2))
        if len(match.group(1) or match.group(2)) == 2:
            return year + 1
        return year if BIRTH_YEAR_MIN <= year <= BIRTH_YEAR_MAX else 0
    match = _DATE_DIGITS.fullmatch(value.strip())
    if match:
        year, month, day = map(int, match.groups())
        can_be = 1 <= month <= 12 and 1 <= day <= _MONTH_LENGTHS[month]
        return year if can_be and BIRTH_YEAR_MIN <= year <= BIRTH_YEAR_MAX else 0
    return 0


def is_gender_column(values: Values) -> bool:
    """Tell a column of genders: few ways to write, all of them known, two that differ."""
    ways = {fold(value) for value in values}
    known = {way for way in ways if way in GENDER_WORDS}
    meanings = {GENDER_WORDS[way] for way in known} - {None}
    if all(way.isdigit() for way in ways):
        return ways <= {"0", "1", "2", "9"} and {"1", "2"} <= ways and len(values) >= 20
    return (
        len(ways) <= _GENDERS_MAX
        and len(meanings) >= 2
        and share_of(values, lambda value: fold(value) in known) >= 0.9
    )


@lru_cache(maxsize=4096)
def _words(value: str) -> tuple[str, ...]:
    return tuple(fold(value).split())


def _is_words(value: str) -> bool:
    letters = sum(sign.isalpha() or sign in " .'-&,/" for sign in value)
    return letters >= 0.9 * len(value) and any(sign.isalpha() for sign in value)


def _variety(values: Values) -> float:
    return len({fold(value) for value in values}) / max(len(values), 1)


def _is_phone(value: str) -> bool:
    if not _PHONE.fullmatch(value) or not (value[0] in "+0(" or "-" in value or ")" in value):
        return False
    return _PHONE_DIGITS_MIN <= sum(sign.isdigit() for sign in value) <= _PHONE_DIGITS_MAX


def _is_given(value: str) -> bool:
    words = _words(value)
    return bool(words) and len(words) <= 3 and words[0] in GIVEN


def _is_family(value: str) -> bool:
    words = _words(split_prefix(value)[1])
    return bool(words) and len(words) <= 3 and words[0] in FAMILY_WORDS


def _is_full_name(value: str) -> bool:
    words = _words(value)
    # Parted by blanks: a hyphen makes one given name of two.
    if (
        len(value.split()) < 2
        or not 2 <= len(words) <= _NAME_WORDS_MAX
        or any(sign.isdigit() for sign in value)
    ):
        return False
    if "," in value:
        return words[0] in FAMILY_WORDS or any(word in GIVEN for word in words[1:])
    return any(word in GIVEN for word in words[:3]) or words[-1] in FAMILY_WORDS


def is_name_of_person(value: str) -> bool:
    """Tell a name that begins with a given name, or has one after a comma."""
    words = _words(value)
    return (bool(words) and words[0] in GIVEN) or ("," in value and _is_full_name(value))


def is_town(value: str) -> bool:
    """Tell what looks like the name of a town."""
    words = _words(value)
    if not words or any(sign.isdigit() for sign in value):
        return False
    return (
        words[0] in TOWN_WORDS
        or (len(words) > 1 and words[0] in TOWN_BEGINNINGS)
        or (len(words) <= 2 and _ends(words[-1], TOWN_ENDINGS))
    )


def _ends(word: str, endings: Sequence[str]) -> bool:
    return any(len(word) > len(ending) + 2 and word.endswith(ending) for ending in endings)


def _is_street(value: str) -> bool:
    words = _words(value)
    telling = [word for word in words if not word[0].isdigit()]
    return bool(telling) and (
        telling[0] in STREET_WORDS
        or telling[-1] in STREET_WORDS
        or any(_ends(word, STREET_ENDINGS) for word in telling)
    )


def _is_street_and_number(value: str) -> bool:
    return _is_street(value) and _NUMBER_INSIDE.search(value) is not None


def _is_address(value: str) -> bool:
    words = _words(value)
    if len(words) < 4 or not _NUMBER_INSIDE.search(value):
        return False
    first, _, last = value.rpartition(",")
    return _POSTAL_INSIDE.search(value.upper()) is not None or (
        bool(first) and (_is_street(first) or is_town(last))
    )


def is_business(value: str) -> bool:
    """Tell a name with a legal form or a trade in it."""
    return any(word in BUSINESS_WORDS for word in _words(value.replace(".", "")))


def _is_house(value: str) -> bool:
    return _HOUSE.fullmatch(value.strip()) is not None


def _is_postal_digits(value: str) -> bool:
    return _POSTAL_DIGITS.fullmatch(value) is not None


def _is_identifier(value: str) -> bool:
    return (
        _IDENTIFIER.fullmatch(value.upper()) is not None
        and sum(sign.isdigit() for sign in value) >= 5
    )


_SHAPES: tuple[tuple[str, Callable[[str], object], float], ...] = (
    ("email", _EMAIL.fullmatch, 0.7),
    ("national_id", citizen_service_number, 0.9),
    ("postal_code", _POSTAL.fullmatch, 0.8),
    ("phone", _is_phone, 0.8),
)
_NAMES_OF_OTHERS = frozenset({"organisation_name"})
# Role, test of one value, lowest share of values that pass, roles beside which it is not looked
# for. The order decides: what is more particular comes first.
_WORDS: tuple[tuple[str, Callable[[str], object], float, frozenset[str]], ...] = (
    ("address", _is_address, _ADDRESS_SHARE, frozenset({"street", "postal_code"})),
    ("street", _is_street_and_number, 0.25, frozenset({"address"})),
    ("street", _is_street, 0.3, frozenset({"address"})),
    ("organisation_name", is_business, 0.2, frozenset()),
    ("full_name", _is_full_name, 0.5, _NAMES_OF_OTHERS | {"given_name", "family_name"}),
    ("given_name", _is_given, 0.35, _NAMES_OF_OTHERS | {"full_name"}),
    ("family_name", _is_family, 0.12, _NAMES_OF_OTHERS | {"full_name"}),
    ("city", is_town, 0.3, frozenset({"address"})),
    ("postal_code", _is_postal_digits, 0.85, frozenset({"address"})),
    ("house_number", _is_house, 0.85, frozenset({"address"})),
    ("identifier", _is_identifier, 0.85, frozenset()),
)
