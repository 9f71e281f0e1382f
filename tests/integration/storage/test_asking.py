"""One trip: settings that hold for its statement alone, and a connection that is left as it was."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from registry.storage import asking, guarding
from registry.storage.asking import CAN_WATCH, Command, ask_in_one_trip, command
from registry.storage.database import Database

pytestmark = pytest.mark.skipif(not CAN_WATCH, reason="the loop here cannot watch sockets")

SETTINGS = Command(guarding.settings(is_guarded=False, seconds_max=1.8), (b"a b", b""))


def ask(db: psycopg.Connection, *commands: Command) -> list[PGresult]:
    return asyncio.run(ask_in_one_trip(db, commands))


def texts(results: Sequence[PGresult]) -> list[bytes | None]:
    return [result.get_value(0, 0) for result in results]


@pytest.fixture
def lent(database: Database) -> psycopg.Connection:
    """Take a connection that nobody else uses."""
    db = database.take_at_once()
    assert db is not None
    return db


def test_settings_hold_for_the_statement_and_for_nothing_after_it(
    lent: psycopg.Connection,
) -> None:
    shown = command(
        lent,
        b"SELECT concat_ws('|', current_setting('townclerk.scopes'),"
        b" current_setting('statement_timeout'), current_setting('transaction_read_only'),"
        b" $1::text)",
        ["given"],
    )
    assert texts(ask(lent, SETTINGS, shown))[1] == b"a b|1800ms|on|given"
    assert lent.pgconn.transaction_status == TransactionStatus.IDLE
    after = Command(b"SELECT concat_ws('|', current_setting('townclerk.scopes', true),"
                    b" current_setting('statement_timeout'))")  # fmt: skip
    assert texts(ask(lent, after)) == [b"|0"]


def test_nothing_can_be_written_on_a_trip_that_only_reads(lent: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        ask(lent, SETTINGS, Command(b"CREATE TABLE forbidden ()"))


def test_after_a_mistake_the_connection_goes_on(lent: psycopg.Connection) -> None:
    broken, sound = Command(b"SELECT 1 / $1::int", (b"0",)), Command(b"SELECT 1 / $1::int", (b"1",))
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            ask(lent, SETTINGS, broken)
    with pytest.raises(psycopg.errors.UndefinedTable):
        ask(lent, Command(b"SELECT * FROM nowhere"))
    assert texts(ask(lent, SETTINGS, sound))[1] == b"1"
    with pytest.raises(psycopg.errors.UndefinedTable):
        ask(lent, Command(b"SELECT * FROM nowhere"))


def test_what_psycopg_forgets_is_prepared_anew(lent: psycopg.Connection) -> None:
    two = Command(b"SELECT 2")
    ask(lent, two)
    lent.execute("DEALLOCATE ALL")
    lent.rollback()
    assert texts(ask(lent, two)) == [b"2"]


def test_a_connection_keeps_so_many_statements_at_most(
    lent: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PREPARED_MAX", 3)
    for number in [*range(8), 0, 7]:
        assert texts(ask(lent, Command(b"SELECT %d" % number))) == [b"%d" % number]
    kept = lent.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'townclerk%'")
    assert kept.fetchone() == (3,)


def test_a_statement_and_an_answer_larger_than_the_sockets_buffers_pass(
    lent: psycopg.Connection,
) -> None:
    long = "x" * 5_000_000
    (result,) = ask(lent, command(lent, b"SELECT $1::text || $1::text", [long]))
    assert result.get_value(0, 0) == long.encode() * 2


def test_a_trip_that_nobody_waits_for_ends_on_the_server_too(
    lent: psycopg.Connection, database: Database
) -> None:
    async def leave() -> None:
        task = asyncio.create_task(ask_in_one_trip(lent, [Command(b"SELECT pg_sleep(30)")]))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert lent.closed
    database.pool.putconn(lent)
    with database.transaction() as db:
        row = db.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%'"
            " AND state = 'active' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row == (0,)


def test_a_connection_that_the_server_cut_is_told_as_such(lent: psycopg.Connection) -> None:
    with pytest.raises(psycopg.OperationalError):
        ask(lent, Command(b"SELECT pg_terminate_backend(pg_backend_pid())"))
    assert lent.closed


def test_where_every_connection_is_taken_there_is_none_to_lend(database: Database) -> None:
    taken = [database.take_at_once() for _ in range(database.pool.max_size)]
    assert None not in taken
    assert database.take_at_once() is None
    for db in taken:
        assert db is not None
        database.pool.putconn(db)
