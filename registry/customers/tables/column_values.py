"""What a column without a telling name holds, judged by its values and by the columns beside it.

First the shapes that prove themselves (e-mail addresses, dates, postal codes), then the words
(names, towns, streets, companies), then what the place beside a known column suggests.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from registry.customers.tables.column_names import is_further_line
from registry.customers.tables.column_words import (
    BUSINESS_WORDS,
    FAMILY_WORDS,
    GIVEN_WORDS,
    LEGAL_ENDINGS,
    STREET_ENDINGS,
    STREET_WORDS,
    TOWN_BEGINNINGS,
    TOWN_ENDINGS,
    TOWN_WORDS,
)
from registry.customers.values.dates import date_digits
from registry.customers.values.genders import GENDER_WORDS
from registry.customers.values.identifiers import citizen_service_number
from registry.customers.values.names import split_prefix
from registry.customers.values.nicknames import SHORT_FORMS
from registry.customers.values.prose import is_prose
from registry.customers.values.text import fold

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
# A column of names in one cell, or of streets, has several words in most rows.
_SEVERAL_SHARE = 0.6
# Names of companies hold a legal form or a trade more often than this leaves room for.
_LIKE_PEOPLE_SHARE = 0.93
_MONTHS, _DAYS = 12, 31
# Years are no postal codes, though some postal codes look like years.
_YEARS_SHARE = 0.97
# A column nobody named is one of towns where some look like one, or where it follows a street's.
_TOWN_SHARE_MIN = 0.1
# A number that few rows differ in is of a ward or a tariff, not of a person.
_VARIETY_MIN = {"identifier": 0.25}
# What is told from other numbers only by what stands beside it.
_BESIDE = {
    "house_number": frozenset({"street", "postal_code"}),
    "postal_code": frozenset({"street", "city", "house_number"}),
}

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_POSTAL = re.compile(r"[1-9]\d{3}\s?[A-Za-z]{2}|[A-Za-z]{1,2}\d[\dA-Za-z]?\s?\d[A-Za-z]{2}")
_POSTAL_DIGITS = re.compile(r"\d{4,5}(?:-\d{4})?|\d{2}-\d{3}|\d{3} \d{2}|\d{4}-\d{3}|\d{5}-\d{3}")
_POSTAL_INSIDE = re.compile(
    r"\b([1-9]\d{3}\s?[A-Z]{2}|\d{5}|\d\d-\d{3}|\d{3} \d\d|[A-Z]{1,2}\d[\dA-Z]?\s\d[A-Z]{2})\b"
)
_PHONE = re.compile(r"\+?[\d\s().x/-]{7,24}")
_PHONE_DIGITS_MIN, _PHONE_DIGITS_MAX = 8, 15
_HOUSE = re.compile(r"0*\d{1,4}(?:\.0)?(?:\s?[-/]?\s?(?:[A-Za-z]{1,3}|\d{1,3}))?")
_NUMBER_INSIDE = re.compile(r"(?:^|[\s,])\d{1,5}\s?[-/]?\s?[A-Za-z]?(?=$|[\s,])")
_YEAR = re.compile(r"(19|20)\d\d")
_IDENTIFIER = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9 .-]{5,23}")
_DECIMAL = re.compile(r"\d+\.\d+")
# Shorter numbers are codes of places and things; a person's has this many signs and more.
_IDENTIFIER_SIGNS_MIN = 7

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


def has_numbers(values: Values) -> bool:
    """Tell a column of streets that holds house numbers too."""
    return share_of(values, _NUMBER_INSIDE.search) >= _SEVERAL_SHARE


def roles_of_words(columns: Mapping[str, Values], taken: set[str]) -> dict[str, str]:
    """Return the roles of columns of words and bare numbers.

    Args:
        columns: Filled values by column, of those that have no role yet, in the table's order.
        taken: Roles that other columns have already.

    Returns:
        Role by column; each role once.
    """
    found: dict[str, str] = {}
    open_columns = {
        name: values
        for name, values in columns.items()
        if len(values) >= VALUES_MIN and not is_prose(values)
    }
    # A company's name holds family names; it is one where no person has a column.
    company_first = not taken & {"given_name", "family_name", "full_name", "birth_date", "gender"}
    for role, test, share, without in _WORDS:
        if role in taken | set(found.values()) or without & (taken | set(found.values())):
            continue
        if role == "organisation_name" and not company_first:
            continue
        if role in _BESIDE and not _BESIDE[role] & (taken | set(found.values())):
            continue
        rated = [
            (share_of(values, test), -place, name)
            for place, (name, values) in enumerate(open_columns.items())
            if name not in found
            and len(set(values)) >= DISTINCT_MIN
            and _variety(values) >= _VARIETY_MIN.get(role, 0.0)
        ]
        best = max(rated, default=(0.0, 0, ""))
        if best[0] >= share and not (role == "postal_code" and _are_years(columns[best[2]])):
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
    if not roles & {"street", "address"} and "house_number" in found.values():
        _street_by_place(list(columns), left, found)
    if left and "full_name" not in roles and "family_name" not in roles and "given_name" in roles:
        name = max(left, key=lambda item: _variety(left[item]))
        found[name] = "family_name"
        left.pop(name)
    elif left and not roles & {"full_name", "given_name", "family_name", "organisation_name"}:
        _names_by_place(left, roles, found)
    roles |= set(found.values())
    if "city" not in roles and roles & {"postal_code", "street", "address"}:
        towns = {name: (_is_line(name), share_of(left[name], is_town)) for name in left}
        name = max(towns, key=lambda item: towns[item], default="")
        if name and max(towns[name]) >= _TOWN_SHARE_MIN:
            found[name] = "city"


def _is_line(column: str) -> bool:
    return is_further_line(fold(column.replace("_", " ")).split())


def _street_by_place(order: list[str], left: dict[str, Values], found: dict[str, str]) -> None:
    """Take words right after, or right before, a column of house numbers for streets."""
    place = next(order.index(name) for name, role in found.items() if role == "house_number")
    for beside in (place + 1, place - 1):
        name = order[beside] if 0 <= beside < len(order) else ""
        if name in left and share_of(left[name], _is_several_words) >= _SEVERAL_SHARE:
            found[name] = "street"
            left.pop(name)
            return


def _names_by_place(left: dict[str, Values], roles: set[str], found: dict[str, str]) -> None:
    """Tell names of people nobody here has heard of from names of companies."""
    several = {name: share_of(values, _is_several_words) for name, values in left.items()}
    whole = max(several, key=lambda item: (several[item] >= _SEVERAL_SHARE, _variety(left[item])))
    single = [name for name in left if several[name] < _SEVERAL_SHARE]
    if several[whole] >= _SEVERAL_SHARE:
        people = roles & {"birth_date", "birth_year", "gender", "initials"}
        like_people = share_of(left[whole], is_like_a_person) >= _LIKE_PEOPLE_SHARE
        found[whole] = "full_name" if people or like_people else "organisation_name"
        left.pop(whole)
    elif len(single) >= 2:
        # Of two columns of single words, people share given names more often than family names.
        given, family = sorted(single[:2], key=lambda item: _variety(left[item]))
        found[given], found[family] = "given_name", "family_name"
        left.pop(given), left.pop(family)
    else:
        people = roles & {"birth_date", "birth_year", "gender"}
        found[whole] = "full_name" if people else "organisation_name"
        left.pop(whole)


def _is_several_words(value: str) -> bool:
    return len(_words(value)) >= 2


def is_like_a_person(value: str) -> bool:
    """Tell two to four words, none of them of business."""
    return 2 <= len(_words(value)) <= 4 and not is_business(value)


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
    """Return the year of a date of birth, 0 for anything else."""
    digits = date_digits(value)
    if digits is None or len(digits) != 8:
        return 0
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    can_be = (month <= _MONTHS and day <= _DAYS) or (day <= _MONTHS and month <= _DAYS)
    return year if can_be and month and day and BIRTH_YEAR_MIN <= year <= BIRTH_YEAR_MAX else 0


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
    if not words or any(sign.isdigit() for sign in value) or is_business(value):
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
    # A house number may look like a code; it opens the line.
    if any(code.start() > 0 for code in _POSTAL_INSIDE.finditer(value.upper())):
        return True
    first, _, last = value.replace("\n", ",").rpartition(",")
    if not any(sign.isalpha() for sign in last):
        return False
    return bool(first) and (_is_street(first) or is_town(last))


def is_business(value: str) -> bool:
    """Tell a name with a legal form, a trade or a partner in it."""
    words = _words(value.replace(".", ""))
    ends = len(words) > 1 and words[-1] in LEGAL_ENDINGS
    return ends or "&" in value or any(word in BUSINESS_WORDS for word in words)


def _is_house(value: str) -> bool:
    return _HOUSE.fullmatch(value.strip()) is not None


def _is_postal_digits(value: str) -> bool:
    return _POSTAL_DIGITS.fullmatch(value) is not None


def _are_years(values: Values) -> bool:
    return share_of(values, _YEAR.fullmatch) >= _YEARS_SHARE


def _is_identifier(value: str) -> bool:
    return (
        _IDENTIFIER.fullmatch(value.upper()) is not None
        and not _DECIMAL.fullmatch(value)
        and sum(sign.isdigit() for sign in value) >= 5
        and sum(sign.isalnum() for sign in value) >= _IDENTIFIER_SIGNS_MIN
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
