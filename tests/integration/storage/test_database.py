"""The pool and the unit of work: all or nothing, and a clear word when the database is gone."""

import logging
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from registry.storage.connecting import connect
from registry.storage.database import (
    Database,
    close_database,
    current_database,
    open_database,
    unit_of_work,
)
from registry.storage.embedded import EmbeddedPostgres
from schemas.errors import DatabaseUnreachable, Misconfigured
from tests.factories import an_element
from tests.integration.storage.processes import WAIT_SECONDS_MAX, kill_server
from tests.servers import first_row, in_database

SECRET = "canary-password"


def cut(url: str, db: psycopg.Connection) -> None:
    """End a connection from the server's side."""
    first_row(url, "SELECT pg_terminate_backend(%s, 5000)", [db.info.backend_pid])


def names(url: str) -> list[str]:
    with connect(url) as db:
        return [row[0] for row in db.execute("SELECT name FROM element ORDER BY name")]


def test_a_unit_of_work_commits_at_its_end(database: Database) -> None:
    with unit_of_work() as db:
        an_element(db, name="Parking permits")
        assert names(database.url) == []
    assert names(database.url) == ["Parking permits"]


@pytest.mark.parametrize("trouble", [ZeroDivisionError, KeyboardInterrupt, GeneratorExit])
def test_a_unit_of_work_rolls_back_on_any_error(
    database: Database, trouble: type[BaseException]
) -> None:
    def work() -> None:
        with unit_of_work() as db:
            an_element(db)
            raise trouble

    with pytest.raises(trouble):
        work()
    assert names(database.url) == []


def test_an_error_of_a_statement_reaches_the_caller_unchanged(database: Database) -> None:
    def work() -> None:
        with unit_of_work() as db:
            an_element(db, urn="urn:test:twice")
            an_element(db, urn="urn:test:twice")

    with pytest.raises(psycopg.errors.UniqueViolation):
        work()
    assert names(database.url) == []


def test_a_room_cannot_commit_inside_a_unit_of_work(database: Database) -> None:
    def work() -> None:
        with unit_of_work() as db:
            an_element(db)
            db.commit()

    with pytest.raises(psycopg.ProgrammingError):
        work()
    assert names(database.url) == []


def test_the_whole_pool_is_made_at_the_start(postgres_url: str) -> None:
    opened = open_database(postgres_url, pool_size=5, application_name="pool of five")
    try:
        with connect(postgres_url) as db:
            row = db.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pool of five'"
            ).fetchone()
        assert row == (5,)
        assert current_database() is opened
    finally:
        close_database()


def test_without_an_open_database_the_error_says_so() -> None:
    close_database()
    with pytest.raises(Misconfigured, match="No database is open"), unit_of_work():
        pass


def test_opening_another_database_closes_the_first(postgres_url: str) -> None:
    first = open_database(postgres_url, pool_size=2)
    second = open_database(postgres_url, pool_size=2)
    try:
        assert first.pool.closed
        assert current_database() is second
    finally:
        close_database()
    assert second.pool.closed


def test_connections_speak_utc_and_take_a_dict_for_json(database: Database) -> None:
    with unit_of_work() as db:
        row = db.execute(
            "SELECT current_setting('TimeZone'), current_setting('jit'), %s->>'word'",
            [{"word": "ja"}],
        ).fetchone()
    assert row == ("UTC", "off", "ja")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("postgresql://clerk:{secret}@nobody.invalid:5432/town", "nobody.invalid"),
        ("postgresql://clerk:{secret}@127.0.0.1:{port}/town", "Connection refused"),
        ("postgresql://clerk:{secret}@127.0.0.1:99999/town", "99999"),
        ("postgresql://clerk:{secret}@/town?host=/no/such/directory", "No such file"),
    ],
)
def test_a_wrong_address_names_host_port_and_database_but_no_password(
    address: str, reason: str
) -> None:
    url = address.format(secret=SECRET, port=free_port())
    with pytest.raises(DatabaseUnreachable) as refused:
        open_database(url, pool_size=2)
    assert reason in refused.value.what
    assert refused.value.facts["database"] == "town"
    assert {"host", "port"} <= set(refused.value.facts)
    assert SECRET not in str(refused.value.as_dict())
    assert refused.value.exit_code == 4


