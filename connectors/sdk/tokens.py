"""Tokens that a server gives: by OAuth2, or by a login; kept until shortly before they expire.

This module knows nothing of the network; a token is fetched by whoever is given.
"""

import asyncio
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

import msgspec
from pydantic import SecretStr

from connectors.sdk.auth import OAuth2ClientCredentials, OAuth2RefreshToken, SessionTokenAuth
from connectors.sdk.json_pages import merged, path_steps, planted
from connectors.sdk.signing_in import after_word, basic_header, safe_header
from connectors.sdk.statements import signed_with_key
from schemas.errors import GiveUp

LIFE_SECONDS_DEFAULT = 300.0
"""RFC 6749 leaves `expires_in` optional; five minutes is the shortest life in common use."""

LEEWAY_SECONDS = 30.0
"""A token is renewed this long before its end, so that it does not expire on its way."""

ASSERTION_SECONDS = 60.0
"""How long a statement to a token server is good; it is used at once and once."""

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""RFC 7523, section 2.2."""

TOKEN_CHARACTERS_MAX = 16_384
"""Servers refuse larger headers anyway."""

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/json"}


class TokenServer(Protocol):
    """Takes a question and answers with a token; a door to the network that this module lacks."""

    async def post(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Post to the token address and return the answer's body."""
        ...

    async def close(self) -> None:
        """Close the connections."""


class Given(NamedTuple):
    """A token as it was given, and for how long."""

    token: str
    seconds: float


class GivenSignIn(ABC):
    """A token that a server gives, fetched when it is wanted and again before it expires."""

    parameter: str | None = None

    def __init__(self, server: TokenServer) -> None:
        self._server = server
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
        return self.written(token.get_secret_value())

    def renew(self) -> bool:
        """Forget the token, so that the next request fetches another."""
        self._token = None
        return True

    async def close(self) -> None:
        """Close the connections to the token address."""
        await self._server.close()

    async def _fetch(self) -> None:
        asked = time.monotonic()
        given = self.given(await self._server.post(*self.request()))
        if not given.token or len(given.token) > TOKEN_CHARACTERS_MAX:
            raise GiveUp("The token address answered with an empty or far too long token.")
        self._token = SecretStr(safe_header(given.token))
        self._good_until = asked + max(given.seconds - LEEWAY_SECONDS, given.seconds / 2)

    def written(self, token: str) -> Mapping[str, str]:
        """Return what a request carries."""
        return {"Authorization": f"Bearer {token}"}

    @abstractmethod
    def request(self) -> tuple[Mapping[str, str], bytes]:
        """Return headers and body of the question for a token."""

    @abstractmethod
    def given(self, body: bytes) -> Given:
        """Read the token out of the answer."""


class _TokenAnswer(msgspec.Struct):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105  # the name of a scheme, no secret
    expires_in: float | str | None = None
    refresh_token: str | None = None


class TokenSignIn(GivenSignIn):
    """A bearer token from OAuth2: by client credentials, or by a longer-lived token.

    Source: RFC 6749, sections 2.3.1, 4.4 and 6; RFC 7523, section 2.2.
    """

    def __init__(
        self,
        auth: OAuth2ClientCredentials | OAuth2RefreshToken,
        secret: Callable[[str], SecretStr],
        server: TokenServer,
        address: str,
    ) -> None:
        super().__init__(server)
        self._auth, self._secret, self._address = auth, secret, address

    def given(self, body: bytes) -> Given:
        """Read the token out of the answer."""
        try:
            answer = msgspec.json.decode(body, type=_TokenAnswer)
            life = float(answer.expires_in or LIFE_SECONDS_DEFAULT)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise GiveUp("The token address did not answer with a token.") from None
        if answer.token_type.lower() != "bearer":
            raise GiveUp("The token address gave a token of a type other than Bearer.")
        if isinstance(self._auth, OAuth2RefreshToken) and answer.refresh_token:
            self._refuse_another(answer.refresh_token, self._auth)
        return Given(answer.access_token, life)

    def _refuse_another(self, token: str, auth: OAuth2RefreshToken) -> None:
        """Refuse a server that changes the longer-lived token: ours would be void next time."""
        if token != self._secret(auth.refresh).get_secret_value():
            raise GiveUp(
                "The token address gave a new refresh token in place of the one we have.",
                remedy="Ask for a refresh token that stays the same, or for client credentials.",
            )

    def request(self) -> tuple[Mapping[str, str], bytes]:
        """Return the form that asks for a token."""
        auth, secret = self._auth, self._secret(self._auth.secret)
        form, headers = {"grant_type": "client_credentials"}, dict(_FORM)
        if isinstance(auth, OAuth2RefreshToken):
            kept = self._secret(auth.refresh).get_secret_value()
            form = {"grant_type": "refresh_token", "refresh_token": kept}
        if auth.scope is not None:
            form["scope"] = auth.scope
        if auth.send == "basic":
            word = secret.get_secret_value()
            headers |= basic_header(quote(auth.client_id, safe=""), quote(word, safe=""))
        elif auth.send == "post":
            form |= {"client_id": auth.client_id, "client_secret": secret.get_secret_value()}
        else:
            form |= {
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self._statement(auth, secret),
            }
        return headers, urlencode(form).encode()

    def _statement(self, auth: OAuth2ClientCredentials, key: SecretStr) -> str:
        now = int(time.time())
        claims = {
            "iss": auth.client_id,
            "sub": auth.client_id,
            "aud": auth.audience or self._address,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + int(ASSERTION_SECONDS),
        }
        return signed_with_key(claims, key, key_id=auth.key_id)


class SessionSignIn(GivenSignIn):
    """A token that a login gives."""

    def __init__(
        self, auth: SessionTokenAuth, secret: Callable[[str], SecretStr], server: TokenServer
    ) -> None:
        super().__init__(server)
        self._auth, self._secret = auth, secret
        self.parameter = auth.parameter

    def written(self, token: str) -> Mapping[str, str]:
        """Return the header, or the parameter, that carries the token."""
        auth = self._auth
        if auth.parameter is not None:
            return {auth.parameter: token}
        bare = auth.header is not None and auth.header.lower() != "authorization"
        prefix = auth.prefix or (None if bare else "Bearer")
        return {auth.header or "Authorization": after_word(prefix, token)}

    def request(self) -> tuple[Mapping[str, str], bytes]:
        """Return what logs in."""
        auth, word = self._auth, self._secret(self._auth.secret).get_secret_value()
        if auth.username is not None:
            return {**_JSON, **basic_header(auth.username, word)}, msgspec.json.encode(auth.body)
        body = merged(auth.body, planted(str(auth.secret_field), word))
        return _JSON, msgspec.json.encode(body)

    def given(self, body: bytes) -> Given:
        """Read the token out of the answer."""
        found: Any = None
        try:
            found = msgspec.json.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise GiveUp("The login did not answer with JSON.") from None
        for step in path_steps(self._auth.token):
            found = found.get(step) if isinstance(found, dict) else None
        if not isinstance(found, str):
            raise GiveUp(
                f"The login's answer has no token at `{self._auth.token}`.",
                remedy="Correct `token` under auth.",
            )
        return Given(found, self._auth.seconds)
