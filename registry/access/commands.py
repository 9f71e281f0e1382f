"""Change tokens: make, withdraw, note that one was used."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import psycopg

from registry.access.tokens import make_token_text, token_hash, token_key
from registry.settings import Settings
from schemas.access import Scope
from schemas.base import uuid7
from schemas.errors import Conflict, InvalidInput, UnknownName

# A token that outlives the person who made it is the one that leaks.
LIFETIME_MAX: Final = timedelta(days=366)
NAME_CHARACTERS_MAX: Final = 120  # as the column


def create_token(
    db: psycopg.Connection,
    settings: Settings,
    *,
    name: str,
    scopes: Sequence[Scope],
    lifetime: timedelta,
) -> str:
    """Make a token and return its text, which nobody can read again.

    Args:
        db: The caller's connection; nothing is committed.
        settings: Holds the key of the hashes.
        name: Who or what will use it; no two tokens share one.
        scopes: What it opens, at least one.
        lifetime: How long from now; a year at most.

    Raises:
        InvalidInput: No name, no scope, or a lifetime out of range.
        Conflict: The name is taken, also by a withdrawn token.
        Misconfigured: TOWNCLERK_TOKEN_SECRET is missing or short.
    """
    name = name.strip()
    if not 0 < len(name) <= NAME_CHARACTERS_MAX:
        raise InvalidInput(f"A token's name has 1 to {NAME_CHARACTERS_MAX} characters.")
    if not scopes:
        raise InvalidInput("A token without a scope opens nothing; name at least one.")
    if not timedelta(0) < lifetime <= LIFETIME_MAX:
        raise InvalidInput(f"A token is valid for 1 to {LIFETIME_MAX.days} days.")
    token_id = uuid7()
    text = make_token_text(token_id)
    made = db.execute(
        """INSERT INTO api_token (id, name, token_hash, scopes, created_at, expires_at)
           VALUES (%s, %s, %s, %s, now(), now() + %s)
           ON CONFLICT (name) DO NOTHING RETURNING id""",
        [
            token_id,
            name,
            token_hash(text, token_key(settings)),
            sorted({str(scope) for scope in scopes}),
            lifetime,
        ],
    ).fetchone()
    if made is None:
        raise Conflict(
            f"There is a token named {name!r} already.",
            remedy="Choose another name; names of withdrawn tokens stay taken, for the record.",
        )
    return text


def revoke_token(db: psycopg.Connection, name: str) -> None:
    """Withdraw a token at once; withdrawing it again changes nothing.

    Raises:
        UnknownName: There is no token of this name.
    """
    done = db.execute(
        "UPDATE api_token SET revoked_at = coalesce(revoked_at, now()) WHERE name = %s",
        [name.strip()],
    )
    if done.rowcount == 0:
        raise UnknownName(
            f"There is no token named {name.strip()!r}.", remedy="List them: `townclerk token list`"
        )


def note_use(db: psycopg.Connection, token_id: UUID) -> None:
    """Write down that a token was used; once a minute is enough, so that reads stay reads."""
    db.execute(
        """UPDATE api_token SET last_used_at = now()
           WHERE id = %s
             AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')""",
        [token_id],
    )
