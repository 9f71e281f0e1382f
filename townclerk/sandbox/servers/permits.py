"""The permits system on the wire: GraphQL by graphene, an implementation independent of ours."""

import json
from pathlib import Path
from typing import Any

import anyio.to_thread
import orjson
from anyio import CapacityLimiter
from graphql import DocumentNode, GraphQLError, execute, parse, validate
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from townclerk.sandbox.identifiers import Scramble
from townclerk.sandbox.servers.answers import problem, read_cursor, same, write_cursor
from townclerk.sandbox.servers.faults import FaultKind, fault_of
from townclerk.sandbox.servers.permit_types import schema
from townclerk.sandbox.sources import permits
from townclerk.sandbox.store import Shelf

KEY_HEADER = "x-api-key"
FIRST_MAX = 500  # applicants per page
BODY_MAX = 100_000  # bytes of a request; a longer query is not a question
DOCUMENTS_MAX = 200  # parsed queries kept; clients repeat themselves


class Desk:
    """Answers the resolvers from the store; see permit_types.PermitDesk.

    Args:
        shelf: Applicants.
        keys: Leads from an applicant's number to its place in the store.
    """

    def __init__(self, shelf: Shelf, keys: Scramble) -> None:
        self.shelf = shelf
        self.keys = keys
        self.fault: FaultKind | None = None

    def find(self, number: str) -> dict[str, Any] | None:
        """Return one applicant by number."""
        digits = number.removeprefix("A-")
        if not (len(number) == 8 and digits.isascii() and digits.isdigit()):
            return None
        found = self.shelf.get(self.keys.find(int(digits)))
        return orjson.loads(found) if found else None

    def page(self, first: int, after: str | None, since: str | None) -> dict[str, Any]:
        """Return one page of applicants as edges and page info."""
        if not 1 <= first <= FIRST_MAX:
            raise GraphQLError(f"first must lie between 1 and {FIRST_MAX}.")
        place = read_cursor(after) if after else (since or "", 0)
        if place is None:
            raise GraphQLError("after is not a cursor of this list.")
        limit = max(1, first // 2) if self.fault == FaultKind.SHORT else first
        if since is None:
            rows = self.shelf.after(place[1], limit + 1)
        else:
            rows = self.shelf.changed_after(*place, limit + 1)
        more, rows = len(rows) > limit, rows[:limit]
        edges = [
            {
                "cursor": write_cursor(row.changed if since else "", row.number),
                "node": orjson.loads(row.body),
            }
            for row in rows
        ]
        end = edges[-1]["cursor"] if edges else after
        if self.fault == FaultKind.LOOP and after:
            end = after
        return {
            "edges": edges,
            "total_count": self.shelf.count(since),
            "page_info": {
                "has_next_page": more,
                "has_previous_page": after is not None,
                "start_cursor": edges[0]["cursor"] if edges else None,
                "end_cursor": end,
            },
        }


class PermitsServer:
    """The permits system's answers.

    Args:
        store: The sources' store.
        key: The API key that may read.
    """

    def __init__(self, store: Path, key: str) -> None:
        self._desk = Desk(Shelf(store, "permits.applicants"), permits.desk().scramble)
        self._key = key
        self._documents: dict[str, DocumentNode] = {}
        # One question at a time, in a thread, so that a large page does not delay other sources.
        self._one = CapacityLimiter(1)

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/schema.graphql", self.document),
                Route("/graphql", self.graphql, methods=["POST"]),
            ]
        )

    async def document(self, _request: Request) -> Response:
        """Serve the schema; it needs no key."""
        return PlainTextResponse(str(schema()))

    async def graphql(self, request: Request) -> Response:
        """Answer one GraphQL request.

        Source:
            GraphQL over HTTP, draft of the GraphQL Foundation: POST with JSON.
        """
        fault = fault_of(request)
        if not same(request.headers.get(KEY_HEADER, ""), self._key) or fault == FaultKind.LOGIN:
            return problem(401, "Unauthorized", "Send the key in the header X-API-Key.")
        asked = _read_question(await request.body())
        if asked is None:
            return problem(400, "Bad Request", 'Send JSON with a text under "query".')
        status, answer = await anyio.to_thread.run_sync(
            self._answer, asked, fault, limiter=self._one
        )
        return Response(orjson.dumps(answer), status, media_type="application/json")

    def _answer(self, asked: dict[str, Any], fault: FaultKind | None) -> tuple[int, dict[str, Any]]:
        core = schema().graphql_schema
        try:
            document = self._documents.get(asked["query"])
            if document is None:
                document = parse(asked["query"])
                if faults := validate(core, document):
                    return 400, {"errors": [one.formatted for one in faults]}
                if len(self._documents) >= DOCUMENTS_MAX:
                    self._documents.clear()
                self._documents[asked["query"]] = document
        except GraphQLError as error:
            return 400, {"errors": [error.formatted]}
        self._desk.fault = fault
        result = execute(
            core,
            document,
            context_value=self._desk,
            variable_values=asked.get("variables"),
            operation_name=asked.get("operationName"),
        )
        return 200, dict(result.formatted)  # type: ignore[union-attr]  # no resolver is async


def _read_question(body: bytes) -> dict[str, Any] | None:
    if len(body) > BODY_MAX:
        return None
    try:
        asked = json.loads(body)
    except ValueError:
        return None
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return None
    return asked if isinstance(asked.get("variables") or {}, dict) else None
