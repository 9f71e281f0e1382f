"""The short way: a question that was answered before goes from the socket to its statement.

Nothing is parsed, validated or wrapped again; the text of the database goes out between `{"data":`
and `}`. Whatever is not quite usual - another method, a change, a plan that is not there yet - is
handed on as it came, and the long way answers it or says what is wrong with it.
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson
from graphql import GraphQLError
from psycopg import Error

from registry.access.tokens import Actor
from registry.api.answers import told
from registry.api.documents import read_document
from registry.api.media import PURPOSE_HEADER, demand_json, media_type
from registry.api.reading.compiled import failed
from registry.api.reading.plans import Plan, Plans
from registry.api.refusals import RequestRefused
from registry.api.seats import Seats
from registry.api.whole import NotReckoned, whole_answer
from registry.storage.guarding import for_purpose
from schemas import access
from schemas.errors import TownclerkError

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

# Where in the request's state the guards in front leave who asks and the id of the request.
ACTOR: Final = "actor"
CORRELATION_ID: Final = "correlation_id"
NOBODY: Final = Actor("nobody", frozenset())

HEADER_SETS_MAX: Final = 100  # clients differ in few headers that matter here
HEADER_CHARACTERS_MAX: Final = 200  # no client's Content-Type or Accept is longer
_PURPOSE: Final = PURPOSE_HEADER.encode()
_READ_HERE: Final = frozenset({b"content-type", b"accept", _PURPOSE})

FindText = Callable[[str | None, dict[str, Any] | None, Actor], Awaitable[str]]
Found = tuple[Plan, list[Any]]


class Asked(msgspec.Struct):
    """A request's body, as the specification has it."""

    query: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")
    extensions: dict[str, Any] | None = None


_DECODER: Final = msgspec.json.Decoder(Asked)


class Shortcut:
    """Answers what has been asked before.

    Args:
        plans: What was compiled before.
        find_text: From what a request names to its document; refuses whoever may not ask it.
        seats: Where one waits for a free place.
    """

    def __init__(self, plans: Plans, find_text: FindText, seats: Seats) -> None:
        self._plans = plans
        self._find_text = find_text
        self._seats = seats

    async def answer(self, scope: "Scope", receive: "Receive", send: "Send") -> "Receive | None":
        """Answer a request, or leave it to the long way.

        Returns:
            None where it has been answered; else what the long way is to receive instead.

        Raises:
            TownclerkError: The purpose is no name, or all places are taken.
        """
        headers = _headers(scope)
        if headers is None:
            return receive
        kind, purpose = headers
        for_purpose(purpose)  # refuses what is no name before anything is read
        came, body = await _body(receive)
        state = scope.get("state", {})
        actor: Actor = state.get(ACTOR, NOBODY)
        found = await self._found(body, actor)
        if found is None:
            return _again(came, receive)
        async with self._seats:
            try:
                answer = b'{"data":%b}' % await whole_answer(
                    actor.scopes, purpose, found[0].sql, found[1]
                )
            except NotReckoned:
                return _again(came, receive)
            except (TownclerkError, Error) as error:
                answer = _failed(error, found[0], actor, state.get(CORRELATION_ID, ""))
        length = str(len(answer)).encode()
        fields = [(b"content-length", length), (b"content-type", kind)]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": answer})
        return None

    async def _found(self, body: bytes, actor: Actor) -> Found | None:
        """Return the plan of what is asked; None for whatever the long way has to look at."""
        try:
            asked = _DECODER.decode(body)
            text = await self._find_text(asked.query, asked.extensions, actor)
            document, name = read_document(text), asked.operation_name or None
            question = self._plans.question(text, document, name, asked.variables)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, GraphQLError, TownclerkError):
            return None  # said again, and in full, on the long way
        found = self._plans.kept(question, actor.scopes) if question else None
        # Who reads customers is written down, and the long way does that.
        return None if found and access.Scope.CUSTOMERS_READ in found[0].scopes else found


def _failed(error: Exception, plan: Plan, actor: Actor, correlation_id: str) -> bytes:
    """Return the answer of a question that failed as a whole."""
    result = failed(error, [plan.first])
    errors = told(result.errors or (), correlation_id, hints=bool(actor.scopes))
    return orjson.dumps({"data": None, "errors": [each.formatted for each in errors]})


def _headers(scope: "Scope") -> tuple[bytes, str] | None:
    """Return the answer's Content-Type and the purpose; None where anything is unusual."""
    if scope["method"] != "POST":
        return None
    given: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _READ_HERE:
            if name in given:
                return None
            given[name] = value
    kind = _answers_in(given.get(b"content-type", b""), given.get(b"accept", b""))
    return (kind, given.get(_PURPOSE, b"").decode("latin-1")) if kind else None


@lru_cache(HEADER_SETS_MAX)
def _answers_in(content_type: bytes, accept: bytes) -> bytes:
    """Return the answer's Content-Type; empty where the long way has to look at the headers."""
    if max(len(content_type), len(accept)) > HEADER_CHARACTERS_MAX:
        return b""
    try:
        demand_json(content_type.decode("latin-1"))
    except RequestRefused:
        return b""
    return f"{media_type({'accept': accept.decode('latin-1')})}; charset=utf-8".encode()


async def _body(receive: "Receive") -> "tuple[list[Message], bytes]":
    """Return everything that comes of a request, and the body in it."""
    came: list[Message] = []
    while True:
        message = await receive()
        came.append(message)
        if message["type"] != "http.request" or not message.get("more_body"):
            return came, b"".join(each.get("body", b"") for each in came)


def _again(came: "list[Message]", receive: "Receive") -> "Receive":
    """Return what gives again what came already."""
    waiting = iter(came)

    async def receive_again() -> "Message":
        message = next(waiting, None)
        return await receive() if message is None else message

    return receive_again
