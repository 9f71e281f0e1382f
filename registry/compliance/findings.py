"""The last step of a check: each finding once, in the order in which Spectral lists them."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from schemas.compliance import Finding

_DIGITS = re.compile(r"(\d+)")
# Signs come before digits and digits before letters, in the order of the Unicode collation.
_SIGN_ORDER = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_SIGNS = {sign: at for at, sign in enumerate(_SIGN_ORDER)}


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Drop repetitions and sort by place, code and path.

    Two findings repeat each other when code, path, source and message are equal, or, where there
    is no path, code, range, source and message.
    """
    unique: dict[Any, Finding] = {}
    for finding in findings:
        place = finding.path or finding.range
        unique.setdefault((finding.code, place, finding.source, finding.message), finding)
    codes: dict[str, Any] = {}

    def order(finding: Finding) -> Any:
        code = codes.get(finding.code)
        if code is None:
            code = codes[finding.code] = _natural(finding.code)
        return finding.source or "", finding.range.start, code, _collated(",".join(finding.path))

    return sorted(unique.values(), key=order)


def _natural(text: str) -> Any:
    """Return a key in which numbers within the text compare as numbers."""
    return [
        (1, int(part), ()) if part.isdigit() else (0, 0, _collated(part))
        for part in _DIGITS.split(text)
        if part
    ]


def _collated(text: str) -> Any:
    primary = [_weight(sign) for sign in text]
    return primary, [sign.isupper() for sign in text]


@lru_cache(maxsize=4096)
def _weight(sign: str) -> tuple[int, Any]:
    if sign in _SIGNS:
        return 0, _SIGNS[sign]
    if sign.isdigit():
        return 1, ord(sign)
    return 2, ord(sign.lower())
