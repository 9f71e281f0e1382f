"""Read tokens: for people their names and dates, for the gate the keyed hash."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class TokenRow:
    """One token as people may see it; never its hash."""

    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredToken:
    """One token as the gate sees it; the database's clock decides what is over."""

    id: UUID
    name: str
    token_hash: bytes
    scopes: list[str]
    expired: bool
    revoked: bool
    use_is_noted: bool


def list_tokens(db: psycopg.Connection) -> list[TokenRow]:
    """Return all tokens by name; a town has tens of them."""
    with db.cursor(row_factory=class_row(TokenRow)) as cursor:
        return cursor.execute(
            """SELECT name, scopes, created_at, expires_at, last_used_at, revoked_at
               FROM api_token ORDER BY name"""
        ).fetchall()


def stored_token(db: psycopg.Connection, token_id: UUID) -> StoredToken | None:
    """Return what the gate needs to know about one token."""
    with db.cursor(row_factory=class_row(StoredToken)) as cursor:
        return cursor.execute(
            """SELECT id, name, token_hash, scopes,
                      expires_at <= now() AS expired,
                      revoked_at IS NOT NULL AS revoked,
                      coalesce(last_used_at > now() - interval '1 minute', false) AS use_is_noted
               FROM api_token WHERE id = %s""",
            [token_id],
        ).fetchone()
