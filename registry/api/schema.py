"""The GraphQL schema: one Query class per room, joined here, and the application that serves it."""

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ValidationCache
from strawberry.schema.config import StrawberryConfig

from registry.api.customers import CustomersQuery
from registry.api.document_changes import DocumentMutation
from registry.api.documents import Documents
from registry.api.elements import TYPES, OtherElement
from registry.api.intake import IntakeMutation, IntakeQuery
from registry.api.landscape import LandscapeQuery
from registry.api.landscape_changes import LandscapeMutation
from registry.api.nodes import NodesQuery
from registry.api.relationship_changes import RelationshipMutation
from registry.api.subscriptions import Subscription
from registry.api.view import GraphQLApp
from registry.settings import Settings


@strawberry.type(description="Everything that can be asked.")
class Query(LandscapeQuery, IntakeQuery, CustomersQuery, NodesQuery):
    """Everything that can be asked."""


@strawberry.type(description="Everything that can be changed.")
class Mutation(LandscapeMutation, RelationshipMutation, IntakeMutation, DocumentMutation):
    """Everything that can be changed."""


class Schema(strawberry.Schema):
    """Our schema; errors are logged where they are told (registry.api.answers)."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Log nothing here: strawberry's log would repeat values of customers."""


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[*TYPES.values(), OtherElement],
    config=StrawberryConfig(auto_camel_case=True),
    extensions=[Documents, ValidationCache],
)


def graphql_app(settings: Settings | None = None) -> GraphQLApp:
    """Return the ASGI application; the page for browsers is served by registry.web."""
    if settings is None:
        return GraphQLApp(schema)
    return GraphQLApp(
        schema,
        only_trusted=settings.graphql_documents == "trusted",
        introspection=settings.graphql_introspection,
    )
