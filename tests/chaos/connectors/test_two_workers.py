"""Two process workers on the queue of one Prefect work pool: every run ends, no page twice."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.figures import Figure, keep
from flows.runtime import ZOMBIE_AUTOMATION
from registry.storage.connecting import connect
from tests.integration.sync.town import READY_SECONDS_MAX, Town, register
from townclerk.sandbox.running import running_city

PEOPLE = 200
POOL = "town"
TWICE = ("waste", "parking")  # two runs of these are asked for at once
SECONDS_MAX = 900.0
LOOK_SECONDS = 0.2
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}


@contextmanager
def process(town: Town, log: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a part of Townclerk for the length of the block and see it end well."""
    with log.open("w") as errors:
        started = town.start(*arguments, stderr=errors)
        try:
            yield started
        finally:
            started.terminate()
            started.communicate(timeout=READY_SECONDS_MAX)


def ready(started: subprocess.Popen[str]) -> dict[str, str]:
    """Return what a part says when it is ready."""
    assert started.stdout
    text = ""
    for line in started.stdout:
        text += line
        if line == "}\n":
            break
    found: dict[str, str] = json.loads(text)
    return found


def wait_for_workers(api: httpx.Client, count: int) -> None:
    """Wait until so many workers listen to the pool."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while True:
        assert time.monotonic() < deadline, "the workers do not come"
        found = api.post(f"work_pools/{POOL}/workers/filter", json={})
        if found.status_code == 200 and len(found.json()) == count:
            return
        time.sleep(LOOK_SECONDS)


def ask_for_run(api: httpx.Client, source: str) -> str:
    """Put a run of a source on the queue; return the id Prefect gave it."""
    deployment = api.get(f"deployments/name/sync-town/{source}").raise_for_status().json()["id"]
    path = f"deployments/{deployment}/create_flow_run"
    asked = api.post(path, json={"state": {"type": "SCHEDULED"}}).raise_for_status()
    return str(asked.json()["id"])


def children(pid: int) -> set[int]:
    """Return the processes that a process has started and that still run."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for file in files for child in file.read_text().split()}


@contextmanager
def two_workers(
    town: Town, folder: Path
) -> Iterator[tuple[httpx.Client, list[subprocess.Popen[str]], list[Path]]]:
    """Run a Prefect server and two workers on one pool; yield its API, them, and all logs."""
    logs = [folder / f"{name}.log" for name in ("prefect", "one", "two")]
    with ExitStack() as parts:
        server = parts.enter_context(process(town, logs[0], "prefect-server", "--port=0", "--json"))
        address = ready(server)["prefect_api"]
        workers = []
        for log in logs[1:]:
            apart = Town(town.url, folder / log.stem)
            apart.environment["PREFECT_API_URL"] = address
            arguments = ("worker", "--pool", POOL, "--json")
            workers.append(parts.enter_context(process(apart, log, *arguments)))
        api = parts.enter_context(httpx.Client(base_url=address, timeout=30))
        wait_for_workers(api, len(workers))
        yield api, workers, logs


def run_to_the_end(
    api: httpx.Client, workers: list[subprocess.Popen[str]], asked: list[str]
) -> tuple[list[dict[str, Any]], list[set[int]]]:
    """Wait until all runs have ended; return them, and the processes that each worker started."""
    started: list[set[int]] = [set() for _ in workers]
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        assert time.monotonic() < deadline, "a run does not end"
        for worker, seen in zip(workers, started, strict=True):
            seen.update(children(worker.pid))
        query = {"flow_runs": {"id": {"any_": asked}}}
        runs = api.post("flow_runs/filter", json=query).raise_for_status().json()
        if runs and all(run["state"]["type"] in ENDED for run in runs):
            return runs, started
        time.sleep(LOOK_SECONDS)


def read_twice_or_never(town: Town) -> int:
    """Count what was not read exactly once: each record by its lineage, each page by its run."""
    lineage = town.ask(
        """SELECT sync_run.id FROM lineage_edge JOIN sync_run ON sync_run.id = run_id
           JOIN (SELECT data_set_id, count(*) AS records FROM clean_record GROUP BY 1) AS clean
             ON clean.data_set_id = from_id
           WHERE lineage_edge.records <> clean.records"""
    )
    counts = town.ask(
        """SELECT source_id FROM sync_run GROUP BY source_id
           HAVING count(DISTINCT (pages, records_read, records_quarantined)) > 1"""
    )
    return len(lineage) + len(counts)


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)  # what it shows is ours
def test_two_workers_on_one_queue_read_no_page_twice(
    postgres_url: str, reachable_dir: Path
) -> None:
    town = Town(postgres_url, reachable_dir / "data")
    with running_city(reachable_dir / "city", people=PEOPLE, seed=3) as city:
        with connect(postgres_url) as db:
            register(db, reachable_dir / "city", city.sources)
        with two_workers(town, reachable_dir) as (api, workers, logs):
            rules = api.post("automations/filter", json={}).raise_for_status().json()
            assert ZOMBIE_AUTOMATION in [rule["name"] for rule in rules]
            asked = [ask_for_run(api, source) for source in (*city.sources, *TWICE)]
            runs, started = run_to_the_end(api, workers, asked)

    said = "\n".join(log.read_text() for log in logs)
    assert [run["state"] for run in runs if run["state"]["type"] != "COMPLETED"] == [], said
    pids = {int(run["infrastructure_pid"].rsplit(":", 1)[-1]) for run in runs}
    assert len(pids) == len(asked)
    assert all(seen & pids for seen in started), "both workers must have had a part in it"
    states = town.ask("SELECT state, count(*)::int FROM sync_run GROUP BY state")
    assert states == [("completed", len(asked))]
    ((edges,),) = town.ask("SELECT count(*) FROM lineage_edge")
    assert edges >= len(asked)
    wrong = read_twice_or_never(town)
    assert wrong == 0
    how = "`make chaos`; process workers on one Prefect work pool, two sources asked for twice"
    ended = [
        Figure("workers on one queue, each with a part in it", len(workers), "workers", "", how),
        Figure("runs asked for that completed", states[0][1], "runs", f">= {len(asked)}", how),
        Figure("runs whose records were read twice or not at all", wrong, "runs", "<= 0", how),
    ]
    keep("connectors_two_workers", ended, "make chaos")
