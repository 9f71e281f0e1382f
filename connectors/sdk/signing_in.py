"""Sign in at a source: which headers a request carries, and where a token comes from.

Secrets are resolved at the last moment, live in SecretStr and in headers only, and never enter
a message. This module knows nothing of the network; a token is fetched by whoever is given.
"""

import asyncio
import base64
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote, urlencode

import msgspec
from pydantic import SecretStr

from connectors.sdk.spec import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    OAuth2ClientCredentials,
    ZgwJwtAuth,
)
from connectors.sdk.statements import signed_with_key, signed_with_secret
from schemas.errors import GiveUp, Misconfigured

TOKEN_LIFE_SECONDS_DEFAULT = 300.0
"""RFC 6749 leaves `expires_in` optional; five minutes is the shortest life in common use."""

TOKEN_LEEWAY_SECONDS = 30.0
"""A token is renewed this long before its end, so that it does not expire on its way."""

STATEMENT_SECONDS = 240.0
"""A statement of our own is signed anew after this; servers take them for five minutes or more."""

ASSERTION_SECONDS = 60.0
"""How long a statement to a token server is good; it is used at once and once."""

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""RFC 7523, section 2.2."""

TOKEN_CHARACTERS_MAX = 16_384
"""Servers refuse larger headers anyway."""


class TokenServer(Protocol):
    """Takes a form and answers with a token; a door to the network that this module lacks."""

    async def post_form(self, headers: Mapping[str, str], form: bytes) -> bytes:
        """Post a form to the token address and return the answer's body."""
        ...

    async def close(self) -> None:
        """Close the connections."""


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

    Source: RFC 7519; VNG Realisatie, ZGW APIs.
    """

    parameter: str | None = None

    def __init__(self, auth: ZgwJwtAuth, secret: Callable[[str], SecretStr]) -> None:
        self._auth, self._secret = auth, secret
        self._token: SecretStr | None = None
        self._good_until = 0.0

    async def headers(self) -> Mapping[str, str]:
        """Return the header with a fresh statement."""
        if self._token is None or time.monotonic() >= self._good_until:
            auth = self._auth
            claims = {
                "iss": auth.client_id,
                "iat": int(time.time()),
                "client_id": auth.client_id,
                "user_id": auth.user_id,
                "user_representation": auth.user_representation,
            }
            self._token = SecretStr(signed_with_secret(claims, self._secret(auth.secret)))
            self._good_until = time.monotonic() + STATEMENT_SECONDS
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    def renew(self) -> bool:
        """Return False: another statement of the same kind would be refused again."""
        return False

    async def close(self) -> None:
        """Do nothing: there is no connection."""


class _TokenAnswer(msgspec.Struct):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105  # the name of a scheme, no secret
    expires_in: float | str | None = None


class TokenSignIn:
    """A bearer token from OAuth2 client credentials, kept until shortly before it expires.

    Source: RFC 6749, sections 2.3.1 and 4.4; RFC 7523, section 2.2.
    """

    parameter: str | None = None

    def __init__(
        self,
        auth: OAuth2ClientCredentials,
        secret: Callable[[str], SecretStr],
        server: TokenServer,
        address: str,
    ) -> None:
        self._auth, self._secret, self._server = auth, secret, server
        self._address = address
        self._token: SecretStr | None = None
        self._good_until = 0.0
        self._fetching = asyncio.Lock()

    async def headers(self) -> Mapping[str, str]:
        """Return the header with a token that is good for a while."""
        async with self._fetching:
            if self._token is None or time.monotonic() >= self._good_until:
                await self._fetch()
            token = self._token
        if token is None:
            raise AssertionError("a token was just fetched")
        return {"Authorization": f"Bearer {token.get_secret_value()}"}

    def renew(self) -> bool:
        """Forget the token, so that the next request fetches another."""
        self._token = None
        return True

    async def close(self) -> None:
        """Close the connections to the token address."""
        await self._server.close()

    async def _fetch(self) -> None:
        asked = time.monotonic()
        body = await self._server.post_form(*self._request())
        try:
            answer = msgspec.json.decode(body, type=_TokenAnswer)
            life = float(answer.expires_in or TOKEN_LIFE_SECONDS_DEFAULT)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise GiveUp("The token address did not answer with a token.") from None
        if not answer.access_token or len(answer.access_token) > TOKEN_CHARACTERS_MAX:
            raise GiveUp("The token address answered with an empty or far too long token.")
        if answer.token_type.lower() != "bearer":
            raise GiveUp("The token address gave a token of a type other than Bearer.")
        self._token = SecretStr(safe_header(answer.access_token))
        self._good_until = asked + max(life - TOKEN_LEEWAY_SECONDS, life / 2)

    def _request(self) -> tuple[Mapping[str, str], bytes]:
        auth = self._auth
        secret = self._secret(auth.secret)
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if auth.scope is not None:
            form["scope"] = auth.scope
        if auth.send == "basic":
            word = secret.get_secret_value()
            headers |= _basic(quote(auth.client_id, safe=""), quote(word, safe=""))
        elif auth.send == "post":
            form |= {"client_id": auth.client_id, "client_secret": secret.get_secret_value()}
        else:
            form |= {
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self._statement(secret),
            }
        return headers, urlencode(form).encode()

    def _statement(self, key: SecretStr) -> str:
        auth, now = self._auth, int(time.time())
        claims = {
            "iss": auth.client_id,
            "sub": auth.client_id,
            "aud": auth.audience or self._address,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + int(ASSERTION_SECONDS),
        }
        return signed_with_key(claims, key, key_id=auth.key_id)


def fixed_sign_in(
    auth: BasicAuth | ApiKeyAuth | BearerAuth, secret: Callable[[str], SecretStr]
) -> FixedSignIn:
    """Return what signs requests with a secret that does not change."""

    def make() -> Mapping[str, str]:
        word = secret(auth.secret).get_secret_value()
        match auth:
            case BasicAuth():
                return _basic(auth.username, word)
            case ApiKeyAuth():
                return {str(auth.header or auth.parameter): safe_header(word)}
            case BearerAuth():
                return {"Authorization": f"Bearer {safe_header(word)}"}

    parameter = auth.parameter if isinstance(auth, ApiKeyAuth) else None
    return FixedSignIn(make, parameter)


def safe_header(secret: str) -> str:
    """Return a secret that may stand in a header; the HTTP library would print a bad one."""
    if not (secret.isascii() and secret.isprintable()):
        raise Misconfigured(
            "The secret holds a line break or a character that no header may carry.",
            remedy="Write the secret again, on one line and in plain ASCII.",
        )
    return secret


def _basic(username: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
