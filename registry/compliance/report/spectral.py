"""Spectral's own JSON: a flat list, for tools that read what Spectral writes."""

from collections.abc import Sequence

import orjson

from schemas.compliance import CheckedDocument


def write(documents: Sequence[CheckedDocument]) -> bytes:
    """Return open findings as Spectral's `--format json` has them."""
    findings = [finding.as_dict() for one in documents for finding in one.open_findings()]
    return orjson.dumps(findings, option=orjson.OPT_INDENT_2) + b"\n"
