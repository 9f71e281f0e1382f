"""However a server ends, the next one starts, and what was committed is there."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from registry.storage.embedded import EmbeddedPostgres
from schemas.errors import StorageUnusable
from tests.integration.storage.processes import (
    WAIT_SECONDS_MAX,
    Share,
    as_user,
    kill_server,
    server_pid,
)
from tests.servers import first_row


def wait_for_answer(url: str) -> psycopg.Connection:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        try:
            return psycopg.connect(url)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_a_killed_server_is_started_again_with_every_committed_row(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        first_row(server.url, "CREATE TABLE kept AS SELECT generate_series(1, 100000) AS number")
        pid = server_pid(reachable_dir)
        kill_server(reachable_dir)
        time.sleep(0.1)
        with wait_for_answer(server.url) as db:
            assert db.execute("SELECT count(*) FROM kept").fetchone() == (100_000,)
        assert server_pid(reachable_dir) != pid


def test_a_new_process_starts_at_once_after_everything_was_killed(
    reachable_dir: Path, bin_dir: Path | None, share: Share
) -> None:
    starter = share(reachable_dir, bin_dir)
    url = starter.line()
    first_row(url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    busy = psycopg.connect(url)
    busy.execute("SELECT 1")
    starter.kill()
    kill_server(reachable_dir)
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        assert first_row(server.url, "SELECT count(*) FROM kept") == (1000,)
    with pytest.raises(psycopg.OperationalError):
        busy.execute("SELECT 1")


def test_a_user_who_did_not_start_the_server_revives_it(reachable_dir: Path, share: Share) -> None:
    starter = share(reachable_dir)
    starter.line()
    with EmbeddedPostgres.start(reachable_dir) as server:
        starter.kill()
        kill_server(reachable_dir)
        time.sleep(0.1)
        with wait_for_answer(server.url) as db:
            assert db.execute("SELECT 1").fetchone() == (1,)


def test_a_process_number_reused_by_another_program_is_no_obstacle(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    file = reachable_dir / "postgres" / "data" / "postmaster.pid"
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir):
        lines = file.read_text().splitlines(keepends=True)
        owner = file.stat()
    options = {} if os.geteuid() != 0 else as_user("nobody")
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **options)
    try:
        file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
        os.chown(file, owner.st_uid, owner.st_gid)
        with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
            assert first_row(server.url, "SELECT 1") == (1,)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_torn_process_file_is_no_obstacle(reachable_dir: Path) -> None:
    file = reachable_dir / "postgres" / "data" / "postmaster.pid"
    with EmbeddedPostgres.start(reachable_dir):
        owner = file.stat()
    for left in ("", "garbage", "12\n", "-1\n/x\n", "0\n", "99999999\n\n\n\n\n\n\n\n", "\0\xff"):
        file.write_text(left)
        os.chown(file, owner.st_uid, owner.st_gid)
        with EmbeddedPostgres.start(reachable_dir) as server:
            assert first_row(server.url, "SELECT 1") == (1,)


def test_a_server_that_somebody_else_started_is_left_alone(reachable_dir: Path) -> None:
    with EmbeddedPostgres.start(reachable_dir) as server:
        programs = server.bin_dir
    data = reachable_dir / "postgres" / "data"
    account = data.stat()
    options: dict[str, Any] = (
        {}
        if os.geteuid() != 0
        else {"user": account.st_uid, "group": account.st_gid, "extra_groups": []}
    )
    theirs = subprocess.Popen(
        [str(programs / "postgres"), "-D", str(data), "-k", str(data), "-h", ""],
        cwd=data,
        stderr=subprocess.DEVNULL,
        **options,
    )
    try:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not (data / "postmaster.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(StorageUnusable, match="somebody else started") as refusal:
            EmbeddedPostgres.start(reachable_dir)
        assert "pg_ctl stop" in refusal.value.remedy
        assert theirs.poll() is None
    finally:
        theirs.send_signal(signal.SIGINT)
        theirs.wait()


def test_a_first_start_that_was_cut_off_leaves_nothing_in_the_way(reachable_dir: Path) -> None:
    half = reachable_dir / "postgres" / "data.unfinished"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres.start(reachable_dir) as server:
        assert first_row(server.url, "SELECT 1") == (1,)
    assert not half.exists()
