"""The forms of a report by name. A writer is imported when it is asked for."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from importlib import import_module

from schemas.compliance import CheckedDocument


class ReportFormat(StrEnum):
    """How findings are written down."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    HTML = "html"
    CSV = "csv"
    PDF = "pdf"
    SPECTRAL = "spectral"


# format: (module of this folder, content type)
FORMATS = {
    ReportFormat.TEXT: ("text", "text/plain; charset=utf-8"),
    ReportFormat.JSON: ("plain", "application/json"),
    ReportFormat.SARIF: ("sarif", "application/sarif+json"),
    ReportFormat.JUNIT: ("junit", "application/xml"),
    ReportFormat.HTML: ("page", "text/html; charset=utf-8"),
    ReportFormat.CSV: ("rows", "text/csv; charset=utf-8"),
    ReportFormat.PDF: ("pdf", "application/pdf"),
    ReportFormat.SPECTRAL: ("spectral", "application/json"),
}


def render(documents: Sequence[CheckedDocument], form: ReportFormat) -> bytes:
    """Write checked documents down; the same documents give the same bytes.

    Args:
        documents: Results of checks, in the order in which they shall appear.
        form: How.
    """
    module = import_module(f"registry.compliance.report.{FORMATS[form][0]}")
    write: Callable[[Sequence[CheckedDocument]], bytes] = module.write
    return write(documents)
