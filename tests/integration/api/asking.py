"""Ask the GraphQL application as a client does: over HTTP, in memory, as somebody with scopes."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from registry.access.tokens import Actor
from registry.api.media import PURPOSE_HEADER
from registry.api.schema import graphql_app
from registry.api.shortcut import ACTOR, CORRELATION_ID
from schemas.access import Scope

EVERY_SCOPE = frozenset(Scope)
CORRELATION = "0123456789abcdef"
PURPOSE = "stewardship"  # shows all of a customer


class Door:
    """Stands where the gate stands: says who asks and under which id."""

    def __init__(self, app: ASGIApp, scopes: Collection[Scope]) -> None:
        self._app = app
        self._actor = Actor("tester", frozenset(scopes))

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        scope = {**scope, "state": {ACTOR: self._actor, CORRELATION_ID: CORRELATION}}
        await self._app(scope, receive, send)


def send(
    method: str = "POST",
    *,
    scopes: Collection[Scope] = EVERY_SCOPE,
    purpose: str = PURPOSE,
    **request: Any,
) -> httpx.Response:
    """Send one HTTP request to a fresh application."""
    headers = httpx.Headers(request.get("headers"))
    if purpose:
        headers.setdefault(PURPOSE_HEADER, purpose)
    request["headers"] = headers
    (answer,) = send_all([lambda client: client.request(method, "/", **request)], scopes=scopes)
    return answer


def send_all(
    requests: Collection[Callable[[httpx.AsyncClient], Any]],
    *,
    scopes: Collection[Scope] = EVERY_SCOPE,
) -> list[httpx.Response]:
    """Send requests at the same time to one fresh application."""

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=Door(graphql_app(), scopes))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await asyncio.gather(*(request(client) for request in requests))

    return asyncio.run(run())


def ask(
    query: str,
    *,
    scopes: Collection[Scope] = EVERY_SCOPE,
    purpose: str = PURPOSE,
    **variables: Any,
) -> dict[str, Any]:
    """Ask a question and return the whole answer."""
    answer = send(json={"query": query, "variables": variables}, scopes=scopes, purpose=purpose)
    assert answer.status_code == 200, answer.text
    return answer.json()


def data(query: str, **given: Any) -> dict[str, Any]:
    """Ask a question that must go well and return its data."""
    answer = ask(query, **given)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def refusal(query: str, **given: Any) -> dict[str, Any]:
    """Ask a question that must be refused and return the first error, flat."""
    error = ask(query, **given)["errors"][0]
    return {"message": error["message"], "path": error.get("path"), **error["extensions"]}
