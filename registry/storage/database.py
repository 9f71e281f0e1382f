"""The database of this process: its pool, and the one way to open a transaction.

`unit_of_work()` belongs to the edges (flows, API, pages, command line). Rooms take the connection
they are given and never commit.
"""

import logging
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from registry.storage.connecting import (
    CONNECT_SECONDS_MAX,
    connect,
    describe,
    options_of,
    prepare_connection,
    unreachable,
)
from registry.storage.guarding import can_guard
from registry.storage.revisions import NOT_THERE, demand_release
from schemas.errors import DatabaseUnreachable, Misconfigured, StorageUnusable

# The pool reports every failed attempt; we tell the failure once, as an error with a remedy.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

SERVER_VERSION_MIN = 150000
# A page or flow chunk holds its connection well under this; longer means the pool is too small.
WAIT_SECONDS_MAX = 10.0
# After this long without a connection we ask the server itself, so that its end is told soon.
PATIENCE_SECONDS = 1.0
# A thread may take the idle connection that an event loop has just seen; the loop then loses this.
RACE_SECONDS_MAX = 0.05
# Failed reconnections are given up soon, because the next unit of work starts a fresh attempt:
# so the pool is whole again the moment the server is, not after a long back-off.
RECONNECT_SECONDS_MAX = 2.0


@dataclass(frozen=True, slots=True)
class Database:
    """An open database.

    Attributes:
        url: Its address, which may hold a password.
        pool: Its connections.
        is_guarded: Whether questions can be answered under the reader's role.
    """

    url: str = field(repr=False)
    pool: ConnectionPool[psycopg.Connection] = field(repr=False)
    is_guarded: bool = False

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """Lend a connection inside one transaction: committed at the end, else rolled back.

        Raises:
            DatabaseUnreachable: No connection can be had, or it broke on the way; in the latter
                case `facts["outcome"]` tells whether the changes may have been committed.
            StorageUnusable: The server's disk is full.
            WrongRelease: A statement named what the database lacks, because it is not of this
                release.
        """
        db = self._take()
        outcome = "rolled back"
        try:
            with db.transaction():
                yield db
                outcome = "unknown"
        except psycopg.errors.DiskFull as error:
            raise StorageUnusable(
                f"The disk of {describe(self.url)} is full; nothing was changed.",
                remedy="Make room on it and try again.",
            ) from error
        except NOT_THERE:
            demand_release(self.url)
            raise
        except psycopg.OperationalError as error:
            if not db.closed:
                raise
            raise unreachable(self.url, error, outcome=outcome) from error
        finally:
            self.pool.putconn(db)

    @contextmanager
    def settled(self, begin: bytes) -> Iterator[psycopg.Connection]:
        """Lend a connection inside a transaction that begins with settings, in one round trip.

        Args:
            begin: `BEGIN …; SET LOCAL …`; constants of ours, never a text of a user.

        Raises:
            DatabaseUnreachable: As `transaction`.
            WrongRelease: As `transaction`.
        """
        db = self._take()
        try:
            _at_once(db, begin)
            yield db
            _at_once(db, b"COMMIT")
        except NOT_THERE:
            demand_release(self.url)
            raise
        except psycopg.OperationalError as error:
            if not db.closed:
                raise
            raise unreachable(self.url, error, outcome="rolled back") from error
        finally:
            self.pool.putconn(db)  # which rolls back what has not ended

    def take_at_once(self) -> psycopg.Connection | None:
        """Take a connection for an event loop, which must not wait: one that is idle, or None.

        Whether its server is still there is not asked; `pool.putconn` gives it back. Who gets
        none goes the way of `transaction`, which waits, and mends what is broken.
        """
        if not self.pool.get_stats().get("pool_available"):
            return None
        try:
            return self.pool.getconn(timeout=RACE_SECONDS_MAX)
        except (PoolClosed, PoolTimeout):
            return None

    def close(self) -> None:
        """Close the pool; open transactions are rolled back by the server."""
        self.pool.close()

    def _take(self) -> psycopg.Connection:
        """Return a connection whose server is there."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while True:
            db = self._next(deadline)
            if _answers(db):
                return db
            db.close()
            self.pool.putconn(db)
            connect(self.url).close()  # raises where the server is gone
            self.pool.drain()  # its other connections ended together with this one

    def _next(self, deadline: float) -> psycopg.Connection:
        try:
            return self.pool.getconn(timeout=PATIENCE_SECONDS)
        except PoolClosed as error:
            raise Misconfigured("The database has been closed in this process.") from error
        except PoolTimeout:
            connect(self.url).close()  # raises where the server is the cause
        try:
            return self.pool.getconn(timeout=deadline - time.monotonic())
        except PoolTimeout as error:
            raise DatabaseUnreachable(
                f"All {self.pool.max_size} database connections of this process have been busy "
                f"for {WAIT_SECONDS_MAX:.0f} seconds.",
                remedy="Raise TOWNCLERK_POOL_SIZE, or find what holds them so long.",
                pool_size=self.pool.max_size,
            ) from error


def _at_once(db: psycopg.Connection, commands: bytes) -> None:
    """Run commands without parameters and results, with as little ado as libpq allows."""
    result = db.pgconn.exec_(commands)
    if result.status != ExecStatus.COMMAND_OK:
        raise error_from_result(result)


_current: Database | None = None


def open_database(url: str, *, pool_size: int, application_name: str = "townclerk") -> Database:
    """Connect, make the whole pool at once, and make it this process's database.

    Args:
        url: libpq URL or DSN.
        pool_size: Connections, all opened now; opening them later races under load.
        application_name: How the connections are named in pg_stat_activity.

    Raises:
        Misconfigured: Not a URL, or a server that is too old or not in UTF-8.
        DatabaseUnreachable: The server does not answer or refuses us.
    """
    global _current  # noqa: PLW0603  # one database per process is the contract of unit_of_work
    with connect(url, application_name=application_name) as first:
        _check_server(first)
        is_guarded = can_guard(first)
    pool = ConnectionPool(
        url,
        connection_class=psycopg.Connection,
        kwargs=options_of(url, application_name),
        min_size=pool_size,
        max_size=pool_size,
        open=False,
        configure=prepare_connection,
        timeout=WAIT_SECONDS_MAX,
        reconnect_timeout=RECONNECT_SECONDS_MAX,
        name=application_name,
    )
    try:
        pool.open(wait=True, timeout=CONNECT_SECONDS_MAX)
    except PoolTimeout as error:
        pool.close()
        connect(url).close()
        raise DatabaseUnreachable(
            f"{describe(url)} does not give us {pool_size} connections.",
            remedy="Lower TOWNCLERK_POOL_SIZE or raise the server's max_connections.",
            pool_size=pool_size,
        ) from error
    database = Database(url, pool, is_guarded)
    close_database()
    _current = database
    return database


def current_database() -> Database:
    """Return the database that this process opened.

    Raises:
        Misconfigured: None is open.
    """
    if _current is None:
        raise Misconfigured("No database is open in this process.")
    return _current


def has_database() -> bool:
    """Tell whether this process has an open database."""
    return _current is not None


def close_database() -> None:
    """Close this process's database, if one is open."""
    global _current
    database, _current = _current, None
    if database is not None:
        database.close()


