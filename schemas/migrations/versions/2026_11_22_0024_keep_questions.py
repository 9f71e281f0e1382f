"""Keep the questions that are worth a steward's look, and note what changes them.

It only adds. A release before notes nothing, and then all questions are weighed anew. The rows name
records and customers by number and id, so no row is read without the scope, as of other tables of
customers.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _keep_questions()
    op.create_table(
        "review_news",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Order of notes.",
        ),
        sa.Column(
            "records",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=True,
            comment="Records that were matched again; NULL says that all were.",
        ),
        sa.Column(
            "noted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="The matching transaction's time, as live_model has it.",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_review_news"),
        comment="What was matched since the kept questions were weighed.",
    )
    op.create_table(
        "review_state",
        sa.Column("id", sa.Integer(), nullable=False, comment="Always 1."),
        sa.Column("pairs", sa.Integer(), nullable=False, comment="Questions that are kept."),
        sa.Column(
            "apart",
            sa.Integer(),
            nullable=False,
            comment="Those of them about two customers that may be one.",
        ),
        sa.Column(
            "concerned",
            sa.Integer(),
            nullable=False,
            comment="Customers that may be a duplicate of another.",
        ),
        sa.Column("customers", sa.BigInteger(), nullable=False, comment="Customers there are."),
        sa.Column(
            "last_event",
            sa.BigInteger(),
            nullable=False,
            comment="The newest event of a customer that is accounted for.",
        ),
        sa.Column(
            "matched_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="The last matching that is accounted for, as live_model has it.",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_review_state"),
        sa.CheckConstraint("id = 1", name=op.f("ck_review_state_one_row")),
        comment="Up to where the kept questions are weighed, and how many there are; one row.",
    )
    for table in ("review_question", "review_news", "review_state"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"""CREATE POLICY needs_scope ON {table} FOR SELECT USING ((
                SELECT 'customers:read' = ANY (
                    string_to_array(current_setting('townclerk.scopes', true), ' '))))"""
        )


def _keep_questions() -> None:
    op.create_table(
        "review_question",
        sa.Column(
            "left_id",
            sa.BigInteger(),
            nullable=False,
            comment="Landed record; with the other the strongest pair.",
        ),
        sa.Column("right_id", sa.BigInteger(), nullable=False, comment="Landed record."),
        sa.Column("customer_l", sa.Uuid(), nullable=False, comment="A customer it is about."),
        sa.Column(
            "customer_r",
            sa.Uuid(),
            nullable=False,
            comment="The other one; the same where one may be two.",
        ),
        sa.Column(
            "weight_bits",
            sa.Float(),
            nullable=False,
            comment="Log2 odds of one customer of the two records alone.",
        ),
        sa.Column(
            "linked", sa.Boolean(), nullable=False, comment="Whether both are one customer now."
        ),
        sa.Column("records", sa.Integer(), nullable=False, comment="Records it concerns."),
        sa.Column(
            "chance", sa.Float(), nullable=False, comment="Probability that it is one customer."
        ),
        sa.Column(
            "minus_benefit",
            sa.Float(),
            nullable=False,
            comment="Pairs that an answer mends, below zero: the order of the queue.",
        ),
        sa.PrimaryKeyConstraint("left_id", "right_id", name="pk_review_question"),
        comment="One question that is worth a steward's look, as it was weighed last.",
    )
    op.create_index(
        "ix_review_question_order", "review_question", ["minus_benefit", "left_id", "right_id"]
    )
    for side in ("customer_l", "customer_r"):
        op.create_index(f"ix_review_question_{side}", "review_question", [side])
