"""What Prefect's own records need from us: writers that take turns, and runs that can be planned.

Imports Prefect's server, so only `flows.server` imports this, and late.
"""

from collections.abc import AsyncGenerator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import MODELS_DEPENDENCIES, provide_database_interface
from prefect.server.database.orm_models import FlowRun
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


def let_runs_be_planned() -> None:
    """Let Prefect write down many planned runs at once; without it no schedule ever starts one.

    It hands each run's state along, which it stores apart a moment later. SQLAlchemy 2.0 left such
    a value aside; since 2.1 it refuses the whole statement unless it is told to do so.
    """
    state = vars(FlowRun)["state"]
    if getattr(state, "bulk_dml_setter", None) is None:
        state.bulk_dml_setter = _leave_aside


def _leave_aside(_: type[FlowRun], __: MutableMapping[str, Any], ___: object) -> None:
    """Write nothing for a value that is stored elsewhere."""
