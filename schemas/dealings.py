"""What sources know around a customer: dealings, consents, preferences, roles, ways to reach them.

Each row is one landed record that names its customer by the key the source has for it, so it may
come before or after the customer, and follows its record from one customer to another.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from schemas.base import Table, column, moment
from schemas.records import ConsentState, ContactKind


class Dealing(Table):
    """What all of them have: the landed record, and the source's key of the customer."""

    record_id: int = Field(
        sa_type=BigInteger,
        primary_key=True,
        foreign_key="landed_record.id",
        ondelete="CASCADE",
        description="The landed record it came as.",
    )
    data_set_id: UUID = column("Data set whose key names the customer.")
    customer_key: str = column("The source's key of the customer.", max_length=400)


class Interaction(Dealing, table=True):
    """One time a customer and the municipality had to do with each other."""

    __tablename__ = "interaction"
    __table_args__ = (Index("ix_interaction_customer", "data_set_id", "customer_key"),)

    channel: str | None = column("By which way, e.g. counter, phone, web.", default=None)
    service: str | None = column("About which service.", default=None)
    happened_at: datetime | None = moment("When.", default=None, nullable=True)
    outcome: str | None = column("What came of it.", default=None)
    feedback: str | None = column("What the customer said of it.", default=None)


class Consent(Dealing, table=True):
    """What a customer allows or forbids, from when, until when."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_customer", "data_set_id", "customer_key"),)

    topic: str = column("For what, e.g. newsletter.")
    state: ConsentState = column("What was said.", sa_type=Text)
    given_at: datetime | None = moment("When it was said.", default=None, nullable=True)
    valid_until: date | None = column("Last day it holds.", default=None)


class ChannelPreference(Dealing, table=True):
    """By which way a customer wants to be reached."""

    __tablename__ = "channel_preference"
    __table_args__ = (Index("ix_channel_preference_customer", "data_set_id", "customer_key"),)

    channel: str = column("E.g. email, phone, post.")
    topic: str | None = column("For what; all where empty.", default=None)
    rank: int = column("The lower the dearer; 1 is first.", default=1)


class CustomerRole(Dealing, table=True):
    """What a customer is to the municipality, or to another customer of its source."""

    __tablename__ = "customer_role"
    __table_args__ = (Index("ix_customer_role_customer", "data_set_id", "customer_key"),)

    role: str = column("E.g. taxpayer, guardian, contact of a company.")
    other_key: str | None = column("Towards whom: the source's key.", default=None, max_length=400)
    since: date | None = column("First day.", default=None)
    until: date | None = column("Last day.", default=None)


class ContactPoint(Dealing, table=True):
    """One more way to reach a customer, beside those in the record itself."""

    __tablename__ = "contact_point"
    __table_args__ = (Index("ix_contact_point_customer", "data_set_id", "customer_key"),)

    kind: ContactKind = column("Which way.", sa_type=Text)
    value: str = column("Checked and in one spelling, e.g. E.164.")
    label: str | None = column("What for, e.g. work.", default=None)


class CustomerAddress(Dealing, table=True):
    """One more address of a customer, beside the one in the record itself."""

    __tablename__ = "customer_address"
    __table_args__ = (Index("ix_customer_address_customer", "data_set_id", "customer_key"),)

    usage: str | None = column("What for, e.g. post or visit.", default=None)
    street: str | None = column("As written.", default=None)
    house_number: str | None = column("Digits and addition.", default=None)
    postal_code: str | None = column("Upper case, no blanks.", default=None)
    city: str | None = column("As written.", default=None)
    since: date | None = column("First day.", default=None)
    until: date | None = column("Last day.", default=None)


class CustomerIdentifier(Dealing, table=True):
    """One more number or name by which somebody knows a customer, and who gave it out."""

    __tablename__ = "customer_identifier"
    __table_args__ = (
        Index("ix_customer_identifier_customer", "data_set_id", "customer_key"),
        Index("ix_customer_identifier_value", "value"),
    )

    type: str = column("E.g. bsn, kvk, iban, vat, passport.")
    issuer: str | None = column("Who gave it out.", default=None)
    value: str = column("As compared: upper case, no blanks or points.")
    is_valid: bool | None = column("Whether its check digits are right; empty where it has none.")
