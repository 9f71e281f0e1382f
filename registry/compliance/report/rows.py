"""CSV for a spreadsheet: one row per finding, and no cell that a spreadsheet would execute.

Source: RFC 4180; OWASP, CSV injection: a cell that begins with = + - @ or a control character is
a formula to a spreadsheet, so it gets an apostrophe in front.
"""

import csv
import io
from collections.abc import Sequence

from schemas.compliance import CheckedDocument, fingerprint

COLUMNS = (
    "document", "kind", "standing", "severity", "rule", "message", "line", "column", "path", "why",
    "sha256", "fingerprint",
)  # fmt: skip
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(documents: Sequence[CheckedDocument]) -> bytes:
    """Return all findings as CSV in UTF-8, with a mark by which spreadsheets know UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in documents:
        for judged in one.judged:
            finding = judged.finding
            at = finding.range.start
            row = (
                one.source, one.kind, judged.standing.value, finding.severity.word, finding.code,
                finding.message, at.line + 1, at.character + 1, "/".join(finding.path), judged.why,
                one.sha256, fingerprint(finding),
            )  # fmt: skip
            writer.writerow([harmless(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "backslashreplace")


def harmless(cell: object) -> object:
    """Return the cell so that no spreadsheet takes it for a formula; numbers stay numbers."""
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(_DANGEROUS) else text
