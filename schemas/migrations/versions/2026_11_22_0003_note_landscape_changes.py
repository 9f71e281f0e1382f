"""Note which transactions changed the landscape, so that kept copies know when they are old.

It only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NOTE = """
CREATE FUNCTION note_landscape_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO landscape_change (xid, changed_at)
    VALUES (pg_current_xact_id()::text::bigint, now()) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        DELETE FROM landscape_change WHERE xid IN (
            SELECT xid FROM landscape_change WHERE changed_at < now() - interval '7 days'
            LIMIT 100 FOR UPDATE SKIP LOCKED);
        PERFORM pg_notify('landscape', '');
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "landscape_change",
        sa.Column(
            "xid",
            sa.BigInteger,
            autoincrement=False,
            nullable=False,
            comment="The transaction's number.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the transaction began.",
        ),
        sa.PrimaryKeyConstraint("xid", name="pk_landscape_change"),
        comment="One transaction that changed elements or relationships, for a week.",
    )
    op.create_index("ix_landscape_change_changed_at", "landscape_change", ["changed_at"])
    op.execute(NOTE)
    for table in ("element", "relationship"):
        op.execute(
            f"CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION note_landscape_change()"
        )
