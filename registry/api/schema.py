"""The GraphQL schema: one Query class per room, joined here, with limits and error shape."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import strawberry
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import (
    MaskErrors,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    QueryDepthLimiter,
    SchemaExtension,
)
from strawberry.schema.config import StrawberryConfig

from registry.api.context import Context
from registry.api.customers import CustomersQuery
from registry.api.intake import IntakeMutation, IntakeQuery
from registry.api.landscape import TYPES, LandscapeQuery
from schemas.errors import TownclerkError

DEPTH_MAX = 10  # deeper questions are written by machines, not by architects
ALIASES_MAX = 30  # one page of a dashboard
TOKENS_MAX = 2000  # the longest of our example queries has 150

logger = logging.getLogger("townclerk.api")


@strawberry.type(description="Everything that can be asked.")
class Query(LandscapeQuery, IntakeQuery, CustomersQuery):
    """Everything that can be asked."""


@strawberry.type(description="Everything that can be changed.")
class Mutation(IntakeMutation):
    """Everything that can be changed."""


def is_ours(error: GraphQLError) -> bool:
    """Tell whether an error was raised on purpose and may be shown."""
    return error.original_error is None or isinstance(error.original_error, TownclerkError)


class OneTransaction(SchemaExtension):
    """Ends the request's read transaction, whatever happened."""

    async def on_operation(self) -> AsyncIterator[None]:
        """Close the context after the operation."""
        yield
        await self.execution_context.context.close()


class NamedErrors(SchemaExtension):
    """Gives our errors their code and remedy in `extensions`, and logs the others once."""

    def on_operation(self) -> Any:
        """Decorate errors after the operation."""
        yield
        result = self.execution_context.result
        for error in getattr(result, "errors", None) or []:
            if isinstance(error.original_error, TownclerkError):
                facts = error.original_error.as_dict()
                error.extensions = {"code": facts["code"], "remedy": facts["remedy"]}
            elif error.original_error is not None:
                logger.error("a resolver failed", exc_info=error.original_error)


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=list(TYPES.values()),
    config=StrawberryConfig(auto_camel_case=True),
    extensions=[
        lambda: MaskErrors(
            should_mask_error=lambda error: not is_ours(error),
            error_message="Something went wrong on our side; the log has it under the request id.",
        ),
        NamedErrors,
        OneTransaction,
        lambda: QueryDepthLimiter(max_depth=DEPTH_MAX),
        lambda: MaxAliasesLimiter(max_alias_count=ALIASES_MAX),
        lambda: MaxTokensLimiter(max_token_count=TOKENS_MAX),
    ],
)


class GraphQLApp(GraphQL[Context, None]):
    """The ASGI application at /graphql; who asks was decided by the gate in front of it."""

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002  # strawberry passes it by name
    ) -> Context:
        """Make the context of one request from the actor the gate has found."""
        return Context(request.state.actor)

    def encode_json(self, data: object) -> bytes:
        """Encode the answer; msgspec is several times faster than the standard library."""
        return msgspec.json.encode(data)


def graphql_app() -> GraphQLApp:
    """Return the ASGI application; the page for browsers is served by registry.web."""
    return GraphQLApp(
        schema,
        graphql_ide=None,
        allow_queries_via_get=False,
        multipart_uploads_enabled=False,
    )
