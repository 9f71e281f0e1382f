"""Prefect's database, made by us through the plain driver, is the one Prefect makes itself."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from flows.server import make_records
from tests.servers import clean_environment

BY_PREFECT = """
import asyncio
from prefect.server.database import provide_database_interface
asyncio.run(provide_database_interface().create_db())
"""
BY_US = """
import os, sys, threading
from flows.server import make_records
made = []
def make(): made.append(make_records(os.environ))
make()
threads = [threading.Thread(target=make) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert made == [True, False, False], made
"""
PLANNED = """
import asyncio, os
from flows.prefect_records import let_runs_be_planned
from flows.server import make_records
from prefect.server.database import provide_database_interface
from prefect.server.models import deployments, flows
from prefect.server.schemas.core import Deployment, DeploymentSchedule, Flow
from prefect.server.schemas.schedules import CronSchedule

async def plan():
    async with provide_database_interface().session_context(begin_transaction=True) as session:
        flow = await flows.create_flow(session, Flow(name="sync-town"))
        nightly = DeploymentSchedule(schedule=CronSchedule(cron="0 3 * * *"), active=True)
        wanted = Deployment(name="crm", flow_id=flow.id, schedules=[nightly])
        deployment = await deployments.create_deployment(session, wanted)
        return await deployments.schedule_runs(session, deployment.id, min_runs=3, max_runs=3)

make_records(os.environ)
let_runs_be_planned()
print(len(asyncio.run(plan())))
"""


def made_by(code: str, home: Path) -> dict[tuple[str, ...], list[str]]:
    """Run code that makes the database; return its tables and indexes, clause by clause."""
    home.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
    url = f"sqlite+aiosqlite:///{home / 'prefect.db'}"
    environment = clean | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": url,
    }
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True)
    with sqlite3.connect(home / "prefect.db") as db:
        found = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        head = db.execute("SELECT version_num FROM alembic_version").fetchall()
    db.close()
    # The order of constraints inside a table differs from run to run with Prefect, too.
    return {("head", *head[0]): []} | {
        row[:3]: sorted(line.strip().rstrip(",") for line in (row[3] or "").splitlines())
        for row in found
    }


@pytest.mark.slow
def test_it_has_the_same_tables_and_indexes(tmp_path: Path) -> None:
    ours = made_by(BY_US, tmp_path / "ours")
    assert len(ours) > 100
    assert ours == made_by(BY_PREFECT, tmp_path / "theirs")
    assert [path.name for path in (tmp_path / "ours").glob("prefect.db*")] == ["prefect.db"]


@pytest.mark.slow
def test_a_schedule_by_the_clock_plans_its_runs(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'prefect.db'}"
    given = clean_environment(
        PREFECT_SERVER_DATABASE_CONNECTION_URL=url, PREFECT_HOME=str(tmp_path)
    )
    done = subprocess.run(
        [sys.executable, "-c", PLANNED], check=True, env=given, capture_output=True, text=True
    )
    assert done.stdout.strip() == "3"


def test_a_database_that_exists_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "prefect.db"
    file.write_bytes(b"precious")
    environment = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{file}"}
    assert make_records(environment) is False
    assert file.read_bytes() == b"precious"


@pytest.mark.parametrize(
    "url", ["", "sqlite+aiosqlite:///:memory:", "postgresql+asyncpg://town@db.example/prefect"]
)
def test_other_databases_are_prefects_own_matter(url: str) -> None:
    assert make_records({"PREFECT_SERVER_DATABASE_CONNECTION_URL": url}) is False
