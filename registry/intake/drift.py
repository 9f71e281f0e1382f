"""Notice when a source changes the shape of its records, and do what the stream's contract says.

Most records of a stream look alike, so a record's shape - its names and the types beside them - is
looked up as a whole; only a shape that was never seen costs a closer look.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from connectors.sdk.spec import DriftPolicy
from registry.intake.leases import HeldLease
from schemas.errors import GiveUp
from schemas.records import RejectedRecord, SourceRecord

SHAPES_MAX = 10_000
"""Shapes remembered per stream; nulls in thirty fields make many."""

FIELDS_MAX = 2_000
"""Fields noted per stream; a source that names fields after values would fill the table."""

NAME_CHARACTERS_MAX = 200
"""The column's width."""

_TYPES: Mapping[type, str] = {
    str: "string", int: "integer", float: "number", bool: "boolean", dict: "object", list: "array",
    type(None): "null",
}  # fmt: skip
Shape = tuple[tuple[str, ...], tuple[type, ...]]


@dataclass
class Contract:
    """What a stream's records may look like.

    Attributes:
        policies: Policy per field; `*` for all others.
        types: Accepted types per field, as known so far.
        fresh: Nothing is known yet, so the first page only teaches.
    """

    policies: Mapping[str, DriftPolicy]
    types: dict[str, set[str]]
    fresh: bool
    _seen: set[Shape] = field(default_factory=set)

    def policy(self, name: str) -> DriftPolicy:
        """Return what to do where a field drifts."""
        return self.policies.get(name) or self.policies.get("*") or DriftPolicy.EVOLVE

    def news(self, value: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the fields and types of a record that were never seen; null says nothing."""
        shape = (tuple(value), tuple(map(type, value.values())))
        if shape in self._seen:
            return []
        found = [
            (name[:NAME_CHARACTERS_MAX], kind)
            for name, inner in value.items()
            if (kind := _TYPES.get(type(inner), "string")) != "null"
            and kind not in self.types.get(name[:NAME_CHARACTERS_MAX], ())
        ]
        if not found and len(self._seen) < SHAPES_MAX:
            self._seen.add(shape)
        return found


@dataclass(frozen=True)
class Judged:
    """A page's records after the contract was held against them."""

    records: list[SourceRecord]
    rejected: list[RejectedRecord]
    learned: dict[tuple[str, str], int]


def load_contract(
    db: psycopg.Connection, source_id: UUID, stream: str, policies: Mapping[str, DriftPolicy]
) -> Contract:
    """Return the contract of a stream as it stands."""
    rows = db.execute(
        "SELECT name, types FROM stream_field WHERE source_id = %s AND stream = %s",
        (source_id, stream),
    ).fetchall()
    return Contract(policies, {name: set(types) for name, types in rows}, fresh=not rows)


def judge(contract: Contract, records: list[SourceRecord], *, stream: str) -> Judged:
    """Hold the contract against decoded records.

    Raises:
        GiveUp: A field drifted whose policy is to stop.
    """
    kept: list[SourceRecord] = []
    rejected: list[RejectedRecord] = []
    learned: dict[tuple[str, str], int] = {}
    for record in records:
        refused = ""
        for name, kind in contract.news(record.value):
            policy = DriftPolicy.EVOLVE if contract.fresh else contract.policy(name)
            if policy == DriftPolicy.STOP:
                raise GiveUp(
                    f"The field `{name}` of {stream} came as {kind}, which its contract forbids.",
                    remedy="Look at the source; then change `drift` in the connector file.",
                    field=name,
                )
            if policy == DriftPolicy.QUARANTINE:
                refused = name
            elif len(contract.types) < FIELDS_MAX:
                if not contract.fresh:
                    learned[name, kind] = learned.get((name, kind), 0) + 1
                contract.types.setdefault(name, set()).add(kind)
        if refused:
            learned[refused, "refused"] = learned.get((refused, "refused"), 0) + 1
            rejected.append(_refusal(record, refused))
        else:
            kept.append(record)
    return Judged(kept, rejected, learned)


def keep_contract(
    db: psycopg.Connection, lease: HeldLease, contract: Contract, judged: Judged, *, stream: str
) -> None:
    """Write what a page taught: accepted fields, and what the run is to say about drift."""
    if contract.fresh or judged.learned:
        with db.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO stream_field (source_id, stream, name, types, first_seen_at)
                   VALUES (%s, %s, %s, %s, now())
                   ON CONFLICT (source_id, stream, name) DO UPDATE SET types = excluded.types
                   WHERE stream_field.types <> excluded.types""",
                [
                    (lease.source_id, stream, name, sorted(types))
                    for name, types in contract.types.items()
                ],
            )
            cursor.executemany(
                """INSERT INTO drift (run_id, stream, name, type, policy, records)
                   VALUES (%s, %s, %s, %s, %s, %s)
                   ON CONFLICT (run_id, stream, name, type) DO UPDATE
                   SET records = drift.records + excluded.records""",
                [
                    (lease.run_id, stream, name, kind, contract.policy(name), records)
                    for (name, kind), records in judged.learned.items()
                ],
            )
        contract.fresh = contract.fresh and not contract.types


def _refusal(record: SourceRecord, name: str) -> RejectedRecord:
    return RejectedRecord(
        raw=record.raw,
        rule="shape_changed",
        path=name,
        reason=f"the field `{name}` is new or came with a new type, and its contract refuses that",
    )
