"""Keep answers to changes and trusted documents; announce what changes to whoever listens.

It only adds. Announcements come from triggers, so that no way of writing can forget them; they
name keys and counts, never values of customers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# NOTIFY carries at most 8000 bytes; what is longer is told without its parts.
ANNOUNCE = """
CREATE FUNCTION announce(topic text, facts jsonb) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify('townclerk', jsonb_build_object(
        'topic', topic,
        'facts', CASE WHEN octet_length(facts::text) > 7800 THEN facts - 'parts' ELSE facts END
    )::text)
$$
"""

# Statement by statement: an import of 100,000 rows is one announcement with a count.
LANDSCAPE = """
CREATE FUNCTION announce_landscape() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
    told jsonb;
BEGIN
    SELECT count(*) INTO found FROM touched;
    IF found = 0 THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'element' THEN
        SELECT jsonb_agg(urn) INTO told FROM (SELECT urn FROM touched LIMIT 20) AS few;
    ELSE
        SELECT jsonb_agg(id) INTO told FROM (SELECT id FROM touched LIMIT 20) AS few;
    END IF;
    PERFORM announce('landscape', jsonb_build_object(
        'what', TG_TABLE_NAME, 'how', lower(TG_OP), 'count', found, 'parts', told));
    RETURN NULL;
END
$$
"""

SYNC = """
CREATE FUNCTION announce_sync() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce('sync', jsonb_build_object('run', NEW.id));
    RETURN NULL;
END
$$
"""

REVIEW = """
CREATE FUNCTION announce_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce('review', '{}');
    RETURN NULL;
END
$$
"""

TOUCHED = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def upgrade() -> None:
    create_kept_answer()
    create_trusted_document()
    for function in (ANNOUNCE, LANDSCAPE, SYNC, REVIEW):
        op.execute(function)
    for table in ("element", "relationship"):
        for event, rows in TOUCHED.items():
            op.execute(
                f"CREATE TRIGGER announce_{event.lower()} AFTER {event} ON {table}"
                f" REFERENCING {rows} TABLE AS touched"
                " FOR EACH STATEMENT EXECUTE FUNCTION announce_landscape()"
            )
    op.execute(
        "CREATE TRIGGER announce AFTER INSERT OR UPDATE ON sync_run"
        " FOR EACH ROW EXECUTE FUNCTION announce_sync()"
    )
    op.execute(
        "CREATE TRIGGER announce AFTER INSERT OR DELETE ON quarantined_record"
        " FOR EACH STATEMENT EXECUTE FUNCTION announce_review()"
    )


def create_kept_answer() -> None:
    op.create_table(
        "kept_answer",
        sa.Column(
            "actor",
            sa.String(),
            nullable=False,
            comment="Who asked; keys of others are other keys.",
        ),
        sa.Column("key", sa.String(255), nullable=False, comment="The key as it came."),
        sa.Column(
            "request_hash",
            sa.LargeBinary,
            nullable=False,
            comment="sha256 of document, operation and variables.",
        ),
        sa.Column(
            "answer",
            sa.JSON,
            nullable=True,
            comment="What was answered, its fields in order; empty only inside the transaction "
            "that changes.",
        ),
        moment("created_at", "When it was asked first."),
        moment("expires_at", "After this the key is free again."),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_kept_answer"),
        sa.CheckConstraint(
            "expires_at > created_at", name=op.f("ck_kept_answer_expires_after_creation")
        ),
        comment="The answer to one change that came with an Idempotency-Key, to be given again.",
    )
    op.create_index("ix_kept_answer_expires_at", "kept_answer", ["expires_at"])


def create_trusted_document() -> None:
    op.create_table(
        "trusted_document",
        sa.Column(
            "hash",
            sa.String(),
            nullable=False,
            comment="sha256 of the text, in hexadecimal digits.",
        ),
        sa.Column("name", sa.String(120), nullable=False, comment="What people call it."),
        sa.Column("text", sa.String(), nullable=False, comment="The document."),
        sa.Column(
            "scope",
            sa.String(),
            nullable=True,
            comment="What who asks must hold beside the scopes of its fields; empty means nothing.",
        ),
        sa.Column("registered_by", sa.String(120), nullable=False, comment="Who approved it."),
        moment("registered_at", "When it was approved."),
        sa.PrimaryKeyConstraint("hash", name="pk_trusted_document"),
        sa.CheckConstraint(
            "hash ~ '^[0-9a-f]{64}$'", name=op.f("ck_trusted_document_hash_is_sha256")
        ),
        comment="One GraphQL document that an administrator has approved, asked for by its hash.",
    )


def moment(name: str, comment: str) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, comment=comment)
