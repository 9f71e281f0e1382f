"""Who may ask: tokens are kept as keyed hashes, never as text."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.base import Table, column, moment, utc_now, uuid7


class Scope(StrEnum):
    """What a token opens; everything else stays shut."""

    LANDSCAPE_READ = "landscape:read"
    LANDSCAPE_WRITE = "landscape:write"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_STEWARD = "customers:steward"
    CUSTOMERS_ERASE = "customers:erase"
    SYNC_READ = "sync:read"
    SYNC_RUN = "sync:run"
    COMPLIANCE_READ = "compliance:read"
    COMPLIANCE_WRITE = "compliance:write"
    COMPLIANCE_APPROVE = "compliance:approve"
    CONTACTS_READ = "contacts:read"  # people in records that are not of customers
    METRICS_READ = "metrics:read"
    DOCUMENTS_WRITE = "documents:write"


class ApiToken(Table, table=True):
    """One bearer token; only HMAC-SHA-256 of it under the server's secret is stored."""

    __tablename__ = "api_token"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("token_hash"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    )

    id: UUID = column(
        "Identity; the public part of the token.", default_factory=uuid7, primary_key=True
    )
    name: str = column("Who or what uses it.", max_length=120)
    token_hash: bytes = column("HMAC-SHA-256(server secret, token).", sa_type=LargeBinary)
    scopes: list[str] = column("Granted scopes.", sa_type=ARRAY(Text))
    created_at: datetime = moment("When it was made.", default_factory=utc_now)
    expires_at: datetime = moment("After this it opens nothing.")
    revoked_at: datetime | None = moment("When it was withdrawn.", default=None, nullable=True)
    last_used_at: datetime | None = moment(
        "When it was last accepted.", default=None, nullable=True
    )


class KeptAnswer(Table, table=True):
    """The answer to one change that came with an Idempotency-Key, to be given again."""

    __tablename__ = "kept_answer"
    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
        Index("ix_kept_answer_expires_at", "expires_at"),
    )

    actor: str = column("Who asked; keys of others are other keys.", primary_key=True)
    key: str = column("The key as it came.", primary_key=True, max_length=255)
    request_hash: bytes = column(
        "sha256 of document, operation and variables.", sa_type=LargeBinary
    )
    answer: dict[str, Any] | None = column(
        "What was answered, its fields in order; empty only inside the transaction that changes.",
        default=None,
        sa_type=JSON,
    )
    created_at: datetime = moment("When it was asked first.", default_factory=utc_now)
    expires_at: datetime = moment("After this the key is free again.")


class TrustedDocument(Table, table=True):
    """One GraphQL document that an administrator has approved, asked for by its hash."""

    __tablename__ = "trusted_document"
    __table_args__ = (CheckConstraint("hash ~ '^[0-9a-f]{64}$'", name="hash_is_sha256"),)

    hash: str = column("sha256 of the text, in hexadecimal digits.", primary_key=True)
    name: str = column("What people call it.", max_length=120)
    text: str = column("The document.")
    scope: str | None = column(
        "What who asks must hold beside the scopes of its fields; empty means nothing.",
        default=None,
    )
    registered_by: str = column("Who approved it.", max_length=120)
    registered_at: datetime = moment("When it was approved.", default_factory=utc_now)


class StoredSecret(Table, table=True):
    """One secret of a source, sealed; the key to open it is never in the database."""

    __tablename__ = "stored_secret"

    name: str = column("What connector files call it.", max_length=100, primary_key=True)
    key_id: str = column("Short name of the key that sealed it.", max_length=12)
    nonce: bytes = column("Number used once, 12 bytes.", sa_type=LargeBinary)
    sealed: bytes = column("AES-256-GCM of the secret, bound to its name.", sa_type=LargeBinary)
    changed_at: datetime = moment("When it was last set.")
