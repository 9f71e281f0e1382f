"""What the compliance room keeps: documents, rule sets, standards, evidence, waivers, baselines.

Apart from schemas/compliance.py, because `townclerk interfaces check` needs findings and no table,
and a command for build servers must not wait for SQLAlchemy.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from schemas.base import Table, column, json_object, moment, utc_now, uuid7


class StandardStatus(StrEnum):
    """How binding a standard is."""

    MANDATORY = "mandatory"
    COMPLY_OR_EXPLAIN = "comply_or_explain"
    RECOMMENDED = "recommended"


class InterfaceDocument(Table, table=True):
    """One version of the document that describes an interface, byte for byte."""

    __tablename__ = "interface_document"
    __table_args__ = (
        UniqueConstraint("interface_id", "sha256"),
        Index("ix_interface_document_interface_id_registered_at", "interface_id", "registered_at"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    interface_id: UUID = Field(
        description="The interface it describes.", foreign_key="element.id", ondelete="CASCADE"
    )
    sha256: str = column("Hash of the bytes, hexadecimal.", max_length=64)
    source: str = column("Name for findings; its end tells JSON from YAML.", max_length=400)
    kind: str = column("What it says it is, e.g. OpenAPI 3.0.3.", max_length=60)
    version: str = column("Version it declares.", max_length=100, default="")
    content: bytes = column("The bytes, deflated.")
    origin: str = column("Where it came from: a file or an address.", max_length=1000, default="")
    actor: str = column("Who registered it.", max_length=200)
    registered_at: datetime = moment("When it was last registered.", default_factory=utc_now)
    referenced: dict[str, Any] = Field(
        default_factory=dict,
        description="Hashes of the files it refers to, by reference.",
        sa_type=JSONB,
        sa_column_kwargs={
            "comment": "Hashes of the files it refers to, by reference.",
            "server_default": text("'{}'::jsonb"),  # the release before it writes none
        },
        nullable=False,
    )


class KeptRuleSet(Table, table=True):
    """One rule set with all its files, pinned by hash."""

    __tablename__ = "rule_set"
    __table_args__ = (UniqueConstraint("sha256"), Index("ix_rule_set_name", "name"))

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    name: str = column("Name people use for it.", max_length=200)
    sha256: str = column("Hash over all its files, as reports show it.", max_length=64)
    files: dict[str, Any] = json_object("Its files by relative name; empty for bundled sets.")
    entry: str = column("The file to begin with, or the name of a bundled set.", max_length=400)
    rules: dict[str, Any] = json_object("Enabled rules and their severities.")
    actor: str = column("Who added it.", max_length=200)
    added_at: datetime = moment("When it was added.", default_factory=utc_now)


class Standard(Table, table=True):
    """One version of a standard, how binding it is, since when, and the rules that test it."""

    __tablename__ = "standard"
    __table_args__ = (
        UniqueConstraint("key", "version"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="dates_in_order"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    key: str = column("Short name, e.g. adr.", max_length=100)
    version: str = column("Version of the standard.", max_length=60)
    title: str = column("Its full name.", max_length=300)
    status: StandardStatus = column("How binding it is.", sa_type=Text)
    valid_from: date = column("First day on which it is owed.")
    valid_to: date | None = column("First day on which it is not any more.", default=None)
    rule_set_id: UUID = Field(
        description="The rules that test it.", foreign_key="rule_set.id", index=True
    )
    applies_to: list[str] = Field(
        default_factory=list,
        description="URNs of interfaces, systems or reference components; none means all.",
        sa_type=ARRAY(Text),
        nullable=False,
    )


class FindingSet(Table, table=True):
    """The findings of a check as canonical JSON, kept once for equal results."""

    __tablename__ = "finding_set"

    sha256: str = column("Hash of the JSON, hexadecimal.", max_length=64, primary_key=True)
    content: bytes = column("The JSON, deflated.")
    findings: int = column("How many findings it has.")


class CheckKind(StrEnum):
    """What a check looked at."""

    DOCUMENT = "document"  # the registered document, against what the interface owes
    PROBE = "probe"  # the running interface, against its document and the rules of transport


class CheckRun(Table, table=True):
    """Evidence of one check: what was checked, against what, by what, when, with which result."""

    __tablename__ = "check_run"
    __table_args__ = (
        UniqueConstraint("hash"),
        Index("ix_check_run_interface_id_number", "interface_id", "number"),
        Index("ix_check_run_findings_sha256", "findings_sha256"),
    )

    number: int = Field(
        description="Place in the chain; without gaps.",
        sa_type=BigInteger,
        sa_column_kwargs={"autoincrement": False},
        primary_key=True,
    )
    interface_id: UUID | None = Field(
        description="The interface, while it is registered.",
        foreign_key="element.id",
        ondelete="SET NULL",
        nullable=True,
    )
    interface_urn: str = column("Its URN, for good.", max_length=200)
    document_sha256: str = column("Hash of the checked bytes.", max_length=64)
    record: dict[str, Any] = json_object("The whole record, as it was hashed.")
    findings_sha256: str = Field(
        description="Its findings.", foreign_key="finding_set.sha256", max_length=64
    )
    rules: dict[str, Any] = json_object("Findings by rule and standing; for trends.")
    score: int = column("0 to 100.")
    checked_at: datetime = moment("When.", default_factory=utc_now)
    actor: str = column("Who or what asked for it.", max_length=200)
    previous_hash: str = column("Hash of the record before; 64 zeros for the first.", max_length=64)
    hash: str = column("Hash of the previous hash and this record.", max_length=64)
    kind: CheckKind = column(
        "What it looked at.",
        default=CheckKind.DOCUMENT,
        sa_type=Text,
        sa_column_kwargs={"server_default": CheckKind.DOCUMENT.value},
    )


class Waiver(Table, table=True):
    """Findings that somebody accepted for somebody else, for a reason, until a day."""

    __tablename__ = "waiver"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> asked_by", name="two_people"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_whole"),
        CheckConstraint("length(reason) >= 10", name="reason_given"),
        CheckConstraint("expires_on <= asked_on + 366", name="expires_within_a_year"),
        Index("ix_waiver_interface_id", "interface_id"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    rule: str = column("Rule whose findings are accepted.", max_length=200)
    interface_id: UUID | None = Field(
        description="Only for this interface; none means all.",
        foreign_key="element.id",
        ondelete="CASCADE",
        nullable=True,
    )
    path: str = column("Pattern of paths with *; ** is the whole document.", default="**")
    reason: str = column("Why.", max_length=2000)
    origin: str = column("person, or what in the document proposed it.", max_length=40)
    asked_by: str = column("Who asked.", max_length=200)
    asked_on: date = column("When.")
    approved_by: str | None = column("Who agreed; never who asked.", max_length=200, default=None)
    approved_at: datetime | None = moment("When it was approved.", default=None, nullable=True)
    withdrawn_at: datetime | None = moment("When it was taken back.", default=None, nullable=True)
    expires_on: date = column("First day on which the findings are open again.")


class Baseline(Table, table=True):
    """What was wrong with an interface on a day, so that only what is new counts."""

    __tablename__ = "baseline"

    interface_id: UUID = Field(
        description="The interface.",
        foreign_key="element.id",
        ondelete="CASCADE",
        primary_key=True,
    )
    fingerprints: list[str] = Field(
        default_factory=list,
        description="Fingerprints of the known findings.",
        sa_type=ARRAY(Text),
        nullable=False,
    )
    actor: str = column("Who set it.", max_length=200)
    made_at: datetime = moment("When.", default_factory=utc_now)
