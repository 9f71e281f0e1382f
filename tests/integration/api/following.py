"""Follow subscriptions as clients do: over a real WebSocket, to a server on a free port."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import uvicorn
import websockets
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection

from registry.api.schema import graphql_app
from registry.storage.database import unit_of_work
from schemas.access import Scope
from tests.integration.api.asking import EVERY_SCOPE, Door

SYNCS = "subscription { syncProgress { sourceKey state pages recordsRead failure { code } } }"
LANDSCAPE = "subscription { landscapeChanges { what change count urns relationshipIds } }"
REVIEW = "subscription { reviewQueue { total parts { kind key count } } }"
PROTOCOL: Any = ["graphql-transport-ws"]
SECONDS_MAX = 20


def committed(do: Callable[[psycopg.Connection], Any]) -> Any:
    """Do something in a transaction of its own, so that followers hear of it."""
    with unit_of_work() as db:
        return do(db)


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application in this loop; yield where sockets open."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, ws_max_size=2**21)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        await task


class Follower:
    """One connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS_MAX):
            return json.loads(await self.socket.recv())

    async def begin(self, payload: dict[str, Any] | None = None) -> None:
        await self.say(type="connection_init", payload=payload or {})
        assert (await self.hear())["type"] == "connection_ack"

    async def follow(self, query: str, name: str = "1", **more: Any) -> None:
        await self.say(type="subscribe", id=name, payload={"query": query, **more})

    async def event(self) -> Any:
        """Return the next event's data, flat."""
        message = await self.hear()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (value,) = message["payload"]["data"].values()
        return value

    async def refusal(self) -> dict[str, Any]:
        message = await self.hear()
        assert message["type"] == "error", message
        return {"message": message["payload"][0]["message"], **message["payload"][0]["extensions"]}

    async def close_code(self) -> int:
        async with asyncio.timeout(SECONDS_MAX):
            try:
                while True:
                    await self.socket.recv()
            except websockets.ConnectionClosed:
                return int(self.socket.close_code or 0)


@asynccontextmanager
async def connected(url: str, **given: Any) -> AsyncIterator[Follower]:
    async with websockets.connect(url, subprotocols=PROTOCOL, **given) as socket:
        yield Follower(socket)


def follow(
    work: Callable[[Follower], Coroutine[Any, Any, Any]],
    *,
    scopes: Collection[Scope] = EVERY_SCOPE,
    begun: bool = True,
) -> Any:
    """Run one connection's work against a fresh application."""

    async def run() -> Any:
        async with (
            served(Door(graphql_app(), scopes)) as url,
            connected(url) as follower,
        ):
            if begun:
                await follower.begin()
            return await work(follower)

    return asyncio.run(run())
