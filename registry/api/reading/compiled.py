"""The door between strawberry and the compiler: an extension that answers before the executor does.

strawberry skips execution where an extension has set the result; parsing, validation, limits and
error masking stay its own. The answer is JSON text from the database and goes out untouched.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError
from psycopg import Error
from strawberry.extensions import SchemaExtension

from registry.api.context import Context
from registry.api.reading.plans import Plan, Plans
from registry.api.refusals import AnswerTooLarge
from registry.api.whole import NotReckoned
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
                plans.weigh(
                    execution.graphql_document,  # type: ignore[arg-type] # parsed by now
                    execution.operation_name,
                    execution.variables,
                )
                question = plans.question(
                    execution.query or "",
                    execution.graphql_document,  # type: ignore[arg-type] # parsed by now
                    execution.operation_name,
                    execution.variables,
                )
                found = plans.plan(question, context.actor.scopes) if question else None
            except AnswerTooLarge as error:
                execution.result = failed(error, None)
                found = None
            if found and context.answers_here(found[0].scopes):
                with suppress(NotReckoned):
                    execution.result = await _answered(context, *found)
            yield

    return Compiled


async def _answered(context: Context, plan: Plan, values: list[Any]) -> ExecutionResult:
    """Run a plan; what fails, fails as a whole."""
    context.note_reading(plan.scopes)
    try:
        return ExecutionResult(orjson.Fragment(await context.answer(plan.sql, values)), None)  # type: ignore[arg-type] # the text of the data
    except (TownclerkError, Error) as error:
        return failed(error, [plan.first])


def failed(error: Exception, path: list[str | int] | None) -> ExecutionResult:
    """Return the result of a question that failed as a whole."""
    return ExecutionResult(None, [GraphQLError(str(error), path=path, original_error=error)])
