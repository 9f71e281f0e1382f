"""Keep when sources are read, and how old they may become; Prefect is told from here."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_schedule",
        sa.Column("source_id", sa.Uuid(), nullable=False, comment="Which source."),
        sa.Column(
            "cron",
            sa.String(length=100),
            nullable=True,
            comment="When to read it, as cron says it.",
        ),
        sa.Column("zone", sa.String(length=60), nullable=False, comment="Time zone of `cron`."),
        sa.Column(
            "active",
            sa.Boolean(),
            nullable=False,
            comment="Whether it is read by the clock at all.",
        ),
        sa.Column(
            "fresh_minutes",
            sa.Integer(),
            nullable=True,
            comment="Age at which its newest complete run is too old.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When somebody last changed it.",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_source_schedule_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_schedule")),
        comment="When a source is read, and how old its newest complete run may become.",
    )
