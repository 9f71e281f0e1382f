"""One check of a registered interface: what it owes, what was accepted, what is found, as evidence.

Reading, checking and writing are three steps, so that no transaction is open while a large
document is checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from registry.compliance import baseline, queries, waivers
from registry.compliance.checking import check_document, engine_name
from registry.compliance.commands import record_check
from registry.compliance.evidence import canonical
from registry.compliance.privacy import Declaration, PrivacyCheck
from registry.compliance.rulesets.model import RuleSet
from schemas.compliance import CheckedDocument

NOT_FOLLOWED = "not followed"


@dataclass(frozen=True)
class Task:
    """Everything that a check of one interface needs."""

    document: queries.DocumentRow
    rule_sets: tuple[RuleSet, ...]
    waivers: tuple[waivers.ActiveWaiver, ...]
    known: frozenset[str]
    today: date


@dataclass(frozen=True)
class FleetRow:
    """What decides whether an interface has to be checked again."""

    id: UUID
    urn: str
    sha256: str
    referenced: dict[str, str]
    declared: Any
    record: dict[str, Any] | None
    owed: list[str]
    waivers: list[str]
    baseline_made_at: Any
    checked_at: Any

    def is_fresh(self) -> bool:
        """Say whether the last check still holds: same document, rules, release and exceptions."""
        last = self.record
        if last is None:
            return False
        return (
            last["document"]["sha256"] == self.sha256
            and sorted(one["sha256"] for one in last["rule_sets"]) == self.owed
            and last["engine"] == engine_name()
            and last["waivers"] == self.waivers
            and last["referenced"].get("personal_data", "") == declared_hash(self.declared)
            and all(last["referenced"].get(key) == self.referenced[key] for key in self.referenced)
            and (self.baseline_made_at is None or self.baseline_made_at < self.checked_at)
        )


# Standards are few and interfaces many: which interface owes which standard is worked out once
# for all, from the URNs that standards name outwards.
_FLEET = """
WITH named AS (
    SELECT s.key, s.valid_from, s.version, r.sha256, e.id AS element_id
    FROM standard s JOIN rule_set r ON r.id = s.rule_set_id
    LEFT JOIN element e ON e.urn = ANY (s.applies_to)
    WHERE s.valid_from <= %(today)s AND (s.valid_to IS NULL OR %(today)s < s.valid_to)
      AND (s.applies_to = '{}' OR e.id IS NOT NULL)
), inner_ring AS (
    SELECT key, valid_from, version, sha256, element_id FROM named
    UNION
    SELECT n.key, n.valid_from, n.version, n.sha256, r.source_id FROM named n
    JOIN relationship r ON r.target_id = n.element_id
    WHERE r.kind IN ('specialization', 'realization', 'association')
), reached AS (
    SELECT key, valid_from, version, sha256, element_id FROM inner_ring
    UNION
    SELECT i.key, i.valid_from, i.version, i.sha256,
           CASE WHEN r.source_id = i.element_id THEN r.target_id ELSE r.source_id END
    FROM inner_ring i JOIN relationship r
      ON r.source_id = i.element_id OR r.target_id = i.element_id
), owed AS (
    SELECT DISTINCT ON (e.id, s.key) e.id, s.sha256
    FROM element e JOIN reached s ON s.element_id IS NULL OR s.element_id = e.id
    WHERE e.kind = 'interface'
    ORDER BY e.id, s.key, s.valid_from DESC, s.version DESC
), owes AS (
    SELECT id, array_agg(DISTINCT sha256 ORDER BY sha256) AS sha256s FROM owed GROUP BY id
)
SELECT DISTINCT ON (e.id) e.id, e.urn, d.sha256, d.referenced,
       e.attrs -> 'personal_data' AS declared,
       c.record, coalesce(o.sha256s, '{}') AS owed,
       ARRAY(SELECT w.id::text FROM waiver w
             WHERE (w.interface_id IS NULL OR w.interface_id = e.id)
               AND w.approved_by IS NOT NULL AND w.withdrawn_at IS NULL
               AND w.expires_on > %(today)s ORDER BY w.id::text) AS waivers,
       b.made_at AS baseline_made_at, c.checked_at
FROM element e
JOIN interface_document d ON d.interface_id = e.id
LEFT JOIN owes o ON o.id = e.id
LEFT JOIN baseline b ON b.interface_id = e.id
LEFT JOIN LATERAL (
    SELECT record, checked_at FROM check_run c WHERE c.interface_id = e.id
      AND c.kind = 'document' ORDER BY number DESC LIMIT 1) c ON true
WHERE e.kind = 'interface'
ORDER BY e.id, d.registered_at DESC, d.id DESC"""


def fleet(db: psycopg.Connection, today: date) -> list[FleetRow]:
    """Return every interface that has a document, with what its last check was about."""
    with db.cursor(row_factory=class_row(FleetRow)) as cursor:
        return cursor.execute(_FLEET, {"today": today}).fetchall()


def declared_hash(declared: Any) -> str:
    """Return what stands for a declaration of personal data in evidence; empty without one."""
    return sha256(canonical(declared)).hexdigest() if declared else ""


def prepare(db: psycopg.Connection, urn: str, today: date) -> Task:
    """Read what a check of an interface needs.

    Raises:
        UnknownName: No such interface, or it has no document.
        RuleSetChanged: A bundled rule set is not the one that was kept.
    """
    document = queries.newest_document(db, urn)
    owed = queries.rule_sets_owed(db, document.interface_id, today)
    return Task(
        document,
        tuple(row.loaded() for _, row in sorted({row.sha256: row for row in owed}.items())),
        tuple(queries.active_waivers(db, document.interface_id, today)),
        queries.baseline_of(db, document.interface_id),
        today,
    )


def carry_out(task: Task) -> CheckedDocument:
    """Check, and mark what is waived or known; needs no database."""
    declaration = Declaration.of(task.document.attrs)
    one = check_document(
        task.document.content,
        task.document.source,
        task.rule_sets,
        extra=(PrivacyCheck(declaration),),
    )
    return baseline.against(waivers.apply(one, task.waivers, task.today), task.known)


def write_down(
    db: psycopg.Connection, task: Task, one: CheckedDocument, *, actor: str
) -> tuple[int, str]:
    """Add the evidence, and return its number and hash."""
    given = task.document.referenced
    referenced = {place: given.get(place, NOT_FOLLOWED) for place in one.outside}
    declared = declared_hash(task.document.attrs.get("personal_data"))
    if declared:
        referenced["personal_data"] = declared
    return record_check(
        db,
        task.document.urn,
        one,
        actor=actor,
        referenced=referenced,
        waivers=[str(waiver.id) for waiver in task.waivers],
    )


def again(rows: Sequence[FleetRow]) -> list[str]:
    """Return the URNs of the interfaces whose last check no longer holds."""
    return [row.urn for row in rows if not row.is_fresh()]
