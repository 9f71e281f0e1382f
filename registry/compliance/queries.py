"""Questions to the compliance room: documents, rule sets owed, waivers, evidence, trends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import args_row, class_row

from registry.compliance.evidence import GENESIS, inflated
from registry.compliance.rulesets.kept import unpack
from registry.compliance.rulesets.model import RuleSet
from registry.compliance.waivers import ActiveWaiver
from schemas.errors import UnknownName

PAGE_MAX = 200  # rows per page: what a person or a client can use at once


@dataclass(frozen=True)
class DocumentRow:
    """The newest document of an interface."""

    interface_id: UUID
    urn: str
    name: str
    attrs: dict[str, Any]
    sha256: str
    source: str
    kind: str
    version: str
    content: bytes
    referenced: dict[str, str]


@dataclass(frozen=True)
class RuleSetRow:
    """One kept rule set."""

    id: UUID
    name: str
    sha256: str
    entry: str
    files: dict[str, str]
    added_at: datetime

    def loaded(self) -> RuleSet:
        """Return it ready to check."""
        return unpack(self.name, self.entry, self.files, self.sha256)


@dataclass(frozen=True)
class StandardRow:
    """One version of a standard."""

    key: str
    version: str
    title: str
    status: str
    valid_from: date
    valid_to: date | None
    rule_set: str
    sha256: str
    applies_to: list[str]


@dataclass(frozen=True)
class WaiverRow:
    """One waiver, whatever its state."""

    id: UUID
    rule: str
    interface: str | None
    path: str
    reason: str
    origin: str
    asked_by: str
    asked_on: date
    approved_by: str | None
    withdrawn_at: datetime | None
    expires_on: date
    state: str


@dataclass(frozen=True)
class CheckRow:
    """One check, as its evidence tells."""

    number: int
    interface_urn: str
    document_sha256: str
    record: dict[str, Any]
    rules: dict[str, list[int]]
    score: int
    checked_at: datetime
    actor: str
    kind: str
    findings_sha256: str
    previous_hash: str
    hash: str


_CHECK = """SELECT number, interface_urn, document_sha256, record, rules, score, checked_at, actor,
    kind, findings_sha256, previous_hash, hash FROM check_run"""


def newest_document(db: psycopg.Connection, urn: str) -> DocumentRow:
    """Return the document of an interface that was registered last.

    Raises:
        UnknownName: No such interface, or it has no document.
    """
    with db.cursor(row_factory=class_row(DocumentRow)) as cursor:
        row = cursor.execute(
            """SELECT e.id AS interface_id, e.urn, e.name, e.attrs, d.sha256, d.source, d.kind,
                      d.version, d.content, d.referenced
               FROM element e JOIN interface_document d ON d.interface_id = e.id
               WHERE e.urn = %s AND e.kind = 'interface'
               ORDER BY d.registered_at DESC, d.id DESC LIMIT 1""",
            [urn],
        ).fetchone()
    if row is None:
        raise UnknownName(
            f"No interface with a document is registered under {urn}.",
            remedy="Register it with `townclerk interfaces register URN FILE`.",
        )
    return DocumentRow(**{**vars(row), "content": inflated(row.content)})


def documents_of(db: psycopg.Connection, urn: str) -> list[tuple[str, str, str, datetime]]:
    """Return hash, kind, version and day of all documents of an interface, newest first."""
    return db.execute(
        """SELECT d.sha256, d.kind, d.version, d.registered_at
           FROM interface_document d JOIN element e ON e.id = d.interface_id
           WHERE e.urn = %s ORDER BY d.registered_at DESC, d.id DESC LIMIT %s""",
        [urn, PAGE_MAX],
    ).fetchall()


def document_content(db: psycopg.Connection, sha256: str) -> tuple[bytes, str]:
    """Return bytes and name of a registered document.

    Raises:
        UnknownName: None with this hash is registered.
    """
    row = db.execute(
        "SELECT content, source FROM interface_document WHERE sha256 = %s LIMIT 1", [sha256]
    ).fetchone()
    if row is None:
        raise UnknownName(f"No document with the hash {sha256} is registered.")
    return inflated(row[0]), str(row[1])


def list_rule_sets(db: psycopg.Connection) -> list[RuleSetRow]:
    """Return all kept rule sets, by name and newest first."""
    with db.cursor(row_factory=class_row(RuleSetRow)) as cursor:
        return cursor.execute(
            """SELECT id, name, sha256, entry, files, added_at FROM rule_set
               ORDER BY name, added_at DESC LIMIT %s""",
            [PAGE_MAX],
        ).fetchall()


def list_standards(db: psycopg.Connection) -> list[StandardRow]:
    """Return all standards, by key and version."""
    with db.cursor(row_factory=class_row(StandardRow)) as cursor:
        return cursor.execute(
            """SELECT s.key, s.version, s.title, s.status, s.valid_from, s.valid_to,
                      r.name AS rule_set, r.sha256, s.applies_to
               FROM standard s JOIN rule_set r ON r.id = s.rule_set_id
               ORDER BY s.key, s.valid_from LIMIT %s""",
            [PAGE_MAX],
        ).fetchall()


# Whom a standard may name to reach an interface: itself, its systems, and what those fill in.
_OWED = """
WITH around AS (
    SELECT %(id)s::uuid AS id
    UNION SELECT CASE WHEN source_id = %(id)s THEN target_id ELSE source_id END
          FROM relationship WHERE source_id = %(id)s OR target_id = %(id)s
), wider AS (
    SELECT id FROM around
    UNION SELECT r.target_id FROM relationship r JOIN around a ON r.source_id = a.id
          WHERE r.kind IN ('specialization', 'realization', 'association')
)
SELECT DISTINCT ON (s.key) r.id, r.name, r.sha256, r.entry, r.files, r.added_at
FROM standard s JOIN rule_set r ON r.id = s.rule_set_id
WHERE s.valid_from <= %(today)s AND (s.valid_to IS NULL OR %(today)s < s.valid_to)
  AND (s.applies_to = '{}' OR EXISTS (
      SELECT FROM element e JOIN wider w ON w.id = e.id WHERE e.urn = ANY (s.applies_to)))
