"""Compliance: what a check of an interface document finds, and where it stands in the document.

Lines and characters count from zero and characters in UTF-16 units, as the Language Server
Protocol and Spectral count them, so that editors and reports can use a finding unchanged.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple


class Severity(IntEnum):
    """How bad a finding is; the numbers are those of the Language Server Protocol."""

    ERROR = 0
    WARNING = 1
    INFORMATION = 2
    HINT = 3


class Position(NamedTuple):
    """A place in a document: line and UTF-16 character, both counted from zero."""

    line: int
    character: int


class Range(NamedTuple):
    """A stretch of a document; the end is the first character after it."""

    start: Position
    end: Position

    def as_dict(self) -> dict[str, dict[str, int]]:
        """Return the range in the shape of Spectral's and LSP's JSON."""
        return {"start": self.start._asdict(), "end": self.end._asdict()}


START_OF_DOCUMENT = Range(Position(0, 0), Position(0, 0))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that one rule says about one place of one document."""

    code: str
    severity: Severity
    path: tuple[str, ...]
    message: str
    range: Range
    source: str | None = None
    documentation_url: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the finding in the shape of Spectral's JSON output."""
        return {
            "code": self.code,
            "path": list(self.path),
            "message": self.message,
            "severity": int(self.severity),
            "range": self.range.as_dict(),
            "source": self.source,
        }
