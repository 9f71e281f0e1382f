"""Keep what workers are asked to do, and how old data sets may become.

It only adds.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _moment(name: str, comment: str, *, nullable: bool) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def upgrade() -> None:
    op.create_table(
        "freshness_target",
        sa.Column("data_set_id", sa.Uuid(), nullable=False, comment="Which data set."),
        sa.Column(
            "fresh_minutes",
            sa.Integer(),
            nullable=False,
            comment="Age at which its oldest complete scan is too old.",
        ),
        _moment("changed_at", "When somebody last changed it.", nullable=False),
        sa.CheckConstraint(
            "fresh_minutes > 0", name=op.f("ck_freshness_target_fresh_minutes_positive")
        ),
        sa.ForeignKeyConstraint(
            ["data_set_id"],
            ["element.id"],
            name=op.f("fk_freshness_target_data_set_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("data_set_id", name=op.f("pk_freshness_target")),
        comment="How old a data set may become, whichever sources fill it.",
    )
    op.create_table(
        "sync_request",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Identity; never reused."),
        sa.Column("source_id", sa.Uuid(), nullable=False, comment="Which source."),
        sa.Column("kind", sa.Text(), nullable=False, comment="What is to be done."),
        sa.Column("stream", sa.String(length=60), nullable=True, comment="Only this stream of it."),
        sa.Column("state", sa.Text(), nullable=False, comment="Where it stands."),
        sa.Column("asked_by", sa.String(length=200), nullable=False, comment="Who asked."),
        _moment("asked_at", "When somebody asked.", nullable=False),
        _moment("taken_at", "When a worker took it.", nullable=True),
        _moment("finished_at", "When it was done.", nullable=True),
        sa.Column(
            "answer",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What came of it, in keys and counts.",
        ),
        sa.Column(
            "error",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Why it failed: code, what, remedy.",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_sync_request_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_request")),
        comment="Work on one source that somebody asked for, and that the next free worker does.",
    )
    op.create_index("ix_sync_request_source_id", "sync_request", ["source_id"])
    op.create_index("ix_sync_request_state_id", "sync_request", ["state", "id"])
