"""The GraphQL schema: what is declared as readable, the changes, and the application over both."""

from datetime import datetime
from typing import Any, Final

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.extensions import ValidationCache
from strawberry.schema.config import StrawberryConfig

from registry.api import enums as _enums  # noqa: F401  # the types below need the enums published
from registry.api.auditing import AuditMutation, AuditQuestions
from registry.api.change_sets import ChangeSetMutation
from registry.api.compliance import ComplianceMutation
from registry.api.contracts import ContractQuestions
from registry.api.customer_changes import CustomerMutation
from registry.api.customers import CustomerQuestions, StewardQuestions
from registry.api.document_changes import DocumentMutation
from registry.api.documents import Documents
from registry.api.drawing import DrawView, nothing_draws
from registry.api.history import HistoryQuestions
from registry.api.intake import IntakeMutation
from registry.api.landscape_changes import LandscapeMutation
from registry.api.looks import LookMutation, TrialQuestions
from registry.api.match_models import ModelMutation, ModelQuestions
from registry.api.match_requests import MatchRequestMutation, MatchRequestQuestions
from registry.api.pictures import PictureQuestions
from registry.api.plan_changes import PlanMutation
from registry.api.proposals import ConnectorQuestions
from registry.api.questions import LandscapeQuestions
from registry.api.reading.compiled import compiled
from registry.api.reading.plans import Plans
from registry.api.reading.roots import Query as Declared
from registry.api.reading.shapes import TYPES
from registry.api.relationship_changes import RelationshipMutation
from registry.api.reports import ReportQuestions
from registry.api.scalars import DATE_TIME
from registry.api.subscriptions import Subscription
from registry.api.view import GraphQLApp
from registry.settings import Settings


@strawberry.type(description="Everything that can be asked.")
class Query(
    Declared,
    LandscapeQuestions,
    PictureQuestions,
    HistoryQuestions,
    ContractQuestions,
    CustomerQuestions,
    StewardQuestions,
    ModelQuestions,
    MatchRequestQuestions,
    ConnectorQuestions,
    ReportQuestions,
    TrialQuestions,
    AuditQuestions,
):
    """Everything that can be asked."""


@strawberry.type(description="Everything that can be changed.")
class Mutation(
    LandscapeMutation,
    RelationshipMutation,
    ChangeSetMutation,
    PlanMutation,
    IntakeMutation,
    CustomerMutation,
    ModelMutation,
    MatchRequestMutation,
    ComplianceMutation,
    DocumentMutation,
    LookMutation,
    AuditMutation,
):
    """Everything that can be changed."""


class Schema(strawberry.Schema):
    """Our schema; errors are logged where they are told (registry.api.answers)."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Log nothing here: strawberry's log would repeat values of customers."""

    @property
    def graph(self) -> GraphQLSchema:
        """Return the schema as graphql-core has it, which the compiler reads."""
        return self._schema


def _schema(*extensions: Any) -> Schema:
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=list(TYPES.values()),
        config=StrawberryConfig(auto_camel_case=True),
        scalar_overrides={datetime: DATE_TIME},
        extensions=[Documents, ValidationCache, *extensions],
    )


plain_schema: Final = _schema()  # everything through the executor: the compiler's judge in tests
plans: Final = Plans(plain_schema.graph)
schema: Final = _schema(compiled(plans))


def graphql_app(
    settings: Settings | None = None, *, draw_view: DrawView = nothing_draws
) -> GraphQLApp:
    """Return the ASGI application; the page for browsers is served by registry.web.

    Args:
        settings: Of this installation; the defaults if left out.
        draw_view: Draws stored views; without one a picture is refused.
    """
    if settings is None:
        return GraphQLApp(schema, plans=plans, draw_view=draw_view)
    return GraphQLApp(
        schema,
        plans=plans,
        only_trusted=settings.graphql_documents == "trusted",
        introspection=settings.graphql_introspection,
        draw_view=draw_view,
    )
