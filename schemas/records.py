"""What crosses from a connector into the rooms: pages of raw records and their canonical form.

These are msgspec structs, not tables: they are made by the hundred thousand and must cost
microseconds (docs/decisions/0005). Nothing here knows a database or a network.
"""

from collections.abc import Mapping, Sequence
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


class ConsentState(StrEnum):
    """What a customer has said to a question."""

    GRANTED = "granted"
    DENIED = "denied"
    REVOKED = "revoked"  # granted before, and taken back


class ContactKind(StrEnum):
    """How somebody can be reached."""

    EMAIL = "email"
    PHONE = "phone"
    POST = "post"
    MESSAGE = "message"  # a messenger or a message box of the government


class RecordKind(StrEnum):
    """What the records of a stream become."""

    CUSTOMER = "customer"
    INTERACTION = "interaction"
    CONSENT = "consent"
    CHANNEL_PREFERENCE = "channel_preference"
    ROLE = "role"
    CONTACT_POINT = "contact_point"
    ADDRESS = "address"
    IDENTIFIER = "identifier"


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


class DealingRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something a source knows around a customer, whom it names by its own key of them."""

    key: str
    customer_key: str
    changed_at: datetime | None = None


class InteractionRecord(DealingRecord, frozen=True, kw_only=True, omit_defaults=True):
    """One time a customer and the municipality had to do with each other."""

    channel: str | None = None
    service: str | None = None
    happened_at: datetime | None = None
    outcome: str | None = None
    feedback: str | None = None


class ConsentRecord(DealingRecord, frozen=True, kw_only=True, omit_defaults=True):
    """What a customer allows or forbids, from when, until when."""

    topic: str
    state: ConsentState
    given_at: datetime | None = None
    valid_until: date | None = None


class ChannelPreferenceRecord(DealingRecord, frozen=True, kw_only=True, omit_defaults=True):
    """By which way a customer wants to be reached."""

    channel: str
    topic: str | None = None
    rank: int | None = None


class RoleRecord(DealingRecord, frozen=True, kw_only=True, omit_defaults=True):
    """What a customer is to the municipality, or to another customer of its source."""

    role: str
    other_key: str | None = None
    since: date | None = None
    until: date | None = None


class ContactPointRecord(DealingRecord, frozen=True, kw_only=True, omit_defaults=True):
    """One more way to reach a customer."""

    kind: ContactKind
    value: str
    label: str | None = None


class AddressRecord(DealingRecord, frozen=True, kw_only=True, omit_defaults=True):
    """One more address of a customer."""

    usage: str | None = None
    street: str | None = None
    house_number: str | None = None
    postal_code: str | None = None
    city: str | None = None
    since: date | None = None
    until: date | None = None


class IdentifierRecord(DealingRecord, frozen=True, kw_only=True, omit_defaults=True):
    """One more number or name by which somebody knows a customer."""

    type: str
    issuer: str | None = None
    value: str


CanonicalRecord = CustomerRecord | DealingRecord
"""What a raw record becomes."""

RECORD_TYPES: Mapping[RecordKind, type[CustomerRecord] | type[DealingRecord]] = {
    RecordKind.CUSTOMER: CustomerRecord,
    RecordKind.INTERACTION: InteractionRecord,
    RecordKind.CONSENT: ConsentRecord,
    RecordKind.CHANNEL_PREFERENCE: ChannelPreferenceRecord,
    RecordKind.ROLE: RoleRecord,
    RecordKind.CONTACT_POINT: ContactPointRecord,
    RecordKind.ADDRESS: AddressRecord,
    RecordKind.IDENTIFIER: IdentifierRecord,
}


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
    undecoded: Sequence[bytes] = ()
    sound: bool = False
    rejected: list[RejectedRecord] = []
    last: bool = False

    @property
    def size(self) -> int:
        """How many records came, readable or not."""
        return len(self.records) + len(self.undecoded) + len(self.rejected)


class MappedPage(Struct, frozen=True, kw_only=True):
    """A page after mapping: every record is either canonical or rejected, none is lost.

    Attributes:
        customers: What became canonical: customers, or what is known around them.
        rejected: All others.
        cursor: Where to go on after this page.
        last: The source's own end marker was seen.
    """

    customers: list[tuple[SourceRecord, CanonicalRecord]]
    rejected: list[RejectedRecord]
    cursor: Cursor
    last: bool = False
