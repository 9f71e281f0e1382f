"""What the columns of an unknown table mean, from their names and values; Dutch to French.

A name decides where it is known; else the values do, where they can (e-mail addresses, dates,
postal codes, given names). Every guess carries its reason, is shown, and can be overruled.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from registry.customers.column_names import ROLES, is_silent, role_by_name
from registry.customers.column_values import (
    is_business,
    is_name_of_person,
    role_of_line,
    role_of_shape,
    roles_of_words,
    share_of,
)
from registry.customers.identifiers import chamber_number, citizen_service_number
from registry.customers.names import split_prefix
from registry.customers.text import fold
from schemas.errors import InvalidInput

# Values looked at per column: enough to tell a column of dates, and quick on any table.
SAMPLE_VALUES = 500
# Numbers that have checks of their own pass them this often where the column is what it says.
_VALID_SHARE_MIN = 0.5
# A column of first or last names alone has several words in fewer rows.
_BOTH_NAMES_SHARE = 0.8


@dataclass(frozen=True)
class Role:
    """What a column was taken for.

    Attributes:
        role: One of ROLES.
        column: The column's name in the file.
        reason: Why, for people.
    """

    role: str
    column: str
    reason: str


_YEAR = re.compile(r"(18|19|20)\d\d(\.0)?")


def infer_roles(
    columns: Sequence[str], values: Mapping[str, Sequence[str]], *, key: str | None
) -> list[Role]:
    """Tell what each column of a table means.

    Args:
        columns: Column names.
        values: Some filled values of each column.
        key: The column that names the rows; it gets no role.

    Returns:
        The columns that have a role, in the table's order; several may share one.
    """
    found: dict[str, Role] = {}
    unknown: dict[str, Sequence[str]] = {}
    for column in columns:
        given = values.get(column, ())
        role = role_by_name(column) if column != key else None
        if role is not None and given:
            role = _as_values_allow(role, given)
        if role is not None:
            found[column] = Role(role, column, "its name")
        elif column != key and not (is_silent(column) and not _in_words(given)):
            unknown[column] = given
    taken = {item.role for item in found.values()}
    for column, given in unknown.items():
        role = role_of_shape(given)
        if role is not None and role not in taken:
            found[column] = Role(role, column, "its values")
    taken = {item.role for item in found.values()}
    rest = {column: given for column, given in unknown.items() if column not in found}
    for column, role in roles_of_words(rest, taken).items():
        found[column] = Role(role, column, "its values")
    return _settled([found[column] for column in columns if column in found], values)


def read_choices(text: str) -> dict[str, list[str]]:
    """Read which column has which role, as YAML: `role: column`, a list of columns, or null.

    Raises:
        InvalidInput: It is no YAML mapping, or names a role that there is not.
    """
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInput("The file of columns is not YAML.") from error
    given = given.get("columns", given) if isinstance(given, dict) else given
    if not isinstance(given, dict):
        raise InvalidInput("The file of columns must hold lines such as `given_name: voornaam`.")
    strange = [str(role) for role in given if role not in ROLES]
    if strange:
        raise InvalidInput(
            f"There is no role {', '.join(strange)}.", remedy=f"Roles are {', '.join(ROLES)}."
        )
    return {
        role: [str(column) for column in (named if isinstance(named, list) else [named])]
        if named is not None
        else []
        for role, named in given.items()
    }


def _in_words(values: Sequence[str]) -> bool:
    """Tell values of several words, which number or label nothing."""
    return share_of(values, lambda value: len(value.split()) > 1) >= _VALID_SHARE_MIN


def _as_values_allow(role: str, values: Sequence[str]) -> str | None:
    """Return the role that a column's name tells as far as its values allow it."""
    check = {"national_id": citizen_service_number, "chamber_number": chamber_number}.get(role)
    if check and share_of(values, check) < _VALID_SHARE_MIN:
        return "identifier"
    if role == "birth_date" and share_of(values, _YEAR.fullmatch) >= _VALID_SHARE_MIN:
        return "birth_year"
    if role == "street" and role_of_line(values):
        return "address"
    if role == "address" and not role_of_line(values):
        return "street"
    return role if _may_be(role, values) else None


def _may_be(role: str, values: Sequence[str]) -> bool:
    """Tell whether a column's values allow what its name says; most names cannot be checked."""
    if role == "gender":
        return len({fold(value) for value in values}) <= 12
    if role == "email":
        return any("@" in value for value in values)
    if role == "kind":
        return _kinds(values)
    if role in ("birth_date", "phone", "house_number"):
        return any(any(sign.isdigit() for sign in value) for value in values)
    if role == "initials":
        return sum(len(value) for value in values) <= 12 * len(values)
    return True


def _kinds(values: Iterable[str]) -> bool:
    return all(
        fold(value)[:6] in {"person", "organi", "natuur", "rechts", "bedrij", "compan", "busine"}
        for value in values
    )


def _settled(found: list[Role], values: Mapping[str, Sequence[str]]) -> list[Role]:
    """Decide what a bare `name` and a bare `address` mean beside the other columns."""
    roles = {item.role for item in found}
    settled = []
    for item in found:
        role, reason = item.role, item.reason
        if role in ("given_name", "family_name") and _holds_both(
            role, values.get(item.column, ()), roles
        ):
            role = "full_name"
        elif role == "full_name":
            if roles & {"given_name", "family_name"}:
                if not roles & {"given_name"} or not roles & {"family_name"}:
                    role = "family_name" if "given_name" in roles else "given_name"
                else:
                    continue
            elif "organisation_name" in roles and "birth_date" not in roles:
                continue
            elif fold(item.column) in ("name", "naam") and not _names_people(
                values.get(item.column, ()), roles
            ):
                role, reason = "organisation_name", "its values"
        if role == "address" and roles & {"street"} and roles & {"house_number", "postal_code"}:
            continue
        settled.append(Role(role, item.column, reason))
    return settled


def _holds_both(role: str, values: Sequence[str], roles: set[str]) -> bool:
    """Tell a column called by one name that holds both, where no column holds the other."""
    if roles & {"given_name", "family_name", "full_name", "initials"} != {role}:
        return False
    several = share_of(values, lambda value: len(split_prefix(value)[1].split()) > 1)
    return several >= _BOTH_NAMES_SHARE


def _names_people(values: Sequence[str], roles: set[str]) -> bool:
    if roles & {"birth_date", "gender", "initials", "national_id"}:
        return True
    if not values:
        return True
    return share_of(values, is_name_of_person) >= 0.2 and not share_of(values, is_business) >= 0.2
