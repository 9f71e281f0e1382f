"""Which version number a change deserves, and whether the document carries it.

Source: Semantic Versioning 2.0.0, items 6 to 8.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

from registry.compliance.contract.compare import Comparison
from registry.compliance.contract.levels import Level

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")


class Bump(IntEnum):
    """Which part of a version grows."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True)
class Verdict:
    """What the changes ask for, and what the document declares.

    Attributes:
        needed: Smallest bump that is honest.
        declared: Bump between the two versions; None where one of them cannot be read.
        honest: Whether the declared bump is enough.
    """

    needed: Bump
    declared: Bump | None
    honest: bool

    def sentence(self) -> str:
        """Return the verdict in words."""
        if self.declared is None:
            return f"needs a {self.needed.name.lower()} version; the versions cannot be compared"
        words = f"needs {self.needed.name.lower()}, declares {self.declared.name.lower()}"
        return f"{words}: {'honest' if self.honest else 'NOT honest'}"


def verdict_of(comparison: Comparison) -> Verdict:
    """Return the verdict on two versions."""
    levels = {change.level for change in comparison.changes}
    if levels & {Level.ERR, Level.WARN}:
        needed = Bump.MAJOR
    elif levels:
        needed = Bump.MINOR
    else:
        needed = Bump.NONE
    declared = _declared(comparison.old_version, comparison.new_version)
    return Verdict(needed, declared, declared is not None and declared >= needed)


def _declared(old: str, new: str) -> Bump | None:
    before, after = _VERSION.match(old.strip()), _VERSION.match(new.strip())
    if before is None or after is None:
        return None
    was = [int(part or 0) for part in before.groups()]
    now = [int(part or 0) for part in after.groups()]
    if now <= was:
        return Bump.NONE
    changed = next(at for at in range(3) if was[at] != now[at])
    if was[0] == 0 and changed == 1:
        return Bump.MAJOR  # before 1.0.0 the second number is the one that breaks
    return (Bump.MAJOR, Bump.MINOR, Bump.PATCH)[changed]
