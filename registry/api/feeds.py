"""Feeds: what an announcement is about is read once, and handed to everybody who subscribed.

Each subscription has a short queue. Who reads too slowly to keep it from filling is dropped; so
memory stays bounded, whoever subscribes.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import psycopg

from registry.storage.announcements import MISSED, Announcements
from registry.storage.database import unit_of_work
from schemas.errors import TownclerkError

E = TypeVar("E")

QUEUE_MAX: Final = 100  # events a client may lag behind; a page of a sync takes longer than one
WAITING_MAX: Final = 1000  # announcements that wait to be read; beyond it, everything is read anew
# Announcements that come together are read together; nobody sees a picture change faster.
TOGETHER_SECONDS: Final = 0.05

Read = Callable[[psycopg.Connection, Sequence[dict[str, Any]] | None], Sequence[E]]

logger = logging.getLogger("townclerk.api")


class TooSlow(TownclerkError):
    """A subscriber reads events more slowly than they come."""

    code = "subscriber_too_slow"
    remedy = "Subscribe anew; each subscription begins with how things stand."


class Feed(Generic[E]):
    """One topic's events; one task reads them all, so that nobody sees an older one after a newer.

    Args:
        announcements: Tells what changes.
        topic: Which announcements it is made of.
        read: From the facts of some announcements to events, in one transaction; None instead of
            facts asks how things stand, because somebody subscribed or something was missed.
    """

    def __init__(self, announcements: Announcements, topic: str, read: Read[E]) -> None:
        self._announcements = announcements
        self._topic = topic
        self._read = read
        self._subscribers: set[_Subscriber[E]] = set()
        self._newcomers: set[_Subscriber[E]] = set()
        self._waiting: list[dict[str, Any]] | None = []
        self._woken = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    async def events(self, drop: Callable[[], None]) -> AsyncIterator[E]:
        """Yield how things stand, and then every event.

        Args:
            drop: Called when the queue is full and nothing takes from it.

        Raises:
            TooSlow: Whoever iterates took too long.
        """
        subscriber = _Subscriber[E](drop)
        self._newcomers.add(subscriber)
        self._woken.set()
        if self._pump is None:
            self._pump = asyncio.create_task(self._run(), name=f"feed {self._topic}")
        try:
            while True:
                yield await subscriber.next()
        finally:
            self._subscribers.discard(subscriber)
            self._newcomers.discard(subscriber)
            if not self._subscribers and not self._newcomers:
                await self._stop()

    async def _stop(self) -> None:
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump

    async def _run(self) -> None:
        async with self._announcements.heard_by(self._topic, self._hear):
            while True:
                await self._woken.wait()
                await asyncio.sleep(TOGETHER_SECONDS)
                self._woken.clear()
                try:
                    await self._hand_out()
                except (TownclerkError, psycopg.Error):
                    # The database is gone; when it is back, the announcements say so.
                    logger.warning("events could not be read", extra={"topic": self._topic})

    def _hear(self, facts: Any) -> None:
        if facts == MISSED or (self._waiting is not None and len(self._waiting) >= WAITING_MAX):
            self._waiting = None
        elif self._waiting is not None:
            self._waiting.append(facts)
        self._woken.set()

    async def _hand_out(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting is None or waiting:
            for event in await asyncio.to_thread(self._ask, waiting):
                for subscriber in tuple(self._subscribers):
                    subscriber.put(event)
        newcomers = tuple(self._newcomers)
        if newcomers:
            for event in await asyncio.to_thread(self._ask, None):
                for subscriber in newcomers:
                    subscriber.put(event)
            arrived = self._newcomers.intersection(newcomers)  # some may have left meanwhile
            self._newcomers -= arrived
            self._subscribers |= arrived

    def _ask(self, waiting: list[dict[str, Any]] | None) -> Sequence[E]:
        with unit_of_work() as db:
            return self._read(db, waiting)


class _Subscriber(Generic[E]):
    """One subscription's queue."""

    def __init__(self, drop: Callable[[], None]) -> None:
        self._queue: asyncio.Queue[E] = asyncio.Queue(QUEUE_MAX)
        self._drop = drop
        self._is_dropped = False

    def put(self, event: E) -> None:
        """Add an event, or drop who does not take them."""
        if self._is_dropped:
            return
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._is_dropped = True
            self._drop()

    async def next(self) -> E:
        """Return the next event.

        Raises:
            TooSlow: It was dropped.
        """
        if self._is_dropped:
            raise TooSlow(f"More than {QUEUE_MAX} events were waiting for this subscription.")
        return await self._queue.get()
