"""Keep why a change-set was decided so, plans given up, and who settled what a release left.

It only adds. Who asks whether a kept graph is old reads the notes of `landscape_change`; nobody
listened to the bare notice sent beside them, for subscribers are told by `announce`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NOTE = """
CREATE OR REPLACE FUNCTION note_landscape_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO landscape_change (xid, changed_at)
    VALUES (pg_current_xact_id()::text::bigint, now()) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        DELETE FROM landscape_change WHERE xid IN (
            SELECT xid FROM landscape_change WHERE changed_at < now() - interval '7 days'
            LIMIT 100 FOR UPDATE SKIP LOCKED);
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    for table, column in (
        (
            "change_set",
            sa.Column(
                "decision",
                sa.String(),
                nullable=False,
                server_default="",
                comment="Why, in the reviewer's words.",
            ),
        ),
        ("scenario", moment("discarded_at", "When it was given up.")),
        ("work_item", moment("postponed_until", "Until when nobody wants to hear of it.")),
        (
            "work_item",
            sa.Column(
                "note",
                sa.String(),
                nullable=False,
                server_default="",
                comment="Why it was settled so, or postponed.",
            ),
        ),
        (
            "work_item",
            sa.Column(
                "settled_by", sa.String(120), nullable=True, comment="Who settled or postponed it."
            ),
        ),
        (
            "work_item",
            sa.Column("change_set_id", sa.Uuid(), nullable=True, comment="What settled it."),
        ),
    ):
        op.add_column(table, column)
    op.create_foreign_key(
        op.f("fk_work_item_change_set_id"), "work_item", "change_set", ["change_set_id"], ["id"]
    )
    op.create_index("ix_work_item_change_set_id", "work_item", ["change_set_id"])
    op.execute(NOTE)


def moment(name: str, comment: str) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True, comment=comment)
