"""`connector new --live` keeps a page and nobody's values; `--python` writes one to begin with."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tests.contract.connectors.servers import Reply, Request, Server
from tests.servers import clean_environment
from townclerk.cli import run

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "People", "version": "1"},
    "paths": {
        "/people": {
            "get": {
                "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "A page",
                        "headers": {"X-Total-Count": {"schema": {"type": "integer"}}},
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "properties": {
                                            "id": {"type": "string"},
                                            "first_name": {"type": "string"},
                                            "last_name": {"type": "string"},
                                            "email": {"type": "string", "format": "email"},
                                        },
                                    },
                                }
                            }
                        },
                    }
                },
            }
        }
    },
}
PEOPLE = [
    {"id": f"bsn-{number}", "first_name": "Zoë", "last_name": "Visser", "email": "zoe@mail.nl"}
    for number in range(3)
]


@pytest.fixture
def people() -> Iterator[Server]:
    """A source with three people."""

    def answer(request: Request) -> Reply:
        rows = PEOPLE if request.query.get("page") == "1" else []
        return Reply.json(rows, headers={"X-Total-Count": str(len(PEOPLE))})

    server = Server(answer)
    yield server
    server.close()


def said(*words: str) -> Any:
    with redirect_stdout(io.StringIO()) as output:
        code = run([*words, "--json"])
    assert code == 0, output.getvalue()
    return json.loads(output.getvalue())


def test_a_live_page_is_kept_as_a_shape_without_anybodys_values(
    people: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("people.json").write_text(json.dumps(DOCUMENT))

    made = said("connector", "new", "--from", "people.json", "--name", "people",
                "--address", people.url, "--live", "--sandbox", "--out", "people.yaml")  # fmt: skip

    kept = Path("people.fixture.json").read_text()
    records = json.loads(kept)["people"]
    assert made["written"] == "people.yaml"
    assert [set(record) for record in records] == [set(person) for person in PEOPLE]
    assert len({record["id"] for record in records}) == len(PEOPLE)
    assert not any(value in kept for value in ("bsn-", "Zoë", "Visser", "zoe@mail.nl"))


def test_a_connector_in_python_is_written_and_can_be_imported(tmp_path: Path) -> None:
    made = said("connector", "new", "--python", "--name", "koala", "--out", str(tmp_path))
    (code,) = [Path(name) for name in made["written"] if name.endswith(".py")]

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import {code.stem}"],
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "async def read" in code.read_text()
