"""What goes wrong is one clear error with what, why, how to fix, and the right exit code."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.integration.cli.conftest import Ask, on_one_server
from tests.servers import first_row, in_database

SECRET = "hunter2"
INTERFACE = "urn:mytown:interface:crm-api"
CONNECTOR = f"""connector: crm
kind: rest
interface: {INTERFACE}
streams:
  customers:
    data_set: urn:mytown:data_set:crm-customers
    get: /customers
    records: items
    paging: {{type: none}}
    key: id
    map: {{kind: "'person'", family_name: last_name}}
"""


def refused(answer: tuple[int, Any, str], code: int, error: str) -> dict[str, Any]:
    """Check that an answer is one error, told as data and as text, and return it."""
    assert answer[0] == code, answer
    told: dict[str, Any] = answer[1]["error"]
    assert told["code"] == error
    assert told["what"]
    assert told["remedy"]
    assert answer[2].startswith(f"Error ({error}): ")
    assert "\nHow to fix: " in answer[2]
    assert "Traceback" not in answer[2]
    assert SECRET not in str(answer)
    return told


@pytest.mark.parametrize(
    ("url", "code", "error"),
    [
        ("mysql://root:hunter2@localhost/town", 3, "misconfigured"),
        ("postgresql://u:hunter2@127.0.0.1:9/town", 4, "database_unreachable"),
        ("postgresql://u:hunter2@no-such-host.invalid/town", 4, "database_unreachable"),
        ("postgresql://u:hunter2@127.0.0.1:port/town", 4, "database_unreachable"),
        ("not an address at all", 3, "misconfigured"),
    ],
)
def test_a_database_url_that_leads_nowhere(ask: Ask, url: str, code: int, error: str) -> None:
    refused(ask("landscape", "list", DATABASE_URL=url), code, error)


@on_one_server
def test_a_database_that_is_not_there_and_a_user_who_may_not_in(
    ask: Ask, postgres_url: str
) -> None:
    told = refused(
        ask("landscape", "list", DATABASE_URL=in_database(postgres_url, "nowhere")),
        *(4, "database_unreachable"),
    )
    assert 'database "nowhere" does not exist' in told["what"]
    parts = urlsplit(postgres_url)
    stranger = parts._replace(netloc=f"stranger:{SECRET}@{parts.netloc.partition('@')[2]}")
    refused(ask("landscape", "list", DATABASE_URL=urlunsplit(stranger)), 4, "database_unreachable")


@on_one_server
def test_a_database_of_a_newer_release_is_left_alone(ask: Ask, postgres_url: str) -> None:
    first_row(postgres_url, "UPDATE alembic_version SET version_num = '9999'")
    refused(ask("landscape", "list", DATABASE_URL=postgres_url), 3, "database_newer")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOWNCLERK_PORT", SECRET),
        ("TOWNCLERK_POOL_SIZE", "1"),
        ("TOWNCLERK_LOG_LEVEL", "loud"),
        ("TOWNCLERK_SECRETS_DIR", "/no/such/place"),
    ],
)
def test_a_setting_that_cannot_be_is_named(ask: Ask, name: str, value: str) -> None:
    assert name in refused(ask("landscape", "list", **{name: value}), 3, "wrong_setting")["what"]


def test_an_empty_variable_counts_as_not_set(ask: Ask) -> None:
    code, _, _ = ask("landscape", "list", TOWNCLERK_PORT="", DATABASE_URL="")
    assert code == 0


@pytest.mark.parametrize("command", ["up", "prefect-server"])
def test_a_port_that_another_program_has(ask: Ask, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert port in refused(ask(command, "--port", port), 3, "port_in_use")["what"]


def test_a_second_prefect_server_is_not_needed(ask: Ask) -> None:
    answer = ask("prefect-server", PREFECT_API_URL="http://127.0.0.1:9/api")
    refused(answer, 3, "misconfigured")


def test_a_data_directory_that_is_a_file(ask: Ask, reachable_dir: Path) -> None:
    (reachable_dir / "file").touch()
    answer = ask("landscape", "list", TOWNCLERK_DATA_DIR=str(reachable_dir / "file"))
    refused(answer, 3, "storage_unusable")


@pytest.fixture
def read_only_dir(reachable_dir: Path) -> Iterator[Path]:
    """A directory that nobody can write in, root included."""
    place = reachable_dir / "read-only"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        if os.geteuid() == 0:
            pytest.skip("this machine lets us mount nothing, and root can write anywhere")
        place.chmod(0o500)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], capture_output=True, check=False)


def test_a_data_directory_that_cannot_be_written(ask: Ask, read_only_dir: Path) -> None:
    answer = ask("landscape", "list", TOWNCLERK_DATA_DIR=str(read_only_dir))
    told = refused(answer, 3, "storage_unusable")
    assert str(read_only_dir) in told["what"]


@on_one_server
def test_a_database_that_is_killed_while_a_command_waits_for_it(
    town: Ask, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(hashtext('customers.rematch'))")

        def kill() -> None:
            waiting = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE datname = current_database() AND wait_event_type = 'Lock'"""
            while not first_row(postgres_url, waiting):
                time.sleep(0.05)

        killer = threading.Thread(target=kill)
        killer.start()
        answer = town("customers", "rematch")
        killer.join()
    refused(answer, 4, "database_unreachable")


