"""The edges of a request: its correlation id, log line and time, and what happens on a failure."""

import asyncio
import logging
import re
import time
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.runtime import PREFECT_PATH
from schemas.base import uuid7
from schemas.errors import Unreachable
from townclerk.answers import InternalError, header, refuse
from townclerk.gate import RULE
from townclerk.logs import log_context
from townclerk.metrics import Metrics

REQUEST_ID_HEADER: Final = "x-request-id"
# Foreign ids enter our logs, so they are short and plain; anything else is replaced.
_FOREIGN_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,63}", re.ASCII)
UNKNOWN_ROUTE: Final = "refused"

logger = logging.getLogger("townclerk.requests")


class Stopping(Unreachable):
    """This Townclerk is stopping; the request took longer than it could wait."""

    code = "stopping"
    remedy = "Ask again when it is back."


class Correlation:
    """Takes over or makes a correlation id, logs under it, and hands it back.

    What answers finds it as `request.state.correlation_id`.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = header(scope, REQUEST_ID_HEADER) or ""
        known = given if _FOREIGN_ID.fullmatch(given) else uuid7().hex
        scope.setdefault("state", {})["correlation_id"] = known

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = known
            await send(message)

        with log_context(correlation_id=known):
            await self._app(scope, receive, send_with_id)


class Watch:
    """Times and logs every request, and is the last to catch what code let fall.

    The log has the route's template, never the path or query: those may name a person.

    Args:
        app: What answers.
        metrics: Takes the times.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except asyncio.CancelledError:  # the server stops and has waited long enough for us
            if status:
                raise
            await refuse(Stopping("This Townclerk is stopping."), scope, receive, send_watched)
        except Exception:  # the outermost edge: one request fails, the server goes on
            logger.exception("a request failed")
            if status:
                raise  # half an answer is out; the server must break the connection
            error = InternalError("Something went wrong.")
            await refuse(error, scope, receive, send_watched)
        finally:
            self._note(scope, status or HTTPStatus.INTERNAL_SERVER_ERROR, begun)

    def _note(self, scope: Scope, status: int, begun: float) -> None:
        seconds = time.perf_counter() - begun
        rule, actor = scope.get(RULE), scope["state"].get("actor")
        route = rule.template if rule else UNKNOWN_ROUTE
        self._metrics.note_request(scope["method"], route, status, seconds)
        # Our own clock asks Prefect ten times per flow; that is no news.
        by_clock = route.startswith(PREFECT_PATH) and status < HTTPStatus.BAD_REQUEST
        logger.log(
            logging.DEBUG if by_clock else logging.INFO,
            "request",
            extra={
                "method": scope["method"],
                "route": route,
                "status": status,
                "milliseconds": round(seconds * 1000, 1),
                "actor": actor.name if actor else "unknown",
            },
        )
