"""The master view: cleaned records, the customers they describe, the model that decided."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Text, UniqueConstraint
from sqlmodel import Field

from schemas.base import Table, column, json_object, moment, utc_now, uuid7
from schemas.records import CustomerKind, Gender


class LinkRule(StrEnum):
    """Why a record belongs to its customer."""

    ALONE = "alone"  # no other record describes this customer
    IDENTIFIER = "identifier"  # a valid official identifier agrees
    MODEL = "model"  # the trained model's weight passed the cut


class CleanRecord(Table, table=True):
    """One landed record in comparable form: folded, split, checked; junk is NULL."""

    __tablename__ = "clean_record"

    record_id: int = Field(
        sa_type=BigInteger, primary_key=True, foreign_key="landed_record.id", ondelete="CASCADE"
    )
    data_set_id: UUID = Field(foreign_key="element.id")
    kind: CustomerKind = column("Person or organisation.", sa_type=Text)
    given_name: str | None = column("As written.", default=None)
    initials: str | None = column("Upper-case letters without points.", default=None)
    name_prefix: str | None = column("Tussenvoegsel, e.g. van der.", default=None)
    family_name: str | None = column("As written, without prefix.", default=None)
    birth_date: date | None = column("Checked; impossible dates are NULL.", default=None)
    gender: Gender | None = column("As the source states it.", default=None, sa_type=Text)
    national_id: str | None = column(
        "Nine digits that pass the check (BSN), else NULL.", default=None
    )
    organisation_name: str | None = column("As written.", default=None)
    chamber_number: str | None = column("Eight digits (KvK), else NULL.", default=None)
    email: str | None = column("Lower case, syntax checked.", default=None)
    phone: str | None = column("E.164.", default=None)
    street: str | None = column("As written.", default=None)
    house_number: str | None = column("Digits and addition, e.g. 12-A.", default=None)
    postal_code: str | None = column("Upper case, no blanks.", default=None)
    city: str | None = column("As written.", default=None)
    source_changed_at: datetime | None = moment(
        "When the source last changed it.", default=None, nullable=True
    )


class Customer(Table, table=True):
    """One customer of the municipality: the golden record and where each value came from."""

    __tablename__ = "customer"
    __table_args__ = (CheckConstraint("revision > 0", name="revision_positive"),)

    id: UUID = column(
        "Minted, never a record's key, never reused.", default_factory=uuid7, primary_key=True
    )
    kind: CustomerKind = column("Person or organisation.", sa_type=Text)
    display_name: str = column("Name for lists.", index=True)
    attrs: dict[str, Any] = json_object("Golden values by attribute name.")
    provenance: dict[str, Any] = json_object(
        "For each attribute: record, data set, source time and the rule that chose it."
    )
    record_count: int = column("Source records behind it.", default=1)
    revision: int = column("Counts changes.", default=1)
    created_at: datetime = moment("When the customer was first seen.", default_factory=utc_now)
    changed_at: datetime = moment("When a value or member last changed.", default_factory=utc_now)


class CustomerLink(Table, table=True):
    """Which customer a record describes, and why we think so."""

    __tablename__ = "customer_link"

    record_id: int = Field(
        sa_type=BigInteger, primary_key=True, foreign_key="landed_record.id", ondelete="CASCADE"
    )
    customer_id: UUID = Field(foreign_key="customer.id", index=True, ondelete="CASCADE")
    rule: LinkRule = column("Why.", sa_type=Text)
    weight_bits: float | None = column(
        "Strongest evidence to another member, log2 odds.", default=None
    )


class MatchModel(Table, table=True):
    """One trained matching model, frozen; a pair's weight depends on the pair and this alone."""

    __tablename__ = "match_model"
    __table_args__ = (UniqueConstraint("content_hash"),)

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    content_hash: str = column("sha256 of the canonical JSON of parameters.", max_length=64)
    parameters: dict[str, Any] = json_object("Levels, likelihoods, priors, frequencies, cuts.")
    records: int = column("Records it was trained on.", sa_type=BigInteger)
    trained_at: datetime = moment("When it was trained.", default_factory=utc_now)
