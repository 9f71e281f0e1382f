"""Changes that are asked twice happen once: the first answer is kept and given again.

The key is claimed, the change made and its answer kept in one transaction. Whoever brings the
same key meanwhile waits for that transaction's end, and then gets its answer or does the work.

Source:
    IETF draft-ietf-httpapi-idempotency-key-header.
"""

import re
from datetime import timedelta
from typing import Any, Final

import psycopg
from psycopg.types.json import Json

from schemas.errors import Conflict, InvalidInput

KEPT_FOR: Final = timedelta(hours=24)  # clients try again for minutes, seldom for hours
KEY_CHARACTERS_MAX: Final = 255  # as others allow, and as the column
# Each change that brings a key also clears away some that are over, so nobody need do it.
CLEARED_MAX: Final = 100
_KEY: Final = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?', re.ASCII)


class WrongKey(InvalidInput):
    """The Idempotency-Key cannot be one."""

    code = "idempotency_key_invalid"
    remedy = "Send 1 to 255 letters, digits or signs without blanks, for example a random UUID."


class KeyReused(Conflict):
    """The Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"
    remedy = "Make a new key for each new change; keep one only to repeat the same request."


class StillAtWork(Conflict):
    """The same change is being made at this moment."""

    code = "idempotency_key_in_use"
    remedy = "Ask again in a moment with the same key; the answer will be the first one's."


def read_key(header: str) -> str:
    """Return the key of an Idempotency-Key header, with or without its quotes.

    Raises:
        WrongKey: It is empty, too long or not printable.
    """
    found = _KEY.fullmatch(header.strip()) if len(header) <= KEY_CHARACTERS_MAX + 2 else None
    if found is None:
        raise WrongKey("The Idempotency-Key of this request cannot be one.")
    return found[1]


def claim(
    db: psycopg.Connection, *, actor: str, key: str, request_hash: bytes
) -> dict[str, Any] | None:
    """Take a key, waiting for whoever holds it.

    Args:
        db: The connection that will make the change; nothing is committed.
        actor: Who asks.
        key: From `read_key`.
        request_hash: sha256 of all that makes the request this one.

    Returns:
        The answer to give again; None where the change is still to be made.

    Raises:
        KeyReused: The key belongs to another request.
        StillAtWork: Who holds it takes longer than the transaction's `lock_timeout`.
    """
    _clear_away(db)
    try:
        taken = db.execute(
            """INSERT INTO kept_answer (actor, key, request_hash, created_at, expires_at)
               VALUES (%s, %s, %s, now(), now() + %s)
               ON CONFLICT (actor, key) DO UPDATE
               SET request_hash = excluded.request_hash, answer = NULL,
                   created_at = excluded.created_at, expires_at = excluded.expires_at
               WHERE kept_answer.expires_at <= now() RETURNING key""",
            (actor, key, request_hash, KEPT_FOR),
        ).fetchone()
    except psycopg.errors.LockNotAvailable as error:
        raise StillAtWork("The change with this Idempotency-Key is still being made.") from error
    if taken is not None:
        return None
    kept = db.execute(
        "SELECT request_hash, answer FROM kept_answer WHERE actor = %s AND key = %s", (actor, key)
    ).fetchone()
    assert kept is not None  # the insert has met it, and nobody deletes what is not over
    if kept[0] != request_hash:
        raise KeyReused("This Idempotency-Key came with another request before.")
    answer: dict[str, Any] = kept[1]
    return answer


def keep(db: psycopg.Connection, *, actor: str, key: str, answer: dict[str, Any]) -> None:
    """Keep the answer, in the transaction of the change."""
    db.execute(
        "UPDATE kept_answer SET answer = %s WHERE actor = %s AND key = %s",
        (Json(answer), actor, key),
    )


def _clear_away(db: psycopg.Connection) -> None:
    db.execute(
        """DELETE FROM kept_answer WHERE (actor, key) IN (
               SELECT actor, key FROM kept_answer WHERE expires_at <= now() - interval '1 hour'
               LIMIT %s FOR UPDATE SKIP LOCKED)""",
        (CLEARED_MAX,),
    )
