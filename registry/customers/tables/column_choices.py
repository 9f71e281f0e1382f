"""Which of the columns without a telling name holds what: for each role the column that fits best.

First by the values of each column alone, what is more particular before what is less; then by the
columns beside it, which tell towns, streets and names that nobody here has heard of.
"""

from collections.abc import Callable, Mapping, Sequence

from registry.customers.tables.column_names import is_further_line
from registry.customers.tables.column_values import (
    DISTINCT_MIN,
    VALUES_MIN,
    Values,
    are_years,
    hold_several_words,
    is_address,
    is_business,
    is_digits_of_place,
    is_family_name,
    is_full_name,
    is_given_name,
    is_house_number,
    is_identifier,
    is_like_a_person,
    is_street,
    is_street_and_number,
    is_town,
    is_words,
    is_words_and_number,
    share_of,
    variety,
)
from registry.customers.values.prose import is_prose
from registry.customers.values.text import fold

# Names of companies hold a legal form or a trade more often than this leaves room for.
_LIKE_PEOPLE_SHARE = 0.93
# A column of words is a town's where this share looks like one, or where it follows a street's.
_TOWN_SHARE_MIN = 0.1
# Names we know, given less family: two columns that differ by this share of rows are told by it.
_KNOWN_NAMES_MIN = 0.1
# Columns that only their neighbours explain hold hardly anything but words, and many of them.
_WORDS_SHARE_MIN, _WORDS_VARIETY_MIN = 0.8, 0.15
# Words and one number in nearly every row, hardly two alike, are streets that no list knows.
_STREETS_SHARE_MIN, _STREETS_VARIETY_MIN = 0.8, 0.3
# A number that few rows differ in is of a ward or a tariff, not of a person.
_VARIETY_MIN = {"identifier": 0.25}
# What is told from other numbers only by what stands beside it.
_BESIDE = {
    "house_number": frozenset({"street", "postal_code"}),
    "postal_code": frozenset({"street", "city", "house_number"}),
}
_PLACES = frozenset({"postal_code", "street", "address"})
_WHOLE_NAMES = frozenset({"family_name", "full_name", "organisation_name"})
_NAMES_OF_OTHERS = frozenset({"organisation_name"})
# Role, test of one value, lowest share of values that pass, roles beside which it is not looked
# for. The order decides: what is more particular comes first.
_WORDS: tuple[tuple[str, Callable[[str], object], float, frozenset[str]], ...] = (
    ("address", is_address, 0.6, frozenset({"street", "postal_code"})),
    ("street", is_street_and_number, 0.25, frozenset({"address"})),
    ("street", is_street, 0.3, frozenset({"address"})),
    ("organisation_name", is_business, 0.2, frozenset()),
    ("full_name", is_full_name, 0.5, _NAMES_OF_OTHERS | {"given_name", "family_name"}),
    ("given_name", is_given_name, 0.35, _NAMES_OF_OTHERS | {"full_name"}),
    ("family_name", is_family_name, 0.12, _NAMES_OF_OTHERS | {"full_name"}),
    ("city", is_town, 0.3, frozenset({"address"})),
    ("postal_code", is_digits_of_place, 0.85, frozenset({"address"})),
    ("house_number", is_house_number, 0.85, frozenset({"address"})),
    ("identifier", is_identifier, 0.85, frozenset()),
)


