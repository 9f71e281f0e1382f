"""Keep what workers are asked to look at, and which checks looked at what runs.

It only adds. A worker of the release before does not know the new table, so it leaves looks alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "check_run",
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            server_default="document",
            comment="What it looked at.",
        ),
    )
    op.create_table(
        "look_request",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Identity; never reused."),
        sa.Column("interface_id", sa.Uuid(), nullable=False, comment="Which interface."),
        sa.Column("kind", sa.Text(), nullable=False, comment="What to look at."),
        _json(
            "given",
            "Of a trial: the connector file, which streams, how many records, for which purpose.",
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="Where it stands."),
        sa.Column("asked_by", sa.String(length=200), nullable=False, comment="Who asked."),
        _moment("asked_at", "When somebody asked.", nullable=False),
        _moment("taken_at", "When a worker took it."),
        _moment("finished_at", "When it was done."),
        _json("answer", "What was found: places, rules and counts, never a value of a customer."),
        _json("error", "Why it failed: code, what, remedy."),
        sa.Column(
            "check_number", sa.BigInteger(), nullable=True, comment="The evidence of a probe."
        ),
        sa.ForeignKeyConstraint(
            ["interface_id"],
            ["element.id"],
            name=op.f("fk_look_request_interface_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["check_number"], ["check_run.number"], name=op.f("fk_look_request_check_number")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_request")),
        comment="A look at what runs, which somebody asked for and the next free worker takes.",
    )
    op.create_index("ix_look_request_interface_id", "look_request", ["interface_id"])
    op.create_index("ix_look_request_state_id", "look_request", ["state", "id"])
    op.create_index(
        "ix_look_request_check_number",
        "look_request",
        ["check_number"],
        postgresql_where=sa.text("check_number IS NOT NULL"),
    )
    op.create_table(
        "trial_sample",
        sa.Column("request_id", sa.Uuid(), nullable=False, comment="The trial."),
        _json("streams", "By stream: records raw beside mapped, and refused ones.", nullable=False),
        _moment("until", "When it is deleted.", nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["look_request.id"],
            name=op.f("fk_trial_sample_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_trial_sample")),
        comment="What one who tries a connector may see of its records, as its purpose shows them.",
    )
    op.create_index("ix_trial_sample_until", "trial_sample", ["until"])
    # As other tables of customers: no row without the scope (registry/storage/guarding.py).
    op.execute("ALTER TABLE trial_sample ENABLE ROW LEVEL SECURITY")
    op.execute(
        """CREATE POLICY needs_scope ON trial_sample FOR SELECT USING ((
            SELECT 'customers:read' = ANY (
                string_to_array(current_setting('townclerk.scopes', true), ' '))))"""
    )


def _moment(name: str, comment: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def _json(name: str, comment: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(
        name, postgresql.JSONB(astext_type=sa.Text()), nullable=nullable, comment=comment
    )
