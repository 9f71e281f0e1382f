"""PDF for the file and the meeting: what the HTML report says, on pages with numbers.

Characters that the fonts do not have are written in Latin letters (Ł as L, Ж as Zh), never as
boxes. The same documents give the same bytes: the file carries no time of its making.
"""

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from anyascii import anyascii
from reportlab import rl_config
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from registry.compliance.report.page import RuleGroup, grouped
from registry.compliance.score import score
from schemas.compliance import CheckedDocument, Severity

FINDINGS_SHOWN_MAX = 20  # of one rule; a report of thousands of lines is not read, the CSV is
MESSAGE_CHARACTERS_MAX = 600
_COLORS = {"error": "#a3140f", "warn": "#7a4a00", "info": "#0b4f8a", "hint": "#4d5660"}
_LINE = colors.HexColor("#cfd6dd")


@lru_cache(maxsize=1)
def _styles() -> dict[str, ParagraphStyle]:
    # Bitstream Vera comes with reportlab; unlike the built-in fonts it is embedded in the file.
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    pdfmetrics.registerFont(TTFont("VeraBd", "VeraBd.ttf"))
    plain = ParagraphStyle("plain", fontName="Vera", fontSize=8, leading=11)
    soft = colors.HexColor("#4d5660")
    return {
        "plain": plain,
        "cell": ParagraphStyle("cell", parent=plain, fontSize=7, leading=9, splitLongWords=1),
        "soft": ParagraphStyle("soft", parent=plain, fontSize=7, textColor=soft),
        "head": ParagraphStyle("head", parent=plain, fontName="VeraBd", fontSize=7, leading=9),
        "h1": ParagraphStyle("h1", parent=plain, fontName="VeraBd", fontSize=16, leading=20),
        "h2": ParagraphStyle(
            "h2", parent=plain, fontName="VeraBd", fontSize=11, leading=14, spaceBefore=8,
            keepWithNext=1,
        ),
        "h3": ParagraphStyle(
            "h3", parent=plain, fontName="VeraBd", fontSize=8, leading=11, spaceBefore=6,
            keepWithNext=1,
        ),
    }  # fmt: skip


def write(documents: Sequence[CheckedDocument]) -> bytes:
    """Return the report as a PDF file, A4."""
    rl_config.invariant = 1  # no time of making and no random id in the file
    out = io.BytesIO()
    total = sum(len(one.open_findings()) for one in documents)
    template = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=18 * mm,
        title="Interface report", author=documents[0].engine if documents else "townclerk",
        lang="en",
    )  # fmt: skip
    story: list[Any] = [
        _text("Interface report", "h1"),
        _text(f"{len(documents)} documents, {total} open findings.", "plain"),
        Spacer(1, 4 * mm),
        _overview(documents),
    ]
    for one in documents:
        story += _document(one)
    template.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return out.getvalue()


def _overview(documents: Sequence[CheckedDocument]) -> Table:
    words = [severity.word for severity in Severity]
    rows = [[_text(word, "head") for word in ("Document", "Kind", *words, "waived", "score")]]
    for one in documents:
        counts = one.counts()
        cells = [one.source, one.kind, *(counts[word] for word in words), counts["waived"]]
        cells.append(score(one.open_findings(), one.operations))
        rows.append([_text(str(cell), "cell") for cell in cells])
    return _table(rows, [60, 29, 13, 13, 13, 13, 14, 14])


def _document(one: CheckedDocument) -> list[Any]:
    parts = [
        _text(one.source, "h2"),
        _text(
            f"{one.kind}, {one.operations} operations. "
            f"Score {score(one.open_findings(), one.operations)} of 100.",
            "plain",
        ),
        _text(f"sha256 {one.sha256}", "soft"),
    ]
    parts += [
        _text(f"Rule set {used.name}, sha256 {used.digest}", "soft") for used in one.rule_sets
    ]
    if not one.judged:
        parts.append(_text("No findings.", "plain"))
    for group in grouped(one.judged, shown_max=FINDINGS_SHOWN_MAX):
        parts += _group(group)
    return parts


def _group(group: RuleGroup) -> list[Any]:
    standing = "" if group.standing == "open" else f", {group.standing}"
    color = _COLORS[group.severity]
    title = f'<font color="{color}">{group.severity}</font> {escape(_shown(group.code))}: '
    parts: list[Any] = [Paragraph(f"{title}{group.count}{standing}", _styles()["h3"])]
    rows = [[_text(word, "head") for word in ("Line", "What", "Where")]]
    for finding in group.findings:
        cells = (finding["line"], _with_reason(finding), finding["path"])
        rows.append([_text(str(cell)[:MESSAGE_CHARACTERS_MAX], "cell") for cell in cells])
    parts.append(_table(rows, [14, 82, 73]))
    if group.more:
        words = f"and {group.more} more; the JSON, SARIF and CSV reports have all of them"
        parts.append(_text(words, "soft"))
    return parts


def _with_reason(finding: dict[str, Any]) -> str:
    why = finding["why"]
    return f"{finding['message']} ({why})" if why else str(finding["message"])


def _table(rows: list[list[Any]], widths_mm: list[int]) -> Table:
    made = Table(rows, colWidths=[width * mm for width in widths_mm], repeatRows=1, hAlign="LEFT")
    made.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
                ("LINEBELOW", (0, 1), (-1, -1), 0.3, _LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
    )
    return made


def _text(words: str, style: str) -> Paragraph:
    return Paragraph(escape(_shown(words)), _styles()[style])


def _shown(words: str) -> str:
    """Write what the font does not have in Latin letters, and control characters not at all."""
    _styles()
    known = pdfmetrics.getFont("Vera").face.charToGlyph
    return "".join(
        sign if ord(sign) in known else anyascii(sign) for sign in words if sign.isprintable()
    )


def _foot(canvas: Any, template: Any) -> None:
    canvas.saveState()
    canvas.setFont("Vera", 7)
    canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, f"{template.page}")
    canvas.restoreState()
