"""The master view: cleaned records, the customers they describe, the model that decided."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from schemas.base import Table, column, json_object, moment, utc_now, uuid7
from schemas.records import CustomerKind, Gender


class LinkRule(StrEnum):
    """Why a record belongs to its customer."""

    ALONE = "alone"  # no other record describes this customer
    IDENTIFIER = "identifier"  # a valid official identifier agrees
    MODEL = "model"  # the trained model's weight passed the cut
    STEWARD = "steward"  # a person linked it


class Verdict(StrEnum):
    """What a steward decided about two records."""

    LINK = "link"  # they describe one customer, whatever the model says
    UNLINK = "unlink"  # they do not, whatever the model says
    POSTPONE = "postpone"  # nobody knows yet; the pair leaves the queue and nothing else changes


class CustomerChange(StrEnum):
    """What happened to a customer, for those who keep a copy."""

    NEW = "new"
    CHANGED = "changed"
    MERGED = "merged"  # into another one, which the redirect names
    SPLIT = "split"  # some of its records went to another one
    ERASED = "erased"  # no record is left


class CleanRecord(Table, table=True):
    """One landed record in comparable form: folded, split, checked; junk is NULL."""

    __tablename__ = "clean_record"
    __table_args__ = (
        # Who lives behind one door, and who bears a name or the beginning of one.
        Index("ix_clean_record_door", "postal_code", "house_number"),
        Index(
            "ix_clean_record_family",
            "family_name",
            postgresql_ops={"family_name": "text_pattern_ops"},
        ),
        Index(
            "ix_clean_record_organisation",
            "organisation_name",
            postgresql_ops={"organisation_name": "text_pattern_ops"},
        ),
    )

    record_id: int = Field(
        sa_type=BigInteger, primary_key=True, foreign_key="landed_record.id", ondelete="CASCADE"
    )
    data_set_id: UUID = column("The data set, as of the landed record.")
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
    unused: str | None = column("Which values are not used, and why; no values.", default=None)


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
        "Sources, each with record, data set, source time, rule and the values it gave."
    )
    record_count: int = column("Source records behind it.", default=1)
    revision: int = column("Counts changes.", default=1)
    created_at: datetime = moment("When the customer was first seen.", default_factory=utc_now)
    changed_at: datetime = moment("When a value or member last changed.", default_factory=utc_now)


class CustomerLink(Table, table=True):
    """Which customer a record describes, and why we think so."""

    __tablename__ = "customer_link"

    record_id: int = column("The record, with which it goes.", sa_type=BigInteger, primary_key=True)
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


class LiveModel(Table, table=True):
    """The model that decides now; one row, or none before the first training."""

    __tablename__ = "live_model"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = column("Always 1.", default=1, primary_key=True)
    model_id: UUID = Field(
        foreign_key="match_model.id", index=True, description="The model in force."
    )
    complete: bool = column("Every clean record has been matched with it.", default=False)
    records: int = column("Records that are matched with it.", default=0, sa_type=BigInteger)
    changed_at: datetime = moment("When it went live or lost touch.", default_factory=utc_now)
    unread: list[str] = column(
        "Sources not read to their end when it trained itself; once all are, a new one does.",
        default_factory=list,
        sa_type=ARRAY(Text),
        sa_column_kwargs={"server_default": "{}"},
    )


class MatchRecord(Table, table=True):
    """One clean record as the live model sees it, and the component it belongs to."""

    __tablename__ = "match_record"

    record_id: int = column("The record, with which it goes.", sa_type=BigInteger, primary_key=True)
    kind: CustomerKind = column("Person or organisation.", sa_type=Text)
    place: str = column("Data set and key; decides every draw.", sa_type=Text)
    content: int = column("Digest that records of equal content share.", sa_type=BigInteger)
    aside: bool = column("One copy too many; it follows its like.", default=False)
    component: int | None = column(
        "Smallest record it is linked with, directly or through others.",
        default=None,
        sa_type=BigInteger,
    )
    features: str = column("Comparison columns, parted by tabs.", sa_type=Text)
    keys: list[int] = column("Blocking keys, hot ones left out.", sa_type=ARRAY(BigInteger))

    __table_args__ = (
        Index("ix_match_record_content", "content"),
        Index("ix_match_record_component", "component"),
        # Hardly any; that there are none is asked for every page.
        Index("ix_match_record_aside", "content", postgresql_where=text("aside")),
    )


class MatchKey(Table, table=True):
    """One blocking key of one record; kept in step with match_record.keys, by bulk."""

    __tablename__ = "match_key"

    key: int = column("Half an md5 over rule and text.", sa_type=BigInteger, primary_key=True)
    record_id: int = column("The record.", sa_type=BigInteger, primary_key=True)


class CrowdedKey(Table, table=True):
    """One blocking key that more records hold than are joined; hardly any is, and pages know all.

    Keys that were so when the model was trained are hot, and nobody holds those.
    """

    __tablename__ = "crowded_key"

    key: int = column("As in match_key.", sa_type=BigInteger, primary_key=True)


def _words_index(name: str, column_name: str) -> Index:
    """Declare an index in which what is new stands at once, not on a list that all must read."""
    return Index(name, column_name, postgresql_using="gin", postgresql_with={"fastupdate": "off"})


class RecordWords(Table, table=True):
    """The words by which one record is found, as digests; in step with match_record."""

    __tablename__ = "record_words"
    __table_args__ = (_words_index("ix_record_words_words", "words"),)

    record_id: int = column("The record, with which it goes.", sa_type=BigInteger, primary_key=True)
    words: list[int] = column(
        "Half an md5 of each word of its name, street and town, and of each number.",
        sa_type=ARRAY(BigInteger),
    )


class KnownWord(Table, table=True):
    """One spelling that records of the town have, once for all of them."""

    __tablename__ = "known_word"

    key: int = column("Half an md5 of the word.", sa_type=BigInteger, primary_key=True)
    word: str = column("Folded: small Latin letters.")
    records: int = column("Records that had it at the last full run.", default=1)


class WordSlips(Table, table=True):
    """What leads to a known word: what those one slip away share with it, and its beginnings."""

    __tablename__ = "word_slips"
    __table_args__ = (_words_index("ix_word_slips_slips", "slips"),)

    key: int = Field(
        sa_type=BigInteger, primary_key=True, foreign_key="known_word.key", ondelete="CASCADE"
    )
    slips: list[int] = column("Half an md5 of each.", sa_type=ARRAY(BigInteger))


class MatchEdge(Table, table=True):
    """Evidence between two records that share a key, strong enough to be worth a look."""

    __tablename__ = "match_edge"
    __table_args__ = (
        # The queue of doubtful pairs reads a band of weights out of millions of edges.
        Index(
            "ix_match_edge_doubt",
            "weight_bits",
            postgresql_where=text("NOT by_identity AND NOT apart AND weight_bits <= 6"),
        ),
    )

    left_id: int = column("Record that comes first by place.", sa_type=BigInteger, primary_key=True)
    right_id: int = column("The other.", sa_type=BigInteger, primary_key=True, index=True)
    weight_bits: float = column("Log2 odds of one customer.")
    by_identity: bool = column("One official number and nothing against it.")
    apart: bool = column("Two official numbers.")


class MatchDecision(Table, table=True):
    """What a steward decided about two records; it outlives every model and every run."""

    __tablename__ = "match_decision"

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    data_set_l: UUID = column("Data set of the first record.")
    key_l: str = column("Its key there.", max_length=400)
    data_set_r: UUID = column("Data set of the second record.")
    key_r: str = column("Its key there.", max_length=400)
    verdict: Verdict = column("Link, unlink or postpone.", sa_type=Text)
    reason: str = column("Why, in the steward's words.", max_length=1000)
    actor: str = column("Who decided.", max_length=120)
    decided_at: datetime = moment("When.", default_factory=utc_now)
    undone_at: datetime | None = moment("When it was undone.", default=None, nullable=True)
    undone_by: str | None = column("Who undid it.", default=None, max_length=120)

    __table_args__ = (
        Index("ix_match_decision_l", "data_set_l", "key_l"),
        Index("ix_match_decision_r", "data_set_r", "key_r"),
    )


class CustomerRedirect(Table, table=True):
    """Where a customer's id leads after a merge; kept for ever, ids are never reused."""

    __tablename__ = "customer_redirect"

    id: UUID = column("The retired id.", primary_key=True)
    successor_id: UUID | None = column(
        "Customer who has most of its records; NULL where none is left.", default=None, index=True
    )
    retired_at: datetime = moment("When.", default_factory=utc_now)


class CustomerVersion(Table, table=True):
    """A customer as it stood before a change, for questions about the past."""

    __tablename__ = "customer_version"

    customer_id: UUID = column("The customer.", primary_key=True)
    revision: int = column("The revision that ended.", primary_key=True)
    display_name: str = column("Name for lists.")
    attrs: dict[str, Any] = json_object("Golden values by attribute name.")
    provenance: dict[str, Any] = json_object("Where each came from.")
    record_count: int = column("Source records behind it.")
    valid_from: datetime = moment("When this revision began.")
    valid_to: datetime = moment("When it ended.", default_factory=utc_now)


class CustomerEvent(Table, table=True):
    """The outbox: what happened to customers, in order, for those who keep a copy."""

    __tablename__ = "customer_event"

    id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        primary_key=True,
        sa_column_kwargs={"server_default": Identity(always=True), "comment": "Order of events."},
    )
    customer_id: UUID = column("Whom it happened to.", index=True)
    change: CustomerChange = column("What happened.", sa_type=Text)
    other_id: UUID | None = column("The other customer of a merge or split.", default=None)
    happened_at: datetime = moment("When.", default_factory=utc_now, index=True)
