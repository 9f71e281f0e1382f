"""An auditor's year: check, waive, let expire, see it reopen, report, and prove it all."""

import json
import logging
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.fleet import check_fleet, check_one
from registry.settings import settings
from registry.storage.database import close_database, open_database
from townclerk.cli import run
from townclerk.logs import LogHandler

on_one_server = pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)

DOCUMENT = """\
openapi: 3.0.3
info: {title: Permits, version: "1.2"}
paths:
  /permits/{bsn}:
    parameters: [{name: bsn, in: path, required: true, schema: {type: string}}]
    get:
      operationId: readPermit
      summary: One permit
      responses:
        "200":
          description: A permit
          content:
            application/json:
              schema:
                type: object
                required: [id]
                properties: {id: {type: string}, geboortedatum: {type: string, format: date}}
"""
LANDSCAPE = """\
elements:
  - {urn: "urn:town:interface:permits", kind: interface, name: Permits API, attrs: {base_url: "https://permits.example"}}
  - {urn: "urn:town:system:portal", kind: system, name: Portal}
relationships:
  - {kind: serving, source: "urn:town:interface:permits", target: "urn:town:system:portal"}
"""
URN = "urn:town:interface:permits"

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Iterator[Ask]:  # fmt: skip
    """Run a command as an auditor does: ask("interfaces", "run") gives exit code and JSON."""
    for name in list(os.environ):
        if name.startswith(("TOWNCLERK_", "PREFECT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("TOWNCLERK_POOL_SIZE", "2")
    monkeypatch.setenv("TOWNCLERK_DATA_DIR", str(tmp_path / "data"))

    def one(*words: str) -> tuple[int, Any]:
        settings.cache_clear()
        code = run([*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    yield one
    settings.cache_clear()
    root = logging.getLogger()
    for handler in [known for known in root.handlers if isinstance(known, LogHandler)]:
        root.removeHandler(handler)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(False)


@pytest.fixture
def registered(ask: Ask, tmp_path: Path) -> Path:
    """A registered interface that owes the municipal profile; the place of its files."""
    (tmp_path / "permits.yaml").write_text(DOCUMENT)
    (tmp_path / "landscape.yaml").write_text(LANDSCAPE)
    assert ask("landscape", "register", str(tmp_path / "landscape.yaml"))[0] == 0
    assert ask("interfaces", "register", URN, str(tmp_path / "permits.yaml"))[0] == 0
    _, kept = ask("interfaces", "ruleset", "add", "municipal", "townclerk:municipal")
    code, _ = ask("interfaces", "standard", "set", "profile", "1", "--ruleset", kept["sha256"])
    assert code == 0
    return tmp_path


@on_one_server
def test_an_auditor_gets_from_check_to_proof(ask: Ask, registered: Path, postgres_url: str) -> None:
    code, checked = ask("interfaces", "run", URN, "--fail-on", "error")
    assert code == 1
    errors = checked[0]["error"]
    assert errors >= 4  # no contact, no semantic version, no security, a person in the address

    until = date.today() + timedelta(days=30)  # noqa: DTZ011  # waivers end on civil days
    _, asked = ask(
        "interfaces", "waiver", "ask", "municipal-version", "--interface", URN, "--actor", "Ann",
        "--reason", "The supplier numbers by year until the next release.", "--until", str(until),
    )  # fmt: skip
    code, refused = ask("interfaces", "waiver", "approve", asked["waiver"], "--actor", "ann")
    assert (code, refused["error"]["code"]) == (1, "waiver_needs_two_people")
    assert ask("interfaces", "report", URN)[1]["documents"][0]["counts"]["waived"] == 0
    assert ask("interfaces", "waiver", "approve", asked["waiver"], "--actor", "Bob")[0] == 0

    _, report = ask("interfaces", "report", URN)
    assert report["documents"][0]["counts"]["waived"] == 1
    assert report["documents"][0]["counts"]["error"] == errors - 1
    waived = next(f for f in report["documents"][0]["findings"] if f["standing"] == "waived")
    assert "approved by Bob" in waived["why"]
    assert ask("interfaces", "run", URN)[1][0]["waived"] == 1

    # The day the waiver ends, nothing has to happen for the finding to count again.
    open_database(postgres_url, pool_size=2)
    assert check_fleet(actor="night", today=until - timedelta(days=1)).checked == 0
    assert check_fleet(actor="night", today=until).checked == 1
    reopened, number = check_one(URN, actor="Ann", today=until)
    close_database()
    assert reopened.counts()["waived"] == 0
    assert reopened.counts()["error"] == errors
    assert number == 4

    proof = registered / "evidence.zip"
    _, exported = ask("interfaces", "evidence", "export", str(proof))
    assert exported["records"] == 4
    code, verified = ask("interfaces", "evidence", "verify", str(proof), "--head", exported["head"])
    assert (code, verified) == (0, {"verified": True, "wrong": []})
    with zipfile.ZipFile(proof) as archive:
        archive.extract("verify.py", registered)
    alone = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", str(proof)],  # without our packages or others
        cwd=registered, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stdout


@on_one_server
def test_a_new_version_names_the_consumers_it_breaks(ask: Ask, registered: Path) -> None:
    newer = registered / "newer.yaml"
    newer.write_text(DOCUMENT.replace("required: [id]", "required: []"))

    code, hit = ask("interfaces", "breaks", URN, str(newer))

    assert code == 1
    assert [(one["consumer"], one["change"]) for one in hit] == [
        ("Portal", "response-property-became-optional")
    ]
