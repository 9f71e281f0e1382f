"""Connect to a source's database: only to the registered host, only with what the file allows.

libpq takes settings from many places (environment, service files, password files); a source
must get none of them, because they belong to our own database.
"""

import asyncio
from typing import Any, ClassVar, NamedTuple

import psycopg
from psycopg import conninfo, sql
from psycopg.abc import AdaptContext, Buffer, Loader
from psycopg.adapt import Loader as BaseLoader
from psycopg.pq import Format

from connectors.sdk.addresses import CONNECT_SECONDS_MAX, checked_addresses, checked_socket
from connectors.sdk.auth import BasicAuth
from connectors.sdk.retries import Hiccup
from connectors.sdk.source import Source
from schemas.errors import GiveUp, InvalidInput

PORT_DEFAULT = 5432

MESSAGE_CHARACTERS_MAX = 300
"""Enough of PostgreSQL's complaint about a statement to find the fault."""

_ADDRESS_PARTS = frozenset({"host", "port", "dbname", "user", "sslmode", "sslrootcert"})
_ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
_TIME_TYPES = ("date", "timestamp", "timestamptz", "time", "timetz", "interval")
_SIGN_IN_FAULTS = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
)


Row = tuple[Any, ...]


class PageQuery(NamedTuple):
    """One page of a SELECT, found by its key.

    Attributes:
        select: The connector file's own statement.
        keyset: Column that orders the pages.
        rows: Rows wanted.
        column: Column with the moment of the last change, where only changes are wanted.
        bound: Lowest change mark wanted.
        after: Key to go on after.
        keyless: Ask for the rows that have no key instead.
    """

    select: str
    keyset: str
    rows: int
    column: str | None = None
    bound: str | None = None
    after: str | None = None
    keyless: bool = False


class PostgresDatabase:
    """One PostgreSQL database of a source."""

    tag: ClassVar[str] = "keyset"

    def __init__(self, source: Source) -> None:
        self._source = source
        self._database: psycopg.AsyncConnection[Row] | None = None

    def written(self, key: Any) -> str:
        """Return a key as it is; the query asks for it as text."""
        return str(key)

    async def rows(self, query: PageQuery, seconds: float) -> tuple[list[str], list[Row]]:
        """Run one query in a read-only transaction of its own.

        Raises:
            Hiccup: Another try may help.
            GiveUp: A person has to look.
        """
        try:
            async with asyncio.timeout(seconds):
                if self._database is None or self._database.closed:
                    self._database = await open_database(self._source)
                return await _run(self._database, query, seconds)
        except TimeoutError:
            await self.close()
            raise Hiccup(f"no whole answer within {seconds:g} seconds") from None
        except psycopg.Error as error:
            await self.close()
            raise broken(error, self._source.key) from None

    async def close(self) -> None:
        """Close the connection."""
        if self._database is not None:
            await self._database.close()
            self._database = None


async def _run(
    database: psycopg.AsyncConnection[Row], query: PageQuery, seconds: float
) -> tuple[list[str], list[Row]]:
    statement, parameters = _statement(query)
    async with database.transaction():
        await database.execute(
            """SELECT set_config('statement_timeout', %s, true),
                      set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
                      set_config('IntervalStyle', 'postgres', true)""",
            [str(int(seconds * 1000))],
        )
        cursor = await database.execute(statement, parameters)
        rows = await cursor.fetchall()
    return [column.name for column in cursor.description or ()], rows


def _statement(query: PageQuery) -> tuple[sql.Composed, list[Any]]:
    """Compose the statement.

    What stands in the connector file runs read-only and cannot leave its brackets, because with
    parameters PostgreSQL takes exactly one statement.
    """
    key = sql.Identifier("page", query.keyset)
    tests = [sql.SQL("{} IS NULL" if query.keyless else "{} IS NOT NULL").format(key)]
    parameters = list[Any]()
    if query.after is not None:
        tests.append(sql.SQL("{} > %s").format(key))
        parameters.append(query.after)
    if query.column is not None:
        bound = sql.SQL("({c} IS NULL OR {c} >= %s::timestamptz)")
        tests.append(bound.format(c=sql.Identifier("page", query.column)))
        parameters.append(query.bound)
    text = query.select.strip().rstrip(";").replace("%", "%%")
    statement = sql.SQL(
        "SELECT {key}::text, page.* FROM {select} WHERE {tests} ORDER BY {key} LIMIT %s"
    ).format(
        key=key,
        select=sql.SQL(f"(\n{text}\n) AS page"),
        tests=sql.SQL(" AND ").join(tests),
    )
    return statement, [*parameters, query.rows]


