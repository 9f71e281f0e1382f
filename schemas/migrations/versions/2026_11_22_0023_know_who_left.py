"""Know by digests who bore a key that its source deleted and a steward's decision names.

It only adds. A release before writes no digests, and then decisions hold as they did there.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "left_key",
        sa.Column("data_set_id", sa.Uuid(), nullable=False, comment="Data set it belonged to."),
        sa.Column("key", sa.String(400), nullable=False, comment="The source's own key."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Person or organisation."),
        sa.Column(
            "marks",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="By attribute, digests of what the record said, keyed by data set and key.",
        ),
        sa.Column(
            "left_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When its source deleted it.",
        ),
        sa.PrimaryKeyConstraint("data_set_id", "key", name="pk_left_key"),
        comment="Who bore a key that its source has deleted and a decision names; digests, no"
        " values.",
    )
    # As other tables of customers: no row without the scope (registry/storage/guarding.py).
    op.execute("ALTER TABLE left_key ENABLE ROW LEVEL SECURITY")
    op.execute(
        """CREATE POLICY needs_scope ON left_key FOR SELECT USING ((
            SELECT 'customers:read' = ANY (
                string_to_array(current_setting('townclerk.scopes', true), ' '))))"""
    )
