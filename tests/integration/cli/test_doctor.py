"""The doctor finds what is wrong, says how to mend it, and ends with 1."""

import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from registry.settings import Settings
from registry.storage.connecting import connect
from registry.storage.database import close_database, open_database
from registry.storage.migrate import newest, upgrade
from tests.factories import a_quarantined_record, a_source, a_sync_run
from tests.integration.cli.conftest import Ask, on_one_server
from tests.servers import first_row
from townclerk.app import create_app
from townclerk.checks import DATABASE_CHECKS, MACHINE_CHECKS, Finding, State, examine
from townclerk.cli import run
from townclerk.serving import serving

PAGE = Path(__file__).parents[3] / "docs/reference/doctor.md"
ALL = [*MACHINE_CHECKS, "database", "migrations", *DATABASE_CHECKS]


def look(town: Ask, **environment: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Ask the doctor; return the exit code and the findings by check."""
    code, report, errors = town("doctor", **{"TOWNCLERK_PORT": "0", **environment})
    assert errors == ""
    findings = {finding["check"]: finding for finding in report["checks"]}
    assert list(findings) == ALL
    assert report["ok"] == (code == 0)
    for finding in findings.values():
        assert finding["what"]
        assert bool(finding["remedy"]) == (finding["state"] != "ok"), finding
    assert code == int(any(finding["state"] == "failed" for finding in findings.values()))
    return code, findings


@on_one_server
def test_a_sound_installation_is_ok_in_every_respect(town: Ask) -> None:
    code, findings = look(town, TOWNCLERK_TOKEN_SECRET="k" * 32)
    assert code == 0
    assert {finding["state"] for finding in findings.values()} == {"ok"}, findings
    assert len(findings) >= 15


def test_the_page_lists_every_check_and_no_other() -> None:
    listed = re.findall(r"^\| ([\w ]+) \|", PAGE.read_text(), re.MULTILINE)
    assert listed[1:] == ALL


@on_one_server
def test_people_get_a_table_and_the_next_step(
    town: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    look(town)
    assert run(["doctor"]) == 0
    said = capsys.readouterr()
    assert "quarantine" in said.out
    assert "Next: " in said.err


@on_one_server
@pytest.mark.parametrize(
    ("environment", "check", "state"),
    [
        ({"TOWNCLERK_TOKEN_SECRET": ""}, "token secret", "warning"),
        ({"TOWNCLERK_TOKEN_SECRET": "short"}, "token secret", "failed"),
        ({"TOWNCLERK_HOST": "0.0.0.0"}, "token secret", "failed"),
        ({"TOWNCLERK_HOST": "192.0.2.1"}, "port", "failed"),
        ({"PREFECT_API_URL": "http://127.0.0.1:9/api"}, "Prefect", "failed"),
        ({"PREFECT_SERVER_ANALYTICS_ENABLED": "true"}, "telemetry", "warning"),
        ({"TOWNCLERK_POSTGRES_BIN": "/no/such/place"}, "backup programs", "warning"),
        ({"TOWNCLERK_POOL_SIZE": "60"}, "connections", "warning"),
    ],
)
def test_what_a_setting_makes_wrong(
    town: Ask, environment: dict[str, str], check: str, state: str
) -> None:
    _, findings = look(town, **environment)
    assert findings[check]["state"] == state, findings[check]


@on_one_server
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://u:hunter2@127.0.0.1:9/town", "Connection refused"),
        ("mysql://u:hunter2@localhost/town", "not a PostgreSQL address"),
    ],
)
def test_without_a_database_the_rest_is_unknown(town: Ask, url: str, says: str) -> None:
    code, findings = look(town, DATABASE_URL=url)
    assert code == 1
    assert says in findings["database"]["what"]
    assert findings["database"]["state"] == "failed"
    unknown = [name for name, finding in findings.items() if finding["state"] == "unknown"]
    assert unknown == ["migrations", *DATABASE_CHECKS]
    assert "hunter2" not in str(findings)


@on_one_server
def test_a_database_of_a_newer_release(town: Ask, postgres_url: str) -> None:
    first_row(postgres_url, "UPDATE alembic_version SET version_num = '9999'")
    code, findings = look(town)
    assert (code, findings["migrations"]["state"]) == (1, "failed")


@on_one_server
def test_an_empty_database_waits_for_its_tables_and_stays_empty(
    town: Ask, postgres_url: str
) -> None:
    first_row(postgres_url, "DROP SCHEMA public CASCADE")
    first_row(postgres_url, "CREATE SCHEMA public")
    code, findings = look(town)
    assert (code, findings["migrations"]["state"]) == (0, "ok")
    assert "empty" in findings["migrations"]["what"]
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert first_row(postgres_url, tables) == (0,)


@on_one_server
def test_migrations_that_wait_are_a_warning(town: Ask, postgres_url: str) -> None:
    first_row(postgres_url, "DROP SCHEMA public CASCADE")
    first_row(postgres_url, "CREATE SCHEMA public")
    upgrade(postgres_url, to="0001")
    code, findings = look(town)
    assert (code, findings["migrations"]["state"]) == (0, "warning")
    assert "townclerk migrate" in findings["migrations"]["remedy"]
    done = town("migrate")
    assert (done[0], done[1]["before"], done[1]["now"]) == (0, "0001", newest())
    assert town("migrate")[1] == {"before": newest(), "now": newest(), "run": []}


@on_one_server
def test_a_clock_that_runs_ahead(town: Ask, postgres_url: str) -> None:
    first_row(
        postgres_url,
        """CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
           AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 minute' $$""",
    )
    name = first_row(postgres_url, "SELECT quote_ident(current_database())")
    assert name
    first_row(postgres_url, f"ALTER DATABASE {name[0]} SET search_path = public, pg_catalog")
    code, findings = look(town)
    assert (code, findings["clocks"]["state"]) == (1, "failed")
    assert "60 s" in findings["clocks"]["what"]


