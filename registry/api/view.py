"""GraphQL over HTTP as its specification demands: what is taken, what is answered, in which words.

Source:
    GraphQL over HTTP, https://graphql.github.io/graphql-over-http/draft/
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
import orjson
from cross_web import HTTPException
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult

from registry.access.tokens import Actor
from registry.api.answers import told
from registry.api.context import Context
from registry.api.documents import asks_about_the_schema, is_subscription, operations_in
from registry.api.drawing import DrawView, nothing_draws
from registry.api.media import GRAPHQL_JSON, PURPOSE_HEADER, demand_json, media_type
from registry.api.reading.plans import Plans
from registry.api.refusals import RequestRefused, SchemaHidden
from registry.api.repeats import HEADER as KEY_HEADER
from registry.api.repeats import REPEATED_HEADER, answer_once
from registry.api.seats import Seats
from registry.api.shortcut import ACTOR, CORRELATION_ID, NOBODY, Shortcut
from registry.api.sockets import (
    INIT_WAIT,
    SUBSCRIPTIONS_PER_CONNECTION_MAX,
    Socket,
    SocketHandler,
    admit,
)
from registry.api.subscriptions import Feeds, Subscriber
from registry.api.trusted import DocumentStore
from registry.api.whole import ANSWER_BYTES_MAX, too_large
from registry.storage.announcements import Announcements
from schemas.errors import AccessDenied, Conflict, InvalidInput, TownclerkError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

FIND_ACTOR: Final = "find_actor"  # for WebSockets, whose token may come after the request

Introspection = Literal["all", "signed-in", "nobody"]


class GraphQLApp(GraphQL[Context, None]):
    """The ASGI application at /graphql; who asks was decided by the gate in front of it.

    Args:
        schema: What can be asked.
        plans: What was compiled before, if anything compiles.
        only_trusted: Whether documents that no administrator has approved are refused.
        introspection: Who may ask about the schema itself.
        draw_view: Draws stored views; without one a picture is refused.
    """

    websocket_adapter_class = Socket
    graphql_transport_ws_handler_class = SocketHandler

    def __init__(
        self,
        schema: BaseSchema,
        *,
        plans: Plans | None = None,
        only_trusted: bool = False,
        introspection: Introspection = "signed-in",
        draw_view: DrawView = nothing_draws,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            multipart_uploads_enabled=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=INIT_WAIT,
            max_subscriptions_per_connection=SUBSCRIPTIONS_PER_CONNECTION_MAX,
        )
        self.sockets: set[SocketHandler] = set()
        self._documents = DocumentStore(only_trusted=only_trusted)
        self._introspection = introspection
        self._draw_view = draw_view
        self._feeds = Feeds(Announcements())
        self._seats = Seats()
        self._shortcut = None if plans is None else Shortcut(plans, self.text_asked, self._seats)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            if self._shortcut is not None:
                left = await self._shortcut.answer(scope, receive, send)
                if left is None:
                    return
                request = Request(scope, left)
            response = await self.run(request)
        except RequestRefused as error:
            response = self._refusal(request, error, error.status)
        except TownclerkError as error:
            response = self._refusal(request, error, _status_of(error))
        except HTTPException as error:
            status = HTTPStatus(error.status_code)
            response = self._refusal(request, RequestRefused(error.reason), status)
        await response(scope, receive, send)

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002  # strawberry passes it by name
    ) -> Context:
        """Make the context of one request from what the guards have found."""
        found = request.scope.get("state", {})
        actor, correlation_id = found.get(ACTOR, NOBODY), found.get(CORRELATION_ID, "")
        if request.scope["type"] == "websocket":
            return Subscriber(
                actor,
                correlation_id=correlation_id,
                feeds=self._feeds,
                find_actor=found.get(FIND_ACTOR),
                authorization=request.headers.get("authorization"),
            )
        return Context(
            actor,
            correlation_id=correlation_id,
            by_url=request.scope.get("method") == "GET",
            purpose=request.headers.get(PURPOSE_HEADER, ""),
            draw_view=self._draw_view,
        )

    async def on_ws_connect(self, context: Context) -> Any:
        """Let in who has a token that is worth something."""
        assert isinstance(context, Subscriber)
        await admit(context)
        return await super().on_ws_connect(context)

    async def text_asked(
        self, query: str | None, extensions: dict[str, Any] | None, actor: Actor
    ) -> str:
        """Return the document that somebody asks, be it sent or named by its hash.

        Raises:
            RequestRefused: There is none, or it is not known.
            AccessDenied: Who asks may not ask it.
        """
        text = await self._documents.text(query, extensions, actor)
        if asks_about_the_schema(text) and not self._may_see_the_schema(actor):
            raise SchemaHidden("Questions about the schema itself are not answered here.")
        return text

    def _may_see_the_schema(self, actor: Actor) -> bool:
        return self._introspection == "all" or (
            self._introspection == "signed-in" and bool(actor.scopes)
        )

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Begin the response in the media type that was asked for."""
        response = await super().get_sub_response(request)
        request.state.media_type = response.media_type = media_type(request.headers)
        request.state.response = response
        return response

    def is_request_allowed(self, request: Any) -> bool:
        """Refuse other methods than GET and POST, in our own words."""
        if request.method not in {"GET", "POST"}:
            raise RequestRefused(
                "GraphQL is asked by GET or POST.", status=HTTPStatus.METHOD_NOT_ALLOWED
            )
        return True

    def should_render_graphql_ide(self, request: Any) -> bool:  # noqa: ARG002  # strawberry's hook
        """Leave pages for browsers to registry.web."""
        return False

    async def parse_http_body(self, request: Any) -> GraphQLRequestData:
        """Read the question from the URL of a GET or the JSON body of a POST."""
        if request.method == "GET":
            data = dict(request.query_params)
            for name in ("variables", "extensions"):
                if data.get(name):
                    data[name] = _decoded(data[name])
        else:
            demand_json(request.content_type)
            data = _decoded(await request.get_body())
        return _question(data)

    async def execute_single(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """Execute one operation; end its transaction whatever happens."""
        context: Context = kwargs["context"]
        asked: GraphQLRequestData = kwargs["request_data"]
        asked.query = await self.text_asked(asked.query, asked.extensions, context.actor)
        if asked.operation_name is None and operations_in(asked.query or "") > 1:
            raise RequestRefused(
                "The document holds several operations.",
                remedy="Name the one to execute in `operationName`.",
            )
        if is_subscription(asked.query, asked.operation_name):
            raise RequestRefused(
                "A subscription is not answered by one request.",
                remedy="Subscribe over a WebSocket with the protocol graphql-transport-ws.",
            )
        request: Request = kwargs["request"]

        async def execute() -> ExecutionResult:
            result = weighed(await super(GraphQLApp, self).execute_single(*args, **kwargs))
            if result.errors:
                result.errors = told(
                    result.errors, context.correlation_id, hints=bool(context.actor.scopes)
                )
            return result

        try:
            async with self._seats:
                try:
                    result, again = await answer_once(
                        context, asked, request.headers.get(KEY_HEADER), execute
                    )
                finally:
                    await context.close()
        except HTTPException as error:
            raise _as_refusal(error, kwargs["request_adapter"].method) from error
        if again:
            request.state.response.headers[REPEATED_HEADER] = "true"
        return result

    async def process_result(
        self, request: Request, result: ExecutionResult
    ) -> GraphQLHTTPResponse:
        """Leave `data` out where execution never began, and say so by the status if asked to."""
        answer = await super().process_result(request, result)
        if result.data is None and result.errors and all(not e.path for e in result.errors):
            del answer["data"]
            if request.state.media_type == GRAPHQL_JSON:
                request.state.response.status_code = HTTPStatus.BAD_REQUEST
        return answer

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        """Encode the answer in the media type that was asked for."""
        response = super().create_response(response_data, sub_response)
        response.headers["content-type"] = f"{sub_response.media_type}; charset=utf-8"
        return response

    def encode_json(self, data: object) -> bytes:
        """Encode the answer; what the database wrote as JSON goes in as it is."""
        return orjson.dumps(data)

    def _refusal(self, request: Request, error: TownclerkError, status: HTTPStatus) -> Response:
        """Answer a request that is not a question in the shape of a GraphQL answer."""
        shown = told([GraphQLError(error.what, original_error=error)], "")
        response = Response(
            self.encode_json({"errors": [each.formatted for each in shown]}),
            status,
            media_type=f"{media_type(request.headers)}; charset=utf-8",
        )
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["allow"] = "POST" if request.method == "GET" else "GET, POST"
        return response


def weighed(result: ExecutionResult) -> ExecutionResult:
    """Return a result with its data as text, or the refusal of one that is too long."""
    data: Any = result.data
    if data is None or isinstance(data, orjson.Fragment):
        return result
    text = orjson.dumps(data)
    if len(text) > ANSWER_BYTES_MAX:
        error = too_large(len(text))
        return ExecutionResult(None, [GraphQLError(error.what, original_error=error)])
    result.data = orjson.Fragment(text)  # type: ignore[assignment] # the text of the data
    return result


def _decoded(text: str | bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise RequestRefused("The request is not JSON in UTF-8.") from error


def _question(data: Any) -> GraphQLRequestData:
    """Check the shape of a request."""
    if isinstance(data, list):
        raise RequestRefused(
            "Several operations in one request are not answered.",
            remedy="Ask them in one operation, or send one request each.",
        )
    if not isinstance(data, dict):
        raise RequestRefused("The request is not a JSON object.")
    query, name = data.get("query"), data.get("operationName")
    if not isinstance(query, str | None):
        raise RequestRefused("`query` must be a text with a GraphQL document.")
    if not isinstance(name, str | None):
        raise RequestRefused("`operationName` must be a text or null.")
    for part in ("variables", "extensions"):
        if not isinstance(data.get(part) or {}, dict) or data.get(part) in ("", 0, False, []):
            raise RequestRefused(f"`{part}` must be an object or null.")
    return GraphQLRequestData(
        query=query,
        variables=data.get("variables"),
        operation_name=name or None,
        extensions=data.get("extensions"),
    )


def _status_of(error: TownclerkError) -> HTTPStatus:
    if isinstance(error, Conflict):
        return HTTPStatus.CONFLICT
    if isinstance(error, InvalidInput):
        return HTTPStatus.BAD_REQUEST
    if isinstance(error, AccessDenied):
        return HTTPStatus.FORBIDDEN
    return HTTPStatus.SERVICE_UNAVAILABLE


def _as_refusal(error: HTTPException, method: str) -> RequestRefused:
    """Put strawberry's refusals of an operation in our words."""
    if method == "GET" and "not allowed" in error.reason:
        return RequestRefused(
            "By GET one can only read.",
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            remedy="Send changes by POST.",
        )
    return RequestRefused(f"{error.reason.rstrip('.')}.")
