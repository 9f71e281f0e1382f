"""Evidence: a record of every check, each holding the hash of the one before.

A record says what was checked (hash of the document and of every file it refers to), against what
(hash of each rule set), by what (name and release), when, for whom and with which result (counts,
and the hash of the findings). Records are hashed as canonical JSON: keys sorted, no spaces, UTF-8.
The same few lines stand in verifier.py, which auditors run without us.
"""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from registry.compliance.score import score
from schemas.compliance import CheckedDocument, Judged, Standing

VERSION = 1  # of the shape of records
GENESIS = "0" * 64  # stands where the first record would have its predecessor's hash
DEFLATE_LEVEL = 6


def canonical(value: Any) -> bytes:
    """Return a value as canonical JSON."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def findings_json(one: CheckedDocument) -> bytes:
    """Return all findings of a check, as they were found, as canonical JSON."""
    return canonical([judged.finding.as_dict() for judged in one.judged])


def rules_of(judged: Sequence[Judged]) -> dict[str, list[int]]:
    """Return by rule its severity, and how many findings are open, waived and known."""
    order = (Standing.OPEN, Standing.WAIVED, Standing.KNOWN)
    found: dict[str, list[int]] = {}
    for each in judged:
        row = found.setdefault(each.finding.code, [int(each.finding.severity), 0, 0, 0])
        row[0] = min(row[0], int(each.finding.severity))
        row[1 + order.index(each.standing)] += 1
    return found


def record_of(
    one: CheckedDocument,
    *,
    number: int,
    interface: str,
    actor: str,
    checked_at: datetime,
    referenced: Mapping[str, str],
    findings_sha256: str,
    waivers: Sequence[str],
) -> dict[str, Any]:
    """Return the record of one check.

    Args:
        one: Its result, waivers and baseline applied.
        number: Place in the chain.
        interface: URN of the interface.
        actor: Who or what asked for it.
        checked_at: When, with zone.
        referenced: Hashes of the files that the document refers to, by reference; `not followed`
            where nobody gave us the file.
        findings_sha256: Hash of the findings as canonical JSON.
        waivers: Ids of the waivers that were in force.
    """
    return {
        "version": VERSION,
        "number": number,
        "interface": interface,
        "document": {"name": one.source, "kind": one.kind, "sha256": one.sha256},
        "referenced": dict(sorted(referenced.items())),
        "rule_sets": [{"name": used.name, "sha256": used.digest} for used in one.rule_sets],
        "engine": one.engine,
        "checked_at": checked_at.isoformat(timespec="microseconds"),
        "actor": actor,
        "counts": one.counts(),
        "score": score(one.open_findings(), one.operations),
        "findings": {"count": len(one.judged), "sha256": findings_sha256},
        "waivers": sorted(waivers),
    }


def record_hash(previous_hash: str, record: Mapping[str, Any]) -> str:
    """Return the hash of a record, which holds the hash of the one before."""
    return sha256(previous_hash.encode("ascii") + canonical(record)).hexdigest()


def deflated(content: bytes) -> bytes:
    """Return bytes as tables keep them."""
    return zlib.compress(content, DEFLATE_LEVEL)


def inflated(content: bytes) -> bytes:
    """Return bytes that a table kept."""
    return zlib.decompress(content)
