"""The tutorial of the first connector, typed as it stands on the page."""

import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from registry.settings import settings
from townclerk.cli import run
from townclerk.sandbox.running import running_city

PAGE = Path(__file__).parents[3] / "docs/tutorials/your-first-connector.md"
ADDRESS = "http://127.0.0.1:50089"
PEOPLE = 1000
FENCE = re.compile(r"```(console|yaml)\n(.*?)```", re.DOTALL)


class Desk:
    """The engineer's second terminal; only Prefect gets a process of its own."""

    def type(self, line: str) -> Any:
        """Run a line of the page with --json, and return its data."""
        program, *words = shlex.split(line)
        assert program == "townclerk"
        if words[:2] == ["connector", "new"]:
            words += ["--out", "library.yaml"]
        if words[:2] == ["sync", "run"] and "--dry-run" not in words:
            done = subprocess.run(
                [sys.executable, "-m", "townclerk", *words, "--json"],
                capture_output=True,
                text=True,
                check=False,
            )
            code, said = done.returncode, done.stdout
        else:
            with redirect_stdout(io.StringIO()) as output:
                code = run([*words, "--json"])
            said = output.getvalue()
        assert code == 0, (line, said[-800:])
        return json.loads(said)


def commands(text: str) -> list[str]:
    """Return the lines to type, without the prompt."""
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]


def mend(file: Path, line: str) -> None:
    """Put a line of the page in place of the one for the same field."""
    name = line.split(":", maxsplit=1)[0]
    text = re.sub(
        rf"^{name}:.*$", line.rstrip().replace("\\", r"\\"), file.read_text(), flags=re.MULTILINE
    )
    file.write_text(text)


@pytest.fixture
def fresh_settings() -> Iterator[None]:
    """Let commands in this process read the environment of this test."""
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_settings")
@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
def test_the_tutorial_leads_from_an_unknown_system_to_a_scheduled_source(
    postgres_url: str, tmp_path: Path, reachable_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = FENCE.findall(PAGE.read_text())
    lines = [line for kind, text in blocks if kind == "console" for line in commands(text)]
    landscape, wrong, right = (text for kind, text in blocks if kind == "yaml")
    assert lines[0].startswith("python -m townclerk.sandbox")
    assert lines[1].startswith("export LIBRARY_SECRET")

    with running_city(reachable_dir / "city", people=PEOPLE, seed=1) as city:
        secret = (reachable_dir / "city/secrets/library.secret").read_text()
        desk = Desk()
        monkeypatch.chdir(tmp_path)
        for name, value in (
            ("DATABASE_URL", postgres_url),
            ("TOWNCLERK_DATA_DIR", str(reachable_dir / "data")),
            ("LIBRARY_SECRET", secret),
        ):
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        base_url = city.sources["library"]["base_url"]
        (tmp_path / "landscape.yaml").write_text(landscape.replace(ADDRESS, base_url))
        file = tmp_path / "library.yaml"
        said: dict[str, Any] = {}  # a line that stands twice keeps its second answer
        for line in lines[2:]:
            if line == "townclerk sync add library.yaml":
                mend(file, right if line in said else wrong)
            said[line] = desk.type(line)
        again, still = (desk.type("townclerk sync run library")["library"] for _ in range(2))

    patrons = city.manifest.records["library.patrons"]
    trial = said["townclerk connector try library.yaml"]["streams"][0]
    assert trial["records"] == trial["mapped"] == patrons
    rehearsal = said["townclerk sync run library --dry-run"]["library"][0]
    refused = rehearsal["quarantined"]["gender_unknown"]
    assert rehearsal["new"] + refused == patrons
    replayed = said["townclerk quarantine replay library"]
    assert (replayed["landed"], replayed["refused"]) == (refused, 0)
    assert said["townclerk quarantine list --source library"] == [], "the second time"
    (fresh,) = said["townclerk sync freshness"]
    assert (fresh["freshness"], fresh["cron"]) == ("fresh", "0 3 * * *")
    assert said["townclerk sync run library"]["library"]["records_quarantined"] == refused
    assert said["townclerk customers list --purpose service"]
    assert (again["records_landed"], again["records_unchanged"]) == (patrons - refused, refused)
    assert (still["records_landed"], still["records_unchanged"]) == (0, patrons)
