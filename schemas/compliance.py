"""Compliance: what a check of an interface document finds, and where it stands in the document.

Lines and characters count from zero and characters in UTF-16 units, as the Language Server
Protocol and Spectral count them, so that editors and reports can use a finding unchanged.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from hashlib import sha256
from typing import Any, NamedTuple


class Severity(IntEnum):
    """How bad a finding is; the numbers are those of the Language Server Protocol."""

    ERROR = 0
    WARNING = 1
    INFORMATION = 2
    HINT = 3

    @property
    def word(self) -> str:
        """The severity as rule sets and command lines write it."""
        return ("error", "warn", "info", "hint")[self]


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


class Standing(StrEnum):
    """What an auditor makes of a finding; only open ones count against an interface."""

    OPEN = "open"
    WAIVED = "waived"  # somebody else than who asked approved it, until a day that will come
    KNOWN = "known"  # it stood in the baseline already


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding and how it stands."""

    finding: Finding
    standing: Standing = Standing.OPEN
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the finding in Spectral's shape with its standing beside it."""
        return {**self.finding.as_dict(), "standing": self.standing.value, "why": self.why}


@dataclass(frozen=True, slots=True)
class UsedRuleSet:
    """A rule set that took part in a check, pinned by the hash over all its files."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """Everything one check has to say about one document.

    Attributes:
        source: Name of the document as findings show it.
        kind: What it describes itself as, for instance `OpenAPI 3.0.3`.
        sha256: Hash of its bytes as they were received, in hexadecimal.
        rule_sets: What it was checked against, in order.
        engine: Name and release of what checked it.
        judged: Findings, in order of place, code and path.
        operations: How many operations it offers; a score needs it.
        version: The version it declares; empty without one.
        outside: References that lead out of the document.
    """

    source: str
    kind: str
    sha256: str
    rule_sets: tuple[UsedRuleSet, ...]
    engine: str
    judged: tuple[Judged, ...]
    operations: int = 0
    version: str = ""
    outside: tuple[str, ...] = ()

    def open_findings(self) -> list[Finding]:
        """Return the findings that count."""
        return [one.finding for one in self.judged if one.standing is Standing.OPEN]

    def counts(self) -> dict[str, int]:
        """Return how many findings are open by severity, and how many are waived or known."""
        found = {severity.word: 0 for severity in Severity}
        for finding in self.open_findings():
            found[finding.severity.word] += 1
        for standing in (Standing.WAIVED, Standing.KNOWN):
            found[standing.value] = sum(one.standing is standing for one in self.judged)
        return found


def fingerprint(finding: Finding) -> str:
    """Return what makes a finding the same in the next version of a document.

    Rule, path and message do; line and column move with every edit above it.
    """
    text = "\x1f".join((finding.code, *finding.path, "", finding.message))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
