"""Overrides: other severities for some files, or for some parts of them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Override:
    """Severities by rule for the files that a pattern names, or for a pointer within them."""

    pattern: str
    pointer: str | None
    rules: tuple[tuple[str, Any], ...]

    def concerns(self, source: str) -> bool:
        """Say whether the file is meant; a pattern without a slash looks at the last name only."""
        name = source.removeprefix("./")
        if "/" not in self.pattern:
            name = name.rpartition("/")[2]
        return _as_regex(self.pattern.removeprefix("./")).match(name) is not None


@lru_cache(maxsize=256)
def _as_regex(pattern: str) -> re.Pattern[str]:
    """Translate a glob with **, *, ? and {a,b}; `*` stays within one folder."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out.append("(?:[^/]+/)*")
            at += 3
        elif pattern.startswith("**", at):
            out.append(".*")
            at += 2
        elif pattern[at] in "*?":
            out.append("[^/]*" if pattern[at] == "*" else "[^/]")
            at += 1
        elif pattern[at] == "{" and (end := pattern.find("}", at)) > at:
            options = pattern[at + 1 : end].split(",")
            out.append("(?:" + "|".join(map(re.escape, options)) + ")")
            at = end + 1
        else:
            out.append(re.escape(pattern[at]))
            at += 1
    return re.compile("".join(out) + r"\Z")