async def open_database(source: Source) -> psycopg.AsyncConnection[tuple[Any, ...]]:
    """Connect to the database of a source, read-only.

    Raises:
        InvalidInput: The registered address is not usable.
        AddressRefused: It leads where we must not go.
    """
    settings = _settings(source)
    host = settings["host"]
    if host.startswith(("/", "@")):
        checked_socket(host, loopback=source.loopback)
    else:
        found = await checked_addresses(
            host, int(settings["port"]), internal=source.internal, loopback=source.loopback
        )
        settings["host"] = ",".join([host] * len(found))
        settings["hostaddr"] = ",".join(found)
    if isinstance(source.spec.auth, BasicAuth):
        settings["password"] = source.secret(source.spec.auth.secret).get_secret_value()
    database = await psycopg.AsyncConnection.connect(**settings, prepare_threshold=None)
    await database.set_read_only(True)
    for name in _TIME_TYPES:
        _load_wide(database, name)
    return database


def _load_wide(database: psycopg.AsyncConnection[Any], type_name: str) -> None:
    """Load what Python's calendar cannot hold as text, so that one value never costs a page.

    PostgreSQL knows infinity, years BC and years after 9999; as text they reach the mapping,
    which rejects the one record if it needs the field.
    """
    oid = psycopg.adapters.types[type_name].oid
    found = database.adapters.get_loader(oid, Format.TEXT)
    assert found is not None  # psycopg brings a loader for each of these types
    usual: type[Loader] = found

    class WideLoader(BaseLoader):
        def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._usual: Loader = usual(oid, context)

        def load(self, data: Buffer) -> Any:
            try:
                return self._usual.load(data)
            except psycopg.DataError:
                return bytes(data).decode()

    database.adapters.register_loader(oid, WideLoader)


def _settings(source: Source) -> dict[str, Any]:
    try:
        address = conninfo.conninfo_to_dict(source.base_url)
    except psycopg.ProgrammingError:
        raise InvalidInput("The registered address is no PostgreSQL address.") from None
    strange = sorted(set(address) - _ADDRESS_PARTS)
    if strange:
        raise InvalidInput(
            f"The registered address may not hold: {', '.join(strange)}.",
            remedy="Leave only host, port, dbname, user, sslmode and sslrootcert in it.",
        )
    host = str(address.get("host") or "")
    if not host or "," in host or not address.get("dbname"):
        raise InvalidInput("The registered address must name one host and one database.")
    port = str(address.get("port") or PORT_DEFAULT)
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise InvalidInput("The port in the registered address is no number below 65536.")
    walls = source.internal or source.loopback
    mode = str(address.get("sslmode") or ("prefer" if walls else "verify-full"))
    if mode not in _ENCRYPTED and not walls:
        raise InvalidInput("A password would cross the internet unencrypted; use sslmode=require.")
    if mode.startswith("verify") and not address.get("sslrootcert"):
        address["sslrootcert"] = "system"
    auth = source.spec.auth
    user = auth.username if isinstance(auth, BasicAuth) else str(address.get("user") or "")
    if not user:
        raise InvalidInput("Neither the address nor `auth` names the user to sign in as.")
    return {
        **address,
        "host": host,
        "port": port,
        "sslmode": mode,
        "user": user,
        "password": "",  # never PGPASSWORD, which is our own
        "passfile": "/nonexistent",
        "options": "",
        "gssencmode": "disable",
        "connect_timeout": str(int(CONNECT_SECONDS_MAX)),
        "application_name": "townclerk",
    }


def broken(error: psycopg.Error, who: str) -> Exception:
    """Tell a fault that a person must mend from one that another try may mend."""
    state = error.sqlstate or ""
    if not state and isinstance(error, psycopg.DataError):
        return GiveUp(
            f"{who}: the database holds a value that cannot be read here.",
            remedy="Find the column by leaving columns out of `select`, and cast it to text there.",
        )
    if not state:
        text = str(error)
        if any(fault in text for fault in _SIGN_IN_FAULTS):
            return GiveUp(
                f"{who}: the database refuses to let us in.",
                remedy="Check the address, the `auth` part and the secret it names.",
            )
        return Hiccup("the database takes no connection or broke it off")
    if state.startswith("42"):
        message = (error.diag.message_primary or "")[:MESSAGE_CHARACTERS_MAX]
        return GiveUp(
            f"{who}: the database refuses the statement ({state}): {message}.",
            remedy="Correct `select`, `keyset` or `incremental`, or give the account the right.",
        )
    if state.startswith(("08", "40", "53", "55", "57", "58")):
        return Hiccup(f"the database stumbled ({state})")
    return GiveUp(
        f"{who}: the database could not run the statement ({state}).",
        remedy="Run the statement there with the same account to see its message.",
    )