@on_one_server
def test_what_the_sources_left_behind(town: Ask, postgres_url: str) -> None:
    with connect(postgres_url) as db:
        source = a_source(db, key="crm", spec={"auth": {"secret": "env:NO_SUCH_VARIABLE"}})
        a_sync_run(db, source_id=source.id, state="failed")
        a_quarantined_record(db)
    code, findings = look(town)
    assert code == 0
    for check in ("source secrets", "syncs", "quarantine"):
        assert findings[check]["state"] == "warning", findings[check]
    assert "crm" in findings["source secrets"]["what"]
    assert "crm" in findings["syncs"]["what"]


@on_one_server
def test_a_secret_file_that_others_can_read(town: Ask, tmp_path: Path) -> None:
    (tmp_path / "townclerk_token_secret").write_text("k" * 32)
    (tmp_path / "townclerk_token_secret").chmod(0o644)
    code, findings = look(town, TOWNCLERK_SECRETS_DIR=str(tmp_path))
    assert (code, findings["secret files"]["state"]) == (1, "failed")
    (tmp_path / "townclerk_token_secret").chmod(0o600)
    code, findings = look(town)
    assert (code, findings["secret files"]["state"], findings["token secret"]["state"]) == (
        0,
        "ok",
        "ok",
    )


@on_one_server
def test_a_port_of_another_program(town: Ask) -> None:
    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'["not", "ours"]')

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        code, findings = look(town, TOWNCLERK_PORT=str(server.server_port))
        thread.join()
    assert (code, findings["port"]["state"]) == (1, "failed")


@on_one_server
def test_a_port_that_a_running_townclerk_serves_is_fine(
    reachable_dir: Path, postgres_url: str, free_port: int
) -> None:
    settings = Settings(
        data_dir=reachable_dir, port=free_port, prefect_api_url="http://127.0.0.1:9/api"
    )
    open_database(postgres_url, pool_size=2)
    make_app = partial(create_app, graphql=PlainTextResponse("nothing"), pages=())
    with serving(settings, demo=True, make_app=make_app):
        verdict = MACHINE_CHECKS["port"](settings)
    close_database()
    assert verdict[0] == State.OK


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def tiny_disk(reachable_dir: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = reachable_dir / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets us mount nothing")
    yield place
    subprocess.run(["mount", "-o", "remount,ro", str(place)], capture_output=True, check=False)
    subprocess.run(["umount", "--lazy", str(place)], capture_output=True, check=False)


def machine(check: str, settings: Settings) -> Finding:
    return Finding(check, *MACHINE_CHECKS[check](settings))


def test_a_disk_that_is_nearly_full_and_then_read_only(tiny_disk: Path) -> None:
    settings = Settings(data_dir=tiny_disk / "not" / "yet")
    found = machine("disk space", settings)
    assert found.state is State.FAILED
    assert "0.0 GiB free" in found.what
    assert machine("data directory", settings).state is State.OK
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    assert machine("data directory", settings).state is State.FAILED


def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = machine("data directory", Settings(data_dir=tmp_path / "file"))
    assert found.state is State.FAILED
    assert "is a file" in found.what


def test_an_embedded_server_that_cannot_start_fails_as_the_database(reachable_dir: Path) -> None:
    (reachable_dir / "file").touch()
    findings = {found.check: found for found in examine(Settings(data_dir=reachable_dir / "file"))}
    assert findings["database"].state is State.FAILED
    assert "is a file" in findings["database"].what
