"""What can be read of the compliance room: documents, rule sets, standards, waivers, evidence."""

from typing import Final

from registry.storage.readable import Argument, Column, Entry, Policy, Readable, Table, Value, Way
from schemas.access import Scope
from schemas.evidence import CheckKind

OPEN: Final = Policy(Scope.COMPLIANCE_READ)
_URN_OF_INTERFACE: Final = "(SELECT element.urn FROM element WHERE element.id = {row}.interface_id)"

INTERFACE_DOCUMENT: Final = Readable(
    "InterfaceDocument",
    "One version of the document that describes an interface.",
    Table("interface_document"),
    (
        Column(
            "interface_urn", Value.TEXT, "The interface.", OPEN, sql=_URN_OF_INTERFACE,
            nullable=True,
        ),
        Column("sha256", Value.TEXT, "Hash of its bytes.", OPEN),
        Column("source", Value.TEXT, "Name of the file.", OPEN),
        Column("kind", Value.TEXT, "What it says it is, e.g. OpenAPI 3.0.3.", OPEN, can_group=True),
        Column("version", Value.TEXT, "Version it declares.", OPEN),
        Column("actor", Value.TEXT, "Who registered it.", OPEN),
        Column("registered_at", Value.MOMENT, "When it was last registered.", OPEN),
    ),
    id_kind="interface_document",
    order=("-registered_at",),
)  # fmt: skip
RULE_SET: Final = Readable(
    "RuleSet",
    "A set of rules that interfaces are checked against, pinned by hash.",
    Table("rule_set"),
    (
        Column("name", Value.TEXT, "What people call it.", OPEN),
        Column("sha256", Value.TEXT, "Hash over all its files.", OPEN),
        Column(
            "rules", Value.JSON, "Enabled rules with their severities, 0 is an error.", OPEN,
            can_filter=False, can_order=False,
        ),
        Column("actor", Value.TEXT, "Who added it.", OPEN),
        Column("added_at", Value.MOMENT, "When it was added.", OPEN),
    ),
    id_kind="rule_set",
    order=("name",),
)  # fmt: skip
OWED_STANDARD: Final = Readable(
    "OwedStandard",
    "One version of a standard that interfaces owe, and the rules that test it.",
    Table("standard"),
    (
        Column("key", Value.TEXT, "Short name, e.g. adr.", OPEN),
        Column("version", Value.TEXT, "Version of the standard.", OPEN),
        Column("title", Value.TEXT, "Its full name.", OPEN),
        Column(
            "status", Value.TEXT, "Mandatory, comply_or_explain or recommended.", OPEN,
            can_group=True,
        ),
        Column(
            "valid_from", Value.TEXT, "First day on which it is owed, e.g. 2026-01-31.", OPEN,
            sql="{row}.valid_from::text",
        ),
        Column(
            "valid_to", Value.TEXT, "First day on which it is not any more.", OPEN,
            sql="{row}.valid_to::text", nullable=True,
        ),
        Column(
            "applies_to", Value.JSON, "URNs for which it is owed; none means all.", OPEN,
            sql="to_jsonb({row}.applies_to)", can_filter=False, can_order=False,
        ),
        Column(
            "rule_set_sha256", Value.TEXT, "Hash of the rules that test it.", OPEN,
            sql="(SELECT r.sha256 FROM rule_set r WHERE r.id = {row}.rule_set_id)",
        ),
    ),
    id_kind="owed_standard",
    order=("key", "version"),
)  # fmt: skip
WAIVER: Final = Readable(
    "Waiver",
    "Findings that somebody accepted for somebody else, for a reason, until a day.",
    Table("waiver"),
    (
        Column("rule", Value.TEXT, "Rule whose findings are accepted.", OPEN, can_group=True),
        Column(
            "interface_urn", Value.TEXT, "Only for this interface; null means all.", OPEN,
            sql=_URN_OF_INTERFACE, nullable=True,
        ),
        Column("path", Value.TEXT, "Pattern of paths in the document.", OPEN),
        Column("reason", Value.TEXT, "Why they were accepted.", OPEN),
        Column("origin", Value.TEXT, "A person, or what in the document asked.", OPEN),
        Column("asked_by", Value.TEXT, "Who asked.", OPEN),
        Column("approved_by", Value.TEXT, "Who agreed; never who asked.", OPEN, nullable=True),
        Column("approved_at", Value.MOMENT, "When it was approved.", OPEN, nullable=True),
        Column("withdrawn_at", Value.MOMENT, "When it was taken back.", OPEN, nullable=True),
        Column(
            "expires_on", Value.TEXT, "First day on which the findings count again.", OPEN,
            sql="{row}.expires_on::text",
        ),
        Column(
            "in_force", Value.TRUTH, "Whether it is in force today.", OPEN,
            sql="({row}.approved_by IS NOT NULL AND {row}.withdrawn_at IS NULL"
            " AND {row}.expires_on > current_date)",
        ),
    ),
    id_kind="waiver",
    order=("-id",),
)  # fmt: skip
INTERFACE_CHECK: Final = Readable(
    "InterfaceCheck",
    "Evidence of one check: what was checked, against what, when, with which result.",
    # Records are numbered and have no other id; their hash is one.
    Table("(SELECT check_run.*, left(hash, 32)::uuid AS id FROM check_run)"),
    (
        Column("number", Value.INTEGER, "Place in the chain.", OPEN, sql="{row}.number::int"),
        Column("interface_urn", Value.TEXT, "The interface.", OPEN, can_group=True),
        Column("kind", CheckKind, "What it looked at.", OPEN, can_group=True),
        Column("document_sha256", Value.TEXT, "Hash of the checked bytes.", OPEN),
        Column("findings_sha256", Value.TEXT, "Hash of the findings.", OPEN),
        Column("score", Value.INTEGER, "0 to 100.", OPEN),
        Column(
            "errors", Value.INTEGER, "Open findings that are errors.", OPEN,
            sql="({row}.record -> 'counts' ->> 'error')::int",
        ),
        Column(
            "waived", Value.INTEGER, "Findings that were waived.", OPEN,
            sql="({row}.record -> 'counts' ->> 'waived')::int",
        ),
        Column(
            "record", Value.JSON, "The whole record, as it was hashed.", OPEN, can_filter=False,
            can_order=False,
        ),
        Column(
            "rules", Value.JSON, "By rule: severity, open, waived and known findings.", OPEN,
            can_filter=False, can_order=False,
        ),
        Column("checked_at", Value.MOMENT, "When it was checked.", OPEN),
        Column("actor", Value.TEXT, "Who or what asked for it.", OPEN),
        Column("previous_hash", Value.TEXT, "Hash of the record before.", OPEN),
        Column("hash", Value.TEXT, "Hash of that hash and this record.", OPEN),
    ),
    id_kind="interface_check",
    order=("-number",),
)  # fmt: skip
READABLES: Final = (INTERFACE_DOCUMENT, RULE_SET, OWED_STANDARD, WAIVER, INTERFACE_CHECK)
ENTRIES: Final = (
    Entry("interface_documents", "InterfaceDocument", "Registered documents, newest first.", OPEN),
    Entry("rule_sets", "RuleSet", "Kept rule sets, by name.", OPEN),
    Entry("owed_standards", "OwedStandard", "Standards that interfaces owe, by key.", OPEN),
    Entry("waivers", "Waiver", "Waivers, newest first.", OPEN),
    Entry("interface_checks", "InterfaceCheck", "Evidence of checks, newest first.", OPEN),
    Entry(
        "interface_check",
        "InterfaceCheck",
        "One check by its hash.",
        OPEN,
        way=Way.ONE,
        arguments=(
            Argument("hash", "Hash of the record.", on="{row}.hash = {value}", required=True),
        ),
    ),
)
