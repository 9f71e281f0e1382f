"""A hundred thousand operations made at random: no mistake of ours, no SQL told, no memory kept."""

import asyncio
import gc
import logging
import os
import time
from collections.abc import Callable

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


def test_a_hundred_thousand_operations_meet_no_mistake_of_ours(
    record_property: Callable[[str, object], None],
) -> None:
    logging.getLogger("townclerk").setLevel(logging.CRITICAL)
    known = fill()
    wrong: list[str] = []
    after_first = 0.0
    begun = time.process_time()
    for part in range(PARTS):
        wrong += asyncio.run(fuzz(1000 + part, OPERATIONS // PARTS, known))
        gc.collect()
        after_first = after_first or megabytes()
    record_property("operations made at random", OPERATIONS // PARTS * PARTS)
    record_property("operations that met a mistake of ours", len(wrong))
    record_property("CPU seconds of operations made at random", time.process_time() - begun)
    assert not wrong, f"{len(wrong)} went wrong, first:\n" + "\n".join(wrong[:5])
    assert megabytes() - after_first < MEGABYTES_MORE_MAX
