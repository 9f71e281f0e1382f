"""What a page of records costs beside a town that is already matched.

    make bench ARGS=customers.pages                         a million records, BENCH_RECORDS less
    python -m benchmarks.customers.pages --records 50000    prints the figures as JSON

A made-up town is matched in full; then pages of new and changed records come in, each in a
transaction of its own with all that belongs to it: cleaning, keys, edges, clusters, golden values,
links, versions, events, commit. Beside it stands the raw limit: the rows that one such page wrote,
merely inserted into empty tables with the same indexes. Bounded: about ten minutes at a million.
"""

import argparse
import json
import os
import sys
import time
from typing import Any

import numpy as np

from benchmarks.customers.town import Town, matched_town
from benchmarks.figures import Figure
from registry.customers.live.commands import absorb

RECORDS = 1_000_000
# A change makes a record another person's: all its keys move. Real ones move fewer.
CHANGED = "half new, half changed in every value"
# Size of a page, how many are measured, what is promised in seconds at the 95th percentile.
PAGES = ((1, 300, 0.005), (1_000, 5, 1.0), (10_000, 2, 5.0))
# What the server was given; registry/storage/sizes.py says why.
SIZES = ("shared_buffers", "max_wal_size", "checkpoint_timeout")
# The first pages compile what later ones reuse.
WARM = 20
WRITTEN = (
    "landed_record",
    "clean_record",
    "match_record",
    "match_key",
    "match_edge",
    "customer",
    "customer_link",
    "customer_version",
    "customer_event",
)


def measure(records: int) -> dict[str, Any]:
    """Measure pages, questions and the raw limit beside a town."""
    begun = time.perf_counter()
    with matched_town(records) as town:
        found: dict[str, Any] = {
            "records": town.report.records,
            "customers": town.report.customers,
            "place": "memory" if town.in_memory else "this disk",
            "sizes": _sizes(town),
            "made_seconds": round(time.perf_counter() - begun, 1),
            "steps": town.report.seconds,
        }
        for _ in range(WARM):
            _page(town, 1)
        for size, repeats, _ in PAGES:
            found[f"page_{size}"] = _quantiles(
                [_page(town, size) for _ in range(repeats)]
            ) | _raw_limit(town, size)
    return found


def _sizes(town: Town) -> str:
    """Say how the server is set up: as every new one is that we start."""
    said = (town.db.execute(f"SHOW {name}").fetchone() for name in SIZES)
    return ", ".join(f"{name} {row[0]}" for name, row in zip(SIZES, said, strict=True) if row)


def _quantiles(walls: list[float]) -> dict[str, float]:
    return {"p50": float(np.quantile(walls, 0.5)), "p95": float(np.quantile(walls, 0.95))}


def _page(town: Town, size: int) -> float:
    """Take in one page, half new and half changed records, and return its wall time."""
    with town.db.transaction():
        page = town.land(size - size // 2) + (town.changed(size // 2) if size > 1 else [])
        begun = time.perf_counter()
        absorb(town.db, page)
    return time.perf_counter() - begun


def _raw_limit(town: Town, size: int) -> dict[str, float]:
    """Return how long the rows that one page wrote take when they are merely inserted."""
    with town.db.transaction():
        page = town.land(size)
        absorb(town.db, page)
        now = town.db.execute("SELECT pg_current_xact_id()::xid::text").fetchone()
        assert now is not None  # a transaction that wrote has a number
        for table in WRITTEN:
            town.db.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table} LIMIT 0")
            town.db.execute(
                f"INSERT INTO kept_{table} SELECT * FROM {table} WHERE xmin = %s::xid", now
            )
            town.db.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING INDEXES)")
    rows, begun = 0, time.perf_counter()
    with town.db.transaction():
        for table in WRITTEN:
            rows += town.db.execute(f"INSERT INTO bare_{table} SELECT * FROM kept_{table}").rowcount
    wall = time.perf_counter() - begun
    for table in WRITTEN:
        town.db.execute(f"DROP TABLE kept_{table}, bare_{table}")
    return {"raw": wall, "rows": rows}


def run() -> list[Figure]:
    """Measure beside a town of RECORDS, or as many as BENCH_RECORDS says."""
    found = measure(int(os.environ.get("BENCH_RECORDS", RECORDS)))
    town = (
        f"beside {found['records']:,} matched records; PostgreSQL with fsync on {found['place']}"
        f" as we set it up ({found['sizes']}); load {os.getloadavg()[0]:.1f} at the end"
    )
    steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in found["steps"].items())
    figures = [
        Figure(
            "Full run: train, link, merge, write keys and edges",
            round(sum(found["steps"].values()), 1),
            "s",
            "",
            f"{found['records']:,} records in PostgreSQL; {steps}",
        )
    ]
    for size, repeats, promise in PAGES:
        page = found[f"page_{size}"]
        figures += [
            Figure(
                f"A page of {size:,}, p95",
                round(page["p95"], 4),
                "s",
                f"<= {promise}",
                f"{town}; {repeats} pages, {'new' if size == 1 else CHANGED};"
                f" commit included; median {page['p50']:.4f} s",
            ),
            Figure(
                f"A page of {size:,} against its rows merely inserted",
                round(page["p50"] / page["raw"], 1),
                "times",
                "",
                f"{page['rows']} rows of {len(WRITTEN)} tables into empty ones with the same"
                f" indexes, same run: {page['raw']:.4f} s",
            ),
        ]
    return figures


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=RECORDS, help="size of the town")
    sys.stdout.write(json.dumps(measure(parser.parse_args().records), indent=2) + "\n")


if __name__ == "__main__":
    main()
