"""Seats: as many questions are answered at once as there are connections for them; others wait."""

import asyncio
from collections import deque
from typing import Final

from registry.api.refusals import ServerBusy
from registry.storage.database import current_database

# Connections kept for the gate and the pages, so that questions cannot lock people out.
KEPT_CONNECTIONS: Final = 2
WAIT_SECONDS_MAX: Final = 10


class Seats:
    """The seats of one application; who waits holds no thread, and is served in turn.

    Use it within one event loop, as `async with seats:`.
    """

    def __init__(self) -> None:
        self._free: int | None = None  # the database is opened later
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        """Take a seat.

        Raises:
            ServerBusy: None became free in time.
        """
        if self._free is None:
            self._free = max(1, current_database().pool.max_size - KEPT_CONNECTIONS)
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        seat: asyncio.Future[None] = loop.create_future()
        self._waiting.append(seat)
        timer = loop.call_later(WAIT_SECONDS_MAX, _give_up, seat)
        try:
            await seat
        except asyncio.CancelledError:
            if seat.done() and not seat.cancelled() and seat.exception() is None:
                self._leave()  # it was given to us while we were being called away
            raise
        finally:
            timer.cancel()

    async def __aexit__(self, *_: object) -> None:
        """Leave the seat to who waits longest."""
        self._leave()

    def _leave(self) -> None:
        while self._waiting:
            seat = self._waiting.popleft()
            if not seat.done():
                seat.set_result(None)
                return
        assert self._free is not None
        self._free += 1


def _give_up(seat: "asyncio.Future[None]") -> None:
    if not seat.done():
        seat.set_exception(ServerBusy(f"No place was free for {WAIT_SECONDS_MAX} seconds."))
