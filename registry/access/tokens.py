"""What a token is: its text, its keyed hash, and the actor that stands behind it.

A token reads `tc_<id>_<40 letters and digits>`. The id is public and finds the row; the rest is
238 random bits, so that a fast keyed hash is as good as a slow one. The fixed shape lets scanners
of published code find tokens that leaked.
"""

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from registry.settings import Settings
from schemas.access import Scope
from schemas.errors import AccessDenied, Misconfigured

ALPHABET: Final = string.ascii_letters + string.digits
SECRET_CHARACTERS: Final = 40
# Shorter keys can be guessed from one stolen hash and one known token.
KEY_CHARACTERS_MIN: Final = 32
TEXT_CHARACTERS_MAX: Final = len("tc_") + 32 + len("_") + SECRET_CHARACTERS
_SHAPE: Final = re.compile(r"tc_([0-9a-f]{32})_[0-9A-Za-z]{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, and what they may do; everything that is not in `scopes` is shut."""

    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Tell whether this actor holds the scope."""
        return scope in self.scopes

    def demand(self, scope: Scope) -> None:
        """Refuse whoever lacks the scope.

        Raises:
            AccessDenied: Names the scope that is missing.
        """
        if not self.may(scope):
            raise AccessDenied(f"This needs a token with the scope {scope}.", scope=str(scope))


def make_token_text(token_id: UUID) -> str:
    """Return a new token; it is shown once and never kept."""
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARACTERS))
    return f"tc_{token_id.hex}_{secret}"


def token_id_of(text: str) -> UUID | None:
    """Return the public part of a token, or None where the text is not a token at all."""
    match = _SHAPE.fullmatch(text) if len(text) <= TEXT_CHARACTERS_MAX else None
    return UUID(match[1]) if match else None


def token_hash(text: str, key: SecretStr) -> bytes:
    """Return HMAC-SHA-256 of a token under the server's key.

    Source:
        RFC 2104.
    """
    return hmac.digest(key.get_secret_value().encode(), text.encode(), hashlib.sha256)


def token_key(settings: Settings) -> SecretStr:
    """Return the key of the token hashes.

    Raises:
        Misconfigured: It is not set, or too short to protect anything.
    """
    key = settings.token_secret
    if key is None or len(key.get_secret_value()) < KEY_CHARACTERS_MIN:
        state = "not set" if key is None else f"shorter than {KEY_CHARACTERS_MIN} characters"
        raise Misconfigured(
            f"TOWNCLERK_TOKEN_SECRET is {state}, so no token can be made or checked.",
            remedy="Set TOWNCLERK_TOKEN_SECRET to a random text that stays the same, for example "
            "the answer of `openssl rand -hex 32`; changing it later withdraws every token.",
        )
    return key
