"""The clock: show how old things are, and speak to Prefect about one source."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from registry.intake.schedules import DataSetRow, ScheduleRow
from registry.settings import Settings
from schemas.errors import Unreachable
from townclerk.cli.output import print_json, print_table


class NoWorker(Unreachable):
    """Nobody would hear the request: no hub, or no worker that serves the source."""

    code = "no_worker"
    remedy = "Start `townclerk up` and `townclerk worker`, or read it here: `townclerk sync run`."


def tell_prefect(settings: Settings, schedule: ScheduleRow) -> bool:
    """Tell a running Prefect server; False where none runs, and a worker will tell it later."""
    from townclerk.prefect_at_hand import prefect_running

    if not prefect_running(settings):
        return False
    from flows.deploy import apply_schedule

    return asyncio.run(apply_schedule(schedule))


def ask_worker(settings: Settings, source_key: str) -> None:
    """Ask a worker to read a source.

    Raises:
        NoWorker: No hub runs, or no worker has ever served the source.
    """
    from townclerk.prefect_at_hand import prefect_running

    if not prefect_running(settings):
        raise NoWorker("No hub is running, so no worker can be asked.")
    from flows.deploy import start_sync

    if not asyncio.run(start_sync(source_key)):
        raise NoWorker(f"No worker serves {source_key} yet.")


def show_freshness(rows: Sequence[ScheduleRow | DataSetRow], *, as_json: bool) -> None:
    """Show how old sources or data sets are."""
    if as_json:
        print_json([{**asdict(row), "freshness": row.freshness} for row in rows])
        return
    cells = [
        (row.source_key, row.cron if row.active else None)
        if isinstance(row, ScheduleRow)
        else (row.data_set, ", ".join(row.sources))
        for row in rows
    ]
    print_table(
        "How fresh they are",
        ("what", "state", "minutes old", "may be", "read by"),
        (
            (name, row.freshness, row.age_minutes, row.fresh_minutes, by)
            for (name, by), row in zip(cells, rows, strict=True)
        ),
    )
