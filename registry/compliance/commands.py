"""Changes of the compliance room: documents, rule sets, standards, waivers, baselines, evidence."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from registry.compliance import queries
from registry.compliance.checking import check_document
from registry.compliance.evidence import (
    deflated,
    findings_json,
    record_hash,
    record_of,
    rules_of,
)
from registry.compliance.rulesets.model import RuleSet
from registry.compliance.score import score
from registry.compliance.waivers import ANYWHERE, matches
from schemas.base import utc_now, uuid7
from schemas.compliance import CheckedDocument, fingerprint
from schemas.errors import AccessDenied, Conflict, InvalidInput, UnknownName
from schemas.evidence import CheckKind, StandardStatus

WAIVER_DAYS_MAX = 366  # a waiver that nobody looks at for longer is a rule that nobody keeps
REASON_CHARACTERS_MIN = 10  # as the table; "ok" is no reason
_CHAIN_LOCK = 0x7C_E41D  # one writer of evidence at a time; any number that nobody else uses


class SamePerson(AccessDenied):
    """Who asked for a waiver approves it too."""

    code = "waiver_needs_two_people"
    remedy = "Let somebody else look at it and approve it."


def register_document(
    db: psycopg.Connection,
    urn: str,
    content: bytes,
    source: str,
    *,
    actor: str,
    origin: str = "",
    referenced: Mapping[str, str] | None = None,
) -> str:
    """Register the document that describes an interface from now on, and return its hash.

    Args:
        db: The caller's connection; nothing is committed.
        urn: The interface.
        content: The bytes as they were received.
        source: Name of the document.
        actor: Who registers it.
        origin: Where it came from.
        referenced: Hashes of files that the document refers to, by reference.

    Raises:
        UnknownName: No such interface.
        InvalidInput: The document cannot be read at all.
    """
    interface_id = _interface(db, urn)
    seen = check_document(content, source, structure=False)
    refused = next((one.finding for one in seen.judged if not one.finding.path), None)
    if refused is not None and refused.code == "document-refused":
        raise InvalidInput(f"The document cannot be registered: {refused.message}")
    db.execute(
        """INSERT INTO interface_document (id, interface_id, sha256, source, kind, version,
               content, origin, actor, referenced, registered_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())
           ON CONFLICT (interface_id, sha256) DO UPDATE SET registered_at = clock_timestamp(),
               source = excluded.source, origin = excluded.origin, actor = excluded.actor,
               referenced = excluded.referenced""",
        [
            uuid7(), interface_id, seen.sha256, source[:400], seen.kind[:60],
            seen.version[:100], deflated(content), origin[:1000], actor, Jsonb(referenced or {}),
        ],
    )  # fmt: skip
    return seen.sha256


def keep_rule_set(
    db: psycopg.Connection, rule_set: RuleSet, *, name: str, entry: str, actor: str
) -> UUID:
    """Keep a rule set with all its files; the same files are kept once.

    Args:
        db: The caller's connection; nothing is committed.
        rule_set: The loaded set.
        name: What people call it.
        entry: Its first file among its files, or the name of a bundled set.
        actor: Who adds it.
    """
    enabled = {one.name: one.severity for one in rule_set.rules.values() if one.enabled}
    row = db.execute(
        """INSERT INTO rule_set (id, name, sha256, files, entry, rules, actor, added_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, now())
           ON CONFLICT (sha256) DO UPDATE SET name = excluded.name RETURNING id""",
        [
            uuid7(), name, rule_set.digest, Jsonb(rule_set.files), entry, Jsonb(enabled), actor,
        ],
    ).fetchone()  # fmt: skip
    assert row is not None  # RETURNING always gives the row of an upsert
    return UUID(str(row[0]))


def set_standard(
    db: psycopg.Connection,
    *,
    key: str,
    version: str,
    title: str,
    status: StandardStatus,
    valid_from: date,
    rule_set_sha256: str,
    valid_to: date | None = None,
    applies_to: Sequence[str] = (),
) -> None:
    """Register a version of a standard, or change what is known of it.

    Raises:
        UnknownName: The rule set is not kept; add it first.
        InvalidInput: The dates are in the wrong order.
    """
    row = db.execute("SELECT id FROM rule_set WHERE sha256 = %s", [rule_set_sha256]).fetchone()
    if row is None:
        raise UnknownName(
            f"No rule set with the hash {rule_set_sha256} is kept.",
            remedy="Add it first with `townclerk interfaces ruleset add`.",
        )
    if valid_to is not None and valid_to <= valid_from:
        raise InvalidInput("A standard cannot end before it begins.")
    db.execute(
        """INSERT INTO standard (id, key, version, title, status, valid_from, valid_to,
               rule_set_id, applies_to) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
           ON CONFLICT (key, version) DO UPDATE SET title = excluded.title,
               status = excluded.status, valid_from = excluded.valid_from,
               valid_to = excluded.valid_to, rule_set_id = excluded.rule_set_id,
               applies_to = excluded.applies_to""",
        [uuid7(), key, version, title, status, valid_from, valid_to, row[0], list(applies_to)],
    )


def ask_waiver(
    db: psycopg.Connection,
    *,
    rule: str,
    reason: str,
    asked_by: str,
    expires_on: date,
    interface_urn: str | None = None,
    path: str = ANYWHERE,
    origin: str = "person",
    today: date,
) -> UUID:
    """Ask that findings be accepted; it has no effect until somebody else approves.

    Raises:
        InvalidInput: No reason, or no expiry within a year.
        UnknownName: No such interface.
    """
    if len(reason.strip()) < REASON_CHARACTERS_MIN:
        raise InvalidInput(f"A waiver needs a reason of {REASON_CHARACTERS_MIN} characters.")
    if not today < expires_on <= today + timedelta(days=WAIVER_DAYS_MAX):
        raise InvalidInput(f"A waiver ends after today and within {WAIVER_DAYS_MAX} days.")
    matches(path, ())  # refuses a pattern that cannot be used
    interface_id = None if interface_urn is None else _interface(db, interface_urn)
    waiver_id = uuid7()
    db.execute(
        """INSERT INTO waiver (id, rule, interface_id, path, reason, origin, asked_by, asked_on,
               expires_on) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        [
            waiver_id, rule, interface_id, path, reason.strip(), origin, asked_by, today,
            expires_on,
        ],
    )  # fmt: skip
    return waiver_id


