"""Factories of who may do what: tokens, secrets, trusted documents, kept answers."""

import itertools
from datetime import timedelta
from hashlib import sha256
from typing import Any

import psycopg

from schemas.access import ApiToken, KeptAnswer, Scope, StoredSecret, TrustedDocument
from schemas.base import utc_now
from tests.inserted import inserted

_numbers = itertools.count(1)


def an_api_token(db: psycopg.Connection, **given: Any) -> ApiToken:
    """Make a token that reads the landscape for an hour."""
    number = next(_numbers)
    return inserted(
        db,
        ApiToken(
            **{
                "name": f"token {number}",
                "token_hash": sha256(str(number).encode()).digest(),
                "scopes": [Scope.LANDSCAPE_READ],
                "expires_at": utc_now() + timedelta(hours=1),
                **given,
            }
        ),
    )


def a_stored_secret(db: psycopg.Connection, **given: Any) -> StoredSecret:
    """Keep something sealed; what it is nobody can tell."""
    number = next(_numbers)
    return inserted(
        db,
        StoredSecret(
            **{
                "name": f"secret-{number}",
                "key_id": "0" * 12,
                "nonce": b"n" * 12,
                "sealed": b"sealed",
                "changed_at": utc_now(),
                **given,
            }
        ),
    )


def a_kept_answer(db: psycopg.Connection, **given: Any) -> KeptAnswer:
    """Keep the answer to a change for an hour."""
    made = {
        "actor": "tester",
        "key": f"key-{next(_numbers)}",
        "request_hash": b"",
        "answer": {"data": {}, "errors": []},
        "expires_at": utc_now() + timedelta(hours=1),
    }
    return inserted(db, KeptAnswer(**{**made, **given}))


def a_trusted_document(db: psycopg.Connection, **given: Any) -> TrustedDocument:
    """Approve a document."""
    made = {
        "hash": f"{next(_numbers):064x}",
        "name": "test",
        "text": "{ __typename }",
        "registered_by": "tester",
    }
    return inserted(db, TrustedDocument(**{**made, **given}))


ACCESS_FACTORIES = {
    "api_token": an_api_token,
    "stored_secret": a_stored_secret,
    "kept_answer": a_kept_answer,
    "trusted_document": a_trusted_document,
}
