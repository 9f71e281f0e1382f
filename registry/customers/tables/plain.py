"""From an unknown table and the roles of its columns to the plain columns that are compared.

What SQL can do it does for the whole column; what needs Python (names in one cell, addresses in
one line, dates in any order) is done once per distinct value.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import duckdb

from registry.customers.matching.engine import map_values, run
from registry.customers.tables.column_checks import are_places
from registry.customers.tables.column_values import GIVEN
from registry.customers.tables.labels import quoted
from registry.customers.tables.name_cells import (
    Parts,
    name_parts,
    parts_of_party,
    reversed_name_parts,
    without_titles,
)
from registry.customers.tables.roles import Role
from registry.customers.values.address import house_number, postal_code, street_and_number
from registry.customers.values.address_lines import address_parts, place_parts
from registry.customers.values.dates import date_digits, serial_day, tells_order
from registry.customers.values.genders import gender_of
from registry.customers.values.identifiers import chamber_number, citizen_service_number
from registry.customers.values.names import family_parts
from registry.customers.values.text import fold, is_filler, named, tidy

_NUMBER_DIGITS_MIN = 6
# An extension behind a number is of a desk; the number is compared without it.
_EXTENSION = r"\s*(x|ext\.?|extension|#|toestel|tst\.?)\s*[0-9]{1,6}\s*$"
# An American postal code with its delivery route; few sources know the latter.
_ROUTE = re.compile(r"(\d{5})-?\d{4}")
# Names in one cell begin with the family name where last words are given names this much oftener.
_FAMILY_FIRST_TIMES = 2.0
_VALUES_LOOKED_AT = 2000
# Columns of which people should hear when more than this share of their values cannot be read.
_UNREAD_SHARE_MAX = 0.2
_READABLE = {"birth_date": "date", "email": "e-mail address", "phone": "telephone number"}
# A spreadsheet's days since May 1927 have five digits; most of a column of days have.
_SERIAL_LONG = re.compile(r"[1-5]\d{4}(\.0)?")
_SERIAL_SHARE_MIN = 0.5


def make_plain(
    con: duckdb.DuckDBPyConnection, table: str, roles: Sequence[Role], *, into: str
) -> list[str]:
    """Make `into(row_number, <plain columns>)` from one table.

    Args:
        con: The session.
        table: Table with `row_number` and text columns.
        roles: What its columns mean; of several for one role the first filled one counts.
        into: Table to make.

    Returns:
        Which columns hold values that mostly cannot be read, for people; counts only.
    """
    by_role: dict[str, list[str]] = {}
    for item in roles:
        by_role.setdefault(item.role, []).append(item.column)
    selected = ", ".join(f"{_first_filled(names)} AS {role}" for role, names in by_role.items())
    run(
        con,
        "CREATE OR REPLACE TEMP VIEW by_role AS SELECT row_number, $selected FROM $table",
        selected=(selected or "NULL::VARCHAR AS nothing"),
        table=table,
    )
    present = set(by_role)
    joins: list[str] = []
    columns = _name_columns(con, present, joins) | _address_columns(con, present, joins)
    columns |= _number_columns(con, present, joins)
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    run(
        con,
        "CREATE OR REPLACE TABLE $into AS SELECT v.row_number, $chosen FROM by_role v $joins",
        into=into,
        chosen=chosen or "NULL::VARCHAR AS given_name",
        joins=" ".join(joins),
    )
    return [
        f"{', '.join(by_role[role])}: {lost} of {filled} values are no {word} and are not used"
        for role, word in _READABLE.items()
        if role in present
        for filled, lost in [_unread(con, role, into)]
        if lost > filled * _UNREAD_SHARE_MAX
    ]


def _unread(con: duckdb.DuckDBPyConnection, role: str, made: str) -> tuple[int, int]:
    """Count the filled values of a role, and those of them that nothing was made of."""
    filled, lost = run(
        con,
        "SELECT count(*), count(*) FILTER (p.$role IS NULL) FROM by_role v"
        " JOIN $made p USING (row_number) WHERE v.$role <> ''",
        role=role,
        made=made,
    )[0]
    return int(filled), int(lost)


def _first_filled(columns: Iterable[str]) -> str:
    return "coalesce(" + ", ".join(f"nullif(trim({quoted(name)}), '')" for name in columns) + ")"


def _mapped(
    con: duckdb.DuckDBPyConnection,
    role: str,
    made: tuple[str, ...],
    make: Callable[[str], Parts],
    joins: list[str],
) -> dict[str, str]:
    """Make plain columns from one role by a Python function of its distinct values."""
    values = [
        row[0]
        for row in run(con, "SELECT DISTINCT $role FROM by_role WHERE $role <> ''", role=role)
    ]
    map_values(con, values, make, made, into=f"made_{role}")
    joins.append(f"LEFT JOIN made_{role} ON made_{role}.value = v.{role}")
    return {name: f"made_{role}.{name}" for name in made}


def _alone(make: Callable[[str], str | None]) -> Callable[[str], Parts]:
    """Return a function that makes one plain column, as `_mapped` wants it."""
    return lambda text: (make(text),)


def _name_columns(
    con: duckdb.DuckDBPyConnection, present: set[str], joins: list[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    whole = next((role for role in ("full_name", "party_name") if role in present), None)
    if whole and not present & {"given_name", "family_name"}:
        parts = reversed_name_parts if _family_first(con, whole) else name_parts
        made = ("given_name", "family_name", "organisation_name")
        split = parts_of_party(parts) if whole == "party_name" else parts
        found |= _mapped(con, whole, made[: 3 if whole == "party_name" else 2], split, joins)
    if "given_name" in present:
        found |= _mapped(con, "given_name", ("given_name",), _alone(named), joins)
    if "family_name" in present:
        found |= _mapped(
            con, "family_name", ("family_name",), lambda text: (family_parts(None, text)[1],), joins
        )
    if "initials" in present:
        found["initials"] = "v.initials"
    elif "middle_name" in present and "given_name" in present:
        found["initials"] = (
            "CASE WHEN v.middle_name <> '' THEN v.given_name[1] || v.middle_name[1] END"
        )
    if "organisation_name" in present:
        found |= _mapped(con, "organisation_name", ("organisation_name",), _alone(named), joins)
    if "organisation_name" in found:
        found["kind"] = _kind(present, found)
    if "source" in present:
        found["source"] = "v.source"
    return found


def _kind(present: set[str], found: dict[str, str]) -> str:
    """Return SQL that tells people from organisations, row by row where a table holds both."""
    family = found.get("family_name")
    if "kind" in present:
        return (
            "CASE WHEN regexp_matches(lower(v.kind), '^(org|rec|bed|com|bus)') THEN 'organisation'"
            " ELSE 'person' END"
        )
    if family is None:
        return "'organisation'"
    return (
        f"CASE WHEN {found['organisation_name']} IS NOT NULL AND {family} IS NULL"
        " THEN 'organisation' ELSE 'person' END"
    )


def _address_columns(
    con: duckdb.DuckDBPyConnection, present: set[str], joins: list[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    if "address" in present:
        made = ("street", "house_number", "postal_code", "city")
        places = "postal_code" not in present and _holds_places(con)
        read = place_parts if places else address_parts
        found |= _mapped(con, "address", made, read, joins)
    if "street" in present:
        found |= _mapped(
            con,
            "street",
            ("street", "house_number"),
            lambda text: street_and_number(text, None),
            joins,
        )
    for role, clean in (
        ("house_number", house_number),
        ("postal_code", _postal_code),
        ("city", named),
    ):
        if role in present:
            own = _mapped(con, role, (role,), _alone(clean), joins)[role]
            found[role] = f"coalesce({own}, {found[role]})" if role in found else own
    return found


def _holds_places(con: duckdb.DuckDBPyConnection) -> bool:
    """Tell addresses that are a postal code and a town from those with a street."""
    rows = run(
        con,
        "SELECT address FROM by_role WHERE address <> '' ORDER BY hash(row_number) LIMIT $most",
        most=str(_VALUES_LOOKED_AT),
    )
    return are_places([text for (text,) in rows])


def _number_columns(
    con: duckdb.DuckDBPyConnection, present: set[str], joins: list[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    if "birth_date" in present:
        month_first = _month_first(con)
        read = _serial_digits if _are_serial_days(con) else None
        found |= _mapped(
            con,
            "birth_date",
            ("birth_date",),
            read or (lambda text: (_past(date_digits(text, month_first=month_first)),)),
            joins,
        )
    elif "birth_year" in present:
        found["birth_date"] = _birth_of_parts(present)
    for role, check in (
        ("national_id", citizen_service_number),
        ("chamber_number", chamber_number),
        ("identifier", _identifier),
        ("gender", _gender),
    ):
        if role in present:
            found |= _mapped(con, role, (role,), _alone(check), joins)
    if "email" in present:
        found["email"] = (
            "CASE WHEN regexp_full_match(v.email, '[^@\\s]+@[^@\\s]+') THEN lower(v.email) END"
        )
    if "phone" in present:
        whole = f"regexp_replace(lower(v.phone), '{_EXTENSION}', '')"
        digits = f"regexp_replace({whole}, '[^0-9]', '', 'g')"
        found["phone"] = (
            f"CASE WHEN length({digits}) >= {_NUMBER_DIGITS_MIN}"
            f" AND len(list_distinct(string_split({digits}, ''))) > 2 THEN {digits} END"
        )
    return found


def _past(digits: str | None) -> str | None:
    """Drop a birth that lies in the future, or a year that does; it says nothing of anybody."""
    return None if digits and digits > f"{datetime.now(UTC):%Y%m%d}"[: len(digits)] else digits


def _birth_of_parts(present: set[str]) -> str:
    """Return SQL for a date out of columns for year, month and day, or for the year alone."""
    year = "regexp_extract(v.birth_year, '[12][0-9]{3}')"
    parts = [
        f"lpad(regexp_extract(v.{part}, '[0-9]{{1,2}}'), 2, '0')"
        for part in ("birth_month", "birth_day")
        if part in present
    ]
    whole = " || ".join([year, *parts]) if len(parts) == 2 else year
    return f"nullif(CASE WHEN length({whole}) = 8 THEN {whole} ELSE {year} END, '')"


def _postal_code(text: str) -> str | None:
    return postal_code(_ROUTE.sub(r"\1", text.strip().removesuffix(".0")))


def _identifier(text: str) -> str | None:
    value = tidy(text)
    if value is None or is_filler(value) or len(set(value) - set(" -./0")) < 2:
        return None
    return value


def _gender(text: str) -> str | None:
    return gender_of(fold(text))


def _family_first(con: duckdb.DuckDBPyConnection, role: str) -> bool:
    """Tell whether names in one cell begin with the family name, by given names and initials."""
    rows = run(
        con,
        "SELECT $role FROM by_role WHERE $role <> '' AND NOT contains($role, ',')"
        " ORDER BY hash(row_number) LIMIT $most",
        role=role,
        most=str(_VALUES_LOOKED_AT),
    )
    first = last = 0
    for (text,) in rows:
        words = without_titles(fold(text).split())
        given = [len(word) == 1 or word in GIVEN for word in (words[0], words[-1])]
        if len(words) > 1 and given[0] != given[1]:
            first += given[0]
            last += given[1]
    return last > _FAMILY_FIRST_TIMES * first


def _month_first(con: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether dates are written as in America: some second part exceeds twelve, no first."""
    seen = Counter(
        tells_order(text)
        for (text,) in run(con, "SELECT DISTINCT birth_date FROM by_role WHERE birth_date <> ''")
    )
    return seen["month"] > seen["day"]


def _are_serial_days(con: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether all dates are numbers of days, as a spreadsheet keeps them, most of them long.

    A column of years never passes: none of it has five digits.
    """
    values = [text for (text,) in run(con, "SELECT birth_date FROM by_role WHERE birth_date <> ''")]
    long = sum(_SERIAL_LONG.fullmatch(value) is not None for value in values)
    return long > len(values) * _SERIAL_SHARE_MIN and all(map(serial_day, values))


def _serial_digits(text: str) -> Parts:
    day = serial_day(text)
    return (f"{day:%Y%m%d}" if day else None,)
