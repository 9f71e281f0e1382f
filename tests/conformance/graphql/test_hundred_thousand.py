"""A hundred thousand operations made at random: no mistake of ours, no SQL told, no memory kept."""

import asyncio
import gc
import logging
import os

import psutil
import pytest

from tests.integration.api.test_fuzz import fill, fuzz

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.usefixtures("shared_database"),
    pytest.mark.timeout(7200),
    # graphql-core leaves the neighbours of a field that failed without waiting for them.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]

OPERATIONS = int(os.environ.get("TOWNCLERK_FUZZ_OPERATIONS", "100000"))
PARTS = 10
# Caches fill in the first part; what later ones add would grow for ever.
MEGABYTES_MORE_MAX = 60


def megabytes() -> float:
    return psutil.Process(os.getpid()).memory_info().rss / 2**20


def test_a_hundred_thousand_operations_meet_no_mistake_of_ours() -> None:
    logging.getLogger("townclerk").setLevel(logging.CRITICAL)
    known = fill()
    wrong: list[str] = []
    after_first = 0.0
    for part in range(PARTS):
        wrong += asyncio.run(fuzz(1000 + part, OPERATIONS // PARTS, known))
        gc.collect()
        after_first = after_first or megabytes()
    assert not wrong, f"{len(wrong)} went wrong, first:\n" + "\n".join(wrong[:5])
    assert megabytes() - after_first < MEGABYTES_MORE_MAX
