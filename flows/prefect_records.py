"""Let the writers of Prefect's SQLite records take turns instead of failing each other.

Imports Prefect's server, so only `flows.server` imports this, and late.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import MODELS_DEPENDENCIES, provide_database_interface
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class WritersTakeTurns(AioSqliteConfiguration):
    """SQLite with immediate transactions.

    Prefect reads and then writes in one deferred transaction. When somebody else wrote in between,
    SQLite refuses the write at once, without waiting. An immediate transaction waits its turn.
    """

    @asynccontextmanager
    async def begin_transaction(
        self,
        session: AsyncSession,
        with_for_update: bool = False,  # noqa: ARG002  # Prefect's own signature
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begin a transaction that will write."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def let_writers_take_turns() -> None:
    """Exchange Prefect's database configuration, where it is SQLite; again changes nothing."""
    present = provide_database_interface().database_config
    if type(present) is AioSqliteConfiguration:
        MODELS_DEPENDENCIES["database_config"] = WritersTakeTurns(present.connection_url)
