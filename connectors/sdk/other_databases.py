"""Read databases other than PostgreSQL, through SQLAlchemy; the only module here that knows it.

SQLite is always there; MySQL, SQL Server and Oracle come as extras. Every page is a short query
that is rolled back, found by its key, so no cursor stays open at the source between pages.
Why this one module may see SQLAlchemy: docs/decisions/0008.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import create_engine, event, or_, select, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import ColumnElement, Select, literal_column

from connectors.sdk.addresses import CONNECT_SECONDS_MAX, checked_addresses
from connectors.sdk.auth import BasicAuth
from connectors.sdk.databases import MESSAGE_CHARACTERS_MAX, PageQuery
from connectors.sdk.retries import Hiccup
from connectors.sdk.source import Source
from connectors.sdk.values import as_datetime
from schemas.errors import GiveUp, InvalidInput, Misconfigured


class Dialect(NamedTuple):
    """What we know of one database.

    Attributes:
        driver: SQLAlchemy's name of dialect and driver.
        extra: Our extra that brings the driver; empty where none is needed.
        port: Where it listens.
        read_only: What makes a transaction read-only, where there is such a thing.
    """

    driver: str
    extra: str
    port: int
    read_only: str = ""


DIALECTS = {
    "sqlite": Dialect("sqlite+pysqlite", "", 0, "PRAGMA query_only = ON"),
    "mysql": Dialect("mysql+pymysql", "mysql", 3306, "SET SESSION TRANSACTION READ ONLY"),
    "mariadb": Dialect("mariadb+pymysql", "mysql", 3306, "SET SESSION TRANSACTION READ ONLY"),
    "mssql": Dialect("mssql+pymssql", "mssql", 1433),
    "oracle": Dialect("oracle+oracledb", "oracle", 1521, "SET TRANSACTION READ ONLY"),
}

LOCK_SECONDS = 0.5
"""How long to wait for somebody who writes into an SQLite file, before the usual tries."""

SQLITE_MAGIC = b"SQLite format 3\0"

_STUMBLES = re.compile(r"locked|busy|lost connection|gone away|closed", re.IGNORECASE)


class DriverMissing(Misconfigured):
    """The driver of a database is not installed."""

    code = "driver_missing"
    remedy = "Install Townclerk with the extra that the message names."


class OtherDatabase:
    """One database of a source, by SQLAlchemy, in threads."""

    tag: ClassVar[str] = "typed-keyset"

    def __init__(self, source: Source) -> None:
        self._source = source
        self._engine: Engine | None = None

    def written(self, key: Any) -> str:
        """Write a key with its type."""
        return write_key(key)

    async def rows(
        self, query: PageQuery, seconds: float
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run one query; the first column of each row is its key.

        Raises:
            Hiccup: Another try may help.
            GiveUp: A person has to look.
        """
        if self._engine is None:
            self._engine = await _engine(self._source)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.to_thread(_run, self._engine, query)
        except TimeoutError:
            raise Hiccup(f"no whole answer within {seconds:g} seconds") from None
        except SQLAlchemyError as error:
            raise _broken(error, self._source.key) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)
            self._engine = None


def write_key(value: Any) -> str:
    """Write a key with its type, so that it is compared as what it is."""
    for sign, (kind, write, _) in _KEYS.items():
        if type(value) is kind:
            return f"{sign}{write(value)}"
    raise GiveUp(
        "The column that orders the pages is of a type that cannot be gone on from.",
        remedy="Name a column of numbers or text as `keyset`.",
    )


def read_key(written: str) -> Any:
    """Read a key back."""
    return _KEYS[written[0]][2](written[1:])


_KEYS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "i": (int, str, int),
    "s": (str, str, str),
    "d": (Decimal, str, Decimal),
    "m": (datetime, datetime.isoformat, datetime.fromisoformat),
    "u": (UUID, str, UUID),
    "b": (bytes, bytes.hex, bytes.fromhex),
    "f": (float, repr, float),
}


def page_statement(query: PageQuery, dialect: SqlDialect) -> Select[Any]:
    """Compose the statement of one page in the words of a database."""
    quoted = dialect.identifier_preparer.quote
    key: ColumnElement[Any] = literal_column(f"page.{quoted(query.keyset)}")
    bare = query.select.strip().rstrip(";").replace(":", "\\:")
    statement = select(key.label("townclerk_key"), literal_column("page.*")).select_from(
        text(f"(\n{bare}\n) page")
    )
    tests: list[ColumnElement[bool]] = [key.is_(None) if query.keyless else key.is_not(None)]
    if query.after is not None:
        tests.append(key > read_key(query.after))
    if query.column is not None and query.bound is not None:
        column: ColumnElement[Any] = literal_column(f"page.{quoted(query.column)}")
        tests.append(or_(column.is_(None), column >= _bound(dialect, query.bound)))
    return statement.where(*tests).order_by(key).limit(query.rows)


