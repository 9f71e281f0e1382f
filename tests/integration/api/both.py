"""Ask compiler and plain executor the same, as somebody with certain scopes."""

import asyncio
import json
from collections import Counter
from typing import Any

import orjson

from registry.access.tokens import Actor
from registry.api.context import Context
from registry.api.schema import plain_schema, schema
from registry.storage.database import unit_of_work
from schemas.access import Scope
from tests.integration.api.generated import Known, Question
from tests.integration.api.town import settle

EVERY = frozenset(Scope)
SCOPES = (
    EVERY,
    frozenset({Scope.LANDSCAPE_READ}),
    frozenset({Scope.CUSTOMERS_READ, Scope.LANDSCAPE_READ}),
    frozenset({Scope.CUSTOMERS_READ}),
    frozenset({Scope.SYNC_READ}),
    frozenset[Scope](),
)
_LEARN = (
    "{ elements { edges { cursor node { id } } } systems { edges { cursor } }"
    " syncRuns { edges { cursor node { id } } } customers { edges { cursor node { id } } }"
    " changed: elements(orderBy: [{changedAt: DESC}]) { edges { cursor } } }"
)


def settled() -> Known:
    """Settle the town in the open database and learn some of its ids and cursors."""
    with unit_of_work() as db:
        settle(db)
    found = Known()
    for page in answer(schema, Question(_LEARN, {}), EVERY)["data"].values():
        found.cursors += [edge["cursor"] for edge in page["edges"]]
        found.ids += [edge["node"]["id"] for edge in page["edges"] if "node" in edge]
    return found


def answer(over: Any, question: Question, scopes: frozenset[Scope]) -> dict[str, Any]:
    """Ask one executor and return what a client would read, errors as a bag."""

    async def run() -> Any:
        context = Context(Actor("tester", scopes), purpose="service")
        try:
            return await over.execute(
                question.text, variable_values=question.variables, context_value=context
            )
        finally:
            await context.close()

    result = asyncio.run(run())
    errors = Counter(
        json.dumps([error.path, type(error.original_error).__name__, error.message])
        for error in result.errors or ()
    )
    return {"data": json.loads(orjson.dumps(result.data)), "errors": errors}


def compared(question: Question, scopes: frozenset[Scope]) -> dict[str, Any]:
    """Ask both, see that they answer the same, and return the answer."""
    ours = answer(schema, question, scopes)
    if any("AnswerTooLarge" in error for error in ours["errors"]):
        return ours  # the judge stands alone, without the rule of cost
    judge = answer(plain_schema, question, scopes)
    if ours["data"] is None and ours["errors"]:
        # Of several refused fields that cannot be null, whichever comes first is told.
        assert judge["data"] is None, (ours["errors"], question)
        assert judge["errors"], (question, sorted(scopes))
    else:
        assert ours == judge, (question, sorted(scopes))
    unforeseen = [error for error in ours["errors"] if _is_ours(error)]
    assert not unforeseen, (question, unforeseen)
    return ours


def _is_ours(error: str) -> bool:
    """Tell whether an error is a mistake of ours and not of who asked."""
    _, kind, _ = json.loads(error)
    return kind not in {"NoneType", "AccessDenied", "InvalidInput", "AnswerTooLarge"} | {
        "GraphQLError",
        "QuestionTooLarge",
        "MomentInFuture",
        "UnknownName",
        "AmbiguousName",
        "InterfaceUnreadable",
        "NoDocumentGiven",
        "NothingDraws",
        "NoLiveModel",
        "UnknownCustomer",
    }
