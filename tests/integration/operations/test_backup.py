"""A backup brings everything back or nothing, on every server and from one to the other."""

import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from psycopg import sql

from registry.storage.archive import DUMP, PROOF, BackupFailed, Proof
from registry.storage.backup import restore_backup, write_backup
from registry.storage.connecting import connect
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import current, upgrade
from registry.storage.programs import client_programs
from schemas.errors import DatabaseUnreachable, Misconfigured
from tests.factories import a_customer_link, a_landed_record, an_api_token, an_element
from tests.servers import SERVERS, first_row, in_database, make_reachable_dir, programs_of

BIN_DIR = client_programs()
ODD_NAMES = (
    "O'Neill; DROP TABLE element",
    "back\\slash\ttab\nline",
    "SET transaction_timeout = 0;",
)

# What a refusal looks at is the file; one kind of server is enough for it.
on_one_server = pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)

Empty = Callable[[EmbeddedPostgres], str]


@pytest.fixture(scope="module", params=list(SERVERS))
def other_server(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """The server to restore into: each kind, whatever the backup was made on."""
    bin_dir = programs_of(request.param)
    place = make_reachable_dir()
    try:
        with EmbeddedPostgres.start(place, bin_dir=bin_dir) as server:
            yield server
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def empty() -> Iterator[Empty]:
    """Make empty databases: empty(server)."""
    made: list[str] = []

    def make(server: EmbeddedPostgres) -> str:
        name = f"empty_{time.monotonic_ns()}"
        with connect(in_database(server.url, "postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        made.append(in_database(server.url, name))
        return made[-1]

    yield make
    for url in made:
        with connect(in_database(url, "postgres"), autocommit=True) as admin:
            name = sql.Identifier(urlsplit(url).path[1:])
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def fill(url: str) -> None:
    """Put rows into the tables whose shapes are the hardest to copy."""
    with connect(url) as db:
        for name in ODD_NAMES:
            an_element(db, name=name, attrs={"price": 0.1, "name": name})
        a_landed_record(db, raw=b"\x00\xff\\")
        a_customer_link(db)
        an_api_token(db)


def everything(url: str) -> dict[str, list[str]]:
    """Return every row of every table as text."""
    with connect(url) as db:
        names = db.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind = 'r' ORDER BY 1"
        ).fetchall()
        return {
            name: sorted(
                row[0]
                for row in db.execute(
                    sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(name))
                )
            )
            for (name,) in names
        }


@pytest.fixture
def backup(postgres_url: str, tmp_path: Path) -> Path:
    """A backup of a database with rows."""
    fill(postgres_url)
    file = tmp_path / "town.tar"
    write_backup(postgres_url, file, bin_dir=BIN_DIR)
    return file


def rewrite(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change the members of a backup, as a stranger with an editor could."""
    with tarfile.open(file) as tar:
        members = {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}
    change(members)
    with tarfile.open(file, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def refusal(url: str, file: Path) -> BackupFailed:
    with pytest.raises(BackupFailed) as refused:
        restore_backup(url, file, bin_dir=BIN_DIR)
    assert refused.value.remedy
    assert everything(url) == {}, "what cannot be proven is not kept"
    return refused.value


def test_every_row_comes_back_and_numbers_go_on(
    backup: Path, postgres_url: str, other_server: EmbeddedPostgres, empty: Empty
) -> None:
    target = empty(other_server)
    proof = restore_backup(target, backup, bin_dir=BIN_DIR)

    assert everything(target) == everything(postgres_url)
    assert proof.rows == sum(map(len, everything(target).values()))
    with connect(postgres_url) as old, connect(target) as new:
        assert a_landed_record(new).id == a_landed_record(old).id, "the sequence goes on"
    assert upgrade(target) == []


def test_an_old_backup_is_restored_as_it_was_and_upgraded_at_the_next_start(
    postgres_server: EmbeddedPostgres, empty: Empty, tmp_path: Path
) -> None:
    old, new = empty(postgres_server), empty(postgres_server)
    upgrade(old, to="0001")
    write_backup(old, tmp_path / "old.tar", bin_dir=BIN_DIR)

    proof = restore_backup(new, tmp_path / "old.tar", bin_dir=BIN_DIR)
    assert current(new) == proof.migration == current(old)
    upgrade(new)
    upgrade(old)
    assert everything(new).keys() == everything(old).keys()


@on_one_server
def test_a_backup_of_a_newer_release_is_refused(
    backup: Path, postgres_server: EmbeddedPostgres, empty: Empty
) -> None:
    def from_the_future(members: dict[str, bytes]) -> None:
        members[PROOF] = json.dumps({**json.loads(members[PROOF]), "migration": "9999"}).encode()

    rewrite(backup, from_the_future)
    assert "newer release" in refusal(empty(postgres_server), backup).what


@on_one_server
def test_only_its_owner_can_read_it_and_plain_tools_can(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with tarfile.open(backup) as tar:
        assert tar.getnames() == [DUMP, PROOF]
        tar.extract(DUMP, backup.parent, filter="data")
    listing = subprocess.run(
        [BIN_DIR / "pg_restore", "--list", backup.parent / DUMP],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "TABLE DATA public element" in listing.stdout


@on_one_server
def test_a_changed_archive_is_refused(
    backup: Path, postgres_server: EmbeddedPostgres, empty: Empty
) -> None:
    def flip_a_bit(members: dict[str, bytes]) -> None:
        middle = len(members[DUMP]) // 2
        members[DUMP] = members[DUMP][:middle] + b"?" + members[DUMP][middle + 1 :]

    rewrite(backup, flip_a_bit)
    assert "damaged" in refusal(empty(postgres_server), backup).what


@on_one_server
def test_rows_that_differ_from_the_proof_undo_the_whole_restore(
    backup: Path, postgres_server: EmbeddedPostgres, empty: Empty
) -> None:
    def claim_more(members: dict[str, bytes]) -> None:
        proof = json.loads(members[PROOF])
        proof["tables"]["element"]["rows"] += 1
        members[PROOF] = json.dumps(proof).encode()

    rewrite(backup, claim_more)
    assert "were backed up: element" in refusal(empty(postgres_server), backup).what


@on_one_server
def test_an_archive_that_pg_restore_cannot_read_leaves_nothing(
    backup: Path, postgres_server: EmbeddedPostgres, empty: Empty
) -> None:
    def cut_and_cover_up(members: dict[str, bytes]) -> None:
        members[DUMP] = members[DUMP][: len(members[DUMP]) - 2000]
        proof = {**json.loads(members[PROOF])}
        proof["dump_sha256"] = hashlib.sha256(members[DUMP]).hexdigest()
        members[PROOF] = json.dumps(proof).encode()

    rewrite(backup, cut_and_cover_up)
    assert "pg_restore failed" in refusal(empty(postgres_server), backup).what


@on_one_server
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.7])
def test_a_file_that_ends_too_soon_is_refused(
    backup: Path, postgres_server: EmbeddedPostgres, empty: Empty, share: float
) -> None:
    os.truncate(backup, int(backup.stat().st_size * share))
    assert str(backup) in refusal(empty(postgres_server), backup).what


@on_one_server
@pytest.mark.parametrize(
    "change",
    [
        lambda members: members.pop(PROOF),
        lambda members: members.pop(DUMP),
        lambda members: members.update({PROOF: b"[]"}),
        lambda members: members.update({PROOF: b"{" * 2_000_000}),
        lambda members: members.update({PROOF: b'{"format": 1, "tables": {"x": {}}}'}),
    ],
    ids=["no proof", "no archive", "a list", "endless", "half"],
)
def test_a_tar_that_is_not_ours_is_refused(
    backup: Path,
    postgres_server: EmbeddedPostgres,
    empty: Empty,
    change: Callable[[dict[str, bytes]], None],
) -> None:
    rewrite(backup, change)
    assert "not a backup of ours" in refusal(empty(postgres_server), backup).what


@on_one_server
def test_a_database_with_anything_in_it_is_refused(backup: Path, postgres_url: str) -> None:
    before = everything(postgres_url)
    with pytest.raises(Misconfigured, match="not empty"):
        restore_backup(postgres_url, backup, bin_dir=BIN_DIR)
    assert everything(postgres_url) == before


@on_one_server
def test_a_table_of_another_program_counts_as_anything(
    backup: Path, postgres_server: EmbeddedPostgres, empty: Empty
) -> None:
    target = empty(postgres_server)
    first_row(target, "CREATE TABLE theirs (id int)")
    with pytest.raises(Misconfigured, match="not empty"):
        restore_backup(target, backup, bin_dir=BIN_DIR)


def test_an_empty_database_has_nothing_to_back_up(
    postgres_server: EmbeddedPostgres, empty: Empty, tmp_path: Path
) -> None:
    with pytest.raises(BackupFailed, match="nothing to back up"):
        write_backup(empty(postgres_server), tmp_path / "town.tar", bin_dir=BIN_DIR)
    assert list(tmp_path.iterdir()) == []


@on_one_server
def test_an_existing_file_is_kept_unless_it_may_be_replaced(
    backup: Path, postgres_url: str
) -> None:
    before = backup.read_bytes()
    with pytest.raises(BackupFailed, match="exists"):
        write_backup(postgres_url, backup, bin_dir=BIN_DIR)
    assert backup.read_bytes() == before
    write_backup(postgres_url, backup, bin_dir=BIN_DIR, replace=True)
    assert [file.name for file in backup.parent.iterdir()] == ["town.tar"]


def test_a_full_disk_leaves_no_half_file(postgres_url: str, reachable_dir: Path) -> None:
    fill(postgres_url)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(reachable_dir)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this machine lets us mount nothing")
    try:
        with pytest.raises(BackupFailed, match="No space left"):
            write_backup(postgres_url, reachable_dir / "town.tar", bin_dir=BIN_DIR)
        assert list(reachable_dir.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", str(reachable_dir)], check=False)


@on_one_server
def test_a_folder_that_is_not_there_is_named(postgres_url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r"nowhere/town\.tar cannot be written: No such file"):
        write_backup(postgres_url, tmp_path / "nowhere" / "town.tar", bin_dir=BIN_DIR)


@on_one_server
def test_programs_older_than_the_server_are_named_with_the_way_out(
    postgres_server: EmbeddedPostgres, postgres_url: str, tmp_path: Path
) -> None:
    older = SERVERS["debian 15"]
    if older is None or not older.is_dir():
        pytest.skip(f"{older} is not installed")
    with pytest.raises(BackupFailed, match="version mismatch") as failed:
        write_backup(postgres_url, tmp_path / "town.tar", bin_dir=older)
    assert "TOWNCLERK_POSTGRES_BIN" in failed.value.remedy


@on_one_server
def test_the_password_is_in_no_process_list_and_no_error(postgres_url: str, tmp_path: Path) -> None:
    """A program that notes how it was started stands in for pg_dump."""
    noted = tmp_path / "noted"
    spy = tmp_path / "bin" / "pg_dump"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$@" > {noted}\necho "$PGPASSWORD" >> {noted}\nexit 1\n')
    spy.chmod(0o755)
    parts = urlsplit(postgres_url)
    user = parts.netloc.partition("@")[0].partition(":")[0]
    host = parts.netloc.partition("@")[2]
    secret = urlunsplit(parts._replace(netloc=f"{user}:hunter%212@{host}"))
    with suppress(DatabaseUnreachable), pytest.raises(BackupFailed) as failed:
        write_backup(secret, tmp_path / "town.tar", bin_dir=spy.parent)
    arguments, password = noted.read_text().splitlines()
    assert "hunter" not in arguments
    assert password == "hunter!2"
    assert "hunter" not in failed.value.what + failed.value.remedy


@on_one_server
def test_the_proof_says_what_is_inside(backup: Path, postgres_url: str) -> None:
    with tarfile.open(backup) as tar:
        proof = json.loads((tar.extractfile(PROOF) or io.BytesIO()).read())
    assert set(proof) == set(Proof.__dataclass_fields__)
    assert proof["migration"] == current(postgres_url)
    assert proof["tables"]["element"]["rows"] == len(everything(postgres_url)["element"])
