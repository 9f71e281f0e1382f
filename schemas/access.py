"""Who may ask: tokens are kept as keyed hashes, never as text."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.base import Table, column, moment, utc_now, uuid7


class Scope(StrEnum):
    """What a token opens; everything else stays shut."""

    LANDSCAPE_READ = "landscape:read"
    LANDSCAPE_WRITE = "landscape:write"
    CUSTOMERS_READ = "customers:read"
    SYNC_READ = "sync:read"
    SYNC_RUN = "sync:run"
    METRICS_READ = "metrics:read"


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
