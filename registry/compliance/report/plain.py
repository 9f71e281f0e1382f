"""Our own JSON: per document its hash, its rule sets, counts, and all findings with standing."""

from collections.abc import Sequence
from typing import Any

import orjson

from schemas.compliance import CheckedDocument, fingerprint

VERSION = 1  # of this shape; it grows when a field changes its meaning


def write(documents: Sequence[CheckedDocument]) -> bytes:
    """Return all findings, also waived ones, with what they were found by."""
    report = {"version": VERSION, "documents": [as_dict(one) for one in documents]}
    return orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n"


def as_dict(one: CheckedDocument) -> dict[str, Any]:
    """Return one document's result as JSON holds it."""
    return {
        "source": one.source,
        "kind": one.kind,
        "sha256": one.sha256,
        "engine": one.engine,
        "rule_sets": [{"name": used.name, "sha256": used.digest} for used in one.rule_sets],
        "operations": one.operations,
        "counts": one.counts(),
        "findings": [
            {**judged.as_dict(), "fingerprint": fingerprint(judged.finding)}
            for judged in one.judged
        ],
    }
