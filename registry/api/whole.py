"""A whole answer by one statement: its transaction, its limits, and its bytes as they came.

One thread and one connection per answer, three trips to the database: the settings of the
transaction, the statement, the end.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import psycopg

from registry.api.refusals import AnswerTooLarge, AnswerTooSlow
from registry.storage.database import current_database
from registry.storage.guarding import guard
from registry.storage.readable import reckoned
from schemas.access import Scope
from schemas.errors import TownclerkError

ANSWER_BYTES_MAX: Final = 2_000_000  # more is not read by a person, nor parsed by a page at once
# A page of ours takes milliseconds; a clean stop of the server may not wait longer than this.
STATEMENT_SECONDS_MAX: Final = 1.8  # so that the whole answer is there, or refused, within two
CANCEL_SECONDS_MAX: Final = 2  # the statement's own limit ends it anyway
SCOPE_SETS_MAX: Final = 100  # tokens and purposes of one town differ less than that
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
    scopes: frozenset[Scope], purposed: str, sql: bytes, values: Sequence[Any]
) -> bytes:
    """Run the one statement that a whole answer was compiled to.

    Args:
        scopes: Of who asks.
        purposed: SQL that names the purpose (registry.storage.guarding).
        sql: As `capped` makes it, with `$1` for the first value.
        values: Its parameters.

    Returns:
        The text as it came over the wire.

    Raises:
        AnswerTooLarge: It is longer than `ANSWER_BYTES_MAX`.
        AnswerTooSlow: The database took too long.
        NotReckoned: The executor has to answer.
    """
    database = current_database()
    begin = _beginning(scopes, database.is_guarded, purposed)
    at_work: list[psycopg.Connection] = []

    def ask() -> bytes:
        try:
            with database.settled(begin) as db:
                at_work.append(db)
                try:
                    given = _reckoned(db, values)
                    result = psycopg.RawCursor(db).execute(sql, given).pgresult
                finally:
                    at_work.clear()
        except psycopg.errors.QueryCanceled as error:
            raise too_slow() from error
        except psycopg.errors.ProgramLimitExceeded as error:
            raise AnswerTooLarge(
                "The answer is longer than the database can put together."
            ) from error
        assert result is not None  # it was a SELECT
        text = result.get_value(0, 0)
        if text is None:
            raise too_large(int(result.get_value(0, 1) or 0))
        return text

    try:
        return await asyncio.to_thread(ask)
    except asyncio.CancelledError:
        for db in at_work:  # nobody waits for that answer
            stop = asyncio.to_thread(db.cancel_safe, timeout=CANCEL_SECONDS_MAX)
            await asyncio.shield(asyncio.ensure_future(stop))
        raise


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
def _beginning(scopes: frozenset[Scope], is_guarded: bool, purposed: str) -> bytes:  # cached
    """Return what begins the transaction of a whole answer."""
    begin = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;{IN_TIME};{purposed};"
    return (begin + (guard(scopes) if is_guarded else "")).encode()
