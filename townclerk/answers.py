"""How the web server refuses: one JSON shape, the right status, the next step, no inner facts.

A browser that asks for a page gets the same as a page.
"""

from http import HTTPStatus
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from registry.access.authorise import TokenRefused
from schemas.errors import (
    AccessDenied,
    Conflict,
    InvalidInput,
    TownclerkError,
    UnknownName,
    Unreachable,
    WrongRelease,
)

# The first class that fits decides, so the special ones come first.
STATUSES: Final[tuple[tuple[type[TownclerkError], HTTPStatus], ...]] = (
    (TokenRefused, HTTPStatus.UNAUTHORIZED),
    (AccessDenied, HTTPStatus.FORBIDDEN),
    (UnknownName, HTTPStatus.NOT_FOUND),
    (InvalidInput, HTTPStatus.BAD_REQUEST),
    (Conflict, HTTPStatus.CONFLICT),
    (Unreachable, HTTPStatus.SERVICE_UNAVAILABLE),
    (WrongRelease, HTTPStatus.SERVICE_UNAVAILABLE),
)
# Browsers ask their user for a password only when they see Basic; programs look for Bearer.
CHALLENGE: Final = 'Bearer realm="townclerk", Basic realm="townclerk: your token is the password"'
POLICY_VIOLATION: Final = 1008  # RFC 6455, section 7.4.1


class InternalError(TownclerkError):
    """Something went wrong on our side; the log has the place under the request id."""

    code = "internal_error"
    remedy = "Try again; if it stays, give the request id to whoever runs this Townclerk."


class RequestTooLarge(InvalidInput):
    """The body of a request is larger than any of ours."""

    code = "request_too_large"
    remedy = "Send less at once; large files are read by `townclerk landscape import`."


def answer(
    error: TownclerkError, *, status: HTTPStatus | None = None, asked: Scope | None = None
) -> Response:
    """Return the response to an error; what only the log may know stays out of it.

    Args:
        error: What went wrong.
        status: HTTP status; the error's own where none is given.
        asked: The request, where it is known; it says whether a page is wanted.
    """
    status = status or status_of(error)
    shown: dict[str, str] = {"code": error.code, "what": error.what, "remedy": error.remedy}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, WrongRelease):
        # These words may name hosts, users and paths of the machine.
        shown["what"] = (type(error).__doc__ or "").split("\n", maxsplit=1)[0]
    response: Response = JSONResponse({"error": shown}, status)
    if asked is not None and _wants_a_page(asked):
        from registry.web.refusals import refusal_page  # half a second that programs need not pay

        request_id = asked.get("state", {}).get("correlation_id")
        response = HTMLResponse(refusal_page(shown, status, request_id=request_id), status)
    response.headers["Vary"] = "Accept"
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def _wants_a_page(asked: Scope) -> bool:
    if asked["type"] != "http":
        return False
    from registry.web.accepting import prefers_a_page

    return prefers_a_page(header(asked, "accept") or "")


def answer_request(request: Request, error: Exception) -> Response:
    """Answer an error of ours that a page or route has raised."""
    assert isinstance(error, TownclerkError)
    return answer(error, asked=request.scope)


async def refuse(
    error: TownclerkError,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    status: HTTPStatus | None = None,
) -> None:
    """Refuse a request before it reaches the application."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": error.code})
        return
    await answer(error, status=status, asked=scope)(scope, receive, send)


def status_of(error: TownclerkError) -> HTTPStatus:
    """Return the HTTP status of an error."""
    for kind, status in STATUSES:
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def header(scope: Scope, name: str) -> str | None:
    """Return a request header."""
    return HTTPConnection(scope).headers.get(name)
