"""Ask workers for matching, and keep every time somebody settled what a data set's keys tell.

It only adds. What was settled before is taken over, so that it can be undone, too. The rows name
models, data sets and stewards, no customer, so they are not guarded.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _ask_for_matching()
    _keep_changes()


def _ask_for_matching() -> None:
    op.create_table(
        "match_request",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Identity; never reused."),
        sa.Column("work", sa.Text(), nullable=False, comment="What is to be done."),
        _json("given", "Of what: a model's version, or a data set and why.", nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="Where it stands."),
        sa.Column("asked_by", sa.String(120), nullable=False, comment="Who asked."),
        _moment("asked_at", "When somebody asked.", nullable=False),
        sa.Column(
            "tries",
            sa.Integer(),
            nullable=False,
            comment="Workers that took it; only the last one may finish it.",
        ),
        _moment("taken_at", "When a worker took it."),
        _json("progress", "How far it is: counts by step, and the seconds since it was taken."),
        _moment("finished_at", "When it was done."),
        _json("answer", "What came of it, in counts."),
        _json("error", "Why it failed: code, what, remedy."),
        sa.PrimaryKeyConstraint("id", name="pk_match_request"),
        comment="Work about matching that somebody asked for and the next free worker does.",
    )
    op.create_index("ix_match_request_state_id", "match_request", ["state", "id"])


def _keep_changes() -> None:
    op.create_table(
        "own_key_change",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Identity; never reused."),
        sa.Column("data_set_id", sa.Uuid(), nullable=False, comment="Which data set."),
        sa.Column(
            "keeps_apart",
            sa.Boolean(),
            nullable=True,
            comment="Two of its records are never linked by the model; NULL leaves it to the rule.",
        ),
        sa.Column(
            "reason", sa.String(1000), nullable=False, comment="Why, for those who ask later."
        ),
        sa.Column("actor", sa.String(120), nullable=False, comment="Who settled it."),
        _moment("changed_at", "When.", nullable=False),
        _moment("undone_at", "When it was undone."),
        sa.Column("undone_by", sa.String(120), nullable=True, comment="Who undid it."),
        sa.PrimaryKeyConstraint("id", name="pk_own_key_change"),
        sa.ForeignKeyConstraint(
            ["data_set_id"],
            ["element.id"],
            name="fk_own_key_change_data_set_id",
            ondelete="CASCADE",
        ),
        comment="One time somebody settled what a data set's own keys tell; undone ones stay on"
        " record.",
    )
    op.create_index("ix_own_key_change_data_set_id_id", "own_key_change", ["data_set_id", "id"])
    op.execute(
        """INSERT INTO own_key_change (id, data_set_id, keeps_apart, reason, actor, changed_at)
           SELECT gen_random_uuid(), data_set_id, keeps_apart, reason, actor, changed_at
           FROM own_key_rule"""
    )


def _moment(name: str, comment: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def _json(name: str, comment: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(
        name, postgresql.JSONB(astext_type=sa.Text()), nullable=nullable, comment=comment
    )
