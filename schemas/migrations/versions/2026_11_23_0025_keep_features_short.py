"""Keep comparison columns as a short line instead of JSON, and which keys too many records hold.

It only adds. Lines of the release before are not read: records wait for a full run, which writes
all of them anew by the model in force, and until then pages are cleaned only. A process of the
release before that still runs cannot read the new lines: its pages fail whole, and are taken in
again by the next process.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("COMMENT ON COLUMN match_record.features IS 'Comparison columns, parted by tabs.'")
    op.create_table(
        "crowded_key",
        sa.Column(
            "key",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="As in match_key.",
        ),
        sa.PrimaryKeyConstraint("key", name="pk_crowded_key"),
        comment="One blocking key that more records hold than are joined; hardly any is, and pages"
        " know all.",
    )
    op.execute("ALTER TABLE crowded_key ENABLE ROW LEVEL SECURITY")
    op.execute(
        """CREATE POLICY needs_scope ON crowded_key FOR SELECT USING ((
            SELECT 'customers:read' = ANY (
                string_to_array(current_setting('townclerk.scopes', true), ' '))))"""
    )
    op.execute("UPDATE live_model SET complete = false, changed_at = now() WHERE complete")
