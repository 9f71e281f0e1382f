"""Guards of every request: whose page sent it, how large it is, what a browser may do after.

Pure ASGI: a guard looks at the request, refuses or passes on, and never buffers a body.
"""

import re
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.runtime import PREFECT_PATH
from schemas.errors import AccessDenied, InvalidInput, TownclerkError
from townclerk.answers import RequestTooLarge, header, refuse

BODY_BYTES_MAX: Final = 1024 * 1024  # our largest question is a GraphQL document of some kilobytes
LOOPBACK_HOST: Final = re.compile(
    r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE
)
READING: Final = frozenset({"GET", "HEAD"})

_STRICT: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Prefect's pages set styles from scripts and draw in workers; they still reach no other host.
_PREFECT: Final = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """Gives every answer the strict headers it does not set itself.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = _PREFECT if _is_prefects(scope["path"]) else _STRICT

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", policy)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OwnPagesOnly:
    """Refuses requests that a stranger's web page makes in the name of our user.

    A page can point a name of its own at 127.0.0.1 (DNS rebinding): on loopback only loopback's
    names are answered. A page can also send forms to any address: changes must come from our own.

    Args:
        app: What answers.
        loopback: Whether we listen on a loopback address.
    """

    def __init__(self, app: ASGIApp, *, loopback: bool) -> None:
        self._app = app
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            error, status = refusal
            await refuse(error, scope, receive, send, status=status)

    def _refusal(self, scope: Scope) -> tuple[TownclerkError, HTTPStatus] | None:
        if sum(name == b"host" for name, _ in scope["headers"]) > 1:
            two = InvalidInput("The request names two hosts.", remedy="Send one Host header.")
            return two, HTTPStatus.BAD_REQUEST
        if self._loopback and not _names_loopback(scope):
            foreign = AccessDenied(
                "This server answers only to the names 127.0.0.1 and localhost.",
                remedy="Open it under one of those names, or set TOWNCLERK_HOST to an address of "
                "this machine.",
            )
            return foreign, HTTPStatus.MISDIRECTED_REQUEST
        if _comes_from_a_stranger(scope):
            stranger = AccessDenied(
                "Another web site sent this request.",
                remedy="Do it from Townclerk's own pages, or from a program.",
            )
            return stranger, HTTPStatus.FORBIDDEN
        return None


class BodyLimit:
    """Refuses bodies over a size, by their declared length or while they stream in.

    Args:
        app: What answers.
        bytes_max: The size.
    """

    def __init__(self, app: ASGIApp, *, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        too_large = RequestTooLarge(f"A request may have {self._bytes_max} bytes at most.")
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        declared = header(scope, "content-length") or "0"
        if not declared.isdecimal() or int(declared[:20]) > self._bytes_max:
            await refuse(too_large, scope, receive, send, status=status)
            return
        seen, over, started = 0, False, False

        async def receive_counted() -> Message:
            nonlocal seen, over
            message = await receive()
            seen += len(message.get("body", b""))
            over = over or seen > self._bytes_max
            # To the application it looks as if the sender had hung up.
            return {"type": "http.disconnect"} if over else message

        async def send_unless_over(message: Message) -> None:
            nonlocal started
            if not over or started:
                started = True
                await send(message)

        try:
            await self._app(scope, receive_counted, send_unless_over)
        except ClientDisconnect:
            if not over:
                raise
        if over and not started:
            await refuse(too_large, scope, receive, send, status=status)


def _is_prefects(path: str) -> bool:
    return path == PREFECT_PATH or path.startswith(f"{PREFECT_PATH}/")


def _names_loopback(scope: Scope) -> bool:
    return LOOPBACK_HOST.fullmatch(header(scope, "host") or "") is not None


def _comes_from_a_stranger(scope: Scope) -> bool:
    """Tell whether a browser says that a page of another site wants to change something.

    Source:
        W3C Fetch Metadata, section 2.3; RFC 6454, section 7.
    """
    is_socket = scope["type"] == "websocket"
    if not is_socket and scope["method"] in READING:
        return False
    site = header(scope, "sec-fetch-site")
    if site is not None and not is_socket:
        return site not in {"same-origin", "none"}
    origin = header(scope, "origin")
    return origin is not None and origin.partition("://")[2] != header(scope, "host")