@on_one_server
def test_names_that_nothing_is_registered_under(town: Ask, tmp_path: Path) -> None:
    for words in (
        ("sync", "run", "nobody"),
        ("sync", "status", "nobody"),
        ("sync", "cancel", "nobody"),
        ("quarantine", "list", "--source", "nobody"),
        ("token", "revoke", "nobody"),
    ):
        assert "'nobody'" in refused(town(*words), 2, "unknown_name")["what"]
    (tmp_path / "crm.yaml").write_text(CONNECTOR)
    told = refused(town("sync", "add", str(tmp_path / "crm.yaml")), 2, "unknown_name")
    assert INTERFACE in told["what"]


def test_a_broken_connector_file_names_its_line(ask: Ask, tmp_path: Path) -> None:
    for line, broken in {
        2: CONNECTOR.replace("kind: rest", "kind: carrier-pigeon"),
        7: CONNECTOR.replace("get: /customers", "fetch: /customers"),
        10: CONNECTOR.replace("{type: none}", "{type: none"),
        11: CONNECTOR.replace("last_name", "last_name +"),
    }.items():
        (tmp_path / "crm.yaml").write_text(broken)
        answer = ask("sync", "add", str(tmp_path / "crm.yaml"))
        told = refused(answer, 2, "invalid_connector_file")
        assert f"crm.yaml: line {line}" in told["what"].replace(", line", ": line"), told
    refused(ask("sync", "add", str(tmp_path / "nothing.yaml")), 2, "unreadable_file")
    os.truncate(tmp_path / "crm.yaml", 2**30)
    refused(ask("sync", "add", str(tmp_path / "crm.yaml")), 2, "unreadable_file")


@on_one_server
def test_a_landscape_that_hangs_in_the_air_changes_nothing(town: Ask, tmp_path: Path) -> None:
    (tmp_path / "town.json").write_text(
        '{"elements": [{"urn": "urn:mytown:system:a", "kind": "system", "name": "A"}],'
        ' "relationships": [{"kind": "serving", "source": "urn:mytown:system:a",'
        ' "target": "urn:mytown:system:b"}]}'
    )
    told = refused(town("landscape", "register", str(tmp_path / "town.json")), 2, "unknown_name")
    assert "urn:mytown:system:b" in told["what"]
    assert town("landscape", "list")[1] == []


@on_one_server
def test_a_token_without_a_key_to_check_it_with(town: Ask) -> None:
    words = ("token", "create", "me", "--scope", "sync:read")
    told = refused(town(*words), 3, "misconfigured")
    assert "TOWNCLERK_TOKEN_SECRET" in told["what"]
    assert town(*words, TOWNCLERK_TOKEN_SECRET="k" * 32)[0] == 0
    refused(town(*words), 1, "conflict")
