"""Keep sealed secrets, and remember which messages sources have sent us.

It only adds. Secrets are sealed under a key that is never in the database.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_secret",
        sa.Column("name", sa.String(100), nullable=False, comment="What connector files call it."),
        sa.Column(
            "key_id",
            sa.String(12),
            nullable=False,
            comment="Short name of the key that sealed it.",
        ),
        sa.Column("nonce", sa.LargeBinary, nullable=False, comment="Number used once, 12 bytes."),
        sa.Column(
            "sealed",
            sa.LargeBinary,
            nullable=False,
            comment="AES-256-GCM of the secret, bound to its name.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was last set.",
        ),
        sa.PrimaryKeyConstraint("name", name="pk_stored_secret"),
        comment="One secret of a source, sealed; the key to open it is never in the database.",
    )
    op.create_table(
        "received_event",
        sa.Column("source_id", sa.Uuid, nullable=False, comment="The source that sent it."),
        sa.Column("event_id", sa.String(200), nullable=False, comment="The sender's own id of it."),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), nullable=False, comment="When it came."
        ),
        sa.PrimaryKeyConstraint("source_id", "event_id", name="pk_received_event"),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name="fk_received_event_source_id",
            ondelete="CASCADE",
        ),
        comment="One message that a source sent us by itself; the same one again changes nothing.",
    )
    op.create_index("ix_received_event_received_at", "received_event", ["received_at"])
