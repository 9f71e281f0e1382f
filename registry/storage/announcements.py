"""What the database announces: one listening connection per process, told to whoever wants to know.

Triggers announce by NOTIFY what has changed, by topic, with keys and counts. While nobody wants to
know there is no connection. When the server restarts we listen again, and tell everybody that
something may have been missed, because NOTIFY keeps nothing for those who are away.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Literal

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from registry.storage.connecting import connect_to_listen
from registry.storage.database import current_database
from schemas.errors import DatabaseUnreachable

CHANNEL: Final = "townclerk"
# A server restarts in seconds; asking more often than this helps nobody.
RETRY_SECONDS_MIN: Final = 0.2
RETRY_SECONDS_MAX: Final = 5.0
FIRST_SECONDS_MAX: Final = 15.0

MISSED: Final = "missed"
Heard = Callable[[dict[str, Any] | Literal["missed"]], None]

logger = logging.getLogger("townclerk.announcements")


class Announcement(msgspec.Struct, frozen=True):
    """One announcement as the database's function `announce` writes it."""

    topic: str
    facts: dict[str, Any]


def announce(db: psycopg.Connection, topic: str, facts: dict[str, Any] | None = None) -> None:
    """Announce something when the caller's transaction commits; for what no trigger can see.

    Args:
        db: The caller's connection; nothing is committed.
        topic: Who listens is asked by it, e.g. review.
        facts: Keys and counts; never values of customers.
    """
    db.execute("SELECT announce(%s, %s)", (topic, Jsonb(facts or {})))


class Announcements:
    """Listens for a process; use it within one event loop."""

    def __init__(self) -> None:
        self._hearers: dict[str, set[Heard]] = {}
        self._task: asyncio.Task[None] | None = None
        self._listens = asyncio.Event()

    @asynccontextmanager
    async def heard_by(self, topic: str, hear: Heard) -> AsyncIterator[None]:
        """Call `hear` with the facts of every announcement of a topic, until the block ends.

        When the block begins, the database is listened to: what is read inside it misses nothing
        that is announced. `hear` may not wait; `MISSED` tells it to look for itself.

        Raises:
            DatabaseUnreachable: It could not be listened to in time.
        """
        self._hearers.setdefault(topic, set()).add(hear)
        try:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._listen(), name="announcements")
            try:
                async with asyncio.timeout(FIRST_SECONDS_MAX):
                    await self._listens.wait()
            except TimeoutError as error:
                raise DatabaseUnreachable("The database does not tell us what changes.") from error
            yield
        finally:
            self._hearers[topic].discard(hear)
            if not any(self._hearers.values()):
                await self._stop()

    async def _stop(self) -> None:
        task, self._task = self._task, None
        self._listens.clear()
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        wait = RETRY_SECONDS_MIN
        lost = False
        while True:
            try:
                async with await connect_to_listen(current_database().url) as db:
                    await db.execute(f"LISTEN {CHANNEL}")
                    if lost:
                        logger.info("listening to the database again")
                        self._tell_all_that_something_was_missed()
                    self._listens.set()
                    wait, lost = RETRY_SECONDS_MIN, False
                    async for notification in db.notifies():
                        self._tell(notification.payload)
            except psycopg.OperationalError:
                if not lost:
                    logger.warning("the database does not tell us what changes; trying again")
                lost = True
            self._listens.clear()
            await asyncio.sleep(wait)
            wait = min(wait * 2, RETRY_SECONDS_MAX)

    def _tell(self, payload: str) -> None:
        try:
            told = msgspec.json.decode(payload, type=Announcement)
        except msgspec.DecodeError:
            logger.warning("somebody else speaks on our channel", extra={"channel": CHANNEL})
            return
        for hear in tuple(self._hearers.get(told.topic, ())):
            hear(told.facts)

    def _tell_all_that_something_was_missed(self) -> None:
        for hearers in tuple(self._hearers.values()):
            for hear in tuple(hearers):
                hear(MISSED)
