"""Keep the words by which customers are found.

It only adds. Words are kept as digests, which tell nobody's name, so their rows are not guarded;
the town's spellings are, because a rare name tells who lives there.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_record_words()
    create_known_word()
    create_word_slips()


def create_record_words() -> None:
    op.create_table(
        "record_words",
        sa.Column("record_id", sa.BigInteger, nullable=False),
        sa.Column(
            "words",
            postgresql.ARRAY(sa.BigInteger),
            nullable=False,
            comment="Half an md5 of each word of its name, street and town, and of each number.",
        ),
        sa.PrimaryKeyConstraint("record_id", name="pk_record_words"),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["landed_record.id"],
            name="fk_record_words_record_id",
            ondelete="CASCADE",
        ),
        comment="The words by which one record is found, as digests; in step with match_record.",
    )
    op.create_index("ix_record_words_words", "record_words", ["words"], postgresql_using="gin")


def create_known_word() -> None:
    op.create_table(
        "known_word",
        sa.Column(
            "key",
            sa.BigInteger,
            autoincrement=False,
            nullable=False,
            comment="Half an md5 of the word.",
        ),
        sa.Column("word", sa.String, nullable=False, comment="Folded: small Latin letters."),
        sa.Column(
            "records",
            sa.Integer,
            nullable=False,
            comment="Records that had it at the last full run.",
        ),
        sa.PrimaryKeyConstraint("key", name="pk_known_word"),
        comment="One spelling that records of the town have, once for all of them.",
    )
    op.execute("ALTER TABLE known_word ENABLE ROW LEVEL SECURITY")
    op.execute(
        """CREATE POLICY needs_scope ON known_word FOR SELECT USING ((
            SELECT 'customers:read' = ANY (
                string_to_array(current_setting('townclerk.scopes', true), ' '))))"""
    )


def create_word_slips() -> None:
    op.create_table(
        "word_slips",
        sa.Column("key", sa.BigInteger, nullable=False),
        sa.Column(
            "slips",
            postgresql.ARRAY(sa.BigInteger),
            nullable=False,
            comment="Half an md5 of each.",
        ),
        sa.PrimaryKeyConstraint("key", name="pk_word_slips"),
        sa.ForeignKeyConstraint(
            ["key"], ["known_word.key"], name="fk_word_slips_key", ondelete="CASCADE"
        ),
        comment="What leads to a known word: what those one slip away share with it, and its"
        " beginnings.",
    )
    op.create_index("ix_word_slips_slips", "word_slips", ["slips"], postgresql_using="gin")
