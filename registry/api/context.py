"""What one GraphQL request carries: who asks, one read transaction, and loaders that batch.

Rooms are synchronous. Each request runs their functions on one connection in a worker thread,
one after the other, so that a whole answer comes from one snapshot of the database.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

import psycopg
from strawberry.dataloader import DataLoader

from registry.access.tokens import Actor
from registry.storage.database import unit_of_work
from schemas.access import Scope

P = ParamSpec("P")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)


class Context:
    """One request's context; strawberry hands it to every resolver as `info.context`."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._turn = asyncio.Lock()
        self._open = ExitStack()
        self._db: psycopg.Connection | None = None
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    def demand(self, scope: Scope) -> None:
        """Refuse whoever lacks the scope.

        Raises:
            AccessDenied: Names the scope that is missing.
        """
        self.actor.demand(scope)

    async def read(
        self,
        question: Callable[Concatenate[psycopg.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Ask a room a question on this request's connection."""
        async with self._turn:
            return await asyncio.to_thread(lambda: question(self._connection(), *args, **kwargs))

    def _connection(self) -> psycopg.Connection:
        if self._db is None:
            self._db = self._open.enter_context(unit_of_work())
        return self._db

    async def close(self) -> None:
        """End the transaction and give the connection back."""
        if self._db is not None:
            await asyncio.to_thread(self._open.close)
            self._db = None

    def loader(self, name: Hashable, load: Callable[[Sequence[K]], Any]) -> DataLoader[K, Any]:
        """Return the request's loader of this name; `load` is an async batch function."""
        if name not in self._loaders:
            self._loaders[name] = DataLoader(load_fn=load)
        return cast("DataLoader[K, Any]", self._loaders[name])

    def by_id(
        self, name: str, question: Callable[[psycopg.Connection, Sequence[UUID]], Sequence[Any]]
    ) -> DataLoader[UUID, Any]:
        """Return a loader of rows by their `id`, one statement for all that are asked at once."""

        async def load(ids: Sequence[UUID]) -> list[Any]:
            rows = {row.id: row for row in await self.read(question, ids)}
            return [rows.get(key) for key in ids]

        return self.loader(name, load)
