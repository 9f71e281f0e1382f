"""One customer on one sheet: golden values, where each came from, and the records behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg

from registry.customers.asking.purposes import MASK, Sight
from registry.customers.asking.queries import CustomerRow, list_customers
from registry.customers.asking.readable import GROUP_OF
from registry.customers.asking.reads import note_read
from schemas.errors import InvalidInput, UnknownName

# Source records on one sheet; who has more is a fault that stewards look into.
SOURCES_MAX: Final = 500
VERSIONS_MAX: Final = 200
# A moment that is so little ahead was the present by the clock of whoever asked.
CLOCKS_DIFFER_MAX: Final = timedelta(minutes=1)
# What cross_reference.alias_of makes of ids that are not ours.
_ALIAS_VERSION: Final = 5


class UnknownCustomer(UnknownName):
    """No customer has this id, and none ever had."""

    code = "unknown_customer"
    remedy = "Find the customer with `townclerk customers find`."


@dataclass(frozen=True)
class ValueOf:
    """One golden value of a customer and where it came from.

    Attributes:
        attribute: Name of the attribute, e.g. family_name.
        value: The value, or *** where the purpose does not cover it.
        masked: Whether the purpose does not cover it.
        rule: Why it won, e.g. newest or trusted.
        record_id: Number of the record it came from.
        data_set: Name of the data set that record belongs to.
        source_changed_at: When the source last changed that record.
    """

    attribute: str
    value: str
    masked: bool
    rule: str
    record_id: int | None
    data_set: str | None
    source_changed_at: str | None


@dataclass(frozen=True)
class SourceOf:
    """One source record behind a customer.

    Attributes:
        record_id: Its number.
        data_set: Name of its data set.
        key: The source's own key; *** where the purpose does not cover sources.
        rule: Why it belongs here: alone, identifier, model or steward.
        weight_bits: Strongest evidence to another record of the customer.
        landed_at: When it first came in.
        unused: Which of its values are not used, and why; empty where all are.
    """

    record_id: int
    data_set: str
    key: str
    rule: str
    weight_bits: float | None
    landed_at: datetime
    unused: str | None


@dataclass(frozen=True)
class Sheet:
    """One customer as the municipality knows it, or knew it at a moment.

    Attributes:
        id: The customer's id.
        asked_id: The id that was asked for; a retired id leads to who took over.
        kind: Person or organisation.
        name: Name for lists.
        revision: Counts changes.
        record_count: Source records behind it.
        valid_from: Since when it is so.
        valid_to: Until when it was so; empty for the present.
        purpose: What it was shown for.
        values: Golden values.
        sources: Source records, of the present only.
    """

    id: UUID
    asked_id: UUID
    kind: str
    name: str
    revision: int
    record_count: int
    valid_from: datetime
    valid_to: datetime | None
    purpose: str
    values: list[ValueOf]
    sources: list[SourceOf]


def current_id(db: psycopg.Connection, customer: UUID) -> UUID:
    """Return the id under which a customer is known today.

    Raises:
        UnknownCustomer: There never was one of this id, or it was erased.
    """
    row = db.execute(
        """SELECT id FROM customer WHERE id = %(id)s
           UNION ALL SELECT successor_id FROM customer_redirect WHERE id = %(id)s LIMIT 1""",
        {"id": customer},
    ).fetchone()
    if row is None:
        # An id of this version was made of whatever was typed: showing it would help nobody.
        named = (
            f"There is no customer {customer}."
            if customer.version != _ALIAS_VERSION
            else ("No customer has this id, here or in an earlier system.")
        )
        raise UnknownCustomer(named, path=["id"])
    if row[0] is None:
        raise UnknownCustomer(
            f"The customer {customer} was erased.", remedy="Nothing of it is left.", path=["id"]
        )
    found: UUID = row[0]
    return found


def customer_sheet(
    db: psycopg.Connection, sight: Sight, customer: UUID, *, as_of: datetime | None = None
) -> Sheet:
    """Return one customer, present or past, as far as the purpose shows it.

    Args:
        db: Connection in a transaction.
        sight: Who asks, and what for.
        customer: Its id; a retired one leads to who took over, for the present.
        as_of: A moment that has been; the present if left out.

    Raises:
        UnknownCustomer: There is none, or there was none at that moment.
        InvalidInput: That moment has not been yet.
    """
    if as_of is not None:
        as_of = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
        if as_of > datetime.now(tz=UTC) + CLOCKS_DIFFER_MAX:
            raise InvalidInput(
                "That moment has not been yet.", remedy="Leave it out for now.", path=["asOf"]
            )
    found = customer if as_of is not None else current_id(db, customer)
    row = db.execute(_SHEET, {"id": found, "at": as_of}).fetchone()
    if row is None:
        raise UnknownCustomer(
            f"There was no customer {customer} then.",
            remedy="`townclerk customers history` tells since when it is known.",
            path=["asOf"],
        )
    note_read(sight, "customer" if as_of is None else "customer_as_of", [found])
    sheet = _sheet(db, sight, found, customer, row)
    if sheet.valid_to is not None:
        return sheet
    return replace(sheet, sources=_sources(db, sight, found))


def list_sheets(
    db: psycopg.Connection, sight: Sight, *, search: str | None = None
) -> list[CustomerRow]:
    """Return the first customers by name, as far as the purpose shows them.

    Raises:
        InvalidInput: A name is looked for under a purpose that shows no names.
    """
    if search and not sight.may("name"):
        raise InvalidInput(f"The purpose {sight.purpose!r} shows no names.", path=["search"])
    rows = list_customers(db, search=search)
    note_read(sight, "customers", [row.id for row in rows])
    return [
        replace(
            row,
            display_name=sight.shown("name", row.display_name),
            attrs={name: sight.shown(name, value) for name, value in row.attrs.items()},
        )
        for row in rows
    ]


def customer_history(
    db: psycopg.Connection, sight: Sight, customer: UUID, *, limit: int = VERSIONS_MAX
) -> list[Sheet]:
    """Return what a customer was, the present first, then revision by revision back.

    Raises:
        UnknownCustomer: There is none.
    """
    found = current_id(db, customer)
    rows = db.execute(_HISTORY, {"id": found, "limit": min(max(limit, 1), VERSIONS_MAX)}).fetchall()
    note_read(sight, "customer_history", [found])
    return [_sheet(db, sight, found, customer, row) for row in rows]


def _sheet(
    db: psycopg.Connection, sight: Sight, found: UUID, asked: UUID, row: tuple[Any, ...]
) -> Sheet:
    """Return what a customer was in one revision, as far as the purpose shows it; no sources."""
    name, kind, attrs, provenance, count, revision, begun, ended = row
    return Sheet(
        id=found,
        asked_id=asked,
        kind=kind,
        name=sight.shown("name", name),
        revision=revision,
        record_count=count,
        valid_from=begun,
        valid_to=ended,
        purpose=sight.purpose,
        values=_values(db, sight, attrs, provenance),
        sources=[],
    )


_COLUMNS = "display_name, {kind} AS kind, attrs, provenance, record_count, revision"
_NOW = f"""SELECT {_COLUMNS.format(kind="kind")}, changed_at AS begun, NULL::timestamptz AS ended
    FROM customer WHERE id = %(id)s"""
# Versions keep no kind: it changes with no revision that people would look back at.
_KIND = "coalesce((SELECT kind FROM customer WHERE id = %(id)s), 'person')"
_PAST = f"""SELECT {_COLUMNS.format(kind=_KIND)}, valid_from, valid_to
    FROM customer_version WHERE customer_id = %(id)s"""
_SHEET = f"""
SELECT * FROM ({_NOW} UNION ALL {_PAST}) AS known
WHERE CASE WHEN %(at)s::timestamptz IS NULL THEN ended IS NULL
           ELSE begun <= %(at)s AND (ended IS NULL OR ended > %(at)s) END
