"""Changes over HTTP: they count when the whole answer stands, and once per Idempotency-Key."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import orjson
from graphql import GraphQLError, OperationType
from strawberry.http import GraphQLRequestData
from strawberry.types import ExecutionResult

from registry.access import idempotency
from registry.api.context import Context
from registry.api.documents import kinds_asked

HEADER: Final = "idempotency-key"
REPEATED_HEADER: Final = "idempotent-replayed"


class KeptError(GraphQLError):
    """An error of an answer that is given again, as it was told the first time.

    Args:
        told: The error as it stood in the answer.
    """

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told["message"], path=told.get("path"))
        self._told = told

    @property
    def formatted(self) -> Any:
        """Return the error as it was told."""
        return self._told


async def answer_once(
    context: Context,
    asked: GraphQLRequestData,
    key_header: str | None,
    execute: Callable[[], Awaitable[ExecutionResult]],
) -> tuple[ExecutionResult, bool]:
    """Execute an operation and make its changes count, or give the kept answer again.

    Changes count together, and only where there is an answer to tell them by. An answer that
    changed nothing is not kept: asking again then tries again.

    Args:
        context: The request's.
        asked: What was asked.
        key_header: Value of the Idempotency-Key header, if one came.
        execute: Runs the operation; its errors are already as people may see them.

    Returns:
        The result, and whether it is one given again.

    Raises:
        WrongKey: The key cannot be one.
        KeyReused: The key came with another request before.
        StillAtWork: The same change is being made and takes long.
    """
    key = None
    if key_header is not None and OperationType.MUTATION in kinds_asked(
        asked.query or "", asked.operation_name
    ):
        key = idempotency.read_key(key_header)
        owner = {"actor": context.actor.name, "key": key}
        digest = _request_hash(asked, context.purpose)
        kept = await context.begin_changes(
            lambda db: idempotency.claim(db, **owner, request_hash=digest)
        )
        if kept is not None:
            errors: list[GraphQLError] = [KeptError(told) for told in kept["errors"]]
            return ExecutionResult(data=kept["data"], errors=errors or None), True
    result = await execute()
    if result.data is None:
        return result, False
    if key is None:
        await context.commit()
    else:
        answer = {
            "data": orjson.loads(orjson.dumps(result.data)),
            "errors": [error.formatted for error in result.errors or ()],
        }
        await context.commit(lambda db: idempotency.keep(db, **owner, answer=answer))
    return result, False


def _request_hash(asked: GraphQLRequestData, purpose: str) -> bytes:
    """Hash all that makes a request this one; the order of its variables does not."""
    whole = [asked.query, asked.operation_name, asked.variables or {}]
    if purpose:  # it decides what the answer shows
        whole.append(purpose)
    return hashlib.sha256(msgspec.json.encode(whole, order="deterministic")).digest()
