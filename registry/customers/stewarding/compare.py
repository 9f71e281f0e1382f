"""Two records side by side, as a steward looks at them: values, how they agree, bits, verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg

from registry.customers.asking.purposes import ATTRIBUTES, MASK, Sight
from registry.customers.asking.reads import note_read
from registry.customers.asking.sheet import data_set_names
from registry.customers.live.index import clean_rows
from registry.customers.live.reused_keys import last_fallen
from registry.customers.stewarding.explain import Explanation, Step, explain
from registry.customers.values.text import mixed_scripts
from schemas.customers import Verdict
from schemas.errors import UnknownName

# Comparisons go by short names; people read what is compared.
FIELD_NAMES: Final[Mapping[str, str]] = {
    "before": "Before any field",
    "given": "Given name",
    "family": "Family name",
    "birth": "Birth date",
    "postal": "Postal code",
    "door": "Address",
    "number": "House number",
    "email": "E-mail",
    "phone": "Phone",
    "gender": "Gender",
    "city": "City",
    "street": "Street",
    "national_id": "Citizen service number",
    "chamber_number": "Chamber of commerce number",
    "name": "Name",
    "identifier": "Other number",
}


@dataclass(frozen=True)
class Line:
    """One attribute of both records.

    Attributes:
        attribute: Name of the attribute.
        left: Value of the first record; empty where it has none.
        right: Value of the second.
        same: Whether both are written alike, upper and lower case aside.
    """

    attribute: str
    left: str | None
    right: str | None
    same: bool


@dataclass(frozen=True)
class Side:
    """One of two records that are compared.

    Attributes:
        record_id: Its number.
        data_set: Name of its data set.
        key: The source's own key.
        customer_id: The customer it belongs to now.
    """

    record_id: int
    data_set: str
    key: str
    customer_id: UUID | None


@dataclass(frozen=True)
class Comparison:
    """Two records side by side.

    Attributes:
        left: The first record.
        right: The second.
        lines: Attribute by attribute, those that at least one has.
        steps: The evidence, field by field, in the order it adds up.
        weight_bits: Log2 odds of one customer.
        probability: The same as a share of 1.
        cut_bits: From here on records are linked.
        linked: Whether both are one customer now.
        because: What decides now, in a sentence.
        warnings: What speaks against the present answer whatever the weight.
        purpose: What it was shown for.
    """

    left: Side
    right: Side
    lines: list[Line]
    steps: list[Step]
    weight_bits: float
    probability: float
    cut_bits: float
    linked: bool
    because: str
    warnings: list[str]
    purpose: str


def field_name(field: str) -> str:
    """Return what people call a field that is compared."""
    return FIELD_NAMES.get(field, field.replace("_", " ").capitalize())


def compare_records(db: psycopg.Connection, sight: Sight, one: int, other: int) -> Comparison:
    """Lay two records side by side, with the evidence in bits.

    Args:
        db: Connection in a transaction.
        sight: Who asks, and what for.
        one: A landed record.
        other: Another one.

    Raises:
        NoLiveModel: No model is live.
        UnknownName: One of them is no record of a customer.
        InvalidInput: They are one record, or a person and an organisation.
    """
    found = explain(db, one, other)
    rows = clean_rows(db, [found.left, found.right])
    if len(rows) < 2:  # one was withdrawn just now
        raise UnknownName("One of the records is no longer there.")
    homes: dict[int, UUID] = dict(
        db.execute(
            "SELECT record_id, customer_id FROM customer_link WHERE record_id = ANY(%s)",
            ([found.left, found.right],),
        ).fetchall()
    )
    names = data_set_names(db)
    left, right = (
        _side(rows[record], homes.get(record), names, sight) for record in (found.left, found.right)
    )
    linked = left.customer_id is not None and left.customer_id == right.customer_id
    note_read(sight, "compare_records", sorted(set(homes.values())))
    return Comparison(
        left=left,
        right=right,
        lines=_lines(sight, rows[found.left], rows[found.right]),
        steps=list(found.steps),
        weight_bits=found.weight_bits,
        probability=found.probability,
        cut_bits=found.cut_bits,
        linked=linked,
        because=_because(db, found, linked=linked),
        warnings=[
            *_reused(db, found),
            *_warnings(found, rows[found.left], rows[found.right]),
        ],
        purpose=sight.purpose,
    )


def _side(
    row: Mapping[str, Any], customer: UUID | None, names: Mapping[str, str], sight: Sight
) -> Side:
    return Side(
        record_id=row["record_id"],
        data_set=names.get(str(row["data_set_id"]), str(row["source"])),
        key=sight.shown("sources", str(row["source_key"])),
        customer_id=customer,
    )


def _lines(sight: Sight, left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Line]:
    found = []
    for attribute in ATTRIBUTES:
        values = [None if row[attribute] is None else str(row[attribute]) for row in (left, right)]
        if values == [None, None]:
            continue
        same = None not in values and len({str(value).lower() for value in values}) == 1
        if not sight.may(attribute):
            values = [None if value is None else MASK for value in values]
        found.append(Line(attribute, values[0], values[1], same))
    return found


def _is_searched(db: psycopg.Connection, found: Explanation) -> bool:
    """Tell whether runs look at this pair: they share a key that pairs are searched by."""
    row = db.execute(
        "SELECT FROM match_edge WHERE left_id = %s AND right_id = %s", (found.left, found.right)
    ).fetchone()
    return row is not None


def _because(db: psycopg.Connection, found: Explanation, *, linked: bool) -> str:
    """Say what decides now."""
    if found.decided is not None:
        return f"A steward decided: {'one customer' if found.decided else 'two customers'}."
    if found.own_keys:
        return "Two keys of one source that has nobody twice: the model never links them."
    if found.apart:
        return "Two official numbers that differ: the model never links them."
    if found.by_identity:
        return "One official number agrees and nothing contradicts it: linked whatever the weight."
    above = found.weight_bits >= found.cut_bits
    if above and linked:
        return "The evidence is at or above the cut, so the model linked them."
    if above and not _is_searched(db, found):
        return (
            "The evidence is above the cut, but they share nothing that pairs are searched by, so"
            " no run looks at them. A steward may link them."
        )
    if above:
        return "The evidence is above the cut, but others of the group speak against it."
    if linked:
        return "The evidence is below the cut; they are one customer by way of other records."
    return "The evidence is below the cut, so the model keeps them apart."


def _reused(db: psycopg.Connection, found: Explanation) -> list[str]:
    """Say where a decision on these two keys fell because one of them names somebody else now."""
    fallen = last_fallen(db, found.left, found.right)
    if fallen is None or found.decided is not None:
        return []
    verdict = {Verdict.LINK: "linked", Verdict.UNLINK: "parted"}.get(Verdict(fallen), "postponed")
    return [f"A steward {verdict} these keys; then a source gave one of them to somebody else."]


def _warnings(found: Explanation, left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """Say what contradicts the present answer; a decision stands, and the reader must know."""
    told = []
    for attribute, name in (
        ("national_id", "citizen service numbers"),
        ("chamber_number", "chamber of commerce numbers"),
    ):
        one, other = left[attribute], right[attribute]
        if one and other and one != other and found.decided is True:
            told.append(f"A steward linked them although their {name} differ.")
        if one and one == other and found.decided is False:
            told.append(f"A steward parted them although their {name} are equal.")
    told += [
        f"A {attribute.replace('_', ' ')} mixes {scripts} letters in one word; they look alike."
        for attribute in ("given_name", "family_name", "organisation_name")
        for row in (left, right)
        if (scripts := mixed_scripts(row[attribute]))
    ]
    told += [
        f"Not used of the {which} record: {row['unused']}."
        for which, row in (("first", left), ("second", right))
        if row["unused"]
    ]
    if left["data_set_id"] == right["data_set_id"]:
        told.append("Both come from one data set, which seldom has a customer twice.")
    births = {left["birth_date"], right["birth_date"]} - {None}
    if len(births) > 1 and found.decided is True:
        told.append("A steward linked them although their birth dates differ.")
    return told
