"""Five hundred subscriptions hold, and one that takes nothing ends without harm to the others."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import psutil
import psycopg
import pytest

from benchmarks.figures import Figure, keep
from registry.api import feeds
from registry.api.schema import graphql_app
from registry.storage.database import unit_of_work
from tests import factories
from tests.integration.api.asking import EVERY_SCOPE, Door
from tests.integration.api.following import connected, served

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("database")]

SUBSCRIPTIONS = 500
PER_CONNECTION = 2
EVENTS = 5
BYTES_EACH_MAX = 400 * 1024  # both ends live in this process
LANDSCAPE = "subscription { landscapeChanges { what change count urns } }"


def committed(do: Callable[[psycopg.Connection], Any]) -> Any:
    with unit_of_work() as db:
        return do(db)


def test_five_hundred_subscriptions_all_hear_every_event() -> None:
    async def run() -> tuple[int, float]:
        app = graphql_app()
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(served(Door(app, EVERY_SCOPE)))
            before = psutil.Process(os.getpid()).memory_info().rss
            followers = []
            for _ in range(SUBSCRIPTIONS // PER_CONNECTION):
                follower = await stack.enter_async_context(connected(url))
                await follower.begin()
                for name in range(PER_CONNECTION):
                    await follower.follow(LANDSCAPE, str(name))
                followers.append(follower)
            for follower in followers:
                for _ in range(PER_CONNECTION):
                    assert (await follower.event())["change"] == "MISSED"
            heard = 0
            for number in range(EVENTS):
                committed(lambda db, n=number: factories.an_element(db, urn=f"urn:test:{n}"))
                for follower in followers:
                    for _ in range(PER_CONNECTION):
                        assert (await follower.event())["urns"] == [f"urn:test:{number}"]
                        heard += 1
            after = psutil.Process(os.getpid()).memory_info().rss
            assert sum(len(socket.operations) for socket in app.sockets) == SUBSCRIPTIONS
            return heard, (after - before) / SUBSCRIPTIONS

    begun = time.process_time()
    heard, bytes_each = asyncio.run(run())
    how = f"{PER_CONNECTION} on each WebSocket; {EVENTS} changes, both ends in one process"
    figures = [
        Figure(
            "subscriptions that all heard every event",
            heard / EVENTS,
            "",
            f">= {SUBSCRIPTIONS}",
            how,
        ),
        Figure(
            "memory of a subscription",
            bytes_each / 1024,
            "kB",
            f"<= {BYTES_EACH_MAX // 1024}",
            "the client's end counted, too",
        ),
        Figure("CPU of the whole run", time.process_time() - begun, "s", "", how),
    ]
    keep("graphql_subscriptions", figures, "make conformance")
    assert heard == SUBSCRIPTIONS * EVENTS
    assert bytes_each < BYTES_EACH_MAX


def test_who_does_not_take_events_is_dropped_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "QUEUE_MAX", 5)
    monkeypatch.setattr(feeds, "TOGETHER_SECONDS", 0)
    wide = "x" * 100

    many = (
        "INSERT INTO element SELECT gen_random_uuid(),"
        " 'urn:test:' || gen_random_uuid() || repeat('x', 120), 'system',"
        " 'n', '', '{}', 1, now(), now() FROM generate_series(1, 20)"
    )

    async def run() -> int:
        app = graphql_app()

        def following() -> int:
            return sum(bool(socket.operations) for socket in app.sockets)

        async with (
            served(Door(app, EVERY_SCOPE)) as url,
            connected(url, max_queue=1) as slow,
            connected(url) as quick,
        ):
            for follower in (slow, quick):
                await follower.begin()
            slow.socket.transport.pause_reading()
            names = " ".join(f"{wide}{number}: urns" for number in range(20))
            await slow.follow(f"subscription {{ landscapeChanges {{ count {names} }} }}")
            await quick.follow(LANDSCAPE)
            await quick.event()
            while following() == 2:
                committed(lambda db: db.execute(many))
                assert (await quick.event())["count"] == 20
            slow.socket.transport.abort()
            return following()

    assert asyncio.run(run()) == 1
