"""Whether a version number grew as a breaking change asks.

Source: Semantic Versioning 2.0.0; a number that is not written so is not judged.
"""

import re

_PART = r"(0|[1-9]\d{0,17})"
_VERSION = re.compile(rf"v?{_PART}\.{_PART}\.{_PART}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\Z")


def version_changes(old: str, new: str) -> list[str]:
    """Return the ids of what is wrong with the step between two versions, given a break.

    Args:
        old: Version that consumers know.
        new: Version that breaks them.
    """
    was, now = _VERSION.match(old), _VERSION.match(new)
    if was is None or now is None:
        return []
    before, after = tuple(map(int, was.groups())), tuple(map(int, now.groups()))
    if old == new:
        return ["api-version-not-bumped"]
    if after < before:
        return ["api-version-decreased"]
    grew = after[:2] > before[:2] if before[0] == 0 else after[0] > before[0]
    return [] if grew else ["api-major-version-not-bumped"]
