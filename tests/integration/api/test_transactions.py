"""One answer, one snapshot, one connection that always goes back to the pool."""

import asyncio
import threading
import time
from typing import Any

import psycopg
import pytest

from registry.access.tokens import Actor
from registry.api import context as context_module
from registry.api.context import Context
from registry.api.refusals import AnswerTooSlow
from registry.storage.database import Database, unit_of_work
from schemas.access import Scope
from schemas.errors import AccessDenied, DatabaseUnreachable
from tests import factories
from tests.integration.api.asking import EVERY_SCOPE, data, send_all

ALL = Actor("tester", EVERY_SCOPE)
READ = Scope.LANDSCAPE_READ
RECONNECTED_SECONDS_MAX = 10


def row_of(db: psycopg.Connection, statement: str, *values: Any) -> Any:
    return db.execute(statement, values).fetchone()


def in_context(work: Any, actor: Actor = ALL) -> Any:
    async def run() -> Any:
        context = Context(actor)
        try:
            return await work(context)
        finally:
            await context.close()

    return asyncio.run(run())


def free_connections(database: Database) -> int:
    return int(database.pool.get_stats()["pool_available"])


@pytest.fixture(autouse=True)
def all_connections_come_back(database: Database) -> Any:
    yield
    until = time.monotonic() + RECONNECTED_SECONDS_MAX
    while free_connections(database) < database.pool.max_size and time.monotonic() < until:
        time.sleep(0.01)  # the pool replaces what was cut on a thread of its own
    assert free_connections(database) == database.pool.max_size


def test_reads_are_read_only_and_see_one_snapshot() -> None:
    async def work(context: Context) -> list[Any]:
        before = await context.read(READ, row_of, "SELECT count(*) FROM element")
        with unit_of_work() as db:
            factories.an_element(db)
        after = await context.read(READ, row_of, "SELECT count(*) FROM element")
        how = await context.read(
            READ,
            row_of,
            "SELECT current_setting('transaction_isolation'), "
            "current_setting('transaction_read_only'), current_setting('statement_timeout')",
        )
        return [before, after, how]

    assert in_context(work) == [(0,), (0,), ("repeatable read", "on", "1800ms")]


def test_a_read_that_writes_is_refused_by_the_database() -> None:
    async def work(context: Context) -> None:
        await context.read(READ, row_of, "DELETE FROM element RETURNING id")

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        in_context(work)


def test_settings_of_a_read_do_not_stay_on_the_connection(database: Database) -> None:
    for _ in range(database.pool.max_size + 1):
        data("{ systems { totalCount } }")
    for _ in range(database.pool.max_size):
        with unit_of_work() as db:
            factories.an_element(db)
            assert row_of(db, "SHOW statement_timeout") == ("0",)


def test_a_change_is_seen_by_what_follows_and_by_others_once_committed() -> None:
    async def work(context: Context) -> list[Any]:
        def elsewhere() -> Any:
            with unit_of_work() as db:
                return row_of(db, "SELECT count(*) FROM element")

        before = await context.read(READ, row_of, "SELECT count(*) FROM element")
        await context.change(Scope.LANDSCAPE_WRITE, factories.an_element)
        seen = await context.read(READ, row_of, "SELECT count(*) FROM element")
        meanwhile = elsewhere()
        await context.commit()
        return [before, seen, meanwhile, elsewhere()]

    assert in_context(work) == [(0,), (1,), (0,), (1,)]


def test_a_change_that_nobody_commits_never_was() -> None:
    async def work(context: Context) -> None:
        await context.change(Scope.LANDSCAPE_WRITE, factories.an_element)

    in_context(work)
    assert data("{ systems { totalCount } }") == {"systems": {"totalCount": 0}}


def test_a_rehearsal_sees_itself_and_leaves_nothing() -> None:
    def register(db: psycopg.Connection) -> Any:
        factories.an_element(db)
        return row_of(db, "SELECT count(*) FROM element")

    async def work(context: Context) -> Any:
        seen = await context.rehearse(Scope.LANDSCAPE_WRITE, register)
        await context.commit()
        return seen

    assert in_context(work) == (1,)
    assert data("{ systems { totalCount } }") == {"systems": {"totalCount": 0}}


