"""What one value, or one column of values, looks like: tests for columns without a telling name.

Some shapes prove themselves (e-mail addresses, dates, postal codes); words (names, towns, streets,
companies) are likely only, so column_choices lets the columns of a table compete for them.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

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
from registry.customers.values.dates import date_digits, serial_day
from registry.customers.values.genders import GENDER_WORDS
from registry.customers.values.identifiers import citizen_service_number
from registry.customers.values.names import split_prefix
from registry.customers.values.nicknames import SHORT_FORMS
from registry.customers.values.text import fold

# Fewer filled cells than this prove nothing about a column without a telling name.
VALUES_MIN = 5
# A column of fewer different values tells nobody from anybody.
DISTINCT_MIN = 3
# Births lie between these years; other dates are of cases and payments.
BIRTH_YEAR_MIN, BIRTH_YEAR_MAX = 1850, 2035
# A column of births has many of them; one date on every row is the day of the export.
_BIRTH_SHARE_DISTINCT = 0.1
# Births as numbers of days: nobody in a table is older, and fewer years are one school class.
_SERIAL_YEAR_MIN, _SERIAL_YEARS_MIN = 1910, 20
_SERIAL_SHARE_DISTINCT = 0.5
# Genders have few ways to be written.
_GENDERS_MAX = 8
# Names have this many words at most, tussenvoegsels and titles included.
_NAME_WORDS_MAX = 6
# Columns of addresses in one line hold the postal code, or town and street, in most rows.
_ADDRESS_SHARE = 0.6
# A column of names in one cell, or of streets, has several words in most rows.
_SEVERAL_SHARE = 0.6
_MONTHS, _DAYS = 12, 31
# Years are no postal codes, though some postal codes look like years.
_YEARS_SHARE = 0.97

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_POSTAL = re.compile(r"[1-9]\d{3}\s?[A-Za-z]{2}|[A-Za-z]{1,2}\d[\dA-Za-z]?\s?\d[A-Za-z]{2}")
_POSTAL_DIGITS = re.compile(
    r"(?:[A-Z]{1,2}-)?\d{4,5}(?:-\d{4})?|\d{2}-\d{3}|\d{3} \d{2}|\d{4}-\d{3}|\d{5}-\d{3}"
)
_POSTAL_INSIDE = re.compile(
    r"\b([1-9]\d{3}\s?[A-Z]{2}|\d{5}|\d\d-\d{3}|\d{3} \d\d|[A-Z]{1,2}\d[\dA-Z]?\s\d[A-Z]{2})\b"
)
_PHONE = re.compile(r"\+?[\d\s().x/-]{7,24}")
# Three groups or more parted by one mark: no code, date or number of an account looks so.
_PHONE_GROUPS = re.compile(r"\d{2,4}([ .])\d{2,4}(?:\1\d{2,4}){1,3}")
_SOCIAL_SECURITY = re.compile(r"\d{3}[- ]\d{2}[- ]\d{4}")
_EXTENSION = re.compile(r"(?<=\d)\s*(?:x|ext\.?)\s*\d{1,6}$", re.IGNORECASE)
_PHONE_DIGITS_MIN, _PHONE_DIGITS_MAX = 8, 15
_HOUSE = re.compile(r"0*\d{1,4}(?:\.0)?(?:\s?[-/]?\s?[A-Za-z]{1,3}|\s?[-/ ]\s?\d{1,3})?")
_NUMBER_INSIDE = re.compile(r"(?:^|[\s,])\d{1,5}\s?[-/]?\s?[A-Za-z]?(?=$|[\s,])")
_WORDS_AND_NUMBER = re.compile(
    r"\d{1,5}[A-Za-z]?,? [^\W\d]{2}\D*|\D*[^\W\d]{2}\D*[ ,]\d{1,4} ?[A-Za-z]?"
)
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
    return share_of(values, is_address) >= _ADDRESS_SHARE


def has_numbers(values: Values) -> bool:
    """Tell a column of streets that holds house numbers too."""
    return share_of(values, _NUMBER_INSIDE.search) >= _SEVERAL_SHARE


def is_several_words(value: str) -> bool:
    """Tell a value of two words or more."""
    return len(_words(value)) >= 2


def is_like_a_person(value: str) -> bool:
    """Tell two to four words, none of them of business."""
    return 2 <= len(_words(value)) <= 4 and not is_business(value)


def share_of(values: Values, test: Callable[[str], object]) -> float:
    """Return the share of values that pass a test."""
    return sum(bool(test(value)) for value in values) / max(len(values), 1)


def hold_several_words(values: Values) -> bool:
    """Tell a column of which most values have several words, as streets and whole names have."""
    return share_of(values, is_several_words) >= _SEVERAL_SHARE


def is_birth_column(values: Values) -> bool:
    """Tell a column of births: dates that can be, of many years and not all of lately."""
    if are_serial_births(values):
        return True
    years = [year for year in map(_birth_year, values) if year]
    if len(years) < 0.8 * len(values) or len(set(values)) < _BIRTH_SHARE_DISTINCT * len(values):
        return False
    return len(values) < 20 or len(set(years)) >= 12


def are_serial_births(values: Values) -> bool:
    """Tell births that a spreadsheet keeps as numbers of days from codes of five digits.

    Births are of many years, hardly two rows share one, none begins with a nought and none is to
    come; postal codes fail one of these but in a table from few and scattered places.
    """
    days = [serial_day(value) for value in values]
    years = [day.year for day in days if day is not None]
    if len(years) < len(values) or not years:
        return False
    return (
        min(years) >= _SERIAL_YEAR_MIN
        and max(years) <= datetime.now(tz=UTC).year
        and max(years) - min(years) >= _SERIAL_YEARS_MIN
        and len(set(values)) >= _SERIAL_SHARE_DISTINCT * len(values)
    )


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


def is_words(value: str) -> bool:
    """Tell a value of letters, blanks and the marks that names hold."""
    letters = sum(sign.isalpha() or sign in " .'-&,/" for sign in value)
    return letters >= 0.9 * len(value) and any(sign.isalpha() for sign in value)


def variety(values: Values) -> float:
    """Return distinct values per value, 0 to 1."""
    return len({fold(value) for value in values}) / max(len(values), 1)


def _is_phone(value: str) -> bool:
    number = _EXTENSION.sub("", value)
    if not _PHONE_DIGITS_MIN <= sum(sign.isdigit() for sign in number) <= _PHONE_DIGITS_MAX:
        return False
    if _SOCIAL_SECURITY.fullmatch(number):
        return False
    marked = number[0] in "+0(" or "-" in number or ")" in number
    grouped = _PHONE_GROUPS.fullmatch(number) and date_digits(number) is None
    return bool(grouped or (marked and _PHONE.fullmatch(number)))


def is_given_name(value: str) -> bool:
    """Tell what begins with a given name we know."""
    words = _words(value)
    return bool(words) and len(words) <= 3 and words[0] in GIVEN


def is_family_name(value: str) -> bool:
    """Tell what begins with a family name we know, behind its prefix."""
    words = _words(split_prefix(value)[1])
    return bool(words) and len(words) <= 3 and words[0] in FAMILY_WORDS


def is_full_name(value: str) -> bool:
    """Tell given and family name in one cell, by either of them."""
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
    return (bool(words) and words[0] in GIVEN) or ("," in value and is_full_name(value))


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


def is_street(value: str) -> bool:
    """Tell a name of a street by its first word, its last or an ending."""
    words = _words(value)
    telling = [word for word in words if not word[0].isdigit()]
    return bool(telling) and (
        telling[0] in STREET_WORDS
        or telling[-1] in STREET_WORDS
        or any(_ends(word, STREET_ENDINGS) for word in telling)
    )


def is_words_and_number(value: str) -> bool:
    """Tell words with a short number before or behind them, as streets are written."""
    return _WORDS_AND_NUMBER.fullmatch(value) is not None


def is_street_and_number(value: str) -> bool:
    """Tell a street with the number of a house."""
    return is_street(value) and _NUMBER_INSIDE.search(value) is not None


def is_address(value: str) -> bool:
    """Tell a whole address: street, number, and postal code or town."""
    words = _words(value)
    if len(words) < 4 or not _NUMBER_INSIDE.search(value):
        return False
    # A house number may look like a code; it opens the line.
    if any(code.start() > 0 for code in _POSTAL_INSIDE.finditer(value.upper())):
        return True
    first, _, last = value.replace("\n", ",").rpartition(",")
    if not any(sign.isalpha() for sign in last):
        return False
    return bool(first) and (is_street(first) or is_town(last))


def is_business(value: str) -> bool:
    """Tell a name with a legal form, a trade or a partner in it."""
    words = _words(value.replace(".", ""))
    ends = len(words) > 1 and words[-1] in LEGAL_ENDINGS
    return ends or "&" in value or any(word in BUSINESS_WORDS for word in words)


def is_house_number(value: str) -> bool:
    """Tell the number of a house, with its addition."""
    return _HOUSE.fullmatch(value.strip()) is not None


def is_digits_of_place(value: str) -> bool:
    """Tell digits that may be a postal code."""
    return _POSTAL_DIGITS.fullmatch(value) is not None


def are_years(values: Values) -> bool:
    """Tell a column of years."""
    return share_of(values, _YEAR.fullmatch) >= _YEARS_SHARE


def is_identifier(value: str) -> bool:
    """Tell a number or code long enough to be of one person."""
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
