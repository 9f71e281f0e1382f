"""What people settle about the master view: purposes, survivorship, samples, who reads events."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    LargeBinary,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from schemas.base import Table, column, json_object, moment, utc_now, uuid7
from schemas.intake import RequestState
from schemas.records import CustomerKind


class MatchWork(StrEnum):
    """What a worker is asked to do about matching; each takes minutes in a large town."""

    TRAIN = "train"  # a new model beside the live one, and what it would change
    COMPARE = "compare"  # what a kept model would change
    APPROVE = "approve"  # put a kept model in force
    SETTLE_KEYS = "settle_keys"  # whether a data set has anybody twice
    UNDO_KEYS = "undo_keys"  # take such a settlement back


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


class OwnKeyChange(Table, table=True):
    """One time somebody settled what a data set's own keys tell; undone ones stay on record."""

    __tablename__ = "own_key_change"
    __table_args__ = (Index("ix_own_key_change_data_set_id_id", "data_set_id", "id"),)

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    data_set_id: UUID = Field(
        foreign_key="element.id", ondelete="CASCADE", description="Which data set."
    )
    keeps_apart: bool | None = column(
        "Two of its records are never linked by the model; NULL leaves it to the rule.",
        default=None,
    )
    reason: str = column("Why, for those who ask later.", max_length=1000)
    actor: str = column("Who settled it.", max_length=120)
    changed_at: datetime = moment("When.", default_factory=utc_now)
    undone_at: datetime | None = moment("When it was undone.", default=None, nullable=True)
    undone_by: str | None = column("Who undid it.", default=None, max_length=120)


class MatchRequest(Table, table=True):
    """Work about matching that somebody asked for and the next free worker does."""

    __tablename__ = "match_request"
    __table_args__ = (Index("ix_match_request_state_id", "state", "id"),)

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    work: MatchWork = column("What is to be done.", sa_type=Text)
    given: dict[str, Any] = json_object("Of what: a model's version, or a data set and why.")
    state: RequestState = column("Where it stands.", default=RequestState.ASKED, sa_type=Text)
    asked_by: str = column("Who asked.", max_length=120)
    asked_at: datetime = moment("When somebody asked.", default_factory=utc_now)
    tries: int = column("Workers that took it; only the last one may finish it.", default=0)
    taken_at: datetime | None = moment("When a worker took it.", default=None, nullable=True)
    progress: dict[str, Any] | None = column(
        "How far it is: counts by step, and the seconds since it was taken.",
        default=None,
        sa_type=JSONB,
    )
    finished_at: datetime | None = moment("When it was done.", default=None, nullable=True)
    answer: dict[str, Any] | None = column(
        "What came of it, in counts.", default=None, sa_type=JSONB
    )
    error: dict[str, Any] | None = column(
        "Why it failed: code, what, remedy.", default=None, sa_type=JSONB
    )


class ReviewQuestion(Table, table=True):
    """One question that is worth a steward's look, as it was weighed last."""

    __tablename__ = "review_question"
    __table_args__ = (Index("ix_review_question_order", "minus_benefit", "left_id", "right_id"),)

    left_id: int = column(
        "Landed record; with the other the strongest pair.", sa_type=BigInteger, primary_key=True
    )
    right_id: int = column("Landed record.", sa_type=BigInteger, primary_key=True)
    customer_l: UUID = column("A customer it is about.", index=True)
    customer_r: UUID = column("The other one; the same where one may be two.", index=True)
    weight_bits: float = column("Log2 odds of one customer of the two records alone.")
    linked: bool = column("Whether both are one customer now.")
    records: int = column("Records it concerns.")
    chance: float = column("Probability that it is one customer.")
    minus_benefit: float = column("Pairs that an answer mends, below zero: the order of the queue.")


class ReviewNews(Table, table=True):
    """What was matched since the kept questions were weighed."""

    __tablename__ = "review_news"

    id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        primary_key=True,
        sa_column_kwargs={"server_default": Identity(always=True), "comment": "Order of notes."},
    )
    records: list[int] | None = column(
        "Records that were matched again; NULL says that all were.",
        default=None,
        sa_type=ARRAY(BigInteger),
    )
    noted_at: datetime = moment(
        "The matching transaction's time, as live_model has it.", default_factory=utc_now
    )


class ReviewState(Table, table=True):
    """Up to where the kept questions are weighed, and how many there are; one row."""

    __tablename__ = "review_state"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = column("Always 1.", default=1, primary_key=True)
    pairs: int = column("Questions that are kept.")
    apart: int = column("Those of them about two customers that may be one.")
    concerned: int = column("Customers that may be a duplicate of another.")
    customers: int = column("Customers there are.", sa_type=BigInteger)
    last_event: int = column(
        "The newest event of a customer that is accounted for.", sa_type=BigInteger
    )
    matched_at: datetime = moment("The last matching that is accounted for, as live_model has it.")


class LeftKey(Table, table=True):
    """Who bore a key that its source has deleted and a decision names; digests, no values."""

    __tablename__ = "left_key"

    data_set_id: UUID = column("Data set it belonged to.", primary_key=True)
    key: str = column("The source's own key.", primary_key=True, max_length=400)
    kind: CustomerKind = column("Person or organisation.", sa_type=Text)
    marks: dict[str, Any] = json_object(
        "By attribute, digests of what the record said, keyed by data set and key."
    )
    left_at: datetime = moment("When its source deleted it.", default_factory=utc_now)


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