ORDER BY s.key, s.valid_from DESC, s.version DESC"""


def rule_sets_owed(db: psycopg.Connection, interface_id: UUID, today: date) -> list[RuleSetRow]:
    """Return the rule sets that an interface owes, by the standards in force for it.

    Args:
        db: Connection in a transaction.
        interface_id: The interface.
        today: The day that decides which versions are in force.
    """
    with db.cursor(row_factory=class_row(RuleSetRow)) as cursor:
        return cursor.execute(_OWED, {"id": interface_id, "today": today}).fetchall()


def active_waivers(db: psycopg.Connection, interface_id: UUID, today: date) -> list[ActiveWaiver]:
    """Return the waivers in force for an interface, oldest first."""
    with db.cursor(row_factory=args_row(ActiveWaiver)) as cursor:
        return cursor.execute(
            """SELECT id, rule, path, reason, approved_by, expires_on FROM waiver
               WHERE (interface_id IS NULL OR interface_id = %s) AND approved_by IS NOT NULL
                 AND withdrawn_at IS NULL AND expires_on > %s ORDER BY id""",
            [interface_id, today],
        ).fetchall()


def list_waivers(db: psycopg.Connection, today: date) -> list[WaiverRow]:
    """Return waivers, newest first, with the state they have on a day."""
    with db.cursor(row_factory=class_row(WaiverRow)) as cursor:
        return cursor.execute(
            """SELECT w.id, w.rule, e.urn AS interface, w.path, w.reason, w.origin, w.asked_by,
                      w.asked_on, w.approved_by, w.withdrawn_at, w.expires_on,
                      CASE WHEN w.withdrawn_at IS NOT NULL THEN 'withdrawn'
                           WHEN w.expires_on <= %s THEN 'expired'
                           WHEN w.approved_by IS NULL THEN 'proposed' ELSE 'in force' END AS state
               FROM waiver w LEFT JOIN element e ON e.id = w.interface_id
               ORDER BY w.id DESC LIMIT %s""",
            [today, PAGE_MAX],
        ).fetchall()


def baseline_of(db: psycopg.Connection, interface_id: UUID) -> frozenset[str]:
    """Return the fingerprints that do not count for an interface."""
    row = db.execute(
        "SELECT fingerprints FROM baseline WHERE interface_id = %s", [interface_id]
    ).fetchone()
    return frozenset(row[0]) if row else frozenset()


def list_checks(
    db: psycopg.Connection, urn: str | None = None, *, limit: int = PAGE_MAX
) -> list[CheckRow]:
    """Return the newest checks, of one interface or of all."""
    with db.cursor(row_factory=class_row(CheckRow)) as cursor:
        return cursor.execute(
            f"""{_CHECK} WHERE %(urn)s::text IS NULL OR interface_urn = %(urn)s
                ORDER BY number DESC LIMIT %(limit)s""",
            {"urn": urn, "limit": min(limit, PAGE_MAX)},
        ).fetchall()


def newest_check(db: psycopg.Connection, urn: str) -> CheckRow | None:
    """Return the newest check of an interface's document; None before the first."""
    with db.cursor(row_factory=class_row(CheckRow)) as cursor:
        return cursor.execute(
            f"{_CHECK} WHERE interface_urn = %s AND kind = 'document' ORDER BY number DESC LIMIT 1",
            [urn],
        ).fetchone()


