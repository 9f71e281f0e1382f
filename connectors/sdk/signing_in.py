"""Sign in at a source: which headers a request carries.

Secrets are resolved at the last moment, live in SecretStr and in headers only, and never enter
a message. Tokens that a server gives are fetched in tokens.py.
"""

import base64
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from pydantic import SecretStr

from connectors.sdk.auth import ApiKeyAuth, BasicAuth, BearerAuth, JwtAuth, ZgwJwtAuth
from connectors.sdk.statements import signed_with_key, signed_with_secret
from schemas.errors import Misconfigured

STATEMENT_SECONDS = 240.0
"""A statement of our own is signed anew after this; servers take them for five minutes or more."""

FRESH_SECONDS = 5.0
"""A statement that is refused at this age is refused for what it says, not for its age."""


class SignIn(Protocol):
    """Knows what makes a request ours.

    Attributes:
        parameter: Query parameter that carries the secret, for sources that know no better.
    """

    parameter: str | None

    async def headers(self) -> Mapping[str, str]:
        """Return the headers that sign a request; for a parameter, its value by its name."""
        ...

    def renew(self) -> bool:
        """Forget what was refused; False if there is nothing else to try."""
        ...

    async def close(self) -> None:
        """Let go of connections."""


class FixedSignIn:
    """The same headers for every request, made at the first one."""

    def __init__(self, make: Callable[[], Mapping[str, str]], parameter: str | None = None) -> None:
        self._make = make
        self.parameter = parameter
        self._headers: Mapping[str, str] | None = None

    async def headers(self) -> Mapping[str, str]:
        """Return the headers that sign a request."""
        if self._headers is None:
            self._headers = self._make()
        return self._headers

    def renew(self) -> bool:
        """Return False: the same secret would be refused again."""
        return False

    async def close(self) -> None:
        """Do nothing: there is no connection."""


class SignedSignIn:
    """A statement of our own as the token, signed anew every few minutes.

    Args:
        sign: Makes and signs a statement.
        seconds: How long one is used.
        header: Header that takes it.
        prefix: A word before it.
        clock: Tells the seconds that went by.

    Source: RFC 7519.
    """

    parameter: str | None = None

    def __init__(
        self,
        sign: Callable[[], str],
        *,
        seconds: float,
        header: str = "Authorization",
        prefix: str | None = "Bearer",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sign, self._seconds, self._clock = sign, seconds, clock
        self._header, self._prefix = header, prefix
        self._token: SecretStr | None = None
        self._signed_at = 0.0

    async def headers(self) -> Mapping[str, str]:
        """Return the header with a fresh statement."""
        if self._token is None or self._clock() >= self._signed_at + self._seconds:
            self._token = SecretStr(after_word(self._prefix, self._sign()))
            self._signed_at = self._clock()
        return {self._header: self._token.get_secret_value()}

    def renew(self) -> bool:
        """Sign anew; False where the refused statement was new: another would be refused, too."""
        self._token = None
        return self._clock() > self._signed_at + FRESH_SECONDS

    async def close(self) -> None:
        """Do nothing: there is no connection."""


def zgw_sign_in(auth: ZgwJwtAuth, secret: Callable[[str], SecretStr]) -> SignedSignIn:
    """Return what signs requests to the Dutch case APIs.

    Source: VNG Realisatie, ZGW APIs.
    """

    def sign() -> str:
        claims = {
            "iss": auth.client_id,
            "iat": int(time.time()),
            "client_id": auth.client_id,
            "user_id": auth.user_id,
            "user_representation": auth.user_representation,
        }
        return signed_with_secret(claims, secret(auth.secret))

    return SignedSignIn(sign, seconds=STATEMENT_SECONDS)


def jwt_sign_in(auth: JwtAuth, secret: Callable[[str], SecretStr]) -> SignedSignIn:
    """Return what signs requests with a statement as the connector file describes it."""

    def sign() -> str:
        now = int(time.time())
        claims = {**auth.claims, "iat": now, "nbf": now, "exp": now + int(auth.seconds)}
        word = secret(auth.secret)
        if auth.algorithm == "HS256":
            return signed_with_secret(claims, word, key_id=auth.key_id)
        return signed_with_key(claims, word, key_id=auth.key_id, algorithm=auth.algorithm)

    return SignedSignIn(sign, seconds=auth.seconds * 0.8, header=auth.header, prefix=auth.prefix)


def fixed_sign_in(
    auth: BasicAuth | ApiKeyAuth | BearerAuth, secret: Callable[[str], SecretStr]
) -> FixedSignIn:
    """Return what signs requests with a secret that does not change."""

    def make() -> Mapping[str, str]:
        word = secret(auth.secret).get_secret_value()
        match auth:
            case BasicAuth():
                return basic_header(auth.username, word)
            case ApiKeyAuth():
                return {str(auth.header or auth.parameter): after_word(auth.prefix, word)}
            case BearerAuth():
                return {"Authorization": f"Bearer {safe_header(word)}"}

    parameter = auth.parameter if isinstance(auth, ApiKeyAuth) else None
    return FixedSignIn(make, parameter)


def after_word(prefix: str | None, secret: str) -> str:
    """Return a header's value: the secret after its word, unless that stands there already."""
    given = prefix is None or secret.lower().startswith(f"{prefix.lower()} ")
    return safe_header(secret if given else f"{prefix} {secret}")


def safe_header(secret: str) -> str:
    """Return a secret that may stand in a header; the HTTP library would print a bad one."""
    if not (secret.isascii() and secret.isprintable()):
        raise Misconfigured(
            "The secret holds a line break or a character that no header may carry.",
            remedy="Write the secret again, on one line and in plain ASCII.",
        )
    return secret


def basic_header(username: str, password: str) -> dict[str, str]:
    """Return the header of HTTP Basic."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
