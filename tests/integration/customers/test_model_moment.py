"""Who is whom does not hang on the moment at which a model trained itself."""

import psycopg
import pytest

from benchmarks.customers.lively import LivelyTown, differences, keep_state
from registry.customers.live.commands import propose, rematch, settle
from registry.customers.live.versions import list_versions, unread_sources
from tests.factories import a_checkpoint, a_data_set, a_source, a_sync_run

MEMORY_MB = 512
STREAMS = {"streams": {"people": {"becomes": "customer"}, "calls": {"becomes": "interaction"}}}


class Sources:
    """Two sources of one town; the second one fails until somebody mends it."""

    def __init__(self, db: psycopg.Connection) -> None:
        self.db = db
        self.keys = [a_source(db, key=key, spec={"kind": "rest", **STREAMS}).key for key in "ab"]
        a_source(db, key="sends-by-itself", spec={"kind": "webhook", **STREAMS})
        data_sets = [a_data_set(db).id for _ in self.keys]
        self.town = LivelyTown(db, data_sets, a_sync_run(db).id, records=120, page_max=60)

    def are_read(self, *keys: str) -> None:
        """Let sources have been read to their end."""
        for key in keys:
            row = self.db.execute("SELECT id FROM source WHERE key = %s", (key,)).fetchone()
            assert row is not None
            a_checkpoint(self.db, source_id=row[0], stream="people", complete=True)


@pytest.fixture
def sources(db: psycopg.Connection) -> Sources:
    return Sources(db)


def test_a_model_that_saw_half_the_town_gives_way_once_all_of_it_is_read(sources: Sources) -> None:
    db, town = sources.db, sources.town
    town.fill(80)
    sources.are_read("a")
    first = settle(db)
    (live,) = list_versions(db)
    assert (live.version, live.unread) == (first.model, ["b"])
    town.fill(40)
    assert settle(db).model == first.model, "the second source is not read to its end yet"

    sources.are_read("b")
    second = settle(db)

    assert second.model != first.model
    assert [one.unread for one in list_versions(db)] == [[], []]
    keep_state(db)
    assert rematch(db, retrain=True, memory_limit_mb=MEMORY_MB).model == second.model
    assert not any(differences(db).values())


def test_a_model_of_a_whole_town_stays_when_a_source_is_read_again(sources: Sources) -> None:
    db, town = sources.db, sources.town
    town.fill(80)
    sources.are_read("a", "b")
    first = settle(db)
    db.execute("UPDATE checkpoint SET complete = false")
    town.fill(40)
    settle(db)
    db.execute("UPDATE checkpoint SET complete = true")
    assert settle(db).model == first.model


def test_a_model_that_somebody_chose_is_not_replaced(sources: Sources) -> None:
    db, town = sources.db, sources.town
    town.fill(80)
    settle(db)
    assert unread_sources(db) == ["a", "b"]
    chosen = propose(db, memory_limit_mb=MEMORY_MB).version
    rematch(db, version=chosen, memory_limit_mb=MEMORY_MB)
    town.fill(40)
    sources.are_read("a", "b")
    assert settle(db).model == chosen
