"""After ten thousand mixed events a town stands exactly as a full run would find it.

    make bench ARGS=customers.events               a million records, BENCH_RECORDS less
    python -m benchmarks.customers.events --records 50000    prints the figures as JSON

A made-up town is matched in full; then records come, change, waver, go and return in pages of 1 to
2,000, and stewards merge, unlink, undo, contradict identifiers and erase, each in a transaction of
its own. A full run with the same frozen model follows, and rows of keys, edges, components, words,
clusters, golden values, redirects and events that differ are counted; there must be none. Bounded:
about fifteen minutes at a million and 16 GB, in memory where so much is free, else on disk.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.customers.lively import (
    LivelyTown,
    differences,
    keep_state,
    questions_kept_otherwise,
)
from benchmarks.figures import Figure
from registry.customers.live.commands import rematch
from registry.customers.stewarding.keeping_up import keep_up
from registry.storage.connecting import connect
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from tests.factories import a_data_set, a_sync_run
from tests.servers import make_reachable_dir

RECORDS = 1_000_000
EVENTS = 10_000
PAGE_MAX = 2_000
SOURCES = 3
# Of the town, its log, and what is kept to compare; a machine's memory seldom has it at a million.
RECORD_BYTES = 16_000


@contextmanager
def empty_town(records: int, *, vague: bool = False) -> Iterator[LivelyTown]:
    """Make the people of a town, and an empty database for what sources say of them."""
    place = make_reachable_dir(records * RECORD_BYTES)
    try:
        with EmbeddedPostgres.start(place, database="bench") as server:
            upgrade(server.url)
            with connect(server.url, autocommit=True) as db:
                data_sets = [a_data_set(db).id for _ in range(SOURCES)]
                run_id = a_sync_run(db).id
                yield LivelyTown(
                    db, data_sets, run_id, records=records, page_max=PAGE_MAX, vague=vague
                )
    finally:
        shutil.rmtree(place, ignore_errors=True)


def measure(records: int, events: int) -> dict[str, Any]:
    """Let events happen in a matched town, and hold what they leave against a full run."""
    seconds: dict[str, float] = {}
    walls: dict[str, list[float]] = defaultdict(list)
    with empty_town(records) as town:
        with _timed(seconds, "filled"):
            town.fill(records)
        with _timed(seconds, "matched"), town.db.transaction():
            rematch(town.db)
            keep_up(town.db)
        # What autovacuum does within minutes: plans need to know how large tables are.
        town.db.execute("VACUUM ANALYZE")
        begun = last = time.perf_counter()

        def note(sort: str, count: int) -> None:
            nonlocal last
            now = time.perf_counter()
            walls[_name(sort, count)].append(now - last)
            last = now

        town.live(events, note=note)
        seconds["events"] = time.perf_counter() - begun
        with _timed(seconds, "questions"), town.db.transaction():
            otherwise = questions_kept_otherwise(town.db)
        keep_state(town.db)
        with _timed(seconds, "full run"), town.db.transaction():
            report = rematch(town.db, retrain=False)
        with _timed(seconds, "compared"):
            found = differences(town.db) | {"a steward's questions": otherwise}
        size = town.db.execute("SELECT pg_database_size(current_database()) / 1048576").fetchone()
        assert size is not None
    return {
        "records": report.records,
        "customers": report.customers,
        "done": dict(town.done),
        "differences": found,
        "seconds": {name: round(wall, 1) for name, wall in seconds.items()},
        "p95": {name: round(float(np.quantile(w, 0.95)), 3) for name, w in sorted(walls.items())},
        "database_mib": size[0],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _name(sort: str, count: int) -> str:
    return f"{sort}, {'one' if count == 1 else 'up to 60' if count <= 60 else 'up to 2,000'}"


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - begun


def run() -> list[Figure]:
    """Compare in a town of RECORDS, or as many as BENCH_RECORDS says."""
    found = measure(int(os.environ.get("BENCH_RECORDS", RECORDS)), EVENTS)
    done = ", ".join(f"{sort} {count}" for sort, count in found["done"].items())
    how = (
        f"{found['records']:,} records in PostgreSQL when all is done; pages of 1 to {PAGE_MAX:,};"
        f" {done}; then a full run with the same frozen model"
    )
    figures = [Figure("Events that happened", sum(found["done"].values()), "", f">= {EVENTS}", how)]
    figures += [
        Figure(f"Rows that a full run finds otherwise: {name}", count, "", "<= 0", how)
        for name, count in found["differences"].items()
    ]
    steps = ", ".join(f"{name} {wall}" for name, wall in found["seconds"].items())
    slowest = ", ".join(f"{name} {wall}" for name, wall in found["p95"].items())
    figures += [
        Figure(
            "All events, one after the other",
            found["seconds"]["events"],
            "s",
            "",
            f"each committed; seconds at the 95th percentile: {slowest}",
        ),
        Figure(
            "Peak memory of the process that did all this",
            found["peak_mib"],
            "MiB",
            "",
            f"the town's people among it, PostgreSQL not; seconds: {steps}",
        ),
        Figure(
            "Size of the database when all is done",
            found["database_mib"],
            "MiB",
            "<= 6144",
            "with what was kept to compare, which goes with the connection",
        ),
    ]
    return figures


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=RECORDS, help="size of the town")
    parser.add_argument("--events", type=int, default=EVENTS, help="how much happens")
    given = parser.parse_args()
    sys.stdout.write(json.dumps(measure(given.records, given.events), indent=2) + "\n")


if __name__ == "__main__":
    main()
