"""Rule sets as the register keeps them: with all files, to repeat a check years from now."""

import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from registry.compliance.rulesets.load import load
from registry.compliance.rulesets.model import InvalidRuleSet, RuleSet
from registry.compliance.rulesets.pinned import RuleSetChanged

LOADED_MAX = 64  # rule sets held ready; a municipality has about ten


def unpack(name: str, entry: str, files: Mapping[str, str], sha256: str) -> RuleSet:
    """Load a kept rule set, and hold it to its hash.

    Args:
        name: Name for reports.
        entry: The file to begin with, or the name of a bundled set.
        files: Texts by relative name; none for a bundled set.
        sha256: Its hash; also the key under which it stays ready.

    Raises:
        InvalidRuleSet: It cannot be loaded.
        RuleSetChanged: The bundled set of this release is another than the one that was kept.
    """
    return _loaded(name, entry, tuple(sorted(files.items())), sha256)


def from_texts(entry: str, files: Mapping[str, str], *, leave_out_unknown: bool) -> RuleSet:
    """Load a rule set from its files' texts; what they extend is one of them, or bundled.

    Args:
        entry: The file to begin with.
        files: Texts by relative name.
        leave_out_unknown: As for `load`.

    Raises:
        InvalidRuleSet: It cannot be loaded, or a name leads elsewhere.
    """
    with tempfile.TemporaryDirectory() as folder:
        for relative, text in files.items():
            if ".." in PurePosixPath(relative).parts or PurePosixPath(relative).is_absolute():
                raise InvalidRuleSet(f"{relative!r} lies outside the rule set.")
            place = Path(folder) / relative
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(text.encode("utf-8", errors="surrogateescape"))
            except (OSError, ValueError):
                raise InvalidRuleSet(f"{relative[:80]!r} is no name of a file.") from None
        return load(Path(folder) / entry, leave_out_unknown=leave_out_unknown)


@lru_cache(maxsize=LOADED_MAX)
def _loaded(name: str, entry: str, files: tuple[tuple[str, str], ...], sha256: str) -> RuleSet:
    if files:
        found = from_texts(entry, dict(files), leave_out_unknown=True)
    else:
        found = load(entry, leave_out_unknown=True)
    found.name = name
    if found.digest != sha256:
        raise RuleSetChanged(
            f"The rule set {name!r} has the hash {found.digest}, and {sha256} was kept.",
            remedy="Add it again with `townclerk interfaces ruleset add`; the next check uses it.",
        )
    return found
