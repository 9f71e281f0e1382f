"""What is known around one customer: dealings, household, consents, ways to reach them, numbers.

Sources name customers by their own keys, so everything here hangs on source records and goes
with them when customers are merged or parted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from registry.customers.asking.purposes import Sight
from registry.customers.asking.reads import note_read
from registry.customers.asking.sheet import current_id

T = TypeVar("T")

# What fits on a page; a person who deals with the town daily fills it in half a year.
TIMELINE_MAX: Final = 200
# More people behind one door are a home or a barracks, not a household.
HOUSEHOLD_MAX: Final = 50
PART_MAX: Final = 200


@dataclass(frozen=True)
class Moment:
    """Something that happened between a customer and the municipality, or to what it knows.

    Attributes:
        at: When; empty where the source does not say.
        what: One of dealing, new, changed, merged or split.
        channel: By which way, e.g. counter or phone.
        service: About which service.
        outcome: What came of it.
        feedback: What the customer said of it.
        data_set: Data set that tells of it; empty for what happened to the master view itself.
        other_id: The other customer of a merge or split.
    """

    at: datetime | None
    what: str
    channel: str | None
    service: str | None
    outcome: str | None
    feedback: str | None
    data_set: str | None
    other_id: UUID | None


@dataclass(frozen=True)
class Neighbour:
    """Somebody who lives behind the same door.

    Attributes:
        id: The customer's id.
        name: Name for lists.
        same_name: Whether they bear one family name.
        birth_year: Year of birth, which tells parents from children.
    """

    id: UUID
    name: str
    same_name: bool
    birth_year: int | None


@dataclass(frozen=True)
class Allowance:
    """What a customer allows or forbids.

    Attributes:
        topic: For what, e.g. newsletter.
        state: One of granted, denied or revoked.
        given_at: When it was said.
        valid_until: Last day it holds.
        in_force: Whether it is the newest word on the topic and not over.
        data_set: Data set that tells of it.
    """

    topic: str
    state: str
    given_at: datetime | None
    valid_until: date | None
    in_force: bool
    data_set: str


@dataclass(frozen=True)
class Preference:
    """By which way a customer wants to be reached.

    Attributes:
        channel: E.g. email, phone, post.
        topic: For what; all where empty.
        rank: The lower the dearer.
        data_set: Data set that tells of it.
    """

    channel: str
    topic: str | None
    rank: int
    data_set: str


@dataclass(frozen=True)
class Role:
    """What a customer is to the municipality, or to another customer.

    Attributes:
        role: E.g. taxpayer, guardian, contact of a company.
        other_id: Towards whom, where that is a customer.
        other_name: Their name.
        since: First day.
        until: Last day.
        data_set: Data set that tells of it.
    """

    role: str
    other_id: UUID | None
    other_name: str | None
    since: date | None
    until: date | None
    data_set: str


@dataclass(frozen=True)
class Reach:
    """One way to reach a customer, with all who know of it.

    Attributes:
        kind: One of email, phone, post or message.
        value: In one spelling.
        label: What for, e.g. work.
        golden: Whether it is the value of the master view.
        data_sets: Data sets that hold it.
    """

    kind: str
    value: str
    label: str | None
    golden: bool
    data_sets: list[str]


@dataclass(frozen=True)
class Place:
    """One address of a customer, with all who know of it.

    Attributes:
        usage: What for, e.g. post or visit.
        street: As written.
        house_number: Digits and addition.
        postal_code: Upper case, no blanks.
        city: As written.
        golden: Whether it is the address of the master view.
        data_sets: Data sets that hold it.
    """

    usage: str | None
    street: str | None
    house_number: str | None
    postal_code: str | None
    city: str | None
    golden: bool
    data_sets: list[str]


@dataclass(frozen=True)
class Number:
    """One number or name by which somebody knows a customer.

    Attributes:
        type: E.g. bsn, kvk, iban, vat, passport.
        issuer: Who gave it out.
        value: As compared.
        is_valid: Whether its check digits are right; empty where it has none.
        data_sets: Data sets that hold it.
    """

    type: str
    issuer: str | None
    value: str
    is_valid: bool | None
    data_sets: list[str]


@dataclass(frozen=True)
class Around:
    """What is known around one customer, as far as the purpose shows it.

    Attributes:
        id: The customer's id.
        purpose: What it was shown for.
        masked: Parts that the purpose does not cover; their lists are empty.
        timeline: What happened, the newest first.
        household: Who else lives behind the same door.
        consents: What the customer allows or forbids, the newest first.
        preferences: By which way the customer wants to be reached, the dearest first.
        roles: What the customer is.
        contact_points: Ways to reach the customer.
        addresses: Where they live or lived.
        identifiers: Numbers and names others know the customer by.
    """

    id: UUID
    purpose: str
    masked: list[str]
    timeline: list[Moment]
    household: list[Neighbour]
    consents: list[Allowance]
    preferences: list[Preference]
    roles: list[Role]
    contact_points: list[Reach]
    addresses: list[Place]
    identifiers: list[Number]


def customer_around(
    db: psycopg.Connection, sight: Sight, customer: UUID, *, only: frozenset[str] | None = None
) -> Around:
    """Return what is known around a customer.

    Args:
        db: Connection in a transaction.
        sight: Who asks, and what for.
        customer: Its id; a retired one leads to who took over.
        only: Parts that are asked for; all if left out. What is not asked for costs nothing.

    Raises:
        UnknownCustomer: There is none.
    """
    found = current_id(db, customer)
    asked = frozenset(_PARTS) if only is None else only & frozenset(_PARTS)
    parts: dict[str, list[Any]] = {
        part: _rows(db, shape, sql, found) if part in asked and sight.may(part) else []
        for part, (shape, sql) in _PARTS.items()
    }
    note_read(sight, "customer_around", [found, *_others(parts)])
    masked = [part for part in _PARTS if part in asked and not sight.may(part)]
    return Around(id=found, purpose=sight.purpose, masked=masked, **parts)


def _others(parts: Mapping[str, list[Any]]) -> list[UUID]:
    """Return the other customers whose names the parts show, each once."""
    shown = [one.id for one in parts["household"]] + [one.other_id for one in parts["roles"]]
    return [other for other in dict.fromkeys(shown) if other is not None]


def _rows(db: psycopg.Connection, shape: type[T], sql: str, customer: UUID) -> list[T]:
    with db.cursor(row_factory=class_row(shape)) as cursor:
        return cursor.execute(sql, {"id": customer}).fetchall()


# The keys under which sources know the customer.
_KEYS = """keys AS (
    SELECT landed_record.data_set_id, landed_record.key, landed_record.id AS record_id
    FROM customer_link JOIN landed_record ON landed_record.id = customer_link.record_id
    WHERE customer_link.customer_id = %(id)s
)"""
_MINE = "JOIN keys ON d.data_set_id = keys.data_set_id AND d.customer_key = keys.key"
_SAID_BY = """JOIN landed_record AS said ON said.id = d.record_id
    JOIN element ON element.id = said.data_set_id"""
_TIMELINE = f"""
WITH {_KEYS}
SELECT d.happened_at AS at, 'dealing' AS what, d.channel, d.service, d.outcome, d.feedback,
    element.name AS data_set, NULL::uuid AS other_id
