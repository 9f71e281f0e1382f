"""Trouble on request: what a source does on a bad day, for tests and rehearsals.

`--fault crm:429` lets every third request for data fail, `--fault crm:429:1` every one. A client
asks for trouble with a single request by the header `X-Sandbox-Fault: 429`.
"""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import InvalidInput
from townclerk.sandbox.servers.answers import problem

HEADER = b"x-sandbox-fault"
EVERY = 3  # requests; a client that goes on gets through
SLOW_SECONDS = 2.0
RETRY_AFTER_SECONDS = 1
UNTROUBLED = {"/openapi.json", "/swagger.json", "/oauth/token"}  # documents and sign-in
STATE = "sandbox.fault"


class FaultKind(StrEnum):
    """What goes wrong."""

    BUSY = "429"  # too many requests, with Retry-After
    BROKEN = "500"  # an error page that is not JSON
    SLOW = "slow"  # the answer takes SLOW_SECONDS longer
    SHORT = "short"  # a page holds half the records it should
    CUT = "cut"  # the connection ends in the middle of the body
    LOOP = "loop"  # the next page is the same page again
    LOGIN = "login"  # a valid token or password is refused


class Fault(NamedTuple):
    """One kind of trouble at one source, at every so many requests."""

    source: str
    kind: FaultKind
    every: int = EVERY


def parse_fault(text: str) -> Fault:
    """Read `source:kind` or `source:kind:every`.

    Raises:
        InvalidInput: Not of that form.
    """
    source, _, rest = text.partition(":")
    kind, _, every = rest.partition(":")
    if kind not in set(FaultKind) or not (every or "1").isdigit() or every == "0" or not source:
        raise InvalidInput(
            f"{text!r} is no fault.",
            remedy=f"Write source:kind or source:kind:every; kinds: {', '.join(FaultKind)}.",
        )
    return Fault(source, FaultKind(kind), int(every or EVERY))


def fault_of(request: Request) -> FaultKind | None:
    """Return the trouble that the page itself has to make: SHORT, LOOP or LOGIN."""
    kind: FaultKind | None = request.scope.get(STATE)
    return kind


class Troubled:
    """Wraps a source so that it misbehaves on request.

    Args:
        app: The source.
        faults: Trouble from the command line; that of other sources is ignored.
        source: Which source this is.
    """

    def __init__(self, app: ASGIApp, faults: Sequence[Fault], source: str) -> None:
        self._app = app
        self._faults = [fault for fault in faults if fault.source == source]
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, well or badly."""
        kind = self._kind(scope)
        if kind == FaultKind.BUSY:
            wait = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            answer = problem(429, "Too Many Requests", "Come back later.", wait)
            await answer(scope, receive, send)
            return
        if kind == FaultKind.BROKEN:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"<h1>Internal Server Error</h1>"})
            return
        if kind == FaultKind.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        scope[STATE] = kind
        await self._app(scope, receive, _cutting(send) if kind == FaultKind.CUT else send)

    def _kind(self, scope: Scope) -> FaultKind | None:
        if scope["path"] in UNTROUBLED:
            return None
        asked = dict(scope["headers"]).get(HEADER, b"").decode("ascii", "replace")
        if asked in set(FaultKind):
            return FaultKind(asked)
        self._requests += 1
        return next(
            (fault.kind for fault in self._faults if self._requests % fault.every == 0), None
        )


def _cutting(send: Send) -> Send:
    """Return a `send` that passes half of the body and then no more."""

    async def cut(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body = message.get("body", b"")
        # More is promised and never comes: the server closes the connection.
        await send({**message, "body": body[: len(body) // 2], "more_body": True})

    return cut
