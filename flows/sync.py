"""The main job: read every registered source, page by page, then match.

Prefect sees one flow run per source and one task run per time-boxed chunk of pages: a task run
costs some 50 ms of CPU, so a task per page would cost more than the page (docs/decisions/0006).
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed
from prefect.tasks import exponential_backoff

from flows.edges import UnforeseenFault, without_values
from flows.steps import ChunkReport, OpenedSource, open_source, run_chunk, take_source
from registry import customers, intake
from registry.intake.leases import HeldLease, lifeline
from registry.log_context import log_context
from registry.settings import settings
from registry.storage.database import current_database, has_database, unit_of_work
from registry.storage.running import running_database
from schemas.errors import DatabaseUnreachable, GiveUp, RetryLater, TownclerkError
from schemas.intake import RunState

CHUNK_SECONDS = 30.0  # long enough that Prefect's cost stays under 0.5 %, short enough to follow
CHUNK_TIMEOUT = timedelta(minutes=10)  # one page may take long on a slow source, never this long
CHUNKS_MAX = 100_000  # of one run: 35 days of reading; beyond it something loops
RETRIES_MAX = 4
WAIT_SECONDS_MAX = 120.0  # a source that asks for more is read again by a later sync

logger = logging.getLogger("townclerk.flows")


async def _worth_trying_again(_: Any, __: TaskRun, state: State[Any]) -> bool:
    """Tell whether waiting can mend a failed chunk; the error's own class says so."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, RetryLater | DatabaseUnreachable)


@task(
    name="read-pages",
    task_run_name="read-pages-{source_key}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=RETRIES_MAX,
    retry_delay_seconds=exponential_backoff(backoff_factor=2),
    retry_jitter_factor=0.5,
    retry_condition_fn=_worth_trying_again,
    timeout_seconds=CHUNK_TIMEOUT.total_seconds(),
)
async def read_pages(source_key: str, lease: HeldLease) -> ChunkReport:
    """Read one source for at most `CHUNK_SECONDS`, going on from its checkpoint."""
    with without_values():
        opened = await asyncio.to_thread(_open, source_key)
        try:
            return await run_chunk(opened, lease, seconds_max=CHUNK_SECONDS)
        except RetryLater as later:
            # Prefect's back-off does not know what the source asked for.
            await asyncio.sleep(min(later.wait_seconds, WAIT_SECONDS_MAX))
            raise


@flow(name="sync-source", flow_run_name="sync-{source_key}")
async def sync_source(source_key: str) -> State[Any]:
    """Read one source to its end and say in the run's row how it went.

    A failure is a state with words and not a raised error, so that the other sources go on.
    """
    try:
        with without_values(), _database():
            return await _sync(source_key)
    except TownclerkError as error:
        return Failed(message=f"{error.code}: {error.what}")


async def _sync(source_key: str) -> State[Any]:
    opened = await asyncio.to_thread(_open, source_key)
    with lifeline(current_database().url, opened.id) as lock_is_ours:
        lease = await asyncio.to_thread(_take, opened, lock_is_ours=lock_is_ours)
        try:
            with log_context(run_id=str(lease.run_id)):
                cancelled = await _read_to_the_end(source_key, lease)
        except TownclerkError as error:
            await asyncio.to_thread(_finish, lease, RunState.FAILED, error.as_dict())
            raise
        except asyncio.CancelledError:
            _finish(lease, RunState.CANCELLED)
            raise
        except Exception:  # Prefect's own time-out of a chunk, among others
            unforeseen = UnforeseenFault(f"The sync of {source_key} ended for a reason of its own.")
            await asyncio.to_thread(_finish, lease, RunState.FAILED, unforeseen.as_dict())
            raise
        await asyncio.to_thread(
            _finish, lease, RunState.CANCELLED if cancelled else RunState.COMPLETED
        )
    if cancelled:
        return Cancelled(message="stopped after a page, as asked; the next sync goes on from there")
    return Completed(message=f"run {lease.run_id}")


async def _read_to_the_end(source_key: str, lease: HeldLease) -> bool:
    """Run chunks until the source is done; return whether a person cancelled."""
    for _ in range(CHUNKS_MAX):
        report = await read_pages(source_key, lease)
        logger.info(
            "chunk read",
            extra={"source": source_key, "pages": report.pages, "records": report.records},
        )
        if report.done or report.cancelled:
            return report.cancelled
    raise GiveUp(f"the sync of {source_key} did not end within {CHUNKS_MAX} chunks")


@task(name="match", cache_policy=NO_CACHE, persist_result=False)
async def match() -> customers.commands.MatchReport:
    """Match what pages could not, in one transaction; mostly there is nothing left to do."""
    with without_values():
        try:
            return await asyncio.to_thread(_match)
        except asyncio.CancelledError:
            customers.commands.stop_rematching()
            raise


@flow(name="rematch")
async def rematch() -> customers.commands.MatchReport:
    """Train or load the matching model, link, and merge."""
    with without_values(), _database():
        return await match()


@flow(name="sync-sources")
async def sync_sources(source_keys: list[str]) -> dict[str, str]:
    """Read sources side by side.

    Returns:
        For each source the name of the state its run ended in.
    """
    states = await asyncio.gather(*(sync_source(key, return_state=True) for key in source_keys))
    return {key: state.name or "" for key, state in zip(source_keys, states, strict=True)}


@flow(name="sync-town")
async def sync_town(source_keys: list[str]) -> dict[str, str]:
    """Read sources side by side, then match what came in."""
    with without_values(), _database():
        states = await sync_sources(source_keys)
        await rematch()
        return states


@contextmanager
def _database() -> Iterator[None]:
    """Use the open database; a flow that Prefect started in a process of its own opens one."""
    if has_database():
        yield
        return
    with running_database(settings()):
        yield


def _open(source_key: str) -> OpenedSource:
    with unit_of_work() as db:
        return open_source(db, source_key)


def _take(opened: OpenedSource, *, lock_is_ours: bool) -> HeldLease:
    return take_source(opened.id, lock_is_ours=lock_is_ours, prefect_flow_run_id=flow_run.id)


def _finish(lease: HeldLease, state: RunState, error: dict[str, Any] | None = None) -> None:
    with unit_of_work() as db:
        intake.commands.finish_run(db, lease, state, error)


def _match() -> customers.commands.MatchReport:
    with unit_of_work() as db:
        return customers.commands.settle(db)