FROM interaction AS d {_MINE} {_SAID_BY}
UNION ALL
SELECT happened_at, change, NULL, NULL, NULL, NULL, NULL, other_id
FROM customer_event WHERE customer_id = %(id)s
UNION ALL
SELECT happened_at, 'merged', NULL, NULL, NULL, NULL, NULL, customer_id
FROM customer_event WHERE other_id = %(id)s AND change = 'merged'
ORDER BY at DESC NULLS LAST LIMIT {TIMELINE_MAX}
"""
_HOUSEHOLD = f"""
WITH me AS (
    SELECT id, attrs FROM customer WHERE id = %(id)s AND kind = 'person'
        AND attrs ->> 'postal_code' IS NOT NULL AND attrs ->> 'house_number' IS NOT NULL
)
SELECT DISTINCT c.id, c.display_name AS name,
    coalesce(lower(c.attrs ->> 'family_name') = lower(me.attrs ->> 'family_name'), false)
        AS same_name,
    left(c.attrs ->> 'birth_date', 4)::int AS birth_year
FROM me JOIN clean_record AS r
    ON r.postal_code = me.attrs ->> 'postal_code' AND r.house_number = me.attrs ->> 'house_number'
JOIN customer_link AS l ON l.record_id = r.record_id
JOIN customer AS c ON c.id = l.customer_id AND c.id <> me.id AND c.kind = 'person'
WHERE c.attrs ->> 'postal_code' = me.attrs ->> 'postal_code'
  AND c.attrs ->> 'house_number' = me.attrs ->> 'house_number'
ORDER BY birth_year NULLS LAST, name LIMIT {HOUSEHOLD_MAX}
"""
_CONSENTS = f"""
WITH {_KEYS}
SELECT d.topic, d.state, d.given_at, d.valid_until, element.name AS data_set,
    (d.valid_until IS NULL OR d.valid_until >= current_date) AND row_number() OVER (
        PARTITION BY lower(d.topic) ORDER BY d.given_at DESC NULLS LAST, d.record_id DESC) = 1
        AS in_force
