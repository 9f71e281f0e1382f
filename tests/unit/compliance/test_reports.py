"""Reports: the same findings for build servers, spreadsheets, meetings and files."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from datetime import date
from uuid import UUID

import pytest

from registry.compliance import baseline, waivers
from registry.compliance.checking import check_document
from registry.compliance.report import ReportFormat, render
from registry.compliance.report.rows import harmless
from registry.compliance.rulesets import load
from schemas.compliance import CheckedDocument

HOSTILE = """\
openapi: 3.0.3
info: {title: '<script>alert(1)</script>', version: "=cmd|' /C calc'!A0"}
paths:
  '/<b>"&amp;': {get: {responses: {"200": {description: "\\u0001 \\ud83d\\ude00 Łódź"}}}}
"""


@pytest.fixture(scope="module")
def documents() -> list[CheckedDocument]:
    one = check_document(HOSTILE.encode(), "<i>x.yaml", [load("townclerk:municipal")])
    waiver = waivers.ActiveWaiver(
        UUID(int=1), "municipal-version", "**", "a good reason", "Bob", date(2027, 1, 1)
    )
    return [waivers.apply(one, [waiver], date(2026, 11, 22))]


@pytest.mark.parametrize("form", list(ReportFormat))
def test_the_same_findings_give_the_same_bytes(
    documents: list[CheckedDocument], form: ReportFormat
) -> None:
    first = render(documents, form)
    assert first == render(documents, form)
    assert len(first) > 100


def test_a_page_runs_nothing_and_asks_nobody(documents: list[CheckedDocument]) -> None:
    page = render(documents, ReportFormat.HTML).decode()
    assert "<script" not in page
    assert "<i>x" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert 'lang="en"' in page
    assert page.count("<h1>") == 1


def test_a_spreadsheet_executes_no_cell(documents: list[CheckedDocument]) -> None:
    text = render(documents, ReportFormat.CSV).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1", "＝1"])
def test_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert str(harmless(cell)).startswith("'")
    assert harmless(7) == 7


def test_sarif_suppresses_what_is_waived(documents: list[CheckedDocument]) -> None:
    run = json.loads(render(documents, ReportFormat.SARIF))["runs"][0]
    waived = [one for one in run["results"] if "suppressions" in one]
    assert [one["ruleId"] for one in waived] == ["municipal-version"]
    assert all(
        run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        for one in run["results"]
    )


def test_junit_skips_what_is_waived_and_is_well_formed(documents: list[CheckedDocument]) -> None:
    root = ET.fromstring(render(documents, ReportFormat.JUNIT))
    assert int(root.get("skipped", "0")) == 1
    assert int(root.get("failures", "0")) >= 1


def test_spectral_json_has_open_findings_only(documents: list[CheckedDocument]) -> None:
    found = json.loads(render(documents, ReportFormat.SPECTRAL))
    assert "municipal-version" not in {one["code"] for one in found}
    assert set(found[0]) == {"code", "path", "message", "severity", "range", "source"}


def test_only_what_is_new_counts_beside_a_baseline() -> None:
    before = check_document(HOSTILE.encode(), "x.yaml", [load("townclerk:municipal")])
    known = baseline.read(baseline.write([before]))["x.yaml"]
    moved = "# a line that moves everything\n" + HOSTILE
    worse = moved.replace('"200"', '"99"')
    assert not baseline.against(
        check_document(moved.encode(), "x.yaml", [load("townclerk:municipal")]), known
    ).open_findings()
    assert baseline.against(check_document(worse.encode(), "x.yaml"), known).open_findings()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"version": 2}', b"\xff"])
def test_a_broken_baseline_is_refused(content: bytes) -> None:
    with pytest.raises(baseline.InvalidBaseline):
        baseline.read(content)