ORDER BY begun DESC LIMIT 1
"""
_HISTORY = f"""SELECT * FROM ({_NOW} UNION ALL {_PAST}) AS known
    ORDER BY revision DESC LIMIT %(limit)s"""


def _values(
    db: psycopg.Connection, sight: Sight, attrs: Mapping[str, Any], provenance: Mapping[str, Any]
) -> list[ValueOf]:
    names = data_set_names(db)
    sources = {
        group: source for source in provenance.get("sources", ()) for group in source["values"]
    }
    found = []
    for attribute, value in attrs.items():
        origin = sources.get(GROUP_OF.get(attribute, attribute), {})
        covered = sight.may(attribute)
        found.append(
            ValueOf(
                attribute=attribute,
                value=str(value) if covered else MASK,
                masked=not covered,
                rule=str(origin.get("rule", "unknown")),
                record_id=origin.get("record_id"),
                data_set=names.get(str(origin.get("data_set_id"))),
                source_changed_at=origin.get("changed_at"),
            )
        )
    order = list(GROUP_OF)
    found.sort(key=lambda one: order.index(one.attribute) if one.attribute in GROUP_OF else 99)
    return found


def _sources(db: psycopg.Connection, sight: Sight, customer: UUID) -> list[SourceOf]:
    rows = db.execute(
        """SELECT record_id, element.name, landed_record.key, rule, weight_bits, landed_at, unused
           FROM customer_link JOIN landed_record ON landed_record.id = record_id
           LEFT JOIN clean_record USING (record_id)
           JOIN element ON element.id = landed_record.data_set_id
           WHERE customer_id = %s ORDER BY element.name, landed_record.key LIMIT %s""",
        (customer, SOURCES_MAX),
    ).fetchall()
    return [
        SourceOf(record, data_set, sight.shown("sources", key), rule, bits, landed, unused)
        for record, data_set, key, rule, bits, landed, unused in rows
    ]


def data_set_names(db: psycopg.Connection) -> dict[str, str]:
    """Return the names of data sets by id; a town has tens of them."""
    return dict(db.execute("SELECT id::text, name FROM element WHERE kind = 'data_set'").fetchall())
