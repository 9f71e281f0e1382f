"""One deployment per registered source, so that syncs can be scheduled and started from outside.

Deployments follow the register: what is registered is served, and nothing else. Each run of a
deployment is a process of its own, which costs a few seconds of CPU; that is why short syncs of a
demonstration run inside the calling process instead (docs/decisions/0006).
"""

from typing import cast

from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment

from flows.check_interfaces import NAME as CHECK_NAME
from flows.check_interfaces import NIGHTLY, check_interfaces
from flows.sync import rematch, sync_town
from registry import intake
from registry.storage.database import unit_of_work

RUNS_AT_ONCE_MAX = 2  # two cores; more would only share them
REMATCH_NAME = "rematch"


def serve_sources() -> None:
    """Serve every registered source until this process is told to stop.

    Our lease keeps two runs of one source apart; Prefect's limit only spares the second run the
    trouble of starting.
    """
    with unit_of_work() as db:
        keys = [source.key for source in intake.queries.list_sources(db)]
    one_at_a_time = ConcurrencyLimitConfig(
        limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
    )
    deployments = [
        sync_town.to_deployment(
            name=key,
            parameters={"source_keys": [key]},
            description=f"Reads the source {key} and matches what came in.",
            concurrency_limit=one_at_a_time,
        )
        for key in keys
    ]
    serve(
        *cast("list[RunnerDeployment]", deployments),
        cast("RunnerDeployment", rematch.to_deployment(name=REMATCH_NAME)),
        cast("RunnerDeployment", check_interfaces.to_deployment(name=CHECK_NAME, cron=NIGHTLY)),
        pause_on_shutdown=False,
        limit=RUNS_AT_ONCE_MAX,
        print_starting_message=False,  # standard output is for data
    )
