"""Our SARIF against the schema and the validator that Microsoft ships, fetched from npm."""

import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest

from registry.compliance.checking import check_document
from registry.compliance.report import ReportFormat, render
from registry.compliance.rulesets import load
from schemas.compliance import Judged, Standing

PACKAGE = "@microsoft/sarif-multitool-linux@5"
SECONDS_MAX = 300
DOCUMENTS = {
    "plain.yaml": b'openapi: 3.0.3\ninfo: {title: t, version: "1"}\npaths: {}\n',
    "/absolute/odd name:%.yaml": b"openapi: 3.1.0\npaths: {/a/: {get: {responses: {}}}}\n",
    "urn:town:interface:permits": b"{",
    "empty.yaml": b"",
    "types.graphql": b"type Query { a: Absent }",
    "\u00e9\u6f22.json": '{"openapi": "3.0.3", "info": {"title": "\U0001f600"}}'.encode(),
}

pytestmark = pytest.mark.skipif(
    not os.environ.get("TOWNCLERK_CONFORMANCE") or shutil.which("npm") is None,
    reason="fetches a package from npm; `make conformance` runs it",
)


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked package: the schema and the program."""
    folder = tmp_path_factory.mktemp("sarif")
    subprocess.run(
        ["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, timeout=SECONDS_MAX
    )
    [file] = folder.glob("*.tgz")
    with tarfile.open(file) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


@pytest.fixture(scope="module")
def report() -> bytes:
    rule_sets = [load("spectral:oas"), load("townclerk:municipal")]
    documents = [check_document(text, name, rule_sets) for name, text in DOCUMENTS.items()]
    first = documents[0]
    waived = [Judged(each.finding, Standing.WAIVED, "approved") for each in first.judged]
    documents[0] = replace(first, judged=tuple(waived))
    return render(documents, ReportFormat.SARIF)


def test_a_report_fits_the_schema(tool: Path, report: bytes) -> None:
    schema = json.loads((tool / "sarif-2.1.0.json").read_text("utf-8-sig"))
    found = jsonschema_rs.validator_for(schema).iter_errors(json.loads(report))
    assert [error.message for error in found] == []


def test_a_report_has_nothing_that_the_validator_calls_an_error(
    tool: Path, report: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "report.sarif"
    file.write_bytes(report)
    program = tool / "Sarif.Multitool"
    program.chmod(0o755)
    done = subprocess.run(
        [program, "validate", file],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert " error " not in done.stdout
    assert "Analysis completed successfully" in done.stdout
