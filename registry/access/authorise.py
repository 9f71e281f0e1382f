"""Find out who asks: from an Authorization header to an actor, or a refusal.

Tokens come as `Bearer <token>`; browsers, which cannot send that by themselves, may ask their
user and send `Basic` with the token as the password.
"""

import base64
import binascii
import hmac
from typing import Final

import psycopg

from registry.access.commands import note_use
from registry.access.queries import stored_token
from registry.access.tokens import Actor, token_hash, token_id_of, token_key
from registry.settings import Settings
from schemas.access import Scope
from schemas.errors import AccessDenied

# A Basic header with the longest token is under 200 characters; longer ones are not worth parsing.
HEADER_CHARACTERS_MAX: Final = 512
# Compared where no row was found, so that an unknown id takes as long as a wrong secret.
_NO_HASH: Final = bytes(32)


class TokenRefused(AccessDenied):
    """There is no token, or it opens nothing."""

    code = "token_refused"
    remedy = (
        "Send `Authorization: Bearer …` with a token from `townclerk token create`; "
        "a browser asks for it as the password, and any user name will do."
    )


def demo_actor() -> Actor:
    """Return who asks in the demonstration: an architect at this machine, who may do all."""
    return Actor(name="local architect", scopes=frozenset(Scope))


def authorise(db: psycopg.Connection, header: str | None, settings: Settings) -> Actor:
    """Return who asks.

    Args:
        db: The caller's connection; nothing is committed.
        header: Value of the Authorization header.
        settings: Holds the key of the hashes.

    Raises:
        TokenRefused: No token, or one that is garbled, forged, expired or withdrawn.
        Misconfigured: TOWNCLERK_TOKEN_SECRET is missing or short.
    """
    text = presented_token(header)
    key = token_key(settings)
    token_id = token_id_of(text)
    stored = stored_token(db, token_id) if token_id else None
    known = hmac.compare_digest(token_hash(text, key), stored.token_hash if stored else _NO_HASH)
    if stored is None or not known:
        raise TokenRefused("This token is unknown.")
    if stored.revoked:
        raise TokenRefused(f"The token {stored.name!r} was withdrawn.")
    if stored.expired:
        raise TokenRefused(f"The token {stored.name!r} has expired.")
    if not stored.use_is_noted:
        note_use(db, stored.id)
    return Actor(name=stored.name, scopes=_known_scopes(stored.scopes))


def presented_token(header: str | None) -> str:
    """Return the token text of an Authorization header, whatever it may be worth.

    Raises:
        TokenRefused: There is none.
    """
    if not header:
        raise TokenRefused("This needs a token.")
    if len(header) > HEADER_CHARACTERS_MAX or not header.isascii():
        raise TokenRefused("The Authorization header is not one of ours.")
    scheme, _, value = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            return _basic_password(value.strip())
    raise TokenRefused("The Authorization header is neither Bearer nor Basic.")


def _basic_password(value: str) -> str:
    try:
        credentials = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise TokenRefused("The Authorization header is not one of ours.") from error
    return credentials.partition(":")[2]


def _known_scopes(stored: list[str]) -> frozenset[Scope]:
    """Drop scopes that this release does not know: what is not known stays shut."""
    known = {str(scope): scope for scope in Scope}
    return frozenset(known[name] for name in stored if name in known)