def chain(db: psycopg.Connection) -> list[CheckRow]:
    """Return all evidence, first to last."""
    with db.cursor(row_factory=class_row(CheckRow)) as cursor:
        return cursor.execute(f"{_CHECK} ORDER BY number").fetchall()


def chain_head(db: psycopg.Connection) -> tuple[int, str]:
    """Return number and hash of the newest record; 0 and zeros before the first."""
    row = db.execute("SELECT number, hash FROM check_run ORDER BY number DESC LIMIT 1").fetchone()
    return (int(row[0]), str(row[1])) if row else (0, GENESIS)


def evidence_bytes(db: psycopg.Connection, urns: Sequence[str]) -> int:
    """Return how large the kept findings and documents of these interfaces' checks are, packed."""
    row = db.execute(
        """WITH chosen AS (
               SELECT findings_sha256, document_sha256 FROM check_run WHERE interface_urn = ANY(%s))
           SELECT (SELECT coalesce(sum(octet_length(content)), 0) FROM finding_set
                   WHERE sha256 IN (SELECT findings_sha256 FROM chosen))
                + (SELECT coalesce(sum(octet_length(content)), 0) FROM interface_document
                   WHERE sha256 IN (SELECT document_sha256 FROM chosen))""",
        [list(urns)],
    ).fetchone()
    assert row is not None  # sums always answer
    return int(row[0])


def findings_of(db: psycopg.Connection, sha256: str) -> bytes:
    """Return the findings of a check as canonical JSON.

    Raises:
        UnknownName: None with this hash are kept.
    """
    row = db.execute("SELECT content FROM finding_set WHERE sha256 = %s", [sha256]).fetchone()
    if row is None:
        raise UnknownName(f"No findings with the hash {sha256} are kept.")
    return inflated(row[0])


def interfaces_to_check(db: psycopg.Connection) -> Sequence[str]:
    """Return the URNs of all interfaces that have a document."""
    rows = db.execute(
        """SELECT urn FROM element e WHERE kind = 'interface'
           AND EXISTS (SELECT FROM interface_document d WHERE d.interface_id = e.id) ORDER BY urn"""
    ).fetchall()
    return [str(row[0]) for row in rows]
