"""How registered interfaces stand today: the last check of each, with what was accepted since.

Nothing is checked here. Findings come from the evidence; waivers and baselines of today decide
which of them still count, so a waiver that ended last night shows this morning.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import class_row

from registry.compliance import baseline, queries, waivers
from schemas.compliance import (
    CheckedDocument,
    Finding,
    Judged,
    Position,
    Range,
    Severity,
    Standing,
    UsedRuleSet,
)
from schemas.errors import UnknownName

LINES_MAX = 1_000  # interfaces of one page; the command line goes further
ENDING_DAYS = 30  # waivers that end within a month want somebody's eye


@dataclass(frozen=True)
class Line:
    """One interface in the overview.

    Attributes:
        urn: The interface.
        name: What people call it.
        system: The system that offers it; empty where none is known.
        kind: What its document says it is; empty without a document.
        score: 0 to 100 by its last check; None before the first.
        errors: Open errors of that check.
        warnings: Open warnings of that check.
        waived: Waived findings of that check.
        checked_at: When that was.
    """

    urn: str
    name: str
    system: str
    kind: str
    score: int | None
    errors: int
    warnings: int
    waived: int
    checked_at: datetime | None


_LINES = """
SELECT e.urn, e.name, coalesce(s.name, '') AS system, coalesce(d.kind, '') AS kind, c.score,
       coalesce((c.record -> 'counts' ->> 'error')::int, 0) AS errors,
       coalesce((c.record -> 'counts' ->> 'warn')::int, 0) AS warnings,
       coalesce((c.record -> 'counts' ->> 'waived')::int, 0) AS waived, c.checked_at
FROM element e
LEFT JOIN LATERAL (SELECT kind FROM interface_document d WHERE d.interface_id = e.id
                   ORDER BY registered_at DESC, id DESC LIMIT 1) d ON true
LEFT JOIN LATERAL (SELECT score, record, checked_at FROM check_run c WHERE c.interface_id = e.id
                   AND c.kind = 'document' ORDER BY number DESC LIMIT 1) c ON true
LEFT JOIN LATERAL (
    SELECT o.name FROM relationship r
    JOIN element o ON o.id = CASE WHEN r.source_id = e.id THEN r.target_id ELSE r.source_id END
    WHERE (r.target_id = e.id OR r.source_id = e.id) AND o.kind = 'system'
      AND r.kind IN ('composition', 'aggregation', 'assignment', 'realization')
    ORDER BY o.name LIMIT 1) s ON true
WHERE e.kind = 'interface'
ORDER BY c.score NULLS LAST, errors DESC, e.name, e.urn LIMIT %s"""


def lines(db: psycopg.Connection) -> list[Line]:
    """Return all interfaces, those that stand worst first, unchecked ones last."""
    with db.cursor(row_factory=class_row(Line)) as cursor:
        return cursor.execute(_LINES, [LINES_MAX]).fetchall()


@dataclass(frozen=True)
class Named:
    """An interface by its name and what the register says of it."""

    id: UUID
    urn: str
    name: str
    attrs: dict[str, Any]


def named(db: psycopg.Connection, urn: str) -> Named:
    """Return an interface.

    Raises:
        UnknownName: There is none of this URN.
    """
    with db.cursor(row_factory=class_row(Named)) as cursor:
        found = cursor.execute(
            "SELECT id, urn, name, attrs FROM element WHERE urn = %s AND kind = 'interface'", [urn]
        ).fetchone()
    if found is None:
        raise UnknownName(
            f"There is no interface {urn}.", remedy="`townclerk landscape list` shows all."
        )
    return found


def as_it_stands(
    db: psycopg.Connection, interface: Named, check: queries.CheckRow, today: date
) -> CheckedDocument:
    """Return the findings of a check as waivers and baseline judge them today.

    Args:
        db: Connection in a transaction.
        interface: The interface.
        check: Its last check.
        today: The day that decides which waivers have ended.
    """
    record = check.record
    found = orjson.loads(queries.findings_of(db, check.findings_sha256))
    one = CheckedDocument(
        source=record["document"]["name"],
        kind=record["document"]["kind"],
        sha256=record["document"]["sha256"],
        rule_sets=tuple(UsedRuleSet(used["name"], used["sha256"]) for used in record["rule_sets"]),
        engine=record["engine"],
        judged=tuple(Judged(_finding(each)) for each in found),
    )
    live = queries.active_waivers(db, interface.id, today)
    known = queries.baseline_of(db, interface.id)
    return baseline.against(waivers.apply(one, live, today), known)


def _finding(each: dict[str, object]) -> Finding:
    place = each["range"]
    assert isinstance(place, dict)  # as findings_json wrote it
    path = each["path"]
    assert isinstance(path, list)
    return Finding(
        code=str(each["code"]),
        severity=Severity(int(str(each["severity"]))),
        path=tuple(map(str, path)),
        message=str(each["message"]),
        range=Range(Position(**place["start"]), Position(**place["end"])),
        source=str(each["source"]),
    )


def by_rule(one: CheckedDocument, standing: Standing) -> list[tuple[str, Severity, int]]:
    """Return rules with their worst severity and how many findings stand so, worst first."""
    counts: Counter[str] = Counter()
    worst: dict[str, Severity] = {}
    for each in one.judged:
        if each.standing is standing:
            code, severity = each.finding.code, each.finding.severity
            counts[code] += 1
            worst[code] = min(worst.get(code, severity), severity)
    rows = [(code, worst[code], count) for code, count in counts.items()]
    return sorted(rows, key=lambda row: (row[1], -row[2], row[0]))


def ending_soon(rows: list[queries.WaiverRow], today: date) -> list[queries.WaiverRow]:
    """Return the waivers in force that end within a month, soonest first."""
    soon = [
        row for row in rows
        if row.state == "in force" and (row.expires_on - today).days <= ENDING_DAYS
    ]  # fmt: skip
    return sorted(soon, key=lambda row: row.expires_on)
