"""The program that the GraphQL benchmark asks: one server, three ways to the same answer.

    /graphql   as people ask it
    /plain     through our executor alone
    /raw       pool -> the statement that /graphql runs, in one trip -> bytes: the limit of any
               such server; where its parameters are reckoned, the request brings them along as JSON

All three sit on the same event loop and HTTP parser as `townclerk up`.

Run by benchmarks/graphql.py: `python -m benchmarks.graphql_server <database> <port>`.
"""

import sys
from typing import Any

import orjson
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from registry.access.tokens import Actor
from registry.api.documents import read_document
from registry.api.schema import plain_schema, plans, schema
from registry.api.seats import Seats
from registry.api.shortcut import ACTOR
from registry.api.view import GraphQLApp
from registry.storage.asking import ask_in_one_trip, command
from registry.storage.database import current_database, open_database, unit_of_work
from registry.storage.readable import reckoned
from schemas.access import Scope
from townclerk.serving import HABITS

POOL_SIZE = 6
EVERY = Actor("benchmark", frozenset(Scope))


class Server:
    """The three ways, by path."""

    def __init__(self) -> None:
        self._ways: dict[str, ASGIApp] = {
            "/graphql": GraphQLApp(schema, plans=plans),
            "/plain": GraphQLApp(plain_schema),
        }

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if way := self._ways.get(scope["path"]):
            await way({**scope, "path": "/", "state": {ACTOR: EVERY}}, receive, send)
            return
        request = Request(scope, receive)
        body = orjson.loads(await request.body())
        if scope["path"] == "/parameters":
            told = [each.strip("{}").split(",") for each in _statement(body)[1]]
            await Response(orjson.dumps(told), media_type="application/json")(scope, receive, send)
            return
        text = await _bare(body)
        await Response(text, media_type="application/json")(scope, receive, send)


_statements: dict[str, tuple[bytes, list[Any]]] = {}


def _statement(body: dict[str, Any]) -> tuple[bytes, list[Any]]:
    """Return the statement that a question compiles to; found once, as a person would write it."""
    asked = orjson.dumps([body["query"], body["variables"]]).decode()
    if asked not in _statements:
        document = read_document(body["query"])
        question = plans.question(body["query"], document, None, body.get("variables"))
        assert question
        found = plans.plan(question, EVERY.scopes)
        assert found
        with unit_of_work() as db:
            _statements[asked] = (found[0].sql, reckoned(db, found[1]))
    return _statements[asked]


async def _bare(body: dict[str, Any]) -> bytes:
    sql, values = _statement(body)
    if told := body.get("told"):
        values = [f"{{{','.join(each)}}}" for each in told]
    async with _seats:
        db = current_database().take_at_once()
        assert db is not None  # there is one for each seat
        try:
            (result,) = await ask_in_one_trip(db, [command(db, sql, values)])
        finally:
            current_database().pool.putconn(db)
    return result.get_value(0, 0) or b""


_seats = Seats()

if __name__ == "__main__":
    open_database(sys.argv[1], pool_size=POOL_SIZE)
    config = uvicorn.Config(
        Server(), host="127.0.0.1", port=int(sys.argv[2]), log_level="error", **HABITS
    )
    uvicorn.Server(config).run()
