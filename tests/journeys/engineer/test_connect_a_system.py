"""An integration engineer connects a system, with the files and commands of the how-to page."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

PAGE = Path(__file__).parents[3] / "docs/how-to/connect-a-system.md"
TOKEN = "the-token-of-the-crm"
PEOPLE = 7
PAGE_SIZE = 3


class Crm(BaseHTTPRequestHandler):
    """The town's CRM: customers behind a token, page by page after a cursor."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one page."""
        asked = urlsplit(self.path)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer(401, {})
        elif asked.path != "/api/customers":
            self._answer(404, {})
        else:
            first = int(parse_qs(asked.query).get("cursor", ["0"])[0])
            numbers = range(first, min(first + PAGE_SIZE, PEOPLE))
            more = first + PAGE_SIZE if first + PAGE_SIZE < PEOPLE else None
            items = [
                {
                    "id": number,
                    "first_name": f"Anna{'abcdefg'[number]}",
                    "last_name": f"Jansen{'abcdefg'[number]}",
                    "mail": f"anna{number}@example.org",
                    "born": f"2{number}-11-1980",
                }
                for number in numbers
            ]
            self._answer(200, {"items": items, "next_cursor": more and str(more)})

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def crm() -> Iterator[str]:
    """The CRM's address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Crm) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        thread.join()


class Desk:
    """The engineer's shell: a folder, and commands that answer with JSON."""

    def __init__(self, folder: Path, data_dir: Path) -> None:
        self.folder = folder
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("TOWNCLERK", "PREFECT"))}
        clean.pop("DATABASE_URL", None)
        self._environment = {**clean, "TOWNCLERK_DATA_DIR": str(data_dir), "CRM_TOKEN": TOKEN}

    def type(self, line: str) -> Any:
        """Run a line of the page with --json, and return its data."""
        program, *words = line.split()
        assert program == "townclerk"
        # Prefect's own libraries warn; whatever is ours must not.
        strict = [] if words[:2] == ["sync", "run"] else ["-W", "error"]
        done = subprocess.run(
            [sys.executable, *strict, "-m", "townclerk", *words, "--json"],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        told = [one for one in done.stderr.splitlines() if "townclerk.reads" not in one]
        assert (done.returncode, told) == (0, []), (line, done.stdout, done.stderr)
        return json.loads(done.stdout)


def read_page() -> tuple[list[dict[str, Any]], list[str]]:
    """Return the files and the commands of the page, in order."""
    text = PAGE.read_text()
    files = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    commands = re.findall(r"^       (townclerk .+)$", text, re.MULTILINE)
    return [yaml.safe_load(file) for file in files], commands


@pytest.mark.slow
def test_the_page_leads_from_nothing_to_customers(
    crm: str, tmp_path: Path, reachable_dir: Path
) -> None:
    (landscape, connector), (register, add, run, quarantine, customers) = read_page()
    desk = Desk(tmp_path, reachable_dir)

    # The page's own address is one of a real town; ours is on this machine.
    interface = landscape["elements"][1]
    assert interface["attrs"].pop("base_url").startswith("https://")
    interface["attrs"] |= {"base_url": crm, "sandbox": True}
    (tmp_path / "landscape.yaml").write_text(yaml.safe_dump(landscape))
    assert desk.type(register)["elements"] >= len(landscape["elements"])

    # A mapping that turns out wrong: the CRM writes the day first.
    mapping = connector["streams"]["customers"]["map"]
    mapping["birth_date"] = "date(born, '%Y-%m-%d')"
    (tmp_path / "crm.yaml").write_text(yaml.safe_dump(connector))
    assert desk.type(add) == {"source": "crm", "streams": ["customers"]}
    first = desk.type(run)["crm"]
    assert (first["state"], first["records_read"], first["records_quarantined"]) == (
        *("completed", PEOPLE),
        PEOPLE,
    )
    refused = desk.type(quarantine)
    assert {row["path"] for row in refused} == {"born"}
    assert sorted(row["key"] for row in refused) == [str(number) for number in range(PEOPLE)]
    assert "1980" not in str([row["reason"] for row in refused]), "values are not shown"

    mapping["birth_date"] = "date(born, '%d-%m-%Y')"
    (tmp_path / "crm.yaml").write_text(yaml.safe_dump(connector))
    desk.type(add)
    second = desk.type(run)["crm"]
    assert (second["state"], second["records_landed"], second["records_quarantined"]) == (
        *("completed", PEOPLE),
        0,
    )
    assert desk.type(quarantine) == []
    seen = desk.type(customers)
    names = sorted(f"Anna{letter} Jansen{letter}" for letter in "abcdefg")
    assert sorted(customer["display_name"] for customer in seen) == names
