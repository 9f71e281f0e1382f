"""Open the HTTP client of a source: its registered address, and the sign-in its file asks for."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from connectors.sdk.auth import (
    JwtAuth,
    NoAuth,
    OAuth2,
    OAuth2ClientCredentials,
    OAuth2RefreshToken,
    S3Auth,
    SessionTokenAuth,
    SshAuth,
    ZgwJwtAuth,
)
from connectors.sdk.certificates import tls_context
from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.pace import origin_of, pace_of
from connectors.sdk.signing_in import SignIn, fixed_sign_in, jwt_sign_in, zgw_sign_in
from connectors.sdk.source import Source
from connectors.sdk.tokens import SessionSignIn, TokenSignIn
from schemas.errors import InvalidInput


def open_http(source: Source) -> HttpClient:
    """Make the client of a source; nothing is sent before the first request.

    Raises:
        InvalidInput: The registered address is no usable URL, or a secret would cross the
            internet in the clear.
    """
    return _client(source, source.base_url, _sign_in(source))


def _client(source: Source, base_url: str, sign_in: SignIn | None = None) -> HttpClient:
    https = urlsplit(base_url).scheme == "https"
    here = origin_of(base_url) == origin_of(source.base_url)
    ours = source.spec.tls if here else None  # our certificate is for the registered origin alone
    return HttpClient(
        base_url,
        internal=source.internal,
        loopback=source.loopback,
        timeout_seconds=source.spec.timeout_seconds,
        sign_in=sign_in,
        tls=tls_context(ours, source.secret) if https else False,
        machine_trust=ours is None,
        pace=pace_of(base_url, source.spec.requests_per_second if here else None),
        transport=source.transport,
    )


def _sign_in(source: Source) -> SignIn | None:
    auth = source.spec.auth
    if source.spec.tls is not None:
        _demand_tls(source.base_url)
    if isinstance(auth, NoAuth | S3Auth | SshAuth):
        return None  # S3 signs each request by itself, and SSH is not spoken here
    _refuse_clear_text(source, source.base_url)
    if isinstance(auth, ZgwJwtAuth):
        return zgw_sign_in(auth, source.secret)
    if isinstance(auth, JwtAuth):
        return jwt_sign_in(auth, source.secret)
    if not isinstance(auth, OAuth2ClientCredentials | OAuth2RefreshToken | SessionTokenAuth):
        return fixed_sign_in(auth, source.secret)
    path, url = (
        (auth.token_path, auth.token_url)
        if isinstance(auth, OAuth2)
        else (auth.login_path, auth.login_url)
    )
    parts = urlsplit(source.base_url)
    address = url or f"{parts.scheme}://{parts.netloc}{path}"
    _refuse_clear_text(source, address)
    server = _TokenServer(_client(source, address))
    if isinstance(auth, SessionTokenAuth):
        return SessionSignIn(auth, source.secret, server)
    return TokenSignIn(auth, source.secret, server, address)


def _demand_tls(address: str) -> None:
    if urlsplit(address).scheme != "https":
        raise InvalidInput("A certificate of ours can only be shown over https.")


def _refuse_clear_text(source: Source, address: str) -> None:
    """Refuse to send a secret over http, unless it stays inside our own walls."""
    if urlsplit(address).scheme != "https" and not (source.internal or source.loopback):
        raise InvalidInput(
            "A secret would cross the internet unencrypted: the address begins with http:.",
            remedy="Register the https: address, or register the interface as internal.",
        )


class _TokenServer:
    """Posts to a token address."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def post(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Post a body and return the answer's."""
        return await self._http.post(self._http.below(""), body, headers, _body)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _body(answer: Answer) -> bytes:
    return answer.body
