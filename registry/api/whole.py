"""A whole answer by one statement: its transaction, its limits, and its bytes as they came.

The event loop asks by itself, in one trip to the database. Only where a parameter has to be
reckoned first, or no connection is idle, a thread does it, in three.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.pq.abc import PGresult

from registry.api.refusals import AnswerTooLarge, AnswerTooSlow
from registry.storage import guarding
from registry.storage.asking import CAN_WATCH, CANCEL_SECONDS_MAX, Command, ask_in_one_trip, command
from registry.storage.database import Database, current_database
from registry.storage.guarding import for_purpose, guard
from registry.storage.readable import Recalled, recalled, reckoned
from registry.storage.revisions import NOT_THERE
from schemas.access import Scope
from schemas.errors import TownclerkError

ANSWER_BYTES_MAX: Final = 2_000_000  # more is not read by a person, nor parsed by a page at once
# A page of ours takes milliseconds; a clean stop of the server may not wait longer than this.
STATEMENT_SECONDS_MAX: Final = 1.8  # so that the whole answer is there, or refused, within two
SCOPE_SETS_MAX: Final = 100  # tokens and purposes of one town differ less than that
CHECKED_MAX: Final = 50  # few questions recall anything
_HOLDS: Final = b"f"  # as PostgreSQL writes false
IN_TIME: Final = f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS_MAX}s'"


def capped(entries: str) -> str:
    """Return the statement of an answer: its text, or null and its bytes where there are too many.

    The database measures what it made, so that what is too large never reaches this process.

    Args:
        entries: `SELECT … AS name, …` of the answer's fields.
    """
    text = f"SELECT row_to_json(o)::text AS told FROM ({entries}) AS o OFFSET 0"  # made once
    told = f"CASE WHEN octet_length(a.told) <= {ANSWER_BYTES_MAX} THEN a.told END"
    return f"SELECT {told}, octet_length(a.told) FROM ({text}) AS a"


class NotReckoned(Exception):  # never leaves registry.api, so it is no error of ours
    """A parameter that is reckoned late makes no sense; the executor says which field has it."""


async def whole_answer(
    scopes: frozenset[Scope], purpose: str, sql: bytes, values: Sequence[Any]
) -> bytes:
    """Run the one statement that a whole answer was compiled to.

    Args:
        scopes: Of who asks.
        purpose: Its name, or empty.
        sql: As `capped` makes it, with `$1` for the first value.
        values: Its parameters.

    Returns:
        The text as it came over the wire.

    Raises:
        AnswerTooLarge: It is longer than `ANSWER_BYTES_MAX`.
        AnswerTooSlow: The database took too long.
        InvalidInput: The purpose is not a name.
        NotReckoned: The executor has to answer.
    """
    database = current_database()
    try:
        text = await _at_once(
            database, _settings(scopes, database.is_guarded, purpose), sql, values
        )
        if text is not None:
            return text
        begin = _beginning(scopes, database.is_guarded, purpose)
        return await _in_a_thread(database, begin, sql, values)
    except psycopg.errors.QueryCanceled as error:
        raise too_slow() from error
    except psycopg.errors.ProgramLimitExceeded as error:
        raise AnswerTooLarge("The answer is longer than the database can put together.") from error


async def _at_once(
    database: Database, settings: Command, sql: bytes, values: Sequence[Any]
) -> bytes | None:
    """Ask in one trip; None where that cannot be, or what was recalled holds no more."""
    db = database.take_at_once() if CAN_WATCH else None
    if db is None:
        return None
    try:
        known = _recalled(db, values)
        if known is None:
            return None
        given, memory = known
        if memory is not None:
            sql, given = _with_check(sql, len(given), memory.stale), [*given, memory.stamp]
        *_, result = await ask_in_one_trip(db, (settings, command(db, sql, given)))
        return None if memory is not None and result.get_value(0, 2) != _HOLDS else _text(result)
    except NOT_THERE:
        return None  # the other way tells whether the database belongs to another release
    except psycopg.OperationalError:
        if not db.closed:
            raise
        return None  # its server went away, and the other way waits for it
    finally:
        database.pool.putconn(db)


@lru_cache(CHECKED_MAX)
def _with_check(sql: bytes, count: int, stale: str) -> bytes:
    """Return a statement that also tells whether what was recalled holds no more."""
    told = f", {stale.format(stamp=f'${count + 1}')} FROM (".encode()
    return b"SELECT o.*" + told + sql + b") AS o"


async def _in_a_thread(
    database: Database, begin: bytes, sql: bytes, values: Sequence[Any]
) -> bytes:
    """Wait in a thread: for a connection, or for a parameter that is reckoned on one."""
    at_work: list[psycopg.Connection] = []

    def ask() -> bytes:
        with database.settled(begin) as db:
            at_work.append(db)
            try:
                given = _reckoned(db, values)
                result = psycopg.RawCursor(db).execute(sql, given).pgresult
            finally:
                at_work.clear()
        assert result is not None  # it was a SELECT
        return _text(result)

    try:
        return await asyncio.to_thread(ask)
    except asyncio.CancelledError:
        for db in at_work:  # nobody waits for that answer
            stop = asyncio.to_thread(db.cancel_safe, timeout=CANCEL_SECONDS_MAX)
            await asyncio.shield(asyncio.ensure_future(stop))
        raise


def _text(result: PGresult) -> bytes:
    """Return the text of an answer."""
    text = result.get_value(0, 0)
    if text is None:
        raise too_large(int(result.get_value(0, 1) or 0))
    return text


def _recalled(
    db: psycopg.Connection, values: Sequence[Any]
) -> tuple[list[Any], Recalled | None] | None:
    try:
        return recalled(db, values)
    except TownclerkError as error:
        raise NotReckoned from error


def _reckoned(db: psycopg.Connection, values: Sequence[Any]) -> list[Any]:
    try:
        return reckoned(db, values)
    except TownclerkError as error:
        raise NotReckoned from error


def too_large(size: int) -> AnswerTooLarge:
    """Return the refusal of an answer of so many bytes."""
    return AnswerTooLarge(f"The answer has {size} bytes; {ANSWER_BYTES_MAX} are allowed.")


def too_slow() -> AnswerTooSlow:
    """Return the refusal of a statement that took too long."""
    return AnswerTooSlow(f"The database needed more than {STATEMENT_SECONDS_MAX} seconds.")


@lru_cache(SCOPE_SETS_MAX)
def _settings(scopes: frozenset[Scope], is_guarded: bool, purpose: str) -> Command:  # cached
    """Return what begins the trip of a whole answer."""
    for_purpose(purpose)  # refuses what is no name
    settings = guarding.settings(is_guarded=is_guarded, seconds_max=STATEMENT_SECONDS_MAX)
    return Command(settings, (guarding.named(scopes).encode(), purpose.encode()))


@lru_cache(SCOPE_SETS_MAX)
def _beginning(scopes: frozenset[Scope], is_guarded: bool, purpose: str) -> bytes:  # cached
    """Return what begins the transaction of a whole answer in a thread."""
    begin = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;{IN_TIME};{for_purpose(purpose)};"
    return (begin + (guard(scopes) if is_guarded else "")).encode()
