"""Ten thousand events on twenty thousand records leave exactly what a full run finds.

On the other kind of server `make conformance` runs it; `make bench ARGS=customers.events` takes a
million records. TOWNCLERK_EVENTS and TOWNCLERK_TOWN make this one smaller or larger.
"""

import os

import psycopg
import pytest

from benchmarks.customers.lively import (
    SHARES,
    LivelyTown,
    differences,
    keep_state,
    questions_kept_otherwise,
)
from registry.customers.live.commands import rematch
from registry.customers.stewarding.keeping_up import keep_up
from tests.factories import a_data_set, a_sync_run

EVENTS = int(os.environ.get("TOWNCLERK_EVENTS", "10000"))
RECORDS = int(os.environ.get("TOWNCLERK_TOWN", "20000"))
PAGE_MAX = int(os.environ.get("TOWNCLERK_PAGE", "500"))
LOOKS = 20  # pages between two looks at the steward's queue
# Two quiet cores need forty seconds; a machine that does other things as well needs many more.
SECONDS_MAX = 3_600


@pytest.mark.slow
@pytest.mark.timeout(SECONDS_MAX)
def test_mixed_events_leave_the_edges_and_clusters_of_a_full_run(db: psycopg.Connection) -> None:
    data_sets = [a_data_set(db).id for _ in range(3)]
    town = LivelyTown(db, data_sets, a_sync_run(db).id, records=RECORDS, page_max=PAGE_MAX)
    town.fill(RECORDS)
    rematch(db)

    asked: list[str] = []  # a steward looks now and then, between them all sorts of things

    def look(sort: str, _: int) -> None:
        asked.append(sort)
        if len(asked) % LOOKS == 0:
            keep_up(db)

    keep_up(db)
    town.live(EVENTS, note=look)
    assert questions_kept_otherwise(db) == 0

    assert all(town.done[sort] for sort in SHARES), town.done
    keep_state(db)
    rematch(db, retrain=False)
    assert not any(differences(db).values()), (differences(db), town.done)
    assert questions_kept_otherwise(db) == 0
