"""What can be read of looks: probes of interfaces, and trials of connectors.

They share one table and nothing else: auditors read the ones, integration engineers the others.
Records of a trial are not read this way; `trialRecords` shows them, for a purpose.
"""

from typing import Any, Final

from registry.storage.readable import Argument, Column, Entry, Join, Policy, Readable, Table, Value
from schemas.access import Scope
from schemas.intake import RequestState
from schemas.looks import LookKind

AUDITORS: Final = Policy(Scope.COMPLIANCE_READ)
ENGINEERS: Final = Policy(Scope.SYNC_READ)
_URN: Final = "(SELECT element.urn FROM element WHERE element.id = {row}.interface_id)"


def _course(policy: Policy) -> tuple[Column, ...]:
    """Return the fields that every look has: who asked, and how it stands."""
    unsorted: dict[str, Any] = {"nullable": True, "can_filter": False, "can_order": False}
    return (
        Column("interface_urn", Value.TEXT, "The interface.", policy, sql=_URN),
        Column("state", RequestState, "Where it stands.", policy, can_group=True),
        Column("asked_by", Value.TEXT, "Who asked.", policy),
        Column("asked_at", Value.MOMENT, "When it was asked.", policy),
        Column("taken_at", Value.MOMENT, "When a worker took it.", policy, nullable=True),
        Column("finished_at", Value.MOMENT, "When it was done.", policy, nullable=True),
        Column("error", Value.JSON, "Why it failed: code, what, remedy.", policy, **unsorted),
    )


def _rows(kind: LookKind) -> str:
    return f"{{row}}.kind = '{kind.value}'"


PROBE: Final = Readable(
    "InterfaceProbe",
    "A look at the running interface that a worker was asked to take.",
    Table("look_request"),
    (
        *_course(AUDITORS),
        Column(
            "counts",
            Value.JSON,
            "Open findings by severity, and waived ones; null before it is done.",
            AUDITORS,
            sql="({row}.answer -> 'counts')",
            nullable=True,
            can_filter=False,
            can_order=False,
        ),
        Column(
            "findings",
            Value.JSON,
            "What is wrong: code, severity, path, message, standing; 500 at most, the evidence "
            "has all.",
            AUDITORS,
            sql="({row}.answer -> 'findings')",
            nullable=True,
            can_filter=False,
            can_order=False,
        ),
        Join(
            "check",
            "InterfaceCheck",
            "The evidence; null before it is done.",
            AUDITORS,
            on="{there}.number = {here}.check_number",
            nullable=True,
        ),
    ),
    where=_rows(LookKind.PROBE),
    id_kind="interface_probe",
    order=("-id",),
)
TRIAL: Final = Readable(
    "ConnectorTrial",
    "One page of each stream, read through a connector by a worker; nothing of it is landed.",
    Table("look_request"),
    (
        Column(
            "connector",
            Value.TEXT,
            "Key of the connector.",
            ENGINEERS,
            sql="({row}.given -> 'spec' ->> 'connector')",
        ),
        *_course(ENGINEERS),
        Column(
            "purpose",
            Value.TEXT,
            "For which purpose its records may be seen; null where none was named.",
            ENGINEERS,
            sql="({row}.given ->> 'purpose')",
            nullable=True,
        ),
        Column(
            "streams",
            Value.JSON,
            "Per stream, in counts and places: records, records_path, paging, key, fill, unused "
            "and what would be quarantined. `trialRecords` has the values.",
            ENGINEERS,
            sql="({row}.answer -> 'streams')",
            nullable=True,
            can_filter=False,
            can_order=False,
        ),
    ),
    where=_rows(LookKind.TRIAL),
    id_kind="connector_trial",
    order=("-id",),
)
READABLES: Final = (PROBE, TRIAL)
_OF: Final = (
    Argument(
        "interface",
        "Only of the interface of this URN.",
        "{row}.interface_id = (SELECT element.id FROM element WHERE element.urn = {value})",
    ),
)
ENTRIES: Final = (
    Entry(
        "interface_probes",
        "InterfaceProbe",
        "Probes that were asked for, newest first.",
        AUDITORS,
        arguments=_OF,
    ),
    Entry(
        "connector_trials",
        "ConnectorTrial",
        "Trials of connectors that were asked for, newest first.",
        ENGINEERS,
        arguments=_OF,
    ),
)
