"""How long a steward waits for the queue, of as many questions as a town has.

    python -m benchmarks.customers.review_looks --records 50000     prints the figures as JSON

Part of `make bench ARGS=customers.review`. A made-up town whose sources say little is matched in
full; then a steward looks, pages on, decides and looks again, and sources send pages between two
looks. Each look is what the page does in its transaction: take in what has changed, read fifty
questions and the counts. Beside it stands what every look was before questions were kept: to weigh
all of them. Bounded: about twenty minutes at a million records and 16 GB, in memory where so much
is free, else on disk.
"""

import os
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import psycopg

from benchmarks.customers.events import empty_town
from benchmarks.customers.town import print_measured
from benchmarks.figures import Figure
from registry.customers.live.commands import rematch
from registry.customers.stewarding import stewardship
from registry.customers.stewarding.keeping_up import keep_up
from registry.customers.stewarding.review import Queue, read_queue
from registry.customers.stewarding.weighing import weigh_all
from schemas.customers import Verdict

RECORDS: Final = 1_000_000
LOOKS: Final = 200
DECISIONS: Final = 50
PAGES: Final = 10
PAGE_RECORDS: Final = 1_000
SHOWN: Final = 50  # questions of one page
PROMISE_MS: Final = 30


def measure(records: int) -> dict[str, Any]:
    """Let a steward look at the queue of a town of so many records."""
    with empty_town(records, vague=True) as town:
        db = town.db
        town.fill(records)
        with db.transaction():
            rematch(db)
        db.execute("VACUUM ANALYZE")
        begun = time.perf_counter()
        kept = _look(db)
        first = time.perf_counter() - begun
        begun = time.perf_counter()
        with db.transaction():
            worth_a_look = len(weigh_all(db))
        weighed = time.perf_counter() - begun
        middle = _place_of(db, kept.count.asked // 2)
        walls = {
            "first part": _walls(LOOKS, lambda: _look(db)),
            "part from the middle": _walls(LOOKS, lambda: _look(db, after=middle)),
            "counts alone": _walls(LOOKS, lambda: _look(db, limit=0)),
        }
        walls["first part after a decision"] = [_after_a_decision(db) for _ in range(DECISIONS)]
        after_pages = []
        for _ in range(PAGES):
            with db.transaction():
                town.change(PAGE_RECORDS)
            after_pages += _walls(1, lambda: _look(db))
        walls[f"first part after a page of {PAGE_RECORDS:,} changed records"] = after_pages
        customers = _look(db, limit=0).count.customers
    return {
        "records": records,
        "customers": customers,
        "asked": kept.count.asked,
        "worth_a_look": worth_a_look,
        "first_s": round(first, 2),
        "weighed_s": round(weighed, 2),
        "p50_ms": {name: _quantile(each, 0.5) for name, each in walls.items()},
        "p95_ms": {name: _quantile(each, 0.95) for name, each in walls.items()},
    }


def _look(db: psycopg.Connection, *, limit: int = SHOWN, after: str | None = None) -> Queue:
    with db.transaction():
        return read_queue(db, limit=limit, after=after, kept=keep_up(db))


def _place_of(db: psycopg.Connection, number: int) -> str | None:
    """Return the place of a question in the queue, found as a steward does who pages on."""
    place, passed = None, 0
    while passed < number and (pairs := _look(db, limit=200, after=place).pairs):
        place, passed = pairs[-1].place, passed + len(pairs)
    return place


def _after_a_decision(db: psycopg.Connection) -> float:
    """Decide on the first question, and return how long the look after it takes."""
    doubt = _look(db, limit=1).pairs[0]
    with db.transaction():
        verdict = Verdict.UNLINK if doubt.linked else Verdict.LINK
        stewardship.decide(
            db, doubt.left_id, doubt.right_id, verdict, reason="measured", actor="Sam"
        )
    return _walls(1, lambda: _look(db))[0]


def _walls(times: int, do: Callable[[], Any]) -> list[float]:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        do()
        found.append(time.perf_counter() - begun)
    return found


def _quantile(walls: list[float], share: float) -> float:
    return round(float(np.quantile(walls, share)) * 1_000, 1)


def figures() -> list[Figure]:
    """Measure in a town of RECORDS, or as many as BENCH_RECORDS says."""
    found = measure(int(os.environ.get("BENCH_RECORDS", RECORDS)))
    name = f"vague town, {found['records']:,} records"
    how = (
        f"{found['asked']:,} questions asked of {found['worth_a_look']:,} worth a look;"
        f" {found['customers']:,} customers; wall time of one look, median"
    )
    looks = [
        Figure(
            f"{name}: a steward's look, {each}, 95th percentile",
            found["p95_ms"][each],
            "ms",
            "" if "page of" in each else f"<= {PROMISE_MS}",
            f"{how} {found['p50_ms'][each]}",
        )
        for each in found["p95_ms"]
    ]
    return [
        *looks,
        Figure(
            f"{name}: to weigh all questions, as each look did before they were kept",
            found["weighed_s"],
            "s",
            "",
            f"beside the looks above; with keeping them, once after a full run: {found['first_s']}",
        ),
    ]


def main() -> None:
    """Print the figures as JSON."""
    print_measured(measure, __doc__, RECORDS)


if __name__ == "__main__":
    main()
