"""After whatever happened in a town it stands as a full run would find it.

Three hundred records and as many events, to find a fault soon; test_ten_thousand_events.py takes
20,000 records, `make bench ARGS=customers.events` a million.
"""

import psycopg
import pytest

from benchmarks.customers.lively import LivelyTown, differences, keep_state
from registry.customers.live.commands import rematch
from tests.factories import a_data_set, a_sync_run

MEMORY_MB = 512


@pytest.fixture
def town(db: psycopg.Connection) -> LivelyTown:
    data_sets = [a_data_set(db).id for _ in range(3)]
    made = LivelyTown(db, data_sets, a_sync_run(db).id, records=300, page_max=60)
    made.fill(300)
    rematch(db, memory_limit_mb=MEMORY_MB)
    return made


def test_whatever_happened_a_full_run_finds_the_same(town: LivelyTown) -> None:
    town.live(300)
    keep_state(town.db)
    rematch(town.db, retrain=False, memory_limit_mb=MEMORY_MB)
    assert not any(differences(town.db).values()), (differences(town.db), town.done)
