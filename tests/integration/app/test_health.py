"""/health says which part fails, to everybody, without telling where it is."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from registry.settings import Settings
from registry.storage.database import unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from schemas.access import Scope
from townclerk.health import REMEMBERED_SECONDS, Condition, overall

Start = Callable[..., httpx.Client]
Token = Callable[..., str]


def forget() -> None:
    """Wait until the last answer is no longer repeated."""
    time.sleep(REMEMBERED_SECONDS + 0.1)


@pytest.mark.usefixtures("database")
def test_a_server_that_can_work_says_so_and_names_what_is_missing(start: Start) -> None:
    answer = start().get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    parts = answer.json()["parts"]
    assert {name: part["status"] for name, part in parts.items()} == {
        "database": "ok",
        "migrations": "ok",
        "prefect": "degraded",
        "disk": "ok",
    }
    assert "syncs wait" in parts["prefect"]["what"]


def test_when_the_database_stops_health_fails_and_when_it_is_back_it_is_well(
    start: Start, token: Token, own_postgres: EmbeddedPostgres, reachable_dir: Path
) -> None:
    client = start()
    headers = {"Authorization": f"Bearer {token(*Scope)}"}
    assert client.get("/health").json()["parts"]["database"]["status"] == "ok"
    own_postgres.stop()
    forget()
    stopped = client.get("/health")
    assert stopped.status_code == 503
    assert stopped.json()["status"] == "failed"
    assert stopped.json()["parts"]["database"]["status"] == "failed"
    assert str(reachable_dir) not in stopped.text
    assert client.post("/graphql", headers=headers).status_code == 503
    with EmbeddedPostgres.start(reachable_dir):
        forget()
        assert client.get("/health").json()["parts"]["database"]["status"] == "ok"
        assert client.post("/graphql", headers=headers).status_code == 200


@pytest.mark.usefixtures("database")
def test_a_database_without_our_tables_fails(start: Start) -> None:
    with unit_of_work() as db:
        db.execute("DELETE FROM alembic_version")
    answer = start().get("/health")
    assert answer.status_code == 503
    assert "lacks" in answer.json()["parts"]["migrations"]["what"]


@pytest.mark.usefixtures("database")
def test_a_database_newer_than_we_are_fails(start: Start) -> None:
    with unit_of_work() as db:
        db.execute("UPDATE alembic_version SET version_num = 'from the future'")
    answer = start().get("/health")
    assert answer.status_code == 503
    assert "newer" in answer.json()["parts"]["migrations"]["what"]


@pytest.mark.usefixtures("database")
def test_a_data_directory_that_vanished_fails(
    start: Start, settings: Settings, tmp_path: Path
) -> None:
    gone = tmp_path / "town"
    client = start(data_dir=gone)
    assert client.get("/health").json()["parts"]["disk"]["status"] == "ok"
    (gone / "prefect").rmdir()
    gone.rmdir()
    forget()
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["parts"]["disk"]["status"] == "failed"


def test_the_worst_part_decides() -> None:
    ok, degraded, failed = Condition.OK, Condition.DEGRADED, Condition.FAILED
    assert overall([ok, ok]) is ok
    assert overall([ok, degraded, ok]) is degraded
    assert overall([failed, degraded, ok]) is failed