@pytest.mark.parametrize(
    "address",
    [
        "not an address",
        f"http://clerk:{SECRET}@localhost/town",
        f"mysql://clerk:{SECRET}@localhost/town",
        f"postgresql+asyncpg://clerk:{SECRET}@localhost/town",
        f"postgresql://clerk:{SECRET} {SECRET}@localhost/town",
        f"postgresql://clerk:{SECRET}%ZZ@localhost/town",
        f"postgresql://clerk:{SECRET}@localhost/town?nonsense={SECRET}",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        open_database(address, pool_size=2)
    assert "postgresql://user:password@host" in refused.value.remedy
    assert SECRET not in str(refused.value.as_dict())
    assert refused.value.__suppress_context__


def test_a_wrong_database_name_is_told(postgres_url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match='"nowhere" does not exist'):
        open_database(in_database(postgres_url, "nowhere"), pool_size=2)


def test_a_wrong_password_is_told_without_the_password(
    reachable_dir: Path, bin_dir: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoUnixSockets(socket.socket):
        def bind(self, address: object) -> None:
            if self.family == socket.AF_UNIX:
                raise OSError("not on this file system")
            super().bind(address)  # type: ignore[arg-type] # addresses have no common type

    monkeypatch.setattr(socket, "socket", NoUnixSockets)
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        right = urlsplit(server.url).password
        assert right is not None
        with pytest.raises(DatabaseUnreachable, match="password authentication failed") as refused:
            open_database(server.url.replace(right, SECRET), pool_size=2)
        assert SECRET not in str(refused.value.as_dict())


def test_the_address_does_not_show_where_the_database_is_printed(database: Database) -> None:
    assert "postgresql" not in repr(database)


def test_a_database_in_another_encoding_is_refused(postgres_url: str) -> None:
    with connect(postgres_url, autocommit=True) as db:
        db.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        try:
            with pytest.raises(Misconfigured, match="UTF8 is needed"):
                open_database(in_database(postgres_url, "latin"), pool_size=2)
        finally:
            db.execute("DROP DATABASE latin")


def test_a_server_without_room_for_the_pool_is_told(
    reachable_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.storage.database.CONNECT_SECONDS_MAX", 3)
    with EmbeddedPostgres.start(reachable_dir):
        pass
    conf = reachable_dir / "postgres" / "data" / "postgresql.conf"
    conf.write_text(conf.read_text() + "\nmax_connections = 5\n")
    with EmbeddedPostgres.start(reachable_dir) as server:
        url = server.url
        with pytest.raises(DatabaseUnreachable, match=r"too many clients|20 connections"):
            open_database(url, pool_size=20)


def test_a_connection_lost_midway_says_that_nothing_was_changed(database: Database) -> None:
    def work() -> None:
        with unit_of_work() as db:
            an_element(db)
            cut(database.url, db)
            an_element(db)

    with pytest.raises(DatabaseUnreachable) as refused:
        work()
    assert refused.value.facts["outcome"] == "rolled back"
    assert names(database.url) == []


def test_a_connection_lost_at_the_commit_says_that_the_outcome_is_unknown(
    database: Database,
) -> None:
    def work() -> None:
        with unit_of_work() as db:
            an_element(db)
            cut(database.url, db)

    with pytest.raises(DatabaseUnreachable) as refused:
        work()
    assert refused.value.facts["outcome"] == "unknown"


def test_connections_that_were_all_cut_do_not_trouble_the_next_unit_of_work(
    database: Database,
) -> None:
    first_row(
        database.url,
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    begin = time.monotonic()
    for _ in range(10):
        with unit_of_work() as db:
            an_element(db)
    assert time.monotonic() - begin < 20
    assert len(names(database.url)) == 10


def what_refuses() -> DatabaseUnreachable | None:
    """Try a unit of work and return the error it meets."""
    try:
        with unit_of_work() as db:
            db.execute("SELECT 1")
    except DatabaseUnreachable as refused:
        return refused
    return None


def test_a_killed_database_is_told_and_the_pool_recovers_with_it(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        open_database(server.url, pool_size=4)
        try:
            with unit_of_work() as db:
                db.execute("CREATE TABLE kept AS SELECT 1 AS number")
            kill_server(reachable_dir)
            deadline = time.monotonic() + WAIT_SECONDS_MAX
            refused = None
            while refused is None and time.monotonic() < deadline:
                refused = what_refuses()
            assert refused is not None
            assert refused.facts["database"] == "townclerk"
            answer = None
            while answer is None and time.monotonic() < deadline:
                with suppress(DatabaseUnreachable), unit_of_work() as db:
                    answer = db.execute("SELECT number FROM kept").fetchone()
            assert answer == (1,)
        finally:
            close_database()


def test_a_stopped_database_is_told_within_seconds(reachable_dir: Path) -> None:
    server = EmbeddedPostgres.start(reachable_dir)
    open_database(server.url, pool_size=2)
    server.stop()
    try:
        for _ in range(3):
            begin = time.monotonic()
            with pytest.raises(DatabaseUnreachable), unit_of_work():
                pass
            assert time.monotonic() - begin < 20
    finally:
        close_database()


def test_a_busy_pool_is_told_from_a_missing_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.storage.database.WAIT_SECONDS_MAX", 1.5)
    done = threading.Event()

    def hold() -> None:
        with unit_of_work():
            done.wait(WAIT_SECONDS_MAX)

    holders = [threading.Thread(target=hold) for _ in range(4)]
    for holder in holders:
        holder.start()
    try:
        with pytest.raises(DatabaseUnreachable, match="have been busy") as refused, unit_of_work():
            pass
        assert "TOWNCLERK_POOL_SIZE" in refused.value.remedy
    finally:
        done.set()
        for holder in holders:
            holder.join()


def test_a_waiting_unit_of_work_gets_the_next_free_connection(database: Database) -> None:
    finished: list[int] = []

    def work(number: int) -> None:
        with unit_of_work() as db:
            db.execute("SELECT pg_sleep(0.02)")
            finished.append(number)

    workers = [threading.Thread(target=work, args=[number]) for number in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(finished) == list(range(20))


def test_trouble_with_the_pool_is_not_logged_line_by_line(
    reachable_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = EmbeddedPostgres.start(reachable_dir)
    open_database(server.url, pool_size=2)
    server.stop()
    with pytest.raises(DatabaseUnreachable), unit_of_work():
        pass
    close_database()
    assert [record for record in caplog.records if record.name.startswith("psycopg")] == []


def test_the_socket_directory_is_the_host_that_errors_name(reachable_dir: Path) -> None:
    server = EmbeddedPostgres.start(reachable_dir)
    server.stop()
    with pytest.raises(DatabaseUnreachable) as refused:
        connect(server.url)
    assert [refused.value.facts["host"]] == parse_qs(urlsplit(server.url).query)["host"]
