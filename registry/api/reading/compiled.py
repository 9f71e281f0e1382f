"""The door between strawberry and the compiler: an extension that answers before the executor does.

strawberry skips execution where an extension has set the result; parsing, validation, limits and
error masking stay its own. The answer is JSON text from the database and goes out untouched.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError
from psycopg import Error
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult as Answer

from registry.api.context import Context
from registry.api.documents import read_document
from registry.api.reading.plans import Plan, Plans
from registry.api.refusals import AnswerTooLarge, QuestionTooLarge
from schemas.errors import TownclerkError


def compiled(plans: Plans) -> type[SchemaExtension]:
    """Return the extension over these plans; a class, so that strawberry makes one per request."""

    class Compiled(SchemaExtension):
        """Answers read operations with one SQL statement."""

        async def on_execute(self) -> AsyncIterator[None]:
            """Set the result where the operation compiles."""
            execution = self.execution_context
            context: Context = execution.context
            try:
                question = plans.question(
                    execution.query or "",
                    execution.graphql_document,  # type: ignore[arg-type] # parsed by now
                    execution.operation_name,
                    execution.variables,
                )
                found = plans.plan(question, context.actor.scopes) if question else None
            except AnswerTooLarge as error:
                execution.result = _failed(error, None)
                found = None
            if found and context.answers_here(found[0].scopes):
                execution.result = await _answer(context, *found)
            yield

    return Compiled


async def answer_kept(
    plans: Plans, context: Context, text: str, name: str | None, given: dict[str, Any] | None
) -> Answer | None:
    """Answer a question that was answered before, without validating it again.

    Returns:
        None where it has to go the long way.
    """
    try:
        question = plans.question(text, read_document(text), name, given)
    except (GraphQLError, QuestionTooLarge):
        return None  # said again, and in full, on the long way
    found = plans.kept(question, context.actor.scopes) if question else None
    if found is None or not context.answers_here(found[0].scopes):
        return None
    result = await _answer(context, *found)
    return Answer(data=result.data, errors=result.errors)


async def _answer(context: Context, plan: Plan, values: list[Any]) -> ExecutionResult:
    """Run a plan; what fails, fails as a whole."""
    context.note_reading(plan.scopes)
    try:
        return ExecutionResult(orjson.Fragment(await context.answer(plan.sql, values)), None)  # type: ignore[arg-type] # the text of the data
    except (TownclerkError, Error) as error:
        return _failed(error, [plan.first])


def _failed(error: Exception, path: list[str | int] | None) -> ExecutionResult:
    return ExecutionResult(None, [GraphQLError(str(error), path=path, original_error=error)])
