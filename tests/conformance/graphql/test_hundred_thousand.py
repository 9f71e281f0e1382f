"""A hundred thousand operations made at random: no mistake of ours, no SQL told, no memory kept."""

import asyncio
import gc
import logging
import os
import time

import psutil
import pytest

from benchmarks.figures import Figure, keep
from tests.integration.api.test_fuzz import fill, fuzz

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.usefixtures("shared_database"),
    pytest.mark.timeout(7200),
    # graphql-core leaves the neighbours of a field that failed without waiting for them.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]

OPERATIONS = int(os.environ.get("TOWNCLERK_FUZZ_OPERATIONS", "100000"))
PARTS = 20
# A run that was asked to be shorter does not replace the figures of a whole one.
KEEPS = OPERATIONS >= 100_000
# Caches fill in the first part; what later ones add would grow for ever.
MEGABYTES_MORE_MAX = 60


def megabytes() -> float:
    return psutil.Process(os.getpid()).memory_info().rss / 2**20


def test_a_hundred_thousand_operations_meet_no_mistake_of_ours() -> None:
    logging.getLogger("townclerk").setLevel(logging.CRITICAL)
    known = fill()
    wrong: list[str] = []
    after_first = 0.0
    begun = time.process_time()
    for part in range(PARTS):
        found = asyncio.run(fuzz(1000 + part, OPERATIONS // PARTS, known))
        for each in found:
            logging.getLogger(__name__).warning("%s", each)
        wrong += found
        gc.collect()
        after_first = after_first or megabytes()
        if KEEPS:
            keep_figures((part + 1) * OPERATIONS // PARTS, len(wrong), time.process_time() - begun)
    assert not wrong, f"{len(wrong)} went wrong, first:\n" + "\n".join(wrong[:5])
    assert megabytes() - after_first < MEGABYTES_MORE_MAX


def keep_figures(asked: int, wrong: int, seconds: float) -> None:
    """Keep what came so far, so that a run that is stopped tells no more than it did."""
    how = "valid, broken and hostile queries, mutations and subscriptions, made from the schema"
    figures = [
        Figure("operations made at random", asked, "", ">= 100000", how),
        Figure("operations that met a mistake of ours", wrong, "", "<= 0", "or told SQL text"),
        Figure("CPU seconds per 1,000 operations", seconds / asked * 1000, "s", "", "this process"),
    ]
    keep("graphql_fuzz", figures, "make conformance")
