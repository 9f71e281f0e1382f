"""Matching asked of a worker by GraphQL, for towns in which it outlasts a request.

Each change writes down what is asked for and answers its id; `matchRequests` tells how far it is
and what came of it. A worker does one after the other, and what it had not done when it ended is
taken up by the next one.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import psycopg
import strawberry

from registry.access.tokens import Actor
from registry.api.changes import Change, change
from registry.api.context import Context
from registry.api.described import described, told
from registry.api.match_models import (
    DataSetUrn,
    KeepsApart,
    Reason,
    Settlement,
    Version,
    settlement,
)
from registry.api.pages import plain_text
from registry.customers import requests
from schemas.access import Scope

Info = strawberry.Info[Context, None]
MatchAsked: Final[Any] = described(requests.MatchAsked, "MatchAsked")


@strawberry.type(description="A worker was asked for matching.")
class MatchingAsked(Change):
    """A worker was asked for matching."""

    request: strawberry.ID = strawberry.field(description="Its id, as `matchRequests` has it.")


@strawberry.type(description="Questions about matching that was asked of a worker.")
class MatchRequestQuestions:
    """Questions about matching that was asked of a worker."""

    @strawberry.field(
        description="Matching that was asked of a worker, the newest first: how far it is, and "
        f"what came of it; {requests.SHOWN_MAX} at most.",
        graphql_type=list[MatchAsked],
    )
    async def match_requests(self, info: Info) -> Any:
        """List what was asked for."""
        return told(await info.context.read(Scope.CUSTOMERS_READ, requests.newest))


def _asked(request: UUID) -> MatchingAsked:
    return MatchingAsked(request=strawberry.ID(str(request)))


def _train(db: psycopg.Connection, actor: Actor) -> MatchingAsked:
    return _asked(requests.ask_training(db, by=actor.name))


def _of_version(
    ask: Callable[..., UUID],
) -> Callable[[psycopg.Connection, Version, Actor], MatchingAsked]:
    def do(db: psycopg.Connection, version: Version, actor: Actor) -> MatchingAsked:
        return _asked(ask(db, plain_text(version, "version"), by=actor.name))

    return do


def _settle(
    db: psycopg.Connection,
    data_set: DataSetUrn,
    *,
    keeps_apart: KeepsApart = None,
    reason: Reason,
    actor: Actor,
) -> MatchingAsked:
    made = requests.ask_own_keys(
        db, plain_text(data_set, "dataSet"), keeps_apart=keeps_apart,
        reason=plain_text(reason, "reason"), by=actor.name,
    )  # fmt: skip
    return _asked(made)


def _undo(
    db: psycopg.Connection,
    change: Settlement,
    actor: Actor,
) -> MatchingAsked:
    return _asked(requests.ask_undo_of_keys(db, settlement(change), by=actor.name))


@strawberry.type
class MatchRequestMutation:
    """Matching asked of a worker."""

    ask_model_training = change(
        _train,
        Scope.CUSTOMERS_STEWARD,
        "Ask a worker to train a model beside the live one; no customer changes.",
    )
    ask_model_comparison = change(
        _of_version(requests.ask_comparison),
        Scope.CUSTOMERS_STEWARD,
        "Ask a worker what a kept model would change; no customer changes.",
    )
    ask_model_approval = change(
        _of_version(requests.ask_approval),
        Scope.CUSTOMERS_STEWARD,
        "Ask a worker to put a kept model in force and link all records anew.",
    )
    ask_own_keys = change(
        _settle,
        Scope.CUSTOMERS_STEWARD,
        "Ask a worker to settle whether a data set has anybody twice, and match all records by it.",
    )
    ask_undo_of_own_keys = change(
        _undo,
        Scope.CUSTOMERS_STEWARD,
        "Ask a worker to take back how own keys were settled last.",
    )
