"""One statement, asked by the event loop itself: settings, statement and end go out in one write.

No thread waits for the answer, and the database is visited once instead of three times. libpq's
pipeline makes one transaction of what lies before its end; settings that are local to a
transaction therefore hold for the statement and for nothing after it.
"""

import asyncio
import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

# The loop of asyncio on Windows cannot watch the socket of a library.
CAN_WATCH: Final = sys.platform != "win32"
PREPARED_MAX: Final = 100  # per connection, as psycopg has it; PostgreSQL keeps plans of 100 kB
CANCEL_SECONDS_MAX: Final = 2  # the statement's own limit ends it anyway

_FINE: Final = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a trip.

    Attributes:
        sql: With `$1` for the first value; a constant of ours or of a kept plan, because each
            connection prepares it once and keeps it.
        given: Its parameters as they are sent.
        types: What they are, by PostgreSQL's numbers; empty where the statement itself says.
        formats: How each is written; as text where nothing is said.
    """

    sql: bytes
    given: Sequence[Buffer | None] | None = None
    types: tuple[int, ...] = ()
    formats: Sequence[int] | None = None


def command(db: psycopg.Connection, sql: bytes, values: Sequence[Any]) -> Command:
    """Return a command with these values as its parameters.

    Raises:
        psycopg.DataError: PostgreSQL has no such value, e.g. a text with U+0000.
    """
    if not values:
        return Command(sql)
    writer = Transformer(db)
    given = writer.dump_sequence(values, [PyFormat.AUTO] * len(values))
    return Command(sql, given, tuple(writer.types or ()), writer.formats)


async def ask_in_one_trip(db: psycopg.Connection, commands: Sequence[Command]) -> list[PGresult]:
    """Run commands in a transaction of their own.

    Args:
        db: A connection that nobody else uses, outside a transaction.
        commands: What to run, in order; what fails ends them all.

    Returns:
        One result per command.

    Raises:
        psycopg.Error: As the server put it; `db.closed` where the connection broke.
        asyncio.CancelledError: The server was told to stop; the connection is closed.
    """
    try:
        return await _ask(db, commands)
    except psycopg.errors.InvalidSqlStatementName:
        _prepared.pop(db, None)  # after some errors psycopg drops all that a connection prepared
        return await _ask(db, commands)


async def _ask(db: psycopg.Connection, commands: Sequence[Command]) -> list[PGresult]:
    try:
        sent, results = await _asked(db, commands)
    except asyncio.CancelledError:
        stop = asyncio.to_thread(db.cancel_safe, timeout=CANCEL_SECONDS_MAX)
        await asyncio.shield(asyncio.ensure_future(stop))
        db.close()  # half an answer is still on its way
        raise
    except psycopg.OperationalError:
        db.close()
        raise
    for result in results:
        if result.status not in _FINE:
            _forget(db, sent, results)
            raise error_from_result(result)
    return [each for each in results if each.status == ExecStatus.TUPLES_OK]


_Key = tuple[bytes, tuple[int, ...]]
_prepared: WeakKeyDictionary[psycopg.Connection, OrderedDict[_Key, bytes]] = WeakKeyDictionary()
_numbers = count()


async def _asked(
    db: psycopg.Connection, commands: Sequence[Command]
) -> tuple[list[_Key | None], list[PGresult]]:
    """Send commands and wait for what comes.

    Returns:
        For each result what it prepared, or None; and the results.
    """
    pgconn, loop = db.pgconn, asyncio.get_running_loop()
    known = _prepared.get(db)
    if known is None:
        known = _prepared[db] = OrderedDict()
    pgconn.enter_pipeline_mode()
    sent: list[_Key | None] = []
    for each in commands:
        _send(pgconn, each, known, sent)
    pgconn.pipeline_sync()
    trip = _Trip(pgconn, loop.create_future())
    socket, is_long = pgconn.socket, pgconn.flush() == 1  # more than the socket takes at once
    loop.add_reader(socket, trip.read)
    if is_long:
        loop.add_writer(socket, trip.write, loop, socket)
    try:
        results = await trip.done
    finally:
        loop.remove_reader(socket)
        if is_long:
            loop.remove_writer(socket)
    pgconn.exit_pipeline_mode()
    return sent, results


def _send(
    pgconn: PGconn, command: Command, known: OrderedDict[_Key, bytes], sent: list[_Key | None]
) -> None:
    """Put a command into the pipeline, and before it what prepares it where nothing did yet."""
    key = (command.sql, command.types)
    name = known.get(key)
    if name is None:
        if len(known) >= PREPARED_MAX:
            pgconn.send_query_params(b"DEALLOCATE " + known.popitem(last=False)[1], None)
            sent.append(None)
        name = known[key] = b"townclerk_%d" % next(_numbers)
        pgconn.send_prepare(name, *key)
        sent.append(key)
    else:
        known.move_to_end(key)
    pgconn.send_query_prepared(name, command.given, command.formats)
    sent.append(None)


def _forget(
    db: psycopg.Connection, sent: Sequence[_Key | None], results: Sequence[PGresult]
) -> None:
    """Forget what was to be prepared, and was not."""
    for key, result in zip(sent, results, strict=False):
        if key is not None and result.status != ExecStatus.COMMAND_OK:
            _prepared[db].pop(key, None)


class _Trip:
    """The results of one trip as they come."""

    def __init__(self, pgconn: PGconn, done: "asyncio.Future[list[PGresult]]") -> None:
        self._pgconn = pgconn
        self._results: list[PGresult] = []
        self.done = done

    def read(self) -> None:
        """Take what has come."""
        if self.done.done():
            return
        pgconn = self._pgconn
        try:
            pgconn.consume_input()
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:  # between two commands
                    if pgconn.status != ConnStatus.BAD:
                        continue
                    self.done.set_exception(psycopg.OperationalError("the connection was lost"))
                    return
                if result.status == ExecStatus.PIPELINE_SYNC:
                    self.done.set_result(self._results)
                    return
                self._results.append(result)
        except psycopg.OperationalError as error:
            self.done.set_exception(error)

    def write(self, loop: asyncio.AbstractEventLoop, socket: int) -> None:
        """Send what the socket did not take before."""
        try:
            if self._pgconn.flush() == 0:
                loop.remove_writer(socket)
        except psycopg.OperationalError as error:
            if not self.done.done():
                self.done.set_exception(error)
