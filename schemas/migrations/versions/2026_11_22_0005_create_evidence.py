"""Create evidence: documents, rule sets, standards, check runs, waivers, baselines.

It only adds: seven tables beside those that stand.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_finding_set()
    create_rule_set()
    create_standard()
    create_baseline()
    create_check_run()
    create_interface_document()
    create_waiver()


def create_finding_set() -> None:
    op.create_table(
        "finding_set",
        words("sha256", "Hash of the JSON, hexadecimal.", length=64),
        binary("content", "The JSON, deflated."),
        number("findings", "How many findings it has."),
        sa.PrimaryKeyConstraint("sha256", name="pk_finding_set"),
        comment="The findings of a check as canonical JSON, kept once for equal results.",
    )


def create_rule_set() -> None:
    op.create_table(
        "rule_set",
        uuid("id", "Identity; never reused."),
        words("name", "Name people use for it.", length=200),
        words("sha256", "Hash over all its files, as reports show it.", length=64),
        json_object("files", "Its files by relative name; empty for bundled sets."),
        words("entry", "The file to begin with, or the name of a bundled set.", length=400),
        json_object("rules", "Enabled rules and their severities."),
        words("actor", "Who added it.", length=200),
        moment("added_at", "When it was added."),
        sa.PrimaryKeyConstraint("id", name="pk_rule_set"),
        sa.UniqueConstraint("sha256", name="uq_rule_set_sha256"),
        comment="One rule set with all its files, pinned by hash.",
    )
    op.create_index("ix_rule_set_name", "rule_set", ["name"])


def create_standard() -> None:
    op.create_table(
        "standard",
        uuid("id", "Identity; never reused."),
        words("key", "Short name, e.g. adr.", length=100),
        words("version", "Version of the standard.", length=60),
        words("title", "Its full name.", length=300),
        text("status", "How binding it is."),
        day("valid_from", "First day on which it is owed."),
        day("valid_to", "First day on which it is not any more.", nullable=True),
        uuid("rule_set_id", "The rules that test it."),
        texts("applies_to", "URNs of interfaces, systems or reference components; none means all."),
        sa.PrimaryKeyConstraint("id", name="pk_standard"),
        sa.UniqueConstraint("key", "version", name="uq_standard_key_version"),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_standard_dates_in_order")
        ),
        points_to("rule_set_id", "rule_set.id", name="fk_standard_rule_set_id"),
        comment="One version of a standard, how binding it is, since when, and the rules that"
        " test it.",
    )
    op.create_index("ix_standard_rule_set_id", "standard", ["rule_set_id"])


def create_baseline() -> None:
    op.create_table(
        "baseline",
        uuid("interface_id", "The interface."),
        texts("fingerprints", "Fingerprints of the known findings."),
        words("actor", "Who set it.", length=200),
        moment("made_at", "When."),
        sa.PrimaryKeyConstraint("interface_id", name="pk_baseline"),
        points_to(
            "interface_id", "element.id", name="fk_baseline_interface_id", ondelete="CASCADE"
        ),
        comment="What was wrong with an interface on a day, so that only what is new counts.",
    )


def create_check_run() -> None:
    op.create_table(
        "check_run",
        count("number", "Place in the chain; without gaps."),
        uuid("interface_id", "The interface, while it is registered.", nullable=True),
        words("interface_urn", "Its URN, for good.", length=200),
        words("document_sha256", "Hash of the checked bytes.", length=64),
        json_object("record", "The whole record, as it was hashed."),
        words("findings_sha256", "Its findings.", length=64),
        json_object("rules", "Findings by rule and standing; for trends."),
        number("score", "0 to 100."),
        moment("checked_at", "When."),
        words("actor", "Who or what asked for it.", length=200),
        words("previous_hash", "Hash of the record before; 64 zeros for the first.", length=64),
        words("hash", "Hash of the previous hash and this record.", length=64),
        sa.PrimaryKeyConstraint("number", name="pk_check_run"),
        sa.UniqueConstraint("hash", name="uq_check_run_hash"),
        points_to("findings_sha256", "finding_set.sha256", name="fk_check_run_findings_sha256"),
        points_to(
            "interface_id", "element.id", name="fk_check_run_interface_id", ondelete="SET NULL"
        ),
        comment="Evidence of one check: what was checked, against what, by what, when, with "
        "which result.",
    )
    op.create_index("ix_check_run_findings_sha256", "check_run", ["findings_sha256"])
    op.create_index("ix_check_run_interface_id_number", "check_run", ["interface_id", "number"])


def create_interface_document() -> None:
    op.create_table(
        "interface_document",
        uuid("id", "Identity; never reused."),
        uuid("interface_id", "The interface it describes."),
        words("sha256", "Hash of the bytes, hexadecimal.", length=64),
        words("source", "Name for findings; its end tells JSON from YAML.", length=400),
        words("kind", "What it says it is, e.g. OpenAPI 3.0.3.", length=60),
        words("version", "Version it declares.", length=100),
        binary("content", "The bytes, deflated."),
        words("origin", "Where it came from: a file or an address.", length=1000),
        words("actor", "Who registered it.", length=200),
        moment("registered_at", "When it was last registered."),
        sa.PrimaryKeyConstraint("id", name="pk_interface_document"),
        sa.UniqueConstraint(
            "interface_id", "sha256", name="uq_interface_document_interface_id_sha256"
        ),
        points_to(
            "interface_id",
            "element.id",
            name="fk_interface_document_interface_id",
            ondelete="CASCADE",
        ),
        comment="One version of the document that describes an interface, byte for byte.",
    )
    op.create_index(
        "ix_interface_document_interface_id_registered_at",
        "interface_document",
        ["interface_id", "registered_at"],
    )


def create_waiver() -> None:
    op.create_table(
        "waiver",
        uuid("id", "Identity; never reused."),
        words("rule", "Rule whose findings are accepted.", length=200),
        uuid("interface_id", "Only for this interface; none means all.", nullable=True),
        words("path", "Pattern of paths with *; ** is the whole document."),
        words("reason", "Why.", length=2000),
        words("origin", "person, or what in the document proposed it.", length=40),
        words("asked_by", "Who asked.", length=200),
        day("asked_on", "When."),
        words("approved_by", "Who agreed; never who asked.", length=200, nullable=True),
        moment("approved_at", "When it was approved.", nullable=True),
        moment("withdrawn_at", "When it was taken back.", nullable=True),
        day("expires_on", "First day on which the findings are open again."),
        sa.PrimaryKeyConstraint("id", name="pk_waiver"),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL)", name=op.f("ck_waiver_approved_whole")
        ),
        sa.CheckConstraint(
            "expires_on <= asked_on + 366", name=op.f("ck_waiver_expires_within_a_year")
        ),
        sa.CheckConstraint("length(reason) >= 10", name=op.f("ck_waiver_reason_given")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> asked_by", name=op.f("ck_waiver_two_people")
        ),
        points_to("interface_id", "element.id", name="fk_waiver_interface_id", ondelete="CASCADE"),
        comment="Findings that somebody accepted for somebody else, for a reason, until a day.",
    )
    op.create_index("ix_waiver_interface_id", "waiver", ["interface_id"])


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


def points_to(
    column: str, target: str, *, name: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=ondelete)
