"""Keep purposes, survivorship, samples, erasures, and what sources know around a customer.

It only adds. Tables are written out rather than taken from the models, so that this file makes
the same database for ever, whatever the models become.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Tables that hold values of customers, or tell who somebody is.
GUARDED = (
    "channel_preference",
    "consent",
    "contact_point",
    "customer_address",
    "customer_identifier",
    "customer_role",
    "interaction",
    "link_sample",
)


def upgrade() -> None:
    create_erasure()
    create_event_reader()
    create_purpose()
    create_survivorship_rule()
    create_link_sample()
    create_channel_preference()
    create_consent()
    create_contact_point()
    create_customer_address()
    create_customer_identifier()
    create_customer_role()
    create_interaction()
    create_erased_record()
    add_indexes()
    guard()


def guard() -> None:
    """Show their rows only where the transaction names the scope, as for customers themselves."""
    for table in GUARDED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"""CREATE POLICY needs_scope ON {table} FOR SELECT USING ((
                SELECT 'customers:read' = ANY (
                    string_to_array(current_setting('townclerk.scopes', true), ' '))))"""
        )


def add_indexes() -> None:
    """Find who lives behind one door, who bears a name, what is doubtful, what is new."""
    op.create_index("ix_clean_record_door", "clean_record", ["postal_code", "house_number"])
    op.create_index(
        "ix_clean_record_family",
        "clean_record",
        ["family_name"],
        postgresql_ops={"family_name": "text_pattern_ops"},
    )
    op.create_index(
        "ix_clean_record_organisation",
        "clean_record",
        ["organisation_name"],
        postgresql_ops={"organisation_name": "text_pattern_ops"},
    )
    op.create_index(op.f("ix_customer_event_happened_at"), "customer_event", ["happened_at"])
    op.create_index(
        "ix_match_edge_doubt",
        "match_edge",
        ["weight_bits"],
        postgresql_where=sa.text("NOT by_identity AND NOT apart AND weight_bits <= 6"),
    )


def create_erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("customer_id", sa.Uuid(), nullable=False, comment="The id that was retired."),
        sa.Column("records", sa.Integer(), nullable=False, comment="Source records that went."),
        sa.Column(
            "reason",
            sa.String(length=1000),
            nullable=False,
            comment="Why, e.g. the number of the request; no values.",
        ),
        sa.Column("actor", sa.String(length=120), nullable=False, comment="Who did it."),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_erasure")),
        comment="One customer who was erased: who did it and why, and nothing of what was known.",
    )


def create_event_reader() -> None:
    op.create_table(
        "event_reader",
        sa.Column(
            "name", sa.String(length=120), nullable=False, comment="What the reader calls itself."
        ),
        sa.Column(
            "last_event", sa.BigInteger(), nullable=False, comment="Last event it has taken in."
        ),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), nullable=False, comment="When it said so."
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_reader")),
        comment="How far somebody who keeps a copy of customers has read the outbox.",
    )


def create_purpose() -> None:
    op.create_table(
        "purpose",
        sa.Column("key", sa.String(length=60), nullable=False, comment="Short name people type."),
        sa.Column(
            "name",
            sa.String(length=200),
            nullable=False,
            comment="What it is called in the register of processing.",
        ),
        sa.Column(
            "lawful_basis",
            sa.String(length=400),
            nullable=False,
            comment="Article of law or of the GDPR it rests on.",
        ),
        sa.Column(
            "fields",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="What may be seen; all else comes back masked.",
        ),
        sa.Column("active", sa.Boolean(), nullable=False, comment="Whether it may still be named."),
        sa.Column("changed_by", sa.String(length=120), nullable=False, comment="Who settled it."),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_purpose")),
        comment="What personal data may be looked at for, on which lawful basis, and which of it.",
    )


def create_survivorship_rule() -> None:
    op.create_table(
        "survivorship_rule",
        sa.Column(
            "attribute",
            sa.String(length=60),
            nullable=False,
            comment="Name of the group, as in provenance.",
        ),
        sa.Column(
            "criteria",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="What decides, the first first: trusted, newest, complete, agreement.",
        ),
        sa.Column(
            "trusted",
            postgresql.ARRAY(sa.Uuid()),
            nullable=False,
            comment="Data sets, the most trusted first; others come after them.",
        ),
        sa.Column(
            "reason",
            sa.String(length=1000),
            nullable=False,
            comment="Why, for those who ask later.",
        ),
        sa.Column("actor", sa.String(length=120), nullable=False, comment="Who settled it."),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column("revision", sa.Integer(), nullable=False, comment="Counts changes."),
        sa.CheckConstraint("revision > 0", name=op.f("ck_survivorship_rule_revision_positive")),
        sa.PrimaryKeyConstraint("attribute", name=op.f("pk_survivorship_rule")),
        comment="How an attribute, or several that belong together, gets its golden value.",
    )


def create_link_sample() -> None:
    op.create_table(
        "link_sample",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Identity; never reused."),
        sa.Column("model_id", sa.Uuid(), nullable=False, comment="The model that linked them."),
        sa.Column("left_id", sa.BigInteger(), nullable=False, comment="Landed record."),
        sa.Column("right_id", sa.BigInteger(), nullable=False, comment="Landed record."),
        sa.Column(
            "weight_bits",
            sa.Float(),
            nullable=False,
            comment="Log2 odds of one customer when it was drawn.",
        ),
        sa.Column(
            "drawn_at", sa.DateTime(timezone=True), nullable=False, comment="When it was drawn."
        ),
        sa.Column(
            "is_right", sa.Boolean(), nullable=True, comment="Whether they are one customer."
        ),
        sa.Column("judged_by", sa.String(length=120), nullable=True, comment="Who looked."),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True, comment="When."),
        sa.ForeignKeyConstraint(
            ["model_id"], ["match_model.id"], name=op.f("fk_link_sample_model_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_sample")),
        comment="One automatic link drawn at random, and what a steward found it to be.",
    )
    op.create_index(op.f("ix_link_sample_model_id"), "link_sample", ["model_id"])
    op.create_index(
        "ix_link_sample_waiting",
        "link_sample",
        ["drawn_at"],
        postgresql_where=sa.text("judged_at IS NULL"),
    )


def create_channel_preference() -> None:
    op.create_table(
        "channel_preference",
        sa.Column(
            "record_id", sa.BigInteger(), nullable=False, comment="The landed record it came as."
        ),
        sa.Column(
            "data_set_id",
            sa.Uuid(),
            nullable=False,
            comment="Data set whose key names the customer.",
        ),
        sa.Column(
            "customer_key",
            sa.String(length=400),
            nullable=False,
            comment="The source's key of the customer.",
        ),
        sa.Column("channel", sa.String(), nullable=False, comment="E.g. email, phone, post."),
        sa.Column("topic", sa.String(), nullable=True, comment="For what; all where empty."),
        sa.Column(
            "rank", sa.Integer(), nullable=False, comment="The lower the dearer; 1 is first."
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["landed_record.id"],
            name=op.f("fk_channel_preference_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_channel_preference")),
        comment="By which way a customer wants to be reached.",
    )
    op.create_index(
        "ix_channel_preference_customer", "channel_preference", ["data_set_id", "customer_key"]
    )


def create_consent() -> None:
    op.create_table(
        "consent",
        sa.Column(
            "record_id", sa.BigInteger(), nullable=False, comment="The landed record it came as."
        ),
        sa.Column(
            "data_set_id",
            sa.Uuid(),
            nullable=False,
            comment="Data set whose key names the customer.",
        ),
        sa.Column(
            "customer_key",
            sa.String(length=400),
            nullable=False,
            comment="The source's key of the customer.",
        ),
        sa.Column("topic", sa.String(), nullable=False, comment="For what, e.g. newsletter."),
        sa.Column("state", sa.Text(), nullable=False, comment="What was said."),
        sa.Column(
            "given_at", sa.DateTime(timezone=True), nullable=True, comment="When it was said."
        ),
        sa.Column("valid_until", sa.Date(), nullable=True, comment="Last day it holds."),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["landed_record.id"],
            name=op.f("fk_consent_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_consent")),
        comment="What a customer allows or forbids, from when, until when.",
    )
    op.create_index("ix_consent_customer", "consent", ["data_set_id", "customer_key"])


def create_contact_point() -> None:
    op.create_table(
        "contact_point",
        sa.Column(
            "record_id", sa.BigInteger(), nullable=False, comment="The landed record it came as."
        ),
        sa.Column(
            "data_set_id",
            sa.Uuid(),
            nullable=False,
            comment="Data set whose key names the customer.",
        ),
        sa.Column(
            "customer_key",
            sa.String(length=400),
            nullable=False,
            comment="The source's key of the customer.",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="Which way."),
        sa.Column(
            "value", sa.String(), nullable=False, comment="Checked and in one spelling, e.g. E.164."
        ),
        sa.Column("label", sa.String(), nullable=True, comment="What for, e.g. work."),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["landed_record.id"],
            name=op.f("fk_contact_point_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_contact_point")),
        comment="One more way to reach a customer, beside those in the record itself.",
    )
    op.create_index("ix_contact_point_customer", "contact_point", ["data_set_id", "customer_key"])


def create_customer_address() -> None:
    op.create_table(
        "customer_address",
        sa.Column(
            "record_id", sa.BigInteger(), nullable=False, comment="The landed record it came as."
        ),
        sa.Column(
            "data_set_id",
            sa.Uuid(),
            nullable=False,
            comment="Data set whose key names the customer.",
        ),
        sa.Column(
            "customer_key",
            sa.String(length=400),
            nullable=False,
            comment="The source's key of the customer.",
        ),
        sa.Column("usage", sa.String(), nullable=True, comment="What for, e.g. post or visit."),
        sa.Column("street", sa.String(), nullable=True, comment="As written."),
        sa.Column("house_number", sa.String(), nullable=True, comment="Digits and addition."),
        sa.Column("postal_code", sa.String(), nullable=True, comment="Upper case, no blanks."),
        sa.Column("city", sa.String(), nullable=True, comment="As written."),
        sa.Column("since", sa.Date(), nullable=True, comment="First day."),
        sa.Column("until", sa.Date(), nullable=True, comment="Last day."),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["landed_record.id"],
            name=op.f("fk_customer_address_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_customer_address")),
        comment="One more address of a customer, beside the one in the record itself.",
    )
    op.create_index(
        "ix_customer_address_customer", "customer_address", ["data_set_id", "customer_key"]
    )


def create_customer_identifier() -> None:
    op.create_table(
        "customer_identifier",
        sa.Column(
            "record_id", sa.BigInteger(), nullable=False, comment="The landed record it came as."
        ),
        sa.Column(
            "data_set_id",
            sa.Uuid(),
            nullable=False,
            comment="Data set whose key names the customer.",
        ),
        sa.Column(
            "customer_key",
            sa.String(length=400),
            nullable=False,
            comment="The source's key of the customer.",
        ),
        sa.Column(
            "type", sa.String(), nullable=False, comment="E.g. bsn, kvk, iban, vat, passport."
        ),
        sa.Column("issuer", sa.String(), nullable=True, comment="Who gave it out."),
        sa.Column(
            "value",
            sa.String(),
            nullable=False,
            comment="As compared: upper case, no blanks or points.",
        ),
        sa.Column(
            "is_valid",
            sa.Boolean(),
            nullable=True,
            comment="Whether its check digits are right; empty where it has none.",
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["landed_record.id"],
            name=op.f("fk_customer_identifier_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_customer_identifier")),
        comment="One more number or name by which somebody knows a customer, and who gave it out.",
    )
    op.create_index(
        "ix_customer_identifier_customer", "customer_identifier", ["data_set_id", "customer_key"]
    )
    op.create_index("ix_customer_identifier_value", "customer_identifier", ["value"])


def create_customer_role() -> None:
    op.create_table(
        "customer_role",
        sa.Column(
            "record_id", sa.BigInteger(), nullable=False, comment="The landed record it came as."
        ),
        sa.Column(
            "data_set_id",
            sa.Uuid(),
            nullable=False,
            comment="Data set whose key names the customer.",
        ),
        sa.Column(
            "customer_key",
            sa.String(length=400),
            nullable=False,
            comment="The source's key of the customer.",
        ),
        sa.Column(
            "role",
            sa.String(),
            nullable=False,
            comment="E.g. taxpayer, guardian, contact of a company.",
        ),
        sa.Column(
            "other_key",
            sa.String(length=400),
            nullable=True,
            comment="Towards whom: the source's key.",
        ),
        sa.Column("since", sa.Date(), nullable=True, comment="First day."),
        sa.Column("until", sa.Date(), nullable=True, comment="Last day."),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["landed_record.id"],
            name=op.f("fk_customer_role_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_customer_role")),
        comment="What a customer is to the municipality, or to another customer of its source.",
    )
    op.create_index("ix_customer_role_customer", "customer_role", ["data_set_id", "customer_key"])


def create_interaction() -> None:
    op.create_table(
        "interaction",
        sa.Column(
            "record_id", sa.BigInteger(), nullable=False, comment="The landed record it came as."
        ),
        sa.Column(
            "data_set_id",
            sa.Uuid(),
            nullable=False,
            comment="Data set whose key names the customer.",
        ),
        sa.Column(
            "customer_key",
            sa.String(length=400),
            nullable=False,
            comment="The source's key of the customer.",
        ),
        sa.Column(
            "channel", sa.String(), nullable=True, comment="By which way, e.g. counter, phone, web."
        ),
        sa.Column("service", sa.String(), nullable=True, comment="About which service."),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=True, comment="When."),
        sa.Column("outcome", sa.String(), nullable=True, comment="What came of it."),
        sa.Column("feedback", sa.String(), nullable=True, comment="What the customer said of it."),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["landed_record.id"],
            name=op.f("fk_interaction_record_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_interaction")),
        comment="One time a customer and the municipality had to do with each other.",
    )
    op.create_index("ix_interaction_customer", "interaction", ["data_set_id", "customer_key"])


def create_erased_record() -> None:
    op.create_table(
        "erased_record",
        sa.Column("data_set_id", sa.Uuid(), nullable=False, comment="Data set it belonged to."),
        sa.Column(
            "key_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="blake2b-128 of its key, keyed by the data set.",
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False, comment="Whose erasure it belongs to."),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["erasure.customer_id"], name=op.f("fk_erased_record_customer_id")
        ),
        sa.PrimaryKeyConstraint("data_set_id", "key_hash", name=op.f("pk_erased_record")),
        comment="One source record that must not come back; only a digest of its key is kept.",
    )
    op.create_index(op.f("ix_erased_record_customer_id"), "erased_record", ["customer_id"])
