"""Know the pages of a source again by their bytes.

It only adds. A page that no scan has noted yet is read as ever.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "known_page",
        sa.Column("source_id", sa.Uuid(), nullable=False, comment="Whose page."),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of its answer under its stream's words.",
        ),
        sa.Column(
            "stream", sa.String(length=60), nullable=False, comment="Stream within the source."
        ),
        sa.Column(
            "note",
            sa.LargeBinary(),
            nullable=False,
            comment="What its connector saw around the records, such as where the next page is.",
        ),
        sa.Column(
            "record_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Its landed records, all of them.",
        ),
        sa.Column(
            "raw_hashes",
            sa.LargeBinary(),
            nullable=False,
            comment="Their hashes as they came, one after the other.",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_known_page_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "digest", name=op.f("pk_known_page")),
        comment="A page whose records all landed; while all stand as they came, it is no news.",
    )
    op.create_index("ix_known_page_source_id_stream", "known_page", ["source_id", "stream"])
    # Nothing packs a hash; to try it would cost more than to keep the page.
    op.execute("ALTER TABLE known_page ALTER raw_hashes SET STORAGE EXTERNAL")
    op.add_column(
        "scanned_page",
        sa.Column(
            "digest",
            sa.LargeBinary(),
            comment="What the answer it came in is known by, where it is a known page.",
        ),
    )
