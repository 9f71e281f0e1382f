"""One deployment per registered source, so that syncs can be scheduled and started from outside.

Deployments follow the register: what is registered is served, and nothing else. Each run of a
deployment is a process of its own, which costs a few seconds of CPU; that is why short syncs of a
demonstration run inside the calling process instead (docs/decisions/0006).
"""

import asyncio
import threading
from typing import cast

from prefect import serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import SCHEDULE_TYPES, CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.types.entrypoint import EntrypointType

from flows.check_interfaces import NAME as CHECK_NAME
from flows.check_interfaces import NIGHTLY, check_interfaces
from flows.matching import match_as_asked
from flows.recover import close_crashed_runs
from flows.requests import work_off
from flows.runtime import ensure_zombie_automation
from flows.sync import rematch, sync_town
from registry import intake
from registry.intake.schedules import ScheduleRow
from registry.storage.database import unit_of_work

RUNS_AT_ONCE_MAX = 2  # two cores; more would only share them
REMATCH_NAME = "rematch"
START_SECONDS = 10.0  # deployments are registered by then; a run asked for earlier has none


def serve_sources(pool: str | None = None) -> None:
    """Serve every registered source until this process is told to stop.

    Our lease keeps two runs of one source apart; Prefect's limit only spares the second run the
    trouble of starting.

    Args:
        pool: Work pool whose queue this worker shares with others, made if absent; by default it
            takes its runs from the deployments themselves.
    """
    cut_off = close_crashed_runs()
    # The hub makes this rule for the Prefect server inside it; one of the operator's has none.
    asyncio.run(ensure_zombie_automation())
    # Of a pool, another machine may run it: it has the package, but not our folder.
    deployments = _deployments(
        EntrypointType.FILE_PATH if pool is None else EntrypointType.MODULE_PATH
    )
    # What a killed worker left goes on now, and not only when its next turn comes.
    on_start = threading.Timer(START_SECONDS, _start_again, [cut_off])
    on_start.daemon = True
    on_start.start()
    stopped = threading.Event()
    threading.Thread(target=work_off, args=[stopped], daemon=True, name="requests").start()
    with match_as_asked():
        if pool is not None:
            from flows.pool import work_in_pool  # half a second that other callers need not pay

            asyncio.run(work_in_pool(pool, deployments, runs_at_once=RUNS_AT_ONCE_MAX))
        else:
            serve(
                *deployments,
                pause_on_shutdown=False,
                limit=RUNS_AT_ONCE_MAX,
                print_starting_message=False,  # standard output is for data
            )
    stopped.set()


def _deployments(found_by: EntrypointType) -> list[RunnerDeployment]:
    """Describe one deployment per source, and those of the town as a whole."""
    with unit_of_work() as db:
        schedules = intake.schedules.list_schedules(db)
    one_at_a_time = ConcurrencyLimitConfig(
        limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
    )
    deployments = [
        sync_town.to_deployment(
            name=key,
            parameters={"source_keys": [key]},
            description=f"Reads the source {key} and matches what came in.",
            concurrency_limit=one_at_a_time,
            schedules=_prefect_schedules(schedule),
            entrypoint_type=found_by,
        )
        for schedule in schedules
        for key in (schedule.source_key,)
    ]
    deployments += [
        rematch.to_deployment(name=REMATCH_NAME, entrypoint_type=found_by),
        check_interfaces.to_deployment(name=CHECK_NAME, cron=NIGHTLY, entrypoint_type=found_by),
    ]
    return cast("list[RunnerDeployment]", deployments)


def _start_again(keys: list[str]) -> None:
    for key in keys:
        asyncio.run(start_sync(key))


def _prefect_schedules(schedule: ScheduleRow) -> list[DeploymentScheduleCreate]:
    if schedule.cron is None:
        return []
    cron = CronSchedule(cron=schedule.cron, timezone=schedule.zone)
    return [DeploymentScheduleCreate(schedule=cron, active=schedule.active)]


async def apply_schedule(schedule: ScheduleRow) -> bool:
    """Tell Prefect when a source is read; runs that were planned otherwise are dropped by it.

    Returns:
        Whether a deployment was there to be told; without one the next worker tells it.
    """
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(f"sync-town/{schedule.source_key}")
        except ObjectNotFound:
            return False
        for old in await client.read_deployment_schedules(deployment.id):
            await client.delete_deployment_schedule(deployment.id, old.id)
        if schedule.cron is not None:
            cron: SCHEDULE_TYPES = CronSchedule(cron=schedule.cron, timezone=schedule.zone)
            await client.create_deployment_schedules(deployment.id, [(cron, schedule.active)])
    return True


async def start_sync(source_key: str) -> bool:
    """Ask a worker to read a source now.

    Returns:
        Whether a worker has ever served the source; without one nobody would hear.
    """
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(f"sync-town/{source_key}")
        except ObjectNotFound:
            return False
        await client.create_flow_run_from_deployment(deployment.id)
    return True
