"""Create the foundation: landscape, intake, customers and access.

It only adds. Tables are written out rather than taken from the models, so that this file
makes the same database for ever, whatever the models become.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_api_token()
    create_customer()
    create_element()
    create_match_model()
    create_relationship()
    create_source()
    create_sync_run()
    create_checkpoint()
    create_landed_record()
    create_lease()
    create_lineage_edge()
    create_quarantined_record()
    create_clean_record()
    create_customer_link()


def create_api_token() -> None:
    op.create_table(
        "api_token",
        uuid("id", "Identity; the public part of the token."),
        words("name", "Who or what uses it.", length=120),
        binary("token_hash", "HMAC-SHA-256(server secret, token)."),
        texts("scopes", "Granted scopes."),
        moment("created_at", "When it was made."),
        moment("expires_at", "After this it opens nothing."),
        moment("revoked_at", "When it was withdrawn.", nullable=True),
        moment("last_used_at", "When it was last accepted.", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("name", name="uq_api_token_name"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
        sa.CheckConstraint(
            "expires_at > created_at", name=op.f("ck_api_token_expires_after_creation")
        ),
        comment="One bearer token; only HMAC-SHA-256 of it under the server's secret is stored.",
    )


def create_customer() -> None:
    op.create_table(
        "customer",
        uuid("id", "Minted, never a record's key, never reused."),
        text("kind", "Person or organisation."),
        words("display_name", "Name for lists."),
        json_object("attrs", "Golden values by attribute name."),
        json_object(
            "provenance",
            "For each attribute: record, data set, source time and the rule that chose it.",
        ),
        number("record_count", "Source records behind it."),
        number("revision", "Counts changes."),
        moment("created_at", "When the customer was first seen."),
        moment("changed_at", "When a value or member last changed."),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
        sa.CheckConstraint("revision > 0", name=op.f("ck_customer_revision_positive")),
        comment="One customer of the municipality: the golden record and where each value "
        "came from.",
    )
    op.create_index("ix_customer_display_name", "customer", ["display_name"])


def create_element() -> None:
    op.create_table(
        "element",
        uuid("id", "Identity; never reused."),
        words("urn", "Stable name in files and connector specifications.", length=200),
        text("kind", "What it is; see ElementKind."),
        words("name", "Name as people say it.", length=300),
        words("description", "What it is for, in plain words."),
        json_object("attrs", "Properties that only this kind has, e.g. base_url."),
        number("revision", "Counts changes; a writer states the one it saw."),
        moment("created_at", "When it was registered."),
        moment("changed_at", "When it was last changed."),
        sa.PrimaryKeyConstraint("id", name="pk_element"),
        sa.UniqueConstraint("urn", name="uq_element_urn"),
        sa.CheckConstraint("name <> ''", name=op.f("ck_element_name_not_empty")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_element_revision_positive")),
        comment="One thing in the landscape: a system, a data set, an interface, a reference "
        "component.",
    )
    op.create_index("ix_element_kind_name_id", "element", ["kind", "name", "id"])


def create_match_model() -> None:
    op.create_table(
        "match_model",
        uuid("id", "Identity; never reused."),
        words("content_hash", "sha256 of the canonical JSON of parameters.", length=64),
        json_object("parameters", "Levels, likelihoods, priors, frequencies, cuts."),
        count("records", "Records it was trained on."),
        moment("trained_at", "When it was trained."),
        sa.PrimaryKeyConstraint("id", name="pk_match_model"),
        sa.UniqueConstraint("content_hash", name="uq_match_model_content_hash"),
        comment="One trained matching model, frozen; a pair's weight depends on the pair and "
        "this alone.",
    )


def create_relationship() -> None:
    op.create_table(
        "relationship",
        uuid("id", "Identity; never reused."),
        text("kind", "ArchiMate 3.2 relationship."),
        uuid("source_id", None),
        uuid("target_id", None),
        json_object("attrs", "Properties of the relationship."),
        moment("created_at", "When it was registered."),
        sa.PrimaryKeyConstraint("id", name="pk_relationship"),
        sa.UniqueConstraint(
            "kind", "source_id", "target_id", name="uq_relationship_kind_source_id_target_id"
        ),
        sa.CheckConstraint("source_id <> target_id", name=op.f("ck_relationship_ends_differ")),
        points_to("source_id", "element.id", name="fk_relationship_source_id", ondelete="CASCADE"),
        points_to("target_id", "element.id", name="fk_relationship_target_id", ondelete="CASCADE"),
        comment="One ArchiMate relationship between two elements, read from source to target.",
    )
    op.create_index("ix_relationship_source_id", "relationship", ["source_id"])
    op.create_index("ix_relationship_target_id", "relationship", ["target_id"])


def create_source() -> None:
    op.create_table(
        "source",
        uuid("id", "Identity; never reused."),
        words("key", "Short name people type.", length=60),
        uuid("interface_id", "The registered interface it reads; law of the house."),
        json_object("spec", "The connector file, as validated; holds references to secrets."),
        moment("created_at", "When it was registered."),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("key", name="uq_source_key"),
        points_to("interface_id", "element.id", name="fk_source_interface_id"),
        comment="One registered interface that a connector reads.",
    )


def create_sync_run() -> None:
    op.create_table(
        "sync_run",
        uuid("id", "Identity; also the correlation id of its logs."),
        uuid("source_id", None),
        text("state", "Where it stands."),
        count("fence", "Fence number it works under."),
        moment("started_at", "When it began."),
        moment("finished_at", "When it ended.", nullable=True),
        number("pages", "Pages committed."),
        count("records_read", "Records read from the source."),
        count("records_landed", "New or changed records written."),
        count("records_unchanged", "Records whose bytes were the same."),
        count("records_quarantined", "Records refused, with reason."),
        flag("cancel_requested", "A person asked it to stop after the page."),
        uuid("prefect_flow_run_id", "The flow run in Prefect, if any.", nullable=True),
        json_object("error", "Why it failed: code, what, remedy.", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sync_run"),
        points_to("source_id", "source.id", name="fk_sync_run_source_id"),
        comment="One attempt to read one source; its counts are the truth that progress bars read.",
    )
    op.create_index("ix_sync_run_source_id_started_at", "sync_run", ["source_id", "started_at"])


def create_checkpoint() -> None:
    op.create_table(
        "checkpoint",
        uuid("source_id", None),
        words("stream", "Stream within the source.", length=60),
        uuid("run_id", "The run that wrote it."),
        json_object("cursor", "Where to go on; opaque, see schemas.records.Cursor."),
        number("page", "Pages committed in this scan."),
        flag("complete", "The scan saw the source's end marker."),
        moment("changed_at", "When it last moved."),
        sa.PrimaryKeyConstraint("source_id", "stream", name="pk_checkpoint"),
        points_to("run_id", "sync_run.id", name="fk_checkpoint_run_id"),
        points_to("source_id", "source.id", name="fk_checkpoint_source_id", ondelete="CASCADE"),
        comment="How far one stream of a source is; written in the same transaction as its "
        "records.",
    )


def create_landed_record() -> None:
    op.create_table(
        "landed_record",
        sa.Column(
            "id",
            sa.BigInteger,
            sa.Identity(always=True),
            nullable=False,
            comment="Short identity for joins.",
        ),
        uuid("data_set_id", "The data set it belongs to."),
        words("key", "The source's own key.", length=400),
        binary("raw", "The bytes as they came."),
        binary("raw_hash", "blake2b-128 of raw; skips unchanged records."),
        uuid("run_id", "The run that last wrote it."),
        moment("landed_at", "When it first came in."),
        moment("changed_at", "When its bytes last changed."),
        sa.PrimaryKeyConstraint("id", name="pk_landed_record"),
        sa.UniqueConstraint("data_set_id", "key", name="uq_landed_record_data_set_id_key"),
        points_to("data_set_id", "element.id", name="fk_landed_record_data_set_id"),
        points_to("run_id", "sync_run.id", name="fk_landed_record_run_id"),
        comment="One record as the source sent it, once per data set and key.",
    )


def create_lease() -> None:
    op.create_table(
        "lease",
        uuid("source_id", None),
        count("fence", "Rises with each taker."),
        uuid("run_id", None),
        words("holder", "Host and process, for people.", length=200),
        moment("expires_at", "Renewed with each page; later takers need not wait past it."),
        sa.PrimaryKeyConstraint("source_id", name="pk_lease"),
        sa.CheckConstraint("fence > 0", name=op.f("ck_lease_fence_positive")),
        points_to("run_id", "sync_run.id", name="fk_lease_run_id"),
        points_to("source_id", "source.id", name="fk_lease_source_id", ondelete="CASCADE"),
        comment="Who may write for a source now; the fence number refuses everybody older.",
    )


def create_lineage_edge() -> None:
    op.create_table(
        "lineage_edge",
        uuid("run_id", None),
        uuid("from_id", None),
        uuid("to_id", None),
        count("records", "Records that flowed."),
        moment("observed_at", "When last seen."),
        sa.PrimaryKeyConstraint("run_id", "from_id", "to_id", name="pk_lineage_edge"),
        points_to("from_id", "element.id", name="fk_lineage_edge_from_id"),
        points_to("run_id", "sync_run.id", name="fk_lineage_edge_run_id", ondelete="CASCADE"),
        points_to("to_id", "element.id", name="fk_lineage_edge_to_id"),
        comment="What really flowed in one run, from one element to another.",
    )


def create_quarantined_record() -> None:
    op.create_table(
        "quarantined_record",
        uuid("id", "Identity; never reused."),
        uuid("source_id", None),
        words("stream", "Stream within the source.", length=60),
        uuid("run_id", None),
        number("page", "Page of the scan it came on."),
        words("key", "The source's key, where one was found.", length=400, nullable=True),
        words("rule", "Rule it broke; stable word.", length=60),
        words("path", "Where in the raw record.", length=400),
        words("reason", "Why, without the value.", length=1000),
        binary("raw", "The bytes as they came."),
        binary("raw_hash", "blake2b-128 of raw; the same bad record counts once."),
        moment("quarantined_at", "When it first came in."),
        sa.PrimaryKeyConstraint("id", name="pk_quarantined_record"),
        sa.UniqueConstraint(
            "source_id",
            "stream",
            "rule",
            "raw_hash",
            name="uq_quarantined_record_source_id_stream_rule_raw_hash",
        ),
        points_to("run_id", "sync_run.id", name="fk_quarantined_record_run_id"),
        points_to("source_id", "source.id", name="fk_quarantined_record_source_id"),
        comment="One record we could not use, with everything needed to mend it and replay.",
    )


def create_clean_record() -> None:
    op.create_table(
        "clean_record",
        count("record_id", None),
        uuid("data_set_id", None),
        text("kind", "Person or organisation."),
        words("given_name", "As written.", nullable=True),
        words("initials", "Upper-case letters without points.", nullable=True),
        words("name_prefix", "Tussenvoegsel, e.g. van der.", nullable=True),
        words("family_name", "As written, without prefix.", nullable=True),
        day("birth_date", "Checked; impossible dates are NULL.", nullable=True),
        text("gender", "As the source states it.", nullable=True),
        words("national_id", "Nine digits that pass the check (BSN), else NULL.", nullable=True),
        words("organisation_name", "As written.", nullable=True),
        words("chamber_number", "Eight digits (KvK), else NULL.", nullable=True),
        words("email", "Lower case, syntax checked.", nullable=True),
        words("phone", "E.164.", nullable=True),
        words("street", "As written.", nullable=True),
        words("house_number", "Digits and addition, e.g. 12-A.", nullable=True),
        words("postal_code", "Upper case, no blanks.", nullable=True),
        words("city", "As written.", nullable=True),
        moment("source_changed_at", "When the source last changed it.", nullable=True),
        sa.PrimaryKeyConstraint("record_id", name="pk_clean_record"),
        points_to("data_set_id", "element.id", name="fk_clean_record_data_set_id"),
        points_to(
            "record_id", "landed_record.id", name="fk_clean_record_record_id", ondelete="CASCADE"
        ),
        comment="One landed record in comparable form: folded, split, checked; junk is NULL.",
    )


def create_customer_link() -> None:
    op.create_table(
        "customer_link",
        count("record_id", None),
        uuid("customer_id", None),
        text("rule", "Why."),
        real("weight_bits", "Strongest evidence to another member, log2 odds.", nullable=True),
        sa.PrimaryKeyConstraint("record_id", name="pk_customer_link"),
        points_to(
            "customer_id", "customer.id", name="fk_customer_link_customer_id", ondelete="CASCADE"
        ),
        points_to(
            "record_id", "landed_record.id", name="fk_customer_link_record_id", ondelete="CASCADE"
        ),
        comment="Which customer a record describes, and why we think so.",
    )
    op.create_index("ix_customer_link_customer_id", "customer_link", ["customer_id"])


def words(
    name: str, comment: str | None, *, length: int | None = None, nullable: bool = False
) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=nullable, comment=comment)


def text(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable, comment=comment)


def texts(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, postgresql.ARRAY(sa.Text), nullable=nullable, comment=comment)


def uuid(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid, nullable=nullable, comment=comment)


def moment(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def day(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Date, nullable=nullable, comment=comment)


def json_object(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB, nullable=nullable, comment=comment)


def binary(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable, comment=comment)


def count(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, comment=comment)


def number(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=nullable, comment=comment)


def flag(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=nullable, comment=comment)


def real(name: str, comment: str | None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float, nullable=nullable, comment=comment)


def points_to(
    column: str, target: str, *, name: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=ondelete)
