"""Keep keys, edges, decisions and what happened to customers.

It only adds. Tables are written out rather than taken from the models, so that this file
makes the same database for ever, whatever the models become.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_customer_event()
    create_customer_redirect()
    create_customer_version()
    create_match_decision()
    create_match_edge()
    create_match_key()
    create_live_model()
    create_match_record()
    guard()


# Tables that hold values of customers, or tell who somebody is.
GUARDED = ("customer_version", "match_decision", "match_record")


def guard() -> None:
    """Show their rows only where the transaction names the scope, as for customers themselves."""
    for table in GUARDED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"""CREATE POLICY needs_scope ON {table} FOR SELECT USING ((
                SELECT 'customers:read' = ANY (
                    string_to_array(current_setting('townclerk.scopes', true), ' '))))"""
        )


def create_customer_event() -> None:
    op.create_table(
        "customer_event",
        sa.Column(
            "id",
            sa.BigInteger,
            sa.Identity(always=True),
            nullable=False,
            comment="Order of events.",
        ),
        uuid("customer_id", "Whom it happened to."),
        text("change", "What happened."),
        uuid("other_id", "The other customer of a merge or split.", nullable=True),
        moment("happened_at", "When."),
        sa.PrimaryKeyConstraint("id", name="pk_customer_event"),
        comment="The outbox: what happened to customers, in order, for those who keep a copy.",
    )
    op.create_index("ix_customer_event_customer_id", "customer_event", ["customer_id"])


def create_customer_redirect() -> None:
    op.create_table(
        "customer_redirect",
        uuid("id", "The retired id."),
        uuid(
            "successor_id",
            "Customer who has most of its records; NULL where none is left.",
            nullable=True,
        ),
        moment("retired_at", "When."),
        sa.PrimaryKeyConstraint("id", name="pk_customer_redirect"),
        comment="Where a customer's id leads after a merge; kept for ever, ids are never reused.",
    )
    op.create_index("ix_customer_redirect_successor_id", "customer_redirect", ["successor_id"])


def create_customer_version() -> None:
    op.create_table(
        "customer_version",
        uuid("customer_id", "The customer."),
        number("revision", "The revision that ended."),
        words("display_name", "Name for lists."),
        json_object("attrs", "Golden values by attribute name."),
        json_object("provenance", "Where each came from."),
        number("record_count", "Source records behind it."),
        moment("valid_from", "When this revision began."),
        moment("valid_to", "When it ended."),
        sa.PrimaryKeyConstraint("customer_id", "revision", name="pk_customer_version"),
        comment="A customer as it stood before a change, for questions about the past.",
    )


def create_match_decision() -> None:
    op.create_table(
        "match_decision",
        uuid("id", "Identity; never reused."),
        uuid("data_set_l", "Data set of the first record."),
        words("key_l", "Its key there.", length=400),
        uuid("data_set_r", "Data set of the second record."),
        words("key_r", "Its key there.", length=400),
        text("verdict", "Link, unlink or postpone."),
        words("reason", "Why, in the steward's words.", length=1000),
        words("actor", "Who decided.", length=120),
        moment("decided_at", "When."),
        moment("undone_at", "When it was undone.", nullable=True),
        words("undone_by", "Who undid it.", length=120, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_match_decision"),
        comment="What a steward decided about two records; it outlives every model and every run.",
    )
    op.create_index("ix_match_decision_l", "match_decision", ["data_set_l", "key_l"])
    op.create_index("ix_match_decision_r", "match_decision", ["data_set_r", "key_r"])


def create_match_edge() -> None:
    op.create_table(
        "match_edge",
        count("left_id", "Record that comes first by place."),
        count("right_id", "The other."),
        real("weight_bits", "Log2 odds of one customer."),
        flag("by_identity", "One official number and nothing against it."),
        flag("apart", "Two official numbers."),
        sa.PrimaryKeyConstraint("left_id", "right_id", name="pk_match_edge"),
        comment="Evidence between two records that share a key, strong enough to be worth a look.",
    )
    op.create_index("ix_match_edge_right_id", "match_edge", ["right_id"])


def create_match_key() -> None:
    op.create_table(
        "match_key",
        count("key", "Half an md5 over rule and text."),
        count("record_id", "The record."),
        sa.PrimaryKeyConstraint("key", "record_id", name="pk_match_key"),
        comment="One blocking key of one record; kept in step with match_record.keys, by bulk.",
    )


def create_live_model() -> None:
    op.create_table(
        "live_model",
        number("id", "Always 1."),
        uuid("model_id", "The model in force."),
        flag("complete", "Every clean record has been matched with it."),
        count("records", "Records that are matched with it."),
        moment("changed_at", "When it went live or lost touch."),
        sa.PrimaryKeyConstraint("id", name="pk_live_model"),
        sa.CheckConstraint("id = 1", name=op.f("ck_live_model_one_row")),
        points_to("model_id", "match_model.id", name="fk_live_model_model_id"),
        comment="The model that decides now; one row, or none before the first training.",
    )
    op.create_index("ix_live_model_model_id", "live_model", ["model_id"])


def create_match_record() -> None:
    op.create_table(
        "match_record",
        count("record_id", None),
        text("kind", "Person or organisation."),
        text("place", "Data set and key; decides every draw."),
        count("content", "Digest that records of equal content share."),
        flag("aside", "One copy too many; it follows its like."),
        count(
            "component",
            "Smallest record it is linked with, directly or through others.",
            nullable=True,
        ),
        text("features", "Comparison columns as JSON."),
        counts("keys", "Blocking keys, hot ones left out."),
        sa.PrimaryKeyConstraint("record_id", name="pk_match_record"),
        points_to(
            "record_id", "landed_record.id", name="fk_match_record_record_id", ondelete="CASCADE"
        ),
        comment="One clean record as the live model sees it, and the component it belongs to.",
    )
    op.create_index("ix_match_record_component", "match_record", ["component"])
    op.create_index("ix_match_record_content", "match_record", ["content"])


def words(
    name: str, comment: str | None, *, length: int | None = None, nullable: bool = False
) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=nullable, comment=comment)


def text(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable, comment=comment)


def counts(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, postgresql.ARRAY(sa.BigInteger), nullable=nullable, comment=comment)


def uuid(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid, nullable=nullable, comment=comment)


def moment(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def json_object(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB, nullable=nullable, comment=comment)


def count(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, comment=comment)


def number(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=nullable, comment=comment)


def flag(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=nullable, comment=comment)


def real(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float, nullable=nullable, comment=comment)


def points_to(
    column: str, target: str, *, name: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=ondelete)
