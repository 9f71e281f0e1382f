"""What people settle about the master view: purposes, survivorship, samples, who reads events."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, LargeBinary, Text, Uuid, text
from sqlmodel import Field

from schemas.base import Table, column, moment, utc_now, uuid7


class Purpose(Table, table=True):
    """What personal data may be looked at for, on which lawful basis, and which of it."""

    __tablename__ = "purpose"

    key: str = column("Short name people type.", primary_key=True, max_length=60)
    name: str = column("What it is called in the register of processing.", max_length=200)
    lawful_basis: str = column("Article of law or of the GDPR it rests on.", max_length=400)
    fields: list[str] = column("What may be seen; all else comes back masked.", sa_type=ARRAY(Text))
    active: bool = column("Whether it may still be named.", default=True)
    changed_by: str = column("Who settled it.", max_length=120)
    changed_at: datetime = moment("When.", default_factory=utc_now)


class SurvivorshipRule(Table, table=True):
    """How an attribute, or several that belong together, gets its golden value."""

    __tablename__ = "survivorship_rule"
    __table_args__ = (CheckConstraint("revision > 0", name="revision_positive"),)

    attribute: str = column("Name of the group, as in provenance.", primary_key=True, max_length=60)
    criteria: list[str] = column(
        "What decides, the first first: trusted, newest, complete, agreement.", sa_type=ARRAY(Text)
    )
    trusted: list[UUID] = column(
        "Data sets, the most trusted first; others come after them.", sa_type=ARRAY(Uuid)
    )
    reason: str = column("Why, for those who ask later.", max_length=1000)
    actor: str = column("Who settled it.", max_length=120)
    changed_at: datetime = moment("When.", default_factory=utc_now)
    revision: int = column("Counts changes.", default=1)


class OwnKeyRule(Table, table=True):
    """Whether a data set's own keys keep people apart, where a steward settled it."""

    __tablename__ = "own_key_rule"
    __table_args__ = (CheckConstraint("revision > 0", name="revision_positive"),)

    data_set_id: UUID = Field(foreign_key="element.id", primary_key=True, ondelete="CASCADE")
    keeps_apart: bool = column("Two of its records are never linked by the model.")
    reason: str = column("Why, for those who ask later.", max_length=1000)
    actor: str = column("Who settled it.", max_length=120)
    changed_at: datetime = moment("When.", default_factory=utc_now)
    revision: int = column("Counts changes.", default=1)


class LinkSample(Table, table=True):
    """One automatic link drawn at random, and what a steward found it to be."""

    __tablename__ = "link_sample"
    __table_args__ = (
        Index("ix_link_sample_waiting", "drawn_at", postgresql_where=text("judged_at IS NULL")),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    model_id: UUID = Field(
        foreign_key="match_model.id", index=True, description="The model that linked them."
    )
    left_id: int = column("Landed record.", sa_type=BigInteger)
    right_id: int = column("Landed record.", sa_type=BigInteger)
    weight_bits: float = column("Log2 odds of one customer when it was drawn.")
    drawn_at: datetime = moment("When it was drawn.", default_factory=utc_now)
    is_right: bool | None = column("Whether they are one customer.", default=None)
    judged_by: str | None = column("Who looked.", default=None, max_length=120)
    judged_at: datetime | None = moment("When.", default=None, nullable=True)


class EventReader(Table, table=True):
    """How far somebody who keeps a copy of customers has read the outbox."""

    __tablename__ = "event_reader"

    name: str = column("What the reader calls itself.", primary_key=True, max_length=120)
    last_event: int = column("Last event it has taken in.", default=0, sa_type=BigInteger)
    changed_at: datetime = moment("When it said so.", default_factory=utc_now)


class Erasure(Table, table=True):
    """One customer who was erased: who did it and why, and nothing of what was known."""

    __tablename__ = "erasure"

    customer_id: UUID = column("The id that was retired.", primary_key=True)
    records: int = column("Source records that went.")
    reason: str = column("Why, e.g. the number of the request; no values.", max_length=1000)
    actor: str = column("Who did it.", max_length=120)
    erased_at: datetime = moment("When.", default_factory=utc_now)


class ErasedRecord(Table, table=True):
    """One source record that must not come back; only a digest of its key is kept."""

    __tablename__ = "erased_record"

    data_set_id: UUID = column("Data set it belonged to.", primary_key=True)
    key_hash: bytes = column(
        "blake2b-128 of its key, keyed by the data set.", primary_key=True, sa_type=LargeBinary
    )
    customer_id: UUID = Field(
        foreign_key="erasure.customer_id", index=True, description="Whose erasure it belongs to."
    )
