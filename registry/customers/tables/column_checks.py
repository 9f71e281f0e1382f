"""Whether the values of a column allow what its name says, and whose names it holds."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from registry.customers.tables.column_values import (
    is_business,
    is_like_a_person,
    is_name_of_person,
    role_of_line,
    share_of,
)
from registry.customers.values.address_lines import place_parts
from registry.customers.values.identifiers import chamber_number, citizen_service_number
from registry.customers.values.names import split_prefix
from registry.customers.values.text import fold

# Numbers that have checks of their own pass them this often where the column is what it says.
_VALID_SHARE_MIN = 0.5
_PLACES_SHARE_MIN = 0.8
# A column of first or last names alone has several words in fewer rows.
_BOTH_NAMES_SHARE = 0.7
# A column of people and companies holds this many names of business at least, and among the
# others this many that begin with a given name we know.
_MIXED_BUSINESS_SHARE, _MIXED_PEOPLE_SHARE = 0.05, 0.3
# Names of companies hold a legal form or a trade more often than this leaves room for.
_LIKE_PEOPLE_SHARE = 0.9
_GENDER_WAYS_MAX = 12
_INITIALS_LENGTH_MAX = 12
# Streets have many names; a column of fewer in so many rows says by which way something came.
_STREETS_MIN, _STREETS_ROWS_MIN = 8, 100

_YEAR = re.compile(r"(18|19|20)\d\d(\.0)?")
_CODE_AND_TOWN = re.compile(r"\S*\d{2,}\S*( [A-Z]{2}| \d[A-Z]{2}| \d\d)? +[^\W\d_]{3}.*")
_TOWN_AND_CODE = re.compile(r"[^\W\d_]{3}.*? +\S*\d{3,}\S*")
_BARE_NAMES = frozenset(["name", "naam", "nom", "nome", "nombre", "navn", "namn", "nimi", "nev"])
_KINDS = frozenset(["person", "organi", "natuur", "rechts", "bedrij", "compan", "busine"])

Values = Sequence[str]


def as_values_allow(role: str, values: Values) -> str | None:
    """Return the role that a column's name tells as far as its values allow it."""
    check = {"national_id": citizen_service_number, "chamber_number": chamber_number}.get(role)
    if check and share_of(values, check) < _VALID_SHARE_MIN:
        return "identifier"
    if role == "birth_date" and share_of(values, _YEAR.fullmatch) >= _VALID_SHARE_MIN:
        return "birth_year"
    if role == "street" and role_of_line(values):
        return "address"
    if role == "address" and not role_of_line(values) and not are_places(values):
        return "street"
    if role in ("postal_code", "city") and _code_and_town(values):
        return "address"
    return role if _may_be(role, values) else None


def _may_be(role: str, values: Values) -> bool:
    """Tell whether a column's values allow what its name says; most names cannot be checked."""
    test = _TESTS.get(role)
    if test is not None and share_of(values, test) < _VALID_SHARE_MIN:
        return False
    if role == "gender":
        return len({fold(value) for value in values}) <= _GENDER_WAYS_MAX
    if role == "email":
        return any("@" in value for value in values)
    if role == "kind":
        return all(fold(value)[:6] in _KINDS for value in values)
    if role in ("birth_date", "phone", "house_number"):
        return any(any(sign.isdigit() for sign in value) for value in values)
    if role == "initials":
        return sum(len(value) for value in values) <= _INITIALS_LENGTH_MAX * len(values)
    if role == "street":
        return len(set(values)) >= _STREETS_MIN or len(values) < _STREETS_ROWS_MIN
    return True


def _lettered(value: str) -> bool:
    return any(sign.isalpha() for sign in value) and "@" not in value


def _names_place(value: str) -> bool:
    return sum(sign.isalpha() for sign in value) * 2 > len(value)


_TESTS: Mapping[str, Callable[[str], object]] = {
    "birth_year": _YEAR.search,
    "city": _names_place,
    **dict.fromkeys(
        ("given_name", "family_name", "full_name", "party_name", "organisation_name", "street"),
        _lettered,
    ),
}


def _code_and_town(values: Values) -> bool:
    """Tell a column that holds postal code and town in one cell."""
    both = share_of(
        values, lambda value: _CODE_AND_TOWN.fullmatch(value) or _TOWN_AND_CODE.fullmatch(value)
    )
    return both >= _VALID_SHARE_MIN


def are_places(values: Values) -> bool:
    """Tell a column of postal codes and towns from one of streets behind their house numbers.

    Such numbers may have five digits too ("58340 Laurie Port"), but never nearly all of them.
    """
    return share_of(values, _is_place) >= _PLACES_SHARE_MIN


def _is_place(value: str) -> bool:
    _, _, code, city = place_parts(value)
    return code is not None and city is not None and not any(sign.isdigit() for sign in city)


def holds_both(role: str, values: Values, roles: Iterable[str]) -> bool:
    """Tell a column called by one name that holds both, where no column holds the other."""
    if {"given_name", "family_name", "full_name", "initials"} & {*roles} != {role}:
        return False
    several = share_of(values, lambda value: len(split_prefix(value)[1].split()) > 1)
    return several >= _BOTH_NAMES_SHARE


def whose_names(column: str, role: str, values: Values, roles: set[str]) -> str:
    """Return whose names a column holds: people's, organisations', or both mixed.

    Args:
        column: Its name.
        role: What that says: full_name or party_name.
        values: Filled values.
        roles: Roles of all columns.
    """
    business = [value for value in values if is_business(value)]
    others = [value for value in values if not is_business(value)]
    share = len(business) / max(len(values), 1)
    people = share_of(others, is_name_of_person)
    if share >= _MIXED_BUSINESS_SHARE and people >= _MIXED_PEOPLE_SHARE:
        return "party_name"
    if role == "full_name" and fold(column) not in _BARE_NAMES:
        return role
    if not values or roles & {"birth_date", "gender", "initials", "national_id"}:
        return "full_name"
    if share < _MIXED_BUSINESS_SHARE and share_of(others, is_like_a_person) >= _LIKE_PEOPLE_SHARE:
        return "full_name"
    return "full_name" if people >= 0.2 and share < 0.2 else "organisation_name"
