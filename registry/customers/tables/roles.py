"""What the columns of an unknown table mean, from their names and values; Dutch to French.

A name decides where it is known; else the values do, where they can (e-mail addresses, dates,
postal codes, given names). Every guess carries its reason, is shown, and can be overruled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from registry.customers.tables.column_checks import (
    are_places,
    as_values_allow,
    holds_both,
    whose_names,
)
from registry.customers.tables.column_choices import roles_of_words
from registry.customers.tables.column_names import (
    ROLES,
    is_bare_number,
    is_of_a_topic,
    is_silent,
    role_by_name,
)
from registry.customers.tables.column_values import (
    has_numbers,
    role_of_shape,
    share_of,
)
from schemas.errors import InvalidInput

# Values looked at per column: enough to tell a column of dates, and quick on any table.
SAMPLE_VALUES = 500
# A column of words has several in this share of its cells.
_SEVERAL_WORDS_SHARE = 0.5


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
    for before, column in zip(("", *columns), columns, strict=False):
        given = values.get(column, ())
        role = role_by_name(column) if column != key else None
        if role is None and before in found and is_bare_number(column):
            is_street = found[before].role == "street"
            role = "house_number" if is_street and not has_numbers(values[before]) else None
        if role is not None and given:
            role = as_values_allow(role, given)
        if role is not None:
            found[column] = Role(role, column, "its name")
        elif column != key and not _tells_nothing(column, given):
            unknown[column] = given
    _whole_names(found, values)
    taken = {item.role for item in found.values()}
    for column, given in unknown.items():
        role = role_of_shape(given)
        if role is not None and role not in taken:
            found[column] = Role(role, column, "its values")
    known = {column: item.role for column, item in found.items()}
    rest = {column: given for column, given in unknown.items() if column not in found}
    words = roles_of_words(rest, _taken(found, values), known=known, order=columns)
    for column, role in words.items():
        found[column] = Role(role, column, "its values")
    return _settled([found[column] for column in columns if column in found], values)


def read_choices(text: str) -> dict[str, list[str]]:
    """Read which column has which role, as YAML: `role: column`, a list of columns, or null.

    Raises:
        InvalidInput: It is no YAML mapping, or names a role that there is not.
    """
    try:
        # Read as it is written: a column may be called "no" or "01".
        lines = _lines(yaml.compose(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InvalidInput(
            f"The file of columns is not YAML{f', from line {mark.line + 1} on' if mark else ''}.",
            remedy="Write one `role: column` a line; names with signs in them stand in quotes.",
        ) from error
    if [role for role, _ in lines] == ["columns"] and isinstance(lines[0][1], yaml.MappingNode):
        lines = _lines(lines[0][1])
    strange = [role for role, _ in lines if role not in ROLES]
    if strange:
        raise InvalidInput(
            f"There is no role {', '.join(strange)}.", remedy=f"Roles are {', '.join(ROLES)}."
        )
    given = {role: _columns(role, named) for role, named in lines}
    if len(given) < len(lines):
        doubled = sorted({role for role, _ in lines if [r for r, _ in lines].count(role) > 1})
        raise InvalidInput(
            f"The file of columns says {', '.join(doubled)} more than once.",
            remedy="Several columns of one role stand in a list: `phone: [mobile, landline]`.",
        )
    return given


def _lines(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    """Return keys and values of a mapping as they are written."""
    if not isinstance(node, yaml.MappingNode):
        raise InvalidInput(
            "The file of columns must hold lines such as `given_name: voornaam`.",
            remedy=f"Roles are {', '.join(ROLES)}.",
        )
    return [(str(key.value), value) for key, value in node.value]


def _columns(role: str, node: yaml.Node) -> list[str]:
    """Return the columns of one role: one, several, or none where it says null."""
    if node.tag == "tag:yaml.org,2002:null":
        return []
    named = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not all(isinstance(column, yaml.ScalarNode) for column in named):
        raise InvalidInput(
            f"The file of columns says of {role} what is no column.",
            remedy="Give a column, a list of columns, or null.",
        )
    return [column.value for column in named]


def _tells_nothing(column: str, values: Sequence[str]) -> bool:
    """Tell a column that numbers rows or is about something else than who somebody is."""
    return is_of_a_topic(column) or (is_silent(column) and not _in_words(values))


def _taken(found: Mapping[str, Role], values: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the roles found, and what stands within those columns.

    A house number stands behind its street; an address of postal code and town holds no street.
    """
    taken: set[str] = set()
    for column, item in found.items():
        given = values.get(column, ())
        is_place = item.role == "address" and are_places(given)
        taken |= {"postal_code", "city"} if is_place else {item.role}
        if item.role in ("street", "address") and has_numbers(given):
            taken.add("house_number")
    return taken


def _in_words(values: Sequence[str]) -> bool:
    """Tell values of several words, which number or label nothing."""
    return share_of(values, lambda value: len(value.split()) > 1) >= _SEVERAL_WORDS_SHARE


def _whole_names(found: dict[str, Role], values: Mapping[str, Sequence[str]]) -> None:
    """Take for whole names what is called by one name and holds both."""
    for column, item in found.items():
        roles = {other.role for other in found.values()}
        if item.role in ("given_name", "family_name") and holds_both(
            item.role, values.get(column, ()), roles
        ):
            found[column] = Role("full_name", column, item.reason)


def _settled(found: list[Role], values: Mapping[str, Sequence[str]]) -> list[Role]:
    """Decide what a bare `name` and a bare `address` mean beside the other columns."""
    roles = {item.role for item in found}
    settled = []
    for item in found:
        role, reason = item.role, item.reason
        if role in ("full_name", "party_name"):
            if roles & {"given_name", "family_name"}:
                if not roles & {"given_name"} or not roles & {"family_name"}:
                    role = "family_name" if "given_name" in roles else "given_name"
                else:
                    continue
            elif "organisation_name" in roles and "birth_date" not in roles:
                continue
            else:
                role = whose_names(item.column, role, values.get(item.column, ()), roles)
                reason = reason if role == item.role else "its values"
        if role == "organisation_name" and reason == "its values":
            mixed = whose_names(item.column, "party_name", values.get(item.column, ()), roles)
            role = "party_name" if mixed == "party_name" else role
        if role == "address" and roles & {"street"} and roles & {"house_number", "postal_code"}:
            continue
        settled.append(Role(role, item.column, reason))
    return settled
