"""SARIF 2.1.0, which code hosts and editors show beside the line that a finding is about.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, plus errata 01.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import orjson

from schemas.compliance import CheckedDocument, Finding, Judged, Severity, Standing, fingerprint

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HOME = "https://github.com/townclerk/townclerk"
_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "note",
    Severity.HINT: "note",
}


def write(documents: Sequence[CheckedDocument]) -> bytes:
    """Return one run with all documents; waived findings are suppressed results."""
    rules: dict[str, int] = {}
    described: list[dict[str, Any]] = []
    results = []
    for number, one in enumerate(documents):
        for judged in one.judged:
            finding = judged.finding
            if finding.code not in rules:
                rules[finding.code] = len(described)
                described.append(_rule(finding))
            results.append(_result(judged, rules[finding.code], one, number))
    name, _, release = (documents[0].engine if documents else "townclerk 0").partition(" ")
    run = {
        "tool": {
            "driver": {
                "name": name,
                "semanticVersion": release,
                "informationUri": HOME,
                "rules": described,
            }
        },
        "columnKind": "utf16CodeUnits",
        "artifacts": [
            {
                "location": {"uri": _uri(one.source)},
                "hashes": {"sha-256": one.sha256},
                "properties": {
                    "kind": one.kind,
                    "ruleSets": [f"{used.name} {used.digest}" for used in one.rule_sets],
                },
            }
            for one in documents
        ],
        "results": results,
    }
    return (
        orjson.dumps(
            {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, option=orjson.OPT_INDENT_2
        )
        + b"\n"
    )


def _uri(source: str) -> str:
    """Return a name as an address: a file of this machine, a URN, or a path beside the report."""
    if source.startswith("/"):
        return "file://" + quote(source)
    return quote(source, safe="/:") if source.startswith("urn:") else quote(source)


def _rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": finding.code,
        "shortDescription": {"text": finding.code},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
    }
    if finding.documentation_url:
        rule["helpUri"] = finding.documentation_url
    return rule


def _result(judged: Judged, rule: int, one: CheckedDocument, artifact: int) -> dict[str, Any]:
    finding = judged.finding
    start, end = finding.range
    region = {
        "startLine": start.line + 1,
        "startColumn": start.character + 1,
        "endLine": end.line + 1,
        "endColumn": end.character + 1,
    }
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(one.source), "index": artifact},
            "region": region,
        }
    }
    if finding.path:
        location["logicalLocations"] = [{"fullyQualifiedName": "/".join(finding.path)}]  # type: ignore[assignment]  # two shapes in one object
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message or finding.code},
        "locations": [location],
        "partialFingerprints": {"townclerk/v1": fingerprint(finding)},
        "baselineState": "unchanged" if judged.standing is Standing.KNOWN else "new",
    }
    if judged.standing is Standing.WAIVED:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": judged.why}
        ]
    return result
