"""Trusted documents: GraphQL texts that an administrator has approved, kept by their sha256."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg
from psycopg.rows import class_row

from schemas.access import Scope
from schemas.errors import InvalidInput, UnknownName

NAME_CHARACTERS_MAX: Final = 120  # as the column
TEXT_CHARACTERS_MAX: Final = 20_000  # the API reads no longer ones


@dataclass(frozen=True)
class DocumentRow:
    """One trusted document."""

    hash: str
    name: str
    text: str
    scope: str | None
    registered_by: str
    registered_at: datetime


def document_hash(text: str) -> str:
    """Return what a document is asked for by: sha256 of its UTF-8, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def trust_document(
    db: psycopg.Connection, text: str, *, name: str, scope: Scope | None, by: str
) -> DocumentRow:
    """Approve a document; approving it again renews its name and scope.

    Args:
        db: The caller's connection; nothing is committed.
        text: The document, byte for byte as clients hash it.
        name: What people call it.
        scope: What who asks it must hold, beside the scopes of its fields.
        by: Who approves.

    Raises:
        InvalidInput: The text or name is empty or too long; `facts["path"]` tells which.
    """
    for value, what, most in ((text, "text", TEXT_CHARACTERS_MAX), (name, "name", 120)):
        if not 0 < len(value) <= most:
            raise InvalidInput(f"A document's {what} has 1 to {most} characters.", path=[what])
    with db.cursor(row_factory=class_row(DocumentRow)) as cursor:
        row = cursor.execute(
            """INSERT INTO trusted_document (hash, name, text, scope, registered_by, registered_at)
               VALUES (%s, %s, %s, %s, %s, now())
               ON CONFLICT (hash) DO UPDATE SET name = excluded.name, scope = excluded.scope,
                   registered_by = excluded.registered_by
               RETURNING *""",
            (document_hash(text), name, text, scope, by[:NAME_CHARACTERS_MAX]),
        ).fetchone()
    assert row is not None  # RETURNING always gives the row of an upsert
    return row


def withdraw_document(db: psycopg.Connection, hash_or_name: str) -> int:
    """Trust a document no longer.

    Returns:
        How many there were of this hash or name.

    Raises:
        UnknownName: None.
    """
    gone = db.execute(
        "DELETE FROM trusted_document WHERE hash = %s OR name = %s", (hash_or_name, hash_or_name)
    ).rowcount
    if gone == 0:
        raise UnknownName(
            "No trusted document has this hash or name.", remedy="`townclerk documents list`"
        )
    return gone


def find_document(db: psycopg.Connection, digest: str) -> DocumentRow | None:
    """Return the trusted document of a hash."""
    with db.cursor(row_factory=class_row(DocumentRow)) as cursor:
        return cursor.execute(
            "SELECT * FROM trusted_document WHERE hash = %s", (digest,)
        ).fetchone()


def list_documents(db: psycopg.Connection) -> list[DocumentRow]:
    """Return all trusted documents by name; an installation has some hundreds."""
    with db.cursor(row_factory=class_row(DocumentRow)) as cursor:
        return cursor.execute("SELECT * FROM trusted_document ORDER BY name, hash").fetchall()
