"""What a page of records costs beside a town that is already matched.

    make bench ARGS=customers.pages                         a million records, BENCH_RECORDS less
    python -m benchmarks.customers.pages --records 50000    prints the figures as JSON

A made-up town is matched in full; then pages of new and changed records come in, each in a
transaction of its own with all that belongs to it: cleaning, keys, edges, clusters, golden values,
links, versions, events, commit. Beside it stands the raw limit: the rows that one such page wrote,
merely inserted into empty tables with the same indexes.

Every sort of page comes in rounds, so that no single moment of a shared machine decides, and how
quick the machine is just then is measured between them. Bounded: about ten minutes at a million.
"""

import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.customers.town import Town, matched_town, print_measured
from benchmarks.figures import Figure
from benchmarks.machine import pace
from registry.customers.live.commands import absorb

RECORDS = 1_000_000


class Sort(NamedTuple):
    """A sort of page.

    Attributes:
        size: Records.
        repeats: How many a round has.
        rest: What the half is that is not new.
        promise: In seconds, at the 95th percentile.
        cold: Whether the server has read next to nothing of the town since it was matched; such
            pages come once, before all rounds.
    """

    size: int
    repeats: int
    rest: str = ""
    promise: float | None = None
    cold: bool = False

    @property
    def name(self) -> str:
        """What it is called among the figures."""
        return (
            f"A page of {self.size:,}"
            + (f", half {self.rest}" if self.rest else "")
            + (", right after the full run" if self.cold else "")
        )


MOVED, OTHERS = "moved house", "changed in every value"
COLD = Sort(1, 300, cold=True)
PAGES = (
    Sort(1_000, 4, MOVED, 1.0),
    Sort(10_000, 1, MOVED, 5.0),
    # A change makes a record another person's: all its keys move. No register does so.
    Sort(1_000, 4, OTHERS),
    Sort(10_000, 1, OTHERS),
    # In a town that is in use, as it is after the pages above: what they read is at hand.
    Sort(1, 100, promise=0.005),
)
ROUNDS = 6
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
            _page(town, COLD)
        found[COLD.name] = _summary([_round(town, COLD)])
        rounds, found["pace"] = [], [pace()]
        for _ in range(ROUNDS):
            rounds.append([_round(town, sort) for sort in PAGES])
            found["pace"].append(pace())
        for sort, of_sort in zip(PAGES, zip(*rounds, strict=True), strict=True):
            found[sort.name] = _summary(of_sort)
        for sort in (COLD, *PAGES):
            found[sort.name] |= _raw_limit(town, sort.size)
    return found


def _sizes(town: Town) -> str:
    """Say how the server is set up: as every new one is that we start."""
    said = (town.db.execute(f"SHOW {name}").fetchone() for name in SIZES)
    return ", ".join(f"{name} {row[0]}" for name, row in zip(SIZES, said, strict=True) if row)


def _round(town: Town, sort: Sort) -> list[float]:
    return [_page(town, sort) for _ in range(sort.repeats)]


def _summary(rounds: Sequence[list[float]]) -> dict[str, Any]:
    walls = [wall for one in rounds for wall in one]
    return {
        "pages": len(walls),
        "p50": float(np.quantile(walls, 0.5)),
        "p95": float(np.quantile(walls, 0.95)),
        "rounds": sorted(float(np.quantile(one, 0.95)) for one in rounds),
    }


def _page(town: Town, sort: Sort) -> float:
    """Take in one page, half of it new records, and return its wall time."""
    rest = sort.size // 2
    with town.db.transaction():
        page = town.land(sort.size - rest)
        page += town.moved(rest) if sort.rest == MOVED else town.changed(rest)
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
    for sort in (COLD, *PAGES):
        page = found[sort.name]
        best, worst = page["rounds"][0], page["rounds"][-1]
        figures += [
            Figure(
                f"{sort.name}, p95",
                round(page["p95"], 4),
                "s",
                f"<= {sort.promise}" if sort.promise else "",
                f"{town}; {page['pages']} pages in {len(page['rounds'])} rounds, the rest new;"
                f" commit included; median {page['p50']:.4f} s; p95 of the rounds {best:.4f} to"
                f" {worst:.4f} s; between rounds a fixed piece of Python took"
                f" {min(found['pace']):.3f} to {max(found['pace']):.3f} s",
                {"p95": round(page["p95"], 4), "p95 of the quietest round": round(best, 4)},
            ),
            Figure(
                f"{sort.name}, against its rows merely inserted",
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
    print_measured(measure, __doc__, RECORDS)


if __name__ == "__main__":
    main()
