"""A worker on the queue of a Prefect work pool, which machines share without knowing each other.

Two workers of one pool never get the same run: Prefect gives each run away once. Where it errs
all the same, our lease refuses the second one.
"""

from collections.abc import Sequence
from contextlib import suppress

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists
from prefect.workers.process import ProcessWorker


async def work_in_pool(
    pool: str, deployments: Sequence[RunnerDeployment], *, runs_at_once: int
) -> None:
    """Put the deployments into a work pool and run what comes to its queue, until stopped.

    Args:
        pool: Name of the pool; made with processes as its kind if absent.
        deployments: Whatever is to run there; each worker puts in the same ones.
        runs_at_once: Runs that this worker takes side by side.
    """
    await _make_pool(pool)
    for deployment in deployments:
        await deployment.aapply(work_pool_name=pool)
    worker = ProcessWorker(work_pool_name=pool, limit=runs_at_once)
    await worker.start(printer=_say_nothing)  # standard output is for data


async def _make_pool(pool: str) -> None:
    wanted = WorkPoolCreate(
        name=pool,
        type=ProcessWorker.type,
        base_job_template=ProcessWorker.get_default_base_job_template(),
    )
    async with get_client() as client:
        with suppress(ObjectAlreadyExists):
            await client.create_work_pool(wanted)


def _say_nothing(*_: object, **__: object) -> None:
    """Take what Prefect would print."""
