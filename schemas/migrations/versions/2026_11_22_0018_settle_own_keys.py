"""Settle which data sets keep people apart by their own keys.

It only adds. The rows name data sets and stewards, no customer, so they are not guarded.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_key_rule",
        sa.Column("data_set_id", sa.Uuid, nullable=False),
        sa.Column(
            "keeps_apart",
            sa.Boolean,
            nullable=False,
            comment="Two of its records are never linked by the model.",
        ),
        sa.Column(
            "reason", sa.String(1000), nullable=False, comment="Why, for those who ask later."
        ),
        sa.Column("actor", sa.String(120), nullable=False, comment="Who settled it."),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column("revision", sa.Integer, nullable=False, comment="Counts changes."),
        sa.PrimaryKeyConstraint("data_set_id", name="pk_own_key_rule"),
        sa.ForeignKeyConstraint(
            ["data_set_id"],
            ["element.id"],
            name="fk_own_key_rule_data_set_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("revision > 0", name=op.f("ck_own_key_rule_revision_positive")),
        comment="Whether a data set's own keys keep people apart, where a steward settled it.",
    )