def test_a_failed_change_leaves_nothing_behind() -> None:
    def fail(db: psycopg.Connection) -> None:
        factories.an_element(db)
        raise ValueError("half done")

    async def work(context: Context) -> None:
        await context.change(Scope.LANDSCAPE_WRITE, fail)

    with pytest.raises(ValueError, match="half done"):
        in_context(work)
    assert data("{ systems { totalCount } }") == {"systems": {"totalCount": 0}}


def test_changes_and_reads_without_their_scope_never_reach_the_database() -> None:
    def never(_: psycopg.Connection) -> None:
        raise AssertionError("reached")

    async def read(context: Context) -> None:
        await context.read(READ, never)

    async def change(context: Context) -> None:
        await context.change(Scope.LANDSCAPE_WRITE, never)

    for work in (read, change):
        with pytest.raises(AccessDenied):
            in_context(work, Actor("nobody", frozenset()))


def test_a_slow_statement_is_stopped_and_what_follows_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = context_module._ONE_SNAPSHOT.replace("5s", "50ms")
    monkeypatch.setattr(context_module, "_ONE_SNAPSHOT", short)

    async def work(context: Context) -> None:
        for statement in ("SELECT pg_sleep(5)", "SELECT 1"):
            with pytest.raises(AnswerTooSlow):
                await context.read(READ, row_of, statement)

    in_context(work)


def test_an_answer_has_a_time_for_all_its_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_module, "ANSWER_SECONDS_MAX", 0)

    async def work(context: Context) -> None:
        await context.read(READ, row_of, "SELECT 1")

    with pytest.raises(AnswerTooSlow):
        in_context(work)


def test_a_cancelled_request_stops_its_statement_and_gives_the_connection_back() -> None:
    begun = threading.Event()

    def sleep(db: psycopg.Connection) -> None:
        begun.set()
        db.execute("SELECT pg_sleep(30)")

    async def run() -> float:
        context = Context(ALL)

        async def request() -> None:
            try:
                await context.read(READ, sleep)
            finally:
                await context.close()

        task = asyncio.create_task(request())
        await asyncio.to_thread(begun.wait)
        await asyncio.sleep(0.1)
        loop = asyncio.get_running_loop()
        at = loop.time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return loop.time() - at

    assert asyncio.run(run()) < 3


def test_a_request_cancelled_while_it_waits_for_a_connection_takes_none(
    database: Database,
) -> None:
    async def run() -> None:
        held = [database.pool.getconn() for _ in range(database.pool.max_size)]
        context = Context(ALL)

        async def request() -> None:
            try:
                await context.read(READ, row_of, "SELECT 1")
            finally:
                await context.close()

        task = asyncio.create_task(request())
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.sleep(0.1)
        for connection in held:
            database.pool.putconn(connection)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_what_still_runs_after_the_answer_gets_nothing() -> None:
    async def run() -> None:
        context = Context(ALL)
        await context.read(READ, row_of, "SELECT 1")
        await context.close()
        with pytest.raises(RuntimeError, match="over"):
            await context.read(READ, row_of, "SELECT 1")

    asyncio.run(run())


def test_a_killed_database_is_told_without_its_address(database: Database) -> None:
    def cut(db: psycopg.Connection) -> None:
        db.execute("RESET ROLE")
        db.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async def work(context: Context) -> None:
        with pytest.raises(DatabaseUnreachable):
            await context.read(READ, cut)

    in_context(work)
    database.pool.check()
    assert data("{ systems { totalCount } }") == {"systems": {"totalCount": 0}}


def test_many_requests_at_once_all_get_their_answer() -> None:
    body = {
        "query": "{ systems { totalCount } interfaces { nodes { id } } domains { totalCount } }"
    }
    answers = send_all([lambda client: client.post("/", json=body)] * 60)
    assert [answer.json()["data"]["systems"]["totalCount"] for answer in answers] == [0] * 60
