"""Factories of what proves a check: documents, rule sets, standards, runs, waivers, baselines."""

import itertools
from datetime import timedelta
from hashlib import sha256
from typing import Any

import psycopg

from registry.storage.statements import insert_row
from schemas.base import utc_now
from schemas.evidence import (
    Baseline,
    CheckRun,
    FindingSet,
    InterfaceDocument,
    KeptRuleSet,
    Standard,
    StandardStatus,
    Waiver,
)
from schemas.landscape_kinds import ElementKind
from tests.landscape_factories import an_element

_numbers = itertools.count(1)


def _mark() -> str:
    return sha256(str(next(_numbers)).encode()).hexdigest()


def an_interface_document(db: psycopg.Connection, **given: Any) -> InterfaceDocument:
    """Register an empty document of an interface."""
    if "interface_id" not in given:
        given["interface_id"] = an_element(db, kind=ElementKind.INTERFACE).id
    row = InterfaceDocument(
        **{
            "sha256": _mark(),
            "source": "openapi.yaml",
            "kind": "OpenAPI 3.1.0",
            "content": b"",
            "actor": "auditor",
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_rule_set(db: psycopg.Connection, **given: Any) -> KeptRuleSet:
    """Keep a rule set without rules."""
    row = KeptRuleSet(
        **{"name": "rules", "sha256": _mark(), "entry": "rules.yaml", "actor": "auditor", **given}
    )
    insert_row(db, row)
    return row


def a_standard(db: psycopg.Connection, **given: Any) -> Standard:
    """Owe a standard since today."""
    if "rule_set_id" not in given:
        given["rule_set_id"] = a_rule_set(db).id
    row = Standard(
        **{
            "key": f"standard-{next(_numbers)}",
            "version": "1",
            "title": "A standard",
            "status": StandardStatus.MANDATORY,
            "valid_from": utc_now().date(),
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_finding_set(db: psycopg.Connection, **given: Any) -> FindingSet:
    """Find nothing."""
    row = FindingSet(**{"sha256": _mark(), "content": b"", "findings": 0, **given})
    insert_row(db, row)
    return row


def a_check_run(db: psycopg.Connection, **given: Any) -> CheckRun:
    """Write down a check that found nothing."""
    if "findings_sha256" not in given:
        given["findings_sha256"] = a_finding_set(db).sha256
    row = CheckRun(
        **{
            "number": next(_numbers),
            "interface_urn": "urn:test:interface",
            "document_sha256": _mark(),
            "score": 100,
            "actor": "auditor",
            "previous_hash": "0" * 64,
            "hash": _mark(),
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_waiver(db: psycopg.Connection, **given: Any) -> Waiver:
    """Ask for a waiver until tomorrow."""
    today = utc_now().date()
    row = Waiver(
        **{
            "rule": "a-rule",
            "reason": "A test needs one.",
            "origin": "person",
            "asked_by": "auditor",
            "asked_on": today,
            "expires_on": today + timedelta(days=1),
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_baseline(db: psycopg.Connection, **given: Any) -> Baseline:
    """Know nothing yet of an interface."""
    if "interface_id" not in given:
        given["interface_id"] = an_element(db, kind=ElementKind.INTERFACE).id
    row = Baseline(**{"actor": "auditor", **given})
    insert_row(db, row)
    return row


COMPLIANCE_FACTORIES = {
    "interface_document": an_interface_document,
    "rule_set": a_rule_set,
    "standard": a_standard,
    "finding_set": a_finding_set,
    "check_run": a_check_run,
    "waiver": a_waiver,
    "baseline": a_baseline,
}