@contextmanager
def unit_of_work() -> Iterator[psycopg.Connection]:
    """Open one transaction on the current database; commit at the end, roll back on an error.

    Raises:
        DatabaseUnreachable: No connection can be had, or it broke on the way.
    """
    with current_database().transaction() as db:
        yield db


def _check_server(db: psycopg.Connection) -> None:
    if db.info.server_version < SERVER_VERSION_MIN:
        raise Misconfigured(
            f"The database server is PostgreSQL {db.info.server_version // 10000}; 15 or newer "
            "is needed.",
            remedy="Upgrade the server, or unset DATABASE_URL to use the embedded one.",
        )
    row = db.execute("SHOW server_encoding").fetchone()
    if row != ("UTF8",):
        raise Misconfigured(
            f"The database stores text as {row[0] if row else 'unknown'}; UTF8 is needed.",
            remedy="Create it with ENCODING 'UTF8' and TEMPLATE template0.",
        )


def _answers(db: psycopg.Connection) -> bool:
    """Tell whether the server of an idle connection is still there.

    Only where there is something to read - the end of the stream, or a notice - do we spend a
    round trip on a real check.
    """
    if _is_quiet(db):
        return True
    try:
        ConnectionPool.check_connection(db)
    except psycopg.OperationalError:
        return False
    return True


def _is_quiet(db: psycopg.Connection) -> bool:
    """Tell whether a connection has nothing to read, as it is with an idle one."""
    watch = select.poll()
    watch.register(db.fileno(), select.POLLIN)
    return not watch.poll(0)
