"""Ten thousand events on twenty thousand records leave exactly what a full run finds.

On the other kind of server `make conformance` runs it; `make bench ARGS=customers.events` takes a
million records. TOWNCLERK_EVENTS and TOWNCLERK_TOWN make this one smaller or larger.
"""

import os

import psycopg
import pytest

from benchmarks.customers.lively import SHARES, LivelyTown, differences, keep_state
from registry.customers.live.commands import rematch
from tests.factories import a_data_set, a_sync_run

EVENTS = int(os.environ.get("TOWNCLERK_EVENTS", "10000"))
RECORDS = int(os.environ.get("TOWNCLERK_TOWN", "20000"))
PAGE_MAX = int(os.environ.get("TOWNCLERK_PAGE", "500"))
# Two quiet cores need forty seconds; a machine that does other things as well needs many more.
SECONDS_MAX = 3_600


@pytest.mark.slow
@pytest.mark.timeout(SECONDS_MAX)
def test_mixed_events_leave_the_edges_and_clusters_of_a_full_run(db: psycopg.Connection) -> None:
    data_sets = [a_data_set(db).id for _ in range(3)]
    town = LivelyTown(db, data_sets, a_sync_run(db).id, records=RECORDS, page_max=PAGE_MAX)
    town.fill(RECORDS)
    rematch(db)

    town.live(EVENTS)

    assert all(town.done[sort] for sort in SHARES), town.done
    keep_state(db)
    rematch(db, retrain=False)
    assert not any(differences(db).values()), (differences(db), town.done)