def approve_waiver(db: psycopg.Connection, waiver_id: UUID, *, approved_by: str) -> None:
    """Approve a waiver that somebody else asked for.

    Raises:
        UnknownName: There is no such waiver.
        SamePerson: Who asked approves.
        Conflict: It was approved or withdrawn already.
    """
    row = db.execute(
        "SELECT asked_by, approved_by, withdrawn_at FROM waiver WHERE id = %s FOR UPDATE",
        [waiver_id],
    ).fetchone()
    if row is None:
        raise UnknownName(f"There is no waiver {waiver_id}.")
    if row[0].strip().casefold() == approved_by.strip().casefold():
        raise SamePerson(f"{approved_by} asked for this waiver and cannot approve it.")
    if row[1] is not None or row[2] is not None:
        raise Conflict("The waiver was approved or withdrawn already.")
    db.execute(
        "UPDATE waiver SET approved_by = %s, approved_at = now() WHERE id = %s",
        [approved_by, waiver_id],
    )


def withdraw_waiver(db: psycopg.Connection, waiver_id: UUID) -> None:
    """Take a waiver back; its findings are open again at once.

    Raises:
        UnknownName: There is no such waiver, or it was withdrawn already.
    """
    done = db.execute(
        "UPDATE waiver SET withdrawn_at = now() WHERE id = %s AND withdrawn_at IS NULL",
        [waiver_id],
    )
    if done.rowcount == 0:
        raise UnknownName(f"There is no waiver {waiver_id} to withdraw.")


def set_baseline(db: psycopg.Connection, urn: str, one: CheckedDocument, *, actor: str) -> int:
    """Let the present findings of an interface not count any more, and return their number."""
    fingerprints = sorted({fingerprint(each.finding) for each in one.judged})
    db.execute(
        """INSERT INTO baseline (interface_id, fingerprints, actor, made_at)
           VALUES (%s, %s, %s, now()) ON CONFLICT (interface_id) DO UPDATE
           SET fingerprints = excluded.fingerprints, actor = excluded.actor, made_at = now()""",
        [_interface(db, urn), fingerprints, actor],
    )
    return len(fingerprints)


def record_check(
    db: psycopg.Connection,
    urn: str,
    one: CheckedDocument,
    *,
    actor: str,
    referenced: Mapping[str, str],
    waivers: Sequence[str] = (),
    kind: CheckKind = CheckKind.DOCUMENT,
) -> tuple[int, str]:
    """Add the evidence of a check to the chain, and return its number and hash.

    Args:
        db: The caller's connection; nothing is committed. Other checks wait for its end.
        urn: The interface.
        one: The result, waivers and baseline applied.
        actor: Who or what asked for it.
        referenced: Hashes of the files the document refers to.
        waivers: Ids of the waivers in force.
        kind: What it looked at.
    """
    content = findings_json(one)
    findings_hash = sha256(content).hexdigest()
    db.execute(
        """INSERT INTO finding_set (sha256, content, findings) VALUES (%s, %s, %s)
           ON CONFLICT (sha256) DO NOTHING""",
        [findings_hash, deflated(content), len(one.judged)],
    )
    db.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])
    number, previous = queries.chain_head(db)
    checked_at = utc_now()
    record = record_of(
        one, number=number + 1, interface=urn, actor=actor, checked_at=checked_at,
        referenced=referenced, findings_sha256=findings_hash, waivers=waivers,
    )  # fmt: skip
    digest = record_hash(previous, record)
    db.execute(
        """INSERT INTO check_run (number, interface_id, interface_urn, document_sha256, record,
               findings_sha256, rules, score, checked_at, actor, kind, previous_hash, hash)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        [
            number + 1, _interface(db, urn), urn, one.sha256, Jsonb(record), findings_hash,
            Jsonb(rules_of(one.judged)), score(one.open_findings(), one.operations), checked_at,
            actor, kind, previous, digest,
        ],
    )  # fmt: skip
    return number + 1, digest


def _interface(db: psycopg.Connection, urn: str) -> UUID:
    row = db.execute(
        "SELECT id FROM element WHERE urn = %s AND kind = 'interface'", [urn]
    ).fetchone()
    if row is None:
        raise UnknownName(f"No interface is registered under {urn}.", urn=urn)
    return UUID(str(row[0]))
