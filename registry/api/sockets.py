"""Subscriptions over graphql-transport-ws: who may connect, how much of it, and when it ends.

Only subscriptions run here; questions and changes go by POST. Browsers send no headers with a
WebSocket, so the token may come in the payload of `connection_init`, under `Authorization`. Where
requests come from is checked by the guard in front (townclerk.guards.OwnPagesOnly).

Source:
    https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
import psycopg
from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType
from strawberry.utils.aio import aclosing

from registry.api.answers import told
from registry.api.documents import read_document
from registry.api.refusals import SocketsFull
from registry.api.subscriptions import Subscriber
from schemas.errors import AccessDenied, TownclerkError

if TYPE_CHECKING:
    from registry.api.view import GraphQLApp

CONNECTIONS_MAX: Final = 1000  # of one process; each holds a socket and some kilobytes
SUBSCRIPTIONS_MAX: Final = 2000  # of one process; each event is handed to every one of them
SUBSCRIPTIONS_PER_CONNECTION_MAX: Final = 20  # a page follows a handful of things
INIT_WAIT: Final = timedelta(seconds=10)  # clients send `connection_init` at once
MESSAGE_CHARACTERS_MAX: Final = 64 * 1024  # a document has 20,000 at most
ID_CHARACTERS_MAX: Final = 128  # clients number them, or use UUIDs
# A token that was withdrawn or ran out ends its connections within this time.
RECHECK_SECONDS: Final = 60.0
CLOSE_SECONDS_MAX: Final = 5.0

# RFC 6455, section 7.4.1, and its registry: clients of graphql-ws try again after 1013 alone.
TOO_BIG: Final = 1009
TRY_AGAIN_LATER: Final = 1013
BAD_REQUEST: Final = 4400
FORBIDDEN: Final = 4403

# How a connection shows that the other side has gone.
_BROKEN: Final = (RuntimeError, OSError, WebSocketDisconnect)

logger = logging.getLogger("townclerk.api")


class Socket(ASGIWebSocketAdapter):
    """A WebSocket that speaks text frames, as the protocol demands, and reads bounded ones."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> Any:  # noqa: ARG002  # strawberry's name
        """Yield messages; close where one is no JSON, or far too long."""
        while self.ws.application_state != WebSocketState.DISCONNECTED:
            message = await self.ws.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                await self.close(BAD_REQUEST, "Messages are text")
                return
            if len(text) > MESSAGE_CHARACTERS_MAX:
                await self.close(TOO_BIG, "The message is too long")
                return
            try:
                yield msgspec.json.decode(text)
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                await self.close(BAD_REQUEST, "The message is not JSON")
                return

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message, unless the connection is over."""
        if self.ws.application_state == WebSocketState.CONNECTED:
            with contextlib.suppress(*_BROKEN):  # reading tells the same
                await self.ws.send_text(msgspec.json.encode(message).decode())

    async def close(self, code: int, reason: str) -> None:
        """Close once; later calls change nothing."""
        if self.ws.application_state == WebSocketState.CONNECTED:
            with contextlib.suppress(*_BROKEN):
                await self.ws.close(code=code, reason=reason)


class SocketHandler(BaseGraphQLTransportWSHandler[Any, None]):
    """One connection: strawberry's protocol, our limits and our errors."""

    view: "GraphQLApp"
    context: Subscriber

    async def handle(self) -> None:
        """Serve the connection until it ends."""
        self.context.drop = self._drop
        self._recheck: asyncio.Task[None] | None = None
        self._dropping: asyncio.Task[None] | None = None
        if len(self.view.sockets) >= CONNECTIONS_MAX:
            await self.websocket.close(TRY_AGAIN_LATER, "Too many connections")
            return
        self.view.sockets.add(self)
        try:
            await super().handle()
        finally:
            self.view.sockets.discard(self)

    async def shutdown(self) -> None:
        """End what still runs."""
        if self._recheck:
            self._recheck.cancel()
        await super().shutdown()

    async def handle_message(self, message: Any) -> None:
        """Handle one message of the right shape; others end the connection."""
        if not _is_message(message):
            await self.handle_invalid_message("The message has another shape")
            return
        await super().handle_message(message)
        if self.connection_acknowledged and self._recheck is None:
            self._recheck = asyncio.create_task(self._check_again_and_again())

    async def handle_subscribe(self, message: Any) -> None:
        """Begin a subscription, unless this process has enough of them."""
        open_now = sum(len(socket.operations) for socket in self.view.sockets)
        if self.connection_acknowledged and open_now >= SUBSCRIPTIONS_MAX:
            full = SocketsFull(f"This server has {SUBSCRIPTIONS_MAX} subscriptions already.")
            await self._send_errors(message["id"], [GraphQLError(full.what, original_error=full)])
            return
        try:
            payload = message["payload"]
            text = await self.view.text_asked(
                payload.get("query"), payload.get("extensions"), self.context.actor
            )
            read_document(text)
        except TownclerkError as error:
            await self._send_errors(message["id"], [GraphQLError(error.what, original_error=error)])
            return
        except GraphQLError as error:
            await self._send_errors(message["id"], [error])
            return
        message["payload"]["query"] = text
        await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        """Run one subscription to its end; its errors are told as those of questions are."""
        stream = await self.schema.stream(
            operation.query,
            variable_values=operation.variables,
            context_value=self.context,
            operation_name=operation.operation_name,
            allowed_operation_types={OperationType.SUBSCRIPTION},
        )
        is_first = True
        async with aclosing(stream):
            async for result in stream:
                errors = told(result.errors or (), self.context.correlation_id)
                if errors and is_first and (result.data is None or _is_early(result)):
                    await operation.send_initial_errors(errors)
                    return
                result.errors = errors or None
                await operation.send_next(cast("Any", result))
                is_first = False
        await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def _send_errors(self, operation_id: str, errors: list[GraphQLError]) -> None:
        shown = [error.formatted for error in told(errors, self.context.correlation_id)]
        await self.send_message({"id": operation_id, "type": "error", "payload": shown})

    def _drop(self) -> None:
        """End a connection that does not take what it asked for."""
        if self._dropping is None:
            logger.info("a subscriber was too slow and is dropped")
            self._dropping = asyncio.create_task(self._end(TRY_AGAIN_LATER, "Too slow"))

    async def _end(self, code: int, reason: str) -> None:
        for operation_id in list(self.operations):
            await self.cleanup_operation(operation_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self.websocket.close(code, reason)

    async def _check_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                await sign_in(self.context)
            except AccessDenied:
                await self._end(FORBIDDEN, "Forbidden")
                return
            except (TownclerkError, psycopg.Error):
                logger.warning("a token could not be checked again; trying later")


async def sign_in(context: Subscriber) -> None:
    """Find out who subscribes, from the payload of `connection_init` or the request's header.

    Raises:
        AccessDenied: The token is missing or worthless.
    """
    if context.find_actor is None:
        return  # whoever stands in front of us has said who asks
    given = context.connection_params.get("Authorization", context.authorization)
    if not isinstance(given, str | None):
        raise AccessDenied("The Authorization of this connection is no text.")
    context.actor = await asyncio.to_thread(context.find_actor, given)


async def admit(context: Subscriber) -> None:
    """Sign in, or reject the connection.

    Raises:
        ConnectionRejectionError: Who asks may not connect.
    """
    try:
        await sign_in(context)
    except TownclerkError as error:
        raise ConnectionRejectionError from error


def _is_early(result: Any) -> bool:
    return isinstance(result, PreExecutionError)


def _is_message(message: Any) -> bool:
    """Tell whether a message has the shape its type asks for."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] in {"subscribe", "complete"}:
        operation_id = message.get("id")
        if not isinstance(operation_id, str) or not 0 < len(operation_id) <= ID_CHARACTERS_MAX:
            return False
    if message["type"] != "subscribe":
        return True
    payload = message.get("payload")
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str | None)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
        and isinstance(payload.get("extensions"), dict | None)
    )
