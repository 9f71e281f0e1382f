"""HTML for people: one file without scripts and without anything from another host."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from registry.compliance.score import score
from schemas.compliance import CheckedDocument, Judged, Severity, Standing

FINDINGS_SHOWN_MAX = 100  # of one rule; beyond it nobody reads on, and browsers slow down


@dataclass
class RuleGroup:
    """The findings of one rule in one document that stand alike."""

    code: str
    severity: str
    standing: str
    count: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many findings are not shown."""
        return self.count - len(self.findings)


def write(documents: Sequence[CheckedDocument]) -> bytes:
    """Return the report as one HTML file."""
    counts = [one.counts() for one in documents]
    page = _template().render(
        documents=[_document(one) for one in documents],
        total=sum(count[severity.word] for count in counts for severity in Severity),
        waived=sum(count[Standing.WAIVED] for count in counts),
        known=sum(count[Standing.KNOWN] for count in counts),
        severities=[severity.word for severity in Severity],
        engine=documents[0].engine if documents else "townclerk",
    )
    return page.encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2")


def _document(one: CheckedDocument) -> dict[str, Any]:
    return {
        "source": one.source,
        "kind": one.kind,
        "operations": one.operations,
        "sha256": one.sha256,
        "rule_sets": one.rule_sets,
        "counts": one.counts(),
        "score": score(one.open_findings(), one.operations),
        "rules": grouped(one.judged),
    }


def grouped(judged: Sequence[Judged], *, shown_max: int = FINDINGS_SHOWN_MAX) -> list[RuleGroup]:
    """Return findings by rule: open before known and waived, worst first, then by name."""
    groups: dict[tuple[int, int, str], RuleGroup] = {}
    order = (Standing.OPEN, Standing.KNOWN, Standing.WAIVED)
    for one in judged:
        finding = one.finding
        key = (order.index(one.standing), int(finding.severity), finding.code)
        group = groups.setdefault(
            key, RuleGroup(finding.code, finding.severity.word, one.standing.value)
        )
        group.count += 1
        if len(group.findings) < shown_max:
            group.findings.append(
                {
                    "line": finding.range.start.line + 1,
                    "message": finding.message,
                    "path": " › ".join(finding.path),
                    "why": one.why,
                }
            )
    return [groups[key] for key in sorted(groups)]
