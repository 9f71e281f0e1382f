"""Text for a terminal or a build log: one line per finding, then the counts."""

from collections.abc import Sequence

from schemas.compliance import CheckedDocument, Finding, Severity


def write(documents: Sequence[CheckedDocument]) -> bytes:
    """Return findings as lines `line:column severity rule message path`."""
    lines: list[str] = []
    for one in documents:
        lines.append(f"{one.source} ({one.kind})")
        lines += [_line(finding) for finding in one.open_findings()]
        lines += [f"  {_summary(one)}", ""]
    return "\n".join(_printable(line) for line in lines).encode() + b"\n"


def _line(finding: Finding) -> str:
    at = finding.range.start
    place = f"{at.line + 1}:{at.character + 1}"
    path = ".".join(finding.path)
    return f"  {place:>9} {finding.severity.word:<5} {finding.code}  {finding.message}  {path}"


def _summary(one: CheckedDocument) -> str:
    counts = one.counts()
    parts = [f"{counts[severity.word]} {severity.word}" for severity in Severity]
    parts += [f"{counts[name]} {name}" for name in ("waived", "known") if counts[name]]
    return ", ".join(parts)


def _printable(text: str) -> str:
    """Let no document speak to the terminal by control characters."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