FROM consent AS d {_MINE} {_SAID_BY}
ORDER BY d.given_at DESC NULLS LAST, d.record_id DESC LIMIT {PART_MAX}
"""
_PREFERENCES = f"""
WITH {_KEYS}
SELECT DISTINCT d.channel, d.topic, d.rank, element.name AS data_set
FROM channel_preference AS d {_MINE} {_SAID_BY} ORDER BY d.rank, d.channel LIMIT {PART_MAX}
"""
_ROLES = f"""
WITH {_KEYS}
SELECT d.role, c.id AS other_id, c.display_name AS other_name, d.since, d.until,
    element.name AS data_set
FROM customer_role AS d {_MINE} {_SAID_BY}
LEFT JOIN landed_record AS o ON o.data_set_id = d.data_set_id AND o.key = d.other_key
LEFT JOIN customer_link AS l ON l.record_id = o.id
LEFT JOIN customer AS c ON c.id = l.customer_id
ORDER BY d.role, d.since NULLS LAST, d.record_id LIMIT {PART_MAX}
"""
_CONTACT_POINTS = f"""
WITH {_KEYS}, known AS (
    SELECT way.kind, way.value, NULL AS label, keys.data_set_id
    FROM keys JOIN clean_record AS r ON r.record_id = keys.record_id
    CROSS JOIN LATERAL (VALUES ('email', r.email), ('phone', r.phone)) AS way(kind, value)
    WHERE way.value IS NOT NULL
    UNION ALL
    SELECT d.kind, d.value, d.label, said.data_set_id FROM contact_point AS d {_MINE}
    JOIN landed_record AS said ON said.id = d.record_id
)
SELECT known.kind, known.value, max(known.label) AS label,
    coalesce(known.value = (SELECT attrs ->> known.kind FROM customer WHERE id = %(id)s), false)
        AS golden,
    array_agg(DISTINCT element.name ORDER BY element.name) AS data_sets
FROM known JOIN element ON element.id = known.data_set_id
GROUP BY known.kind, known.value ORDER BY golden DESC, known.kind, known.value LIMIT {PART_MAX}
"""
_ADDRESSES = f"""
WITH {_KEYS}, known AS (
    SELECT NULL AS usage, street, house_number, postal_code, city, keys.data_set_id
    FROM keys JOIN clean_record AS r ON r.record_id = keys.record_id
    WHERE coalesce(street, house_number, postal_code, city) IS NOT NULL
    UNION ALL
    SELECT d.usage, d.street, d.house_number, d.postal_code, d.city, said.data_set_id
    FROM customer_address AS d {_MINE} JOIN landed_record AS said ON said.id = d.record_id
)
SELECT max(usage) AS usage, (array_agg(street ORDER BY here DESC, street))[1] AS street,
    house_number, postal_code, (array_agg(known.city ORDER BY here DESC, known.city))[1] AS city,
    bool_or(here) AS golden, array_agg(DISTINCT element.name ORDER BY element.name) AS data_sets
FROM known JOIN element ON element.id = known.data_set_id
CROSS JOIN LATERAL (SELECT coalesce(
    (SELECT (attrs ->> 'street', attrs ->> 'house_number', attrs ->> 'postal_code',
             attrs ->> 'city') IS NOT DISTINCT FROM (street, house_number, postal_code, known.city)
     FROM customer WHERE id = %(id)s), false) AS here) AS judged
GROUP BY lower(street), house_number, postal_code, lower(known.city)
ORDER BY golden DESC, postal_code, house_number LIMIT {PART_MAX}
"""
_IDENTIFIERS = f"""
WITH {_KEYS}, known AS (
    SELECT n.type, n.issuer, n.value, true AS is_valid, keys.data_set_id
    FROM keys JOIN clean_record AS r ON r.record_id = keys.record_id
    CROSS JOIN LATERAL (VALUES ('bsn', 'RvIG', r.national_id),
        ('kvk', 'Kamer van Koophandel', r.chamber_number)) AS n(type, issuer, value)
    WHERE n.value IS NOT NULL
    UNION ALL
    SELECT d.type, d.issuer, d.value, d.is_valid, said.data_set_id
    FROM customer_identifier AS d {_MINE} JOIN landed_record AS said ON said.id = d.record_id
)
SELECT known.type, known.issuer, known.value, bool_and(is_valid) AS is_valid,
    array_agg(DISTINCT element.name ORDER BY element.name) AS data_sets
FROM known JOIN element ON element.id = known.data_set_id
GROUP BY known.type, known.issuer, known.value
ORDER BY known.type, known.value LIMIT {PART_MAX}
"""
_PARTS: Final[dict[str, tuple[type[Any], str]]] = {
    "timeline": (Moment, _TIMELINE),
    "household": (Neighbour, _HOUSEHOLD),
    "consents": (Allowance, _CONSENTS),
    "preferences": (Preference, _PREFERENCES),
    "roles": (Role, _ROLES),
    "contact_points": (Reach, _CONTACT_POINTS),
    "addresses": (Place, _ADDRESSES),
    "identifiers": (Number, _IDENTIFIERS),
}
PARTS: Final = tuple(_PARTS)
