"""Seats: given in turn, not lost by those who leave the queue, and refused after a while."""

import asyncio

import pytest

from registry.api import seats as seats_module
from registry.api.refusals import ServerBusy
from registry.api.seats import KEPT_CONNECTIONS, Seats
from registry.storage.database import Database


def test_who_waits_is_served_in_turn_and_who_leaves_takes_no_seat_along(
    database: Database,
) -> None:
    async def run() -> list[int]:
        seats, served = Seats(), list[int]()
        room = max(1, database.pool.max_size - KEPT_CONNECTIONS)
        go = asyncio.Event()

        async def sit(number: int) -> None:
            async with seats:
                served.append(number)
                await go.wait()

        first = [asyncio.create_task(sit(number)) for number in range(room)]
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(sit(room + number)) for number in range(3)]
        await asyncio.sleep(0)
        assert served == list(range(room))
        waiting[0].cancel()
        first[0].cancel()
        await asyncio.gather(first[0], waiting[0], return_exceptions=True)
        go.set()
        await asyncio.gather(*first[1:], *waiting[1:])
        async with asyncio.timeout(1):
            for _ in range(room):
                async with seats:
                    pass
        return served[room:]

    room = max(1, database.pool.max_size - KEPT_CONNECTIONS)
    assert asyncio.run(run()) == [room + 1, room + 2]


def test_a_seat_that_comes_while_one_is_called_away_goes_to_the_next(database: Database) -> None:
    async def run() -> None:
        seats = Seats()
        room = max(1, database.pool.max_size - KEPT_CONNECTIONS)
        for _ in range(room):
            await seats.__aenter__()
        called = asyncio.create_task(seats.__aenter__())
        await asyncio.sleep(0)
        await seats.__aexit__(None, None, None)  # the seat is given, but not yet taken
        called.cancel()
        with pytest.raises(asyncio.CancelledError):
            await called
        async with asyncio.timeout(1), seats:
            pass

    asyncio.run(run())


def test_who_waits_too_long_is_told_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats_module, "WAIT_SECONDS_MAX", 0.01)

    async def run() -> None:
        seats = Seats()
        for _ in range(max(1, database.pool.max_size - KEPT_CONNECTIONS)):
            await seats.__aenter__()
        with pytest.raises(ServerBusy):
            await seats.__aenter__()

    asyncio.run(run())
