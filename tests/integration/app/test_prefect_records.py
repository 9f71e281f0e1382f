"""Prefect's database, made by us through the plain driver, is the one Prefect makes itself."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from flows.server import make_records

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
