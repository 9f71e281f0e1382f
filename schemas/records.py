"""What crosses from a connector into the rooms: pages of raw records and their canonical form.

These are msgspec structs, not tables: they are made by the hundred thousand and must cost
microseconds (docs/decisions/0005). Nothing here knows a database or a network.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct


class CustomerKind(StrEnum):
    """Who a customer is to the municipality."""

    PERSON = "person"
    ORGANISATION = "organisation"


class Gender(StrEnum):
    """Gender as the source states it; absent where it does not."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class CustomerRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer as one source knows it, in our words, not yet cleaned.

    Every field but `key` and `kind` may be missing. Text is as the source wrote it.
    """

    key: str
    kind: CustomerKind
    given_name: str | None = None
    initials: str | None = None
    name_prefix: str | None = None
    family_name: str | None = None
    birth_date: date | None = None
    gender: Gender | None = None
    national_id: str | None = None
    organisation_name: str | None = None
    chamber_number: str | None = None
    email: str | None = None
    phone: str | None = None
    street: str | None = None
    house_number: str | None = None
    postal_code: str | None = None
    city: str | None = None
    changed_at: datetime | None = None


class SourceRecord(Struct, frozen=True):
    """One record as it came over the wire.

    Attributes:
        raw: The bytes it came as, or canonical JSON where the source has no bytes per record
            (SQL rows, Excel rows); hashed to skip unchanged records, kept for quarantine.
        value: The decoded record; plain JSON types, dates and decimals.
    """

    raw: bytes
    value: Mapping[str, Any]


class RejectedRecord(Struct, frozen=True):
    """One record that was refused before or during mapping, with the reason."""

    raw: bytes
    rule: str
    path: str
    reason: str
    key: str | None = None


class Cursor(Struct, frozen=True, omit_defaults=True):
    """Where a read stands; opaque to everybody but the connector that made it.

    Attributes:
        position: Place inside the running scan: page token, number, key or byte offset.
            None means at its start.
        since: Lower bound of the running scan for incremental reads, as the source writes it.
            None reads everything.
        high: Highest change mark seen in the running scan; becomes the next scan's `since`.
    """

    position: str | None = None
    since: str | None = None
    high: str | None = None


class Page(Struct, frozen=True, kw_only=True):
    """One page of one stream; the unit that commits or fails as a whole.

    Attributes:
        records: What was read, in the source's order.
        undecoded: Further records as bytes, where `Source.undecoded` asked for them; they follow
            `records`. Most records of most scans are unchanged, and bytes are enough to tell.
        sound: Each of `undecoded` was cut out of JSON, so it is known to be one JSON value.
        rejected: What could not even be read (an undecodable CSV row).
        cursor: Where to go on after this page.
        last: The source's own end marker was seen; a short or empty page alone never sets it.
    """

    records: list[SourceRecord]
    cursor: Cursor
    undecoded: list[bytes] = []
    sound: bool = False
    rejected: list[RejectedRecord] = []
    last: bool = False

    @property
    def size(self) -> int:
        """How many records came, readable or not."""
        return len(self.records) + len(self.undecoded) + len(self.rejected)


class MappedPage(Struct, frozen=True, kw_only=True):
    """A page after mapping: every record is either canonical or rejected, none is lost."""

    customers: list[tuple[SourceRecord, CustomerRecord]]
    rejected: list[RejectedRecord]
    cursor: Cursor
    last: bool = False
