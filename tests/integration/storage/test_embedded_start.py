"""The embedded server starts, stops and keeps what it was given, under every account."""

import os
import shutil
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from registry.storage.embedded import EmbeddedPostgres
from registry.storage.sizes import sizes
from tests.integration.storage.processes import Share, server_pid, server_runs
from tests.servers import first_row


def setting(db: psycopg.Connection, name: str) -> str:
    row = db.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_rows_are_still_there_after_a_stop_and_a_start(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        first_row(server.url, "CREATE TABLE kept AS SELECT 'héllo' AS word")
    assert not server_runs(reachable_dir)
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        assert first_row(server.url, "SELECT word FROM kept") == ("héllo",)


def test_the_server_is_durable_utf8_in_utc_and_knows_letters_beyond_ascii(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        assert server.version == (18 if bin_dir is None else 15)
        with psycopg.connect(server.url) as db:
            assert setting(db, "fsync") == "on"
            assert setting(db, "full_page_writes") == "on"
            assert setting(db, "data_checksums") == "on"
            assert setting(db, "server_encoding") == "UTF8"
            assert setting(db, "TimeZone") == "UTC"
            assert setting(db, "jit") == "off"
            assert db.execute("SELECT upper('é'), 'Z' < 'a'").fetchone() == ("É", True)


def test_a_new_server_takes_what_fits_its_machine_and_an_operator_may_say_otherwise(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    with (
        EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server,
        psycopg.connect(server.url) as db,
    ):
        assert setting(db, "checkpoint_timeout") == "15min"
        ours = sizes(reachable_dir)["shared_buffers"]
        row = db.execute(
            "SELECT pg_size_bytes(current_setting('shared_buffers')) = pg_size_bytes(%s)", [ours]
        ).fetchone()
        assert row == (True,)
    conf = reachable_dir / "postgres" / "data" / "postgresql.conf"
    conf.write_text(conf.read_text() + "\nshared_buffers = 64MB\n")
    with (
        EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server,
        psycopg.connect(server.url) as db,
    ):
        assert setting(db, "shared_buffers") == "64MB"


def test_nothing_listens_on_the_network_and_only_we_may_enter(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        [host] = parse_qs(urlsplit(server.url).query)["host"]
        assert stat.S_IMODE(Path(host).stat().st_mode) == 0o700
        data = reachable_dir / "postgres" / "data"
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        with psycopg.connect(server.url) as db:
            assert setting(db, "listen_addresses") == ""


def test_another_account_of_the_machine_is_not_let_in(reachable_dir: Path) -> None:
    with EmbeddedPostgres.start(reachable_dir) as server:
        rules = (reachable_dir / "postgres" / "access.conf").read_text()
        accounts = (reachable_dir / "postgres" / "accounts.conf").read_text()
        assert rules == "local all all peer map=townclerk\n"
        assert '"nobody"' not in accounts or os.geteuid() != 0
        assert server.url.startswith("postgresql://townclerk@/")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a server as root")
def test_root_gets_a_server_that_does_not_run_as_root(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir):
        owner = Path(f"/proc/{server_pid(reachable_dir)}").stat().st_uid
        assert owner == (reachable_dir / "postgres" / "data").stat().st_uid
        assert owner != 0


def test_an_ordinary_user_gets_a_server_too(
    reachable_dir: Path, bin_dir: Path | None, share: Share
) -> None:
    theirs = reachable_dir / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 65534, 65534)
    sharer = share(theirs / "data", bin_dir, user="nobody")
    assert sharer.line().startswith("postgresql://")
    sharer.leave()


def test_two_users_have_servers_side_by_side(reachable_dir: Path, share: Share) -> None:
    theirs = reachable_dir / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 65534, 65534)
    sharer = share(theirs, user="nobody")
    their_url = sharer.line()
    with EmbeddedPostgres.start(reachable_dir / "ours") as server:
        assert first_row(server.url, "SELECT 1") == (1,)
        assert server.url != their_url
    sharer.leave()


def test_one_process_can_run_two_instances(reachable_dir: Path) -> None:
    with (
        EmbeddedPostgres.start(reachable_dir / "registry") as registry,
        EmbeddedPostgres.start(reachable_dir / "taxes", database="taxes") as taxes,
    ):
        for server, name in ((registry, "townclerk"), (taxes, "taxes")):
            with psycopg.connect(server.url) as db:
                assert db.info.dbname == name


def test_a_path_too_long_for_a_socket_is_no_obstacle(reachable_dir: Path) -> None:
    deep = reachable_dir / "/".join(["a-directory-with-quite-a-long-name"] * 4)
    deep.mkdir(parents=True)
    for directory in (deep, *deep.parents[:3]):
        directory.chmod(0o711)
    with EmbeddedPostgres.start(deep) as server:
        assert first_row(server.url, "SELECT 1") == (1,)
        [host] = parse_qs(urlsplit(server.url).query)["host"]
    assert not Path(host).exists()


def test_a_path_with_blanks_quotes_and_accents_is_no_obstacle(reachable_dir: Path) -> None:
    odd = reachable_dir / "Gemeente 's-Gravenhage, café"
    with EmbeddedPostgres.start(odd) as server:
        assert first_row(server.url, "SELECT 1") == (1,)


def test_stopping_twice_does_no_harm(reachable_dir: Path) -> None:
    server = EmbeddedPostgres.start(reachable_dir)
    server.stop()
    server.stop()
    assert not server_runs(reachable_dir)


def test_failing_statements_leave_no_values_in_the_log(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        first_row(server.url, "CREATE TABLE person (name text UNIQUE)")
        first_row(server.url, "INSERT INTO person VALUES ('Canary Jansen')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            first_row(server.url, "INSERT INTO person VALUES ('Canary Jansen')")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            first_row(server.url, "SELECT 'Canary Jansen'::integer")
    assert "Canary" not in (reachable_dir / "postgres" / "server.log").read_text()


def test_a_directory_removed_under_a_running_server_does_not_break_the_stop(
    reachable_dir: Path,
) -> None:
    server = EmbeddedPostgres.start(reachable_dir)
    pid = server_pid(reachable_dir)
    shutil.rmtree(reachable_dir / "postgres")
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