def _run(engine: Engine, query: PageQuery) -> tuple[list[str], list[tuple[Any, ...]]]:
    with engine.connect() as database:
        found = database.execute(page_statement(query, engine.dialect))
        names = [str(name) for name in found.keys()]  # noqa: SIM118  # a result is no mapping
        rows = [tuple(row) for row in found]
        database.rollback()
    return names, rows


def _bound(dialect: SqlDialect, bound: str) -> Any:
    """Return a change mark as the database compares it; SQLite knows moments as text only."""
    if dialect.name == "sqlite":
        return bound
    moment = as_datetime(bound)
    return moment.replace(tzinfo=None) if moment is not None else bound


async def _engine(source: Source) -> Engine:
    try:
        address = make_url(source.base_url)
    except ArgumentError:
        raise InvalidInput("The registered address is no address of a database.") from None
    dialect = DIALECTS.get(address.get_backend_name())
    if dialect is None or address.drivername != address.get_backend_name():
        raise InvalidInput(
            "The registered address is of no database we read.",
            remedy=f"It begins with postgresql, {', '.join(DIALECTS)} and names no driver.",
        )
    if address.password is not None:
        raise InvalidInput("The registered address must hold no password; sign in with `auth`.")
    if address.get_backend_name() == "sqlite":
        return _sqlite(address)
    return _made(await _checked(source, address, dialect), dialect)


def _sqlite(address: URL) -> Engine:
    """Open a file read-only; SQLAlchemy would make one that is not there."""
    import sqlite3

    path = Path(address.database or "")
    if not path.is_absolute() or address.query or address.host:
        raise InvalidInput("The registered address must be a file, as in sqlite:////srv/x.db.")
    try:
        with path.open("rb") as file:
            if file.read(len(SQLITE_MAGIC)) != SQLITE_MAGIC:
                raise GiveUp(f"{path.name} is no SQLite database.")
    except OSError as error:
        raise GiveUp(f"The database {path} cannot be opened: {error.strerror}.") from None
    uri = f"{path.as_uri()}?mode=ro"

    def connect() -> Any:
        return sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS)

    return _made_by("sqlite+pysqlite://", connect, DIALECTS["sqlite"])


async def _checked(source: Source, address: URL, dialect: Dialect) -> URL:
    """Pin the address that was checked; a name is asked for once."""
    if not (source.internal or source.loopback):
        raise InvalidInput(
            "A database of this kind is read inside our own walls only.",
            remedy="Register the interface as internal, or read the system in another way.",
        )
    if not address.host or address.query.keys() - {"service_name"}:
        raise InvalidInput("The registered address must name one host, and no options.")
    port = address.port or dialect.port
    found = await checked_addresses(
        address.host, port, internal=source.internal, loopback=source.loopback
    )
    auth = source.spec.auth
    if not isinstance(auth, BasicAuth):
        raise InvalidInput("A database wants an account: `auth: {type: basic, …}`.")
    return address.set(
        drivername=dialect.driver,
        host=found[0],
        port=port,
        username=auth.username,
        password=source.secret(auth.secret).get_secret_value(),
    )


def _made(address: URL, dialect: Dialect) -> Engine:
    waits = {"mysql": {"connect_timeout": int(CONNECT_SECONDS_MAX)}}.get(dialect.extra, {})
    try:
        engine = create_engine(address, pool_size=1, max_overflow=0, connect_args=waits)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise DriverMissing(
            f"The driver {dialect.driver} is missing: pip install 'townclerk[{dialect.extra}]'."
        ) from None
    return _guarded(engine, dialect)


def _made_by(name: str, connect: Callable[[], Any], dialect: Dialect) -> Engine:
    return _guarded(create_engine(name, creator=connect, poolclass=NullPool), dialect)


def _guarded(engine: Engine, dialect: Dialect) -> Engine:
    if dialect.read_only:

        @event.listens_for(engine, "begin")
        def only_read(database: Any) -> None:
            database.exec_driver_sql(dialect.read_only)

    return engine


def _broken(error: SQLAlchemyError, who: str) -> Exception:
    """Tell a fault that a person must mend from one that another try may mend.

    SQLAlchemy's own words quote statement and values; only the driver's first line is shown.
    """
    words = str(getattr(error, "orig", "") or "")
    stumbled = isinstance(error, DBAPIError) and error.connection_invalidated
    if stumbled or (
        isinstance(error, OperationalError | InterfaceError) and _STUMBLES.search(words)
    ):
        return Hiccup("the database stumbled")
    if isinstance(error, OperationalError) and _cannot_connect(error):
        return Hiccup("the database takes no connection or refuses to let us in")
    first = (words.splitlines() or [""])[0][:MESSAGE_CHARACTERS_MAX]
    return GiveUp(
        f"{who}: the database refuses the statement: {first}.",
        remedy="Correct `select`, `keyset` or `incremental`, or give the account the right.",
    )


def _cannot_connect(error: OperationalError) -> bool:
    """Tell a fault before there was a statement."""
    return error.statement is None
