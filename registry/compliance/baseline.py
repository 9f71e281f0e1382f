"""Baselines: what was wrong before stays visible, and only what is new counts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from schemas.compliance import CheckedDocument, Judged, Standing, fingerprint
from schemas.errors import InvalidInput

VERSION = 1
KNOWN_WHY = "in the baseline"


class InvalidBaseline(InvalidInput):
    """A baseline file is not one."""

    code = "invalid_baseline"
    remedy = "Write it anew with `townclerk interfaces check FILE --write-baseline BASELINE`."


def against(one: CheckedDocument, known: Collection[str]) -> CheckedDocument:
    """Return the result with findings of the baseline marked as known.

    Args:
        one: Result of a check.
        known: Fingerprints of the findings that were there before.
    """
    judged = tuple(
        Judged(each.finding, Standing.KNOWN, KNOWN_WHY)
        if each.standing is Standing.OPEN and fingerprint(each.finding) in known
        else each
        for each in one.judged
    )
    return replace(one, judged=judged)


def write(documents: Sequence[CheckedDocument]) -> bytes:
    """Return a baseline file: the fingerprints of all findings by document."""
    findings = {
        one.source: sorted({fingerprint(each.finding) for each in one.judged}) for one in documents
    }
    content = {"version": VERSION, "findings": findings}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def read(content: bytes) -> Mapping[str, frozenset[str]]:
    """Return the fingerprints of a baseline file by document.

    Raises:
        InvalidBaseline: It is no baseline file.
    """
    try:
        data: Any = orjson.loads(content)
        if data["version"] != VERSION:
            raise InvalidBaseline("The baseline is of another version.")
        return {str(name): frozenset(map(str, ids)) for name, ids in data["findings"].items()}
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as wrong:
        raise InvalidBaseline(f"The baseline cannot be read: {type(wrong).__name__}.") from wrong