def roles_of_words(
    columns: Mapping[str, Values],
    taken: set[str],
    *,
    known: Mapping[str, str],
    order: Sequence[str],
) -> dict[str, str]:
    """Return the roles of columns of words and bare numbers.

    Args:
        columns: Filled values by column, of those that have no role yet, in the table's order.
        taken: Roles that other columns have already, and what stands within those.
        known: Role by column of the others.
        order: All columns, in the table's order.

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
        so_far = taken | set(found.values())
        if role in so_far or without & so_far or (role in _BESIDE and not _BESIDE[role] & so_far):
            continue
        if role == "organisation_name" and not company_first:
            continue
        name, passed = _best(open_columns, found, role, test)
        if passed >= share and not (role == "postal_code" and are_years(columns[name])):
            both = role == "given_name" and hold_several_words(columns[name])
            found[name] = "full_name" if both and "family_name" not in so_far else role
    _by_place(open_columns, taken, found, order=order, known=known)
    return found


def _best(
    columns: Mapping[str, Values],
    found: Mapping[str, str],
    role: str,
    test: Callable[[str], object],
) -> tuple[str, float]:
    """Return the column of most values that pass a test, the first of equals, and their share."""
    rated = [
        (share_of(values, test), -place, name)
        for place, (name, values) in enumerate(columns.items())
        if name not in found
        and len(set(values)) >= DISTINCT_MIN
        and variety(values) >= _VARIETY_MIN.get(role, 0.0)
    ]
    share, _, name = max(rated, default=(0.0, 0, ""))
    return name, share


def _by_place(
    columns: Mapping[str, Values],
    taken: set[str],
    found: dict[str, str],
    *,
    order: Sequence[str],
    known: Mapping[str, str],
) -> None:
    """Give roles to columns of words that only their neighbours explain."""
    roles = taken | set(found.values())
    if "street" not in roles and "address" not in roles:
        _streets_by_shape(columns, found)
    left = {
        name: values
        for name, values in columns.items()
        if name not in found
        and share_of(values, is_words) >= _WORDS_SHARE_MIN
        and variety(values) >= _WORDS_VARIETY_MIN
    }
    if not roles & {"street", "address"} and "house_number" in found.values():
        _street_by_place(list(columns), left, found)
    if "city" not in roles:
        _town_by_place(left, found, order=order, known=known)
    if left and "full_name" not in roles and "family_name" not in roles and "given_name" in roles:
        name = max(left, key=lambda item: variety(left[item]))
        found[name] = "family_name"
        left.pop(name)
    elif left and not roles & {"full_name", "given_name", "family_name", "organisation_name"}:
        _names_by_place(left, roles, found)
    roles |= set(found.values())
    if "city" not in roles and roles & _PLACES:
        towns = {name: (_is_line(name), share_of(left[name], is_town)) for name in left}
        name = max(towns, key=lambda item: towns[item], default="")
        if name and max(towns[name]) >= _TOWN_SHARE_MIN:
            found[name] = "city"


def _streets_by_shape(columns: Mapping[str, Values], found: dict[str, str]) -> None:
    """Take for streets the column of words with a number that differs most from row to row."""
    streets = {
        name: variety(values)
        for name, values in columns.items()
        if name not in found and share_of(values, is_words_and_number) >= _STREETS_SHARE_MIN
    }
    name = max(streets, key=lambda item: streets[item], default="")
    if name and streets[name] >= _STREETS_VARIETY_MIN:
        found[name] = "street"


def _town_by_place(
    left: dict[str, Values],
    found: dict[str, str],
    *,
    order: Sequence[str],
    known: Mapping[str, str],
) -> None:
    """Take words right behind a column of postal codes for towns, or before it where they look so.

    Only where a column is left for names too: towns nobody knows look just like those.
    """
    roles = {**known, **found}
    single = [name for name in left if not hold_several_words(left[name])]
    if _WHOLE_NAMES & set(roles.values()) or len(single) < 2:
        return
    codes = [place for place, name in enumerate(order) if roles.get(name) == "postal_code"]
    for place, step in ((place, step) for step in (1, -1) for place in codes):
        name = order[place + step] if 0 <= place + step < len(order) else ""
        looks_so = name in single and share_of(left[name], is_town) >= _TOWN_SHARE_MIN
        if name in single and (step == 1 or looks_so):
            found[name] = "city"
            left.pop(name)
            return


def _is_line(column: str) -> bool:
    return is_further_line(fold(column.replace("_", " ")).split())


def _street_by_place(order: list[str], left: dict[str, Values], found: dict[str, str]) -> None:
    """Take words right after, or right before, a column of house numbers for streets."""
    place = next(order.index(name) for name, role in found.items() if role == "house_number")
    for beside in (place + 1, place - 1):
        name = order[beside] if 0 <= beside < len(order) else ""
        if name in left and hold_several_words(left[name]):
            found[name] = "street"
            left.pop(name)
            return


def _names_by_place(left: dict[str, Values], roles: set[str], found: dict[str, str]) -> None:
    """Tell names of people nobody here has heard of from names of companies."""
    several = {name: hold_several_words(values) for name, values in left.items()}
    whole = max(left, key=lambda item: (several[item], variety(left[item])))
    single = [name for name in left if not several[name]]
    people = roles & {"birth_date", "birth_year", "gender"}
    if several[whole]:
        like_people = share_of(left[whole], is_like_a_person) >= _LIKE_PEOPLE_SHARE
        are_people = people or "initials" in roles or like_people
        found[whole] = "full_name" if are_people else "organisation_name"
        left.pop(whole)
    elif len(single) >= 2:
        given, family = _given_and_family(single[0], single[1], left)
        found[given], found[family] = "given_name", "family_name"
        left.pop(given), left.pop(family)
    else:
        found[whole] = "full_name" if people else "organisation_name"
        left.pop(whole)


def _given_and_family(one: str, other: str, left: Mapping[str, Values]) -> tuple[str, str]:
    """Tell a column of given names from one of family names by the few that we know.

    Where those do not tell: people share given names more often than family names.
    """
    known = {
        name: share_of(left[name], is_given_name) - share_of(left[name], is_family_name)
        for name in (one, other)
    }
    if abs(known[one] - known[other]) >= _KNOWN_NAMES_MIN:
        return (one, other) if known[one] > known[other] else (other, one)
    return (one, other) if variety(left[one]) <= variety(left[other]) else (other, one)
