"""Prove scans before anything is withdrawn; hold what is in doubt; know the shape of records.

It only adds. The index over hashes lets a page of unchanged records be told by its bytes alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scanned_page",
        sa.Column("source_id", sa.Uuid(), nullable=False, comment="Whose scan."),
        sa.Column(
            "stream", sa.String(length=60), nullable=False, comment="Stream within the source."
        ),
        sa.Column("page", sa.Integer(), nullable=False, comment="Number of the page in the scan."),
        sa.Column(
            "record_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Landed records it held, also those that were refused this time.",
        ),
        sa.Column(
            "nameless",
            sa.Integer(),
            nullable=False,
            comment="Records without a readable key: nobody knows which they are.",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_scanned_page_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "stream", "page", name=op.f("pk_scanned_page")),
        comment="Which landed records one page of the running scan held; proves what a scan has seen.",  # noqa: E501  # the column describes itself
    )
    op.create_table(
        "stream_field",
        sa.Column("source_id", sa.Uuid(), nullable=False, comment="Whose field."),
        sa.Column(
            "stream", sa.String(length=60), nullable=False, comment="Stream within the source."
        ),
        sa.Column("name", sa.String(length=200), nullable=False, comment="Name in the raw record."),
        sa.Column(
            "types",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="JSON types seen and accepted.",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it first came in.",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_stream_field_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "stream", "name", name=op.f("pk_stream_field")),
        comment="One field of a stream's raw records, with the types that are known of it.",
    )
    op.create_table(
        "drift",
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that met it."),
        sa.Column(
            "stream", sa.String(length=60), nullable=False, comment="Stream within the source."
        ),
        sa.Column(
            "name", sa.String(length=200), nullable=False, comment="Field of the raw record."
        ),
        sa.Column(
            "type", sa.String(length=20), nullable=False, comment="The JSON type that was new."
        ),
        sa.Column(
            "policy",
            sa.String(length=20),
            nullable=False,
            comment="evolve, warn, quarantine or stop.",
        ),
        sa.Column("records", sa.BigInteger(), nullable=False, comment="Records that showed it."),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_run.id"], name=op.f("fk_drift_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "stream", "name", "type", name=op.f("pk_drift")),
        comment="One change of shape that a run met, and what the stream's contract said to do.",
    )
    op.create_table(
        "withdrawal",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Identity; never reused."),
        sa.Column("source_id", sa.Uuid(), nullable=False, comment="The source they vanished from."),
        sa.Column(
            "stream", sa.String(length=60), nullable=False, comment="Stream within the source."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run whose scan missed them."),
        sa.Column("state", sa.Text(), nullable=False, comment="What became of it."),
        sa.Column(
            "reason", sa.String(length=400), nullable=False, comment="Why a person has to decide."
        ),
        sa.Column(
            "known", sa.BigInteger(), nullable=False, comment="Records the stream had before."
        ),
        sa.Column(
            "record_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Landed records that were missed.",
        ),
        sa.Column(
            "held_at", sa.DateTime(timezone=True), nullable=False, comment="When the scan ended."
        ),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When somebody decided.",
        ),
        sa.Column("decided_by", sa.String(length=200), nullable=True, comment="Who decided."),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_withdrawal_run_id")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_withdrawal_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
        comment="Records that vanished from their source, held until a steward says whether that is true.",  # noqa: E501  # the column describes itself
    )
    op.create_index(op.f("ix_withdrawal_run_id"), "withdrawal", ["run_id"], unique=False)
    op.create_index(
        "ix_withdrawal_source_id_stream_state",
        "withdrawal",
        ["source_id", "stream", "state"],
        unique=False,
    )
    op.alter_column(
        "checkpoint",
        "source_id",
        existing_type=sa.UUID(),
        comment="Whose it is.",
        existing_nullable=False,
    )
    op.create_index(op.f("ix_checkpoint_run_id"), "checkpoint", ["run_id"], unique=False)
    op.create_index(
        "ix_landed_record_data_set_id_raw_hash",
        "landed_record",
        ["data_set_id", "raw_hash"],
        unique=False,
    )
    op.create_index(op.f("ix_landed_record_run_id"), "landed_record", ["run_id"], unique=False)
    op.alter_column(
        "lease",
        "source_id",
        existing_type=sa.UUID(),
        comment="What is held.",
        existing_nullable=False,
    )
    op.alter_column(
        "lease",
        "run_id",
        existing_type=sa.UUID(),
        comment="The run that holds it.",
        existing_nullable=False,
    )
    op.create_index(op.f("ix_lease_run_id"), "lease", ["run_id"], unique=False)
    op.alter_column(
        "lineage_edge",
        "run_id",
        existing_type=sa.UUID(),
        comment="The run that saw it.",
        existing_nullable=False,
    )
    op.alter_column(
        "lineage_edge",
        "from_id",
        existing_type=sa.UUID(),
        comment="Where it came from.",
        existing_nullable=False,
    )
    op.alter_column(
        "lineage_edge",
        "to_id",
        existing_type=sa.UUID(),
        comment="Where it went.",
        existing_nullable=False,
    )
    op.create_index(op.f("ix_lineage_edge_from_id"), "lineage_edge", ["from_id"], unique=False)
    op.create_index(op.f("ix_lineage_edge_to_id"), "lineage_edge", ["to_id"], unique=False)
    op.alter_column(
        "quarantined_record",
        "source_id",
        existing_type=sa.UUID(),
        comment="The source it came from.",
        existing_nullable=False,
    )
    op.alter_column(
        "quarantined_record",
        "run_id",
        existing_type=sa.UUID(),
        comment="The run that last met it.",
        existing_nullable=False,
    )
    op.create_index(
        op.f("ix_quarantined_record_run_id"), "quarantined_record", ["run_id"], unique=False
    )
    op.create_index(
        "ix_quarantined_record_source_id_stream_key",
        "quarantined_record",
        ["source_id", "stream", "key"],
        unique=False,
    )
    op.create_index(op.f("ix_source_interface_id"), "source", ["interface_id"], unique=False)
    op.add_column(
        "sync_run",
        sa.Column(
            "records_withdrawn",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Records that their source no longer has.",
        ),
    )
    op.alter_column(
        "sync_run",
        "source_id",
        existing_type=sa.UUID(),
        comment="The source it reads.",
        existing_nullable=False,
    )
