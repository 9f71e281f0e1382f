"""Where sources send messages to: POST /webhooks/SOURCE/STREAM.

Nobody needs one of our tokens here; each message proves itself by its signature. A sender learns
no more than whether to send again: 202 taken, 401 not believed, 422 not understood, 503 later.
"""

import logging
from typing import Final

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.webhook import WebhookRefused, WebhookUnreadable
from flows.receiving import receive
from schemas.errors import SourceBusy, UnknownName

WEBHOOK_PATH: Final = "/webhooks/{source}/{stream}"

BUSY_SECONDS: Final = "2"
"""A message is landed in milliseconds; what takes longer is a sync of the same source."""

logger = logging.getLogger("townclerk.webhooks")


async def take_message(request: Request) -> Response:
    """Take one message."""
    source, stream = request.path_params["source"], request.path_params["stream"]
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = await request.body()
    try:
        received = await run_sync(receive, source, stream, headers, body)
    except (WebhookRefused, UnknownName) as refused:
        # One answer for both, so that nobody can find out which sources there are.
        logger.warning("message refused", extra={"code": refused.code})
        return _told(401, "webhook_refused", "The message is not believed.")
    except WebhookUnreadable as unreadable:
        return _told(422, unreadable.code, unreadable.what)
    except SourceBusy as busy:
        answer = _told(503, busy.code, "Send it again in a moment.")
        answer.headers["Retry-After"] = BUSY_SECONDS
        return answer
    logger.info("message taken", extra={"source": source, **received._asdict()})
    return JSONResponse(received._asdict(), status_code=202)


def _told(status: int, code: str, what: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "what": what}}, status_code=status)


ROUTE: Final = Route(WEBHOOK_PATH, take_message, methods=["POST"])
