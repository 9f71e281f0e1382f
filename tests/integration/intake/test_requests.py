"""Work that a worker is asked for: done once, said how it ended, and not asked for twice."""

from datetime import timedelta

import psycopg
import pytest

from flows.requests import carry_out_next
from registry.intake import queues, requests, schedules
from registry.intake.queues import TooManyRequests
from registry.intake.requests import ask, take_next
from registry.storage.database import Database, unit_of_work
from schemas.base import utc_now
from schemas.errors import GiveUp, InvalidInput, UnknownName
from schemas.intake import Freshness, RequestKind, RunState
from tests.factories import a_data_set, a_source, a_sync_request, a_sync_run


def test_the_same_thing_that_waits_is_not_asked_for_twice(db: psycopg.Connection) -> None:
    key = a_source(db, spec={"streams": {"people": {}}}).key

    first = ask(db, key, RequestKind.REPLAY, by="ann")
    assert ask(db, key, RequestKind.REPLAY, by="ben") == first
    assert ask(db, key, RequestKind.REPLAY, by="ben", stream="people") != first
    with pytest.raises(UnknownName):
        ask(db, key, RequestKind.REPLAY, by="ben", stream="nobody")
    assert take_next(db) is not None
    assert ask(db, key, RequestKind.REPLAY, by="ann") != first


def test_a_loop_that_asks_is_stopped(
    db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "WAITING_MAX", 2)
    source = a_source(db)
    for kind in ("sync", "replay"):
        a_sync_request(db, source_id=source.id, kind=kind)

    with pytest.raises(TooManyRequests):
        ask(db, source.key, RequestKind.REHEARSAL, by="ann")


def test_a_request_of_a_worker_that_died_is_taken_again(db: psycopg.Connection) -> None:
    hours = requests.TAKEN_HOURS_MAX
    a_sync_request(db, state="running", taken_at=utc_now() - timedelta(hours=hours - 1))
    assert take_next(db) is None
    dead = a_sync_request(db, state="running", taken_at=utc_now() - timedelta(hours=hours + 1))

    found = take_next(db)

    assert found is not None
    assert found.id == dead.id


def test_what_fails_is_written_down_with_a_remedy_and_the_next_is_done(database: Database) -> None:
    with unit_of_work() as db:
        key = a_source(db).key
        for kind in (RequestKind.SYNC, RequestKind.REPLAY):
            ask(db, key, kind, by="ann")

    def do(request: requests.Request) -> dict[str, object]:
        if request.kind == RequestKind.SYNC:
            raise GiveUp("It said no.")
        return {"read": 3}

    assert [carry_out_next(do) for _ in range(3)] == [True, True, False]
    with unit_of_work() as db:
        rows = db.execute("SELECT kind, state, answer, error ->> 'code' FROM sync_request")
        assert sorted(rows) == [
            (RequestKind.REPLAY, "done", {"read": 3}, None),
            (RequestKind.SYNC, "failed", None, "source_give_up"),
        ]


def test_a_data_set_is_as_old_as_the_oldest_of_its_sources(db: psycopg.Connection) -> None:
    urn = a_data_set(db).urn
    sources = [a_source(db, spec={"streams": {"people": {"data_set": urn}}}) for _ in range(2)]
    schedules.set_target(db, urn, 60)

    def freshness() -> Freshness:
        (row,) = schedules.list_data_sets(db)
        assert row.sources == sorted(source.key for source in sources)
        return row.freshness

    def read(number: int, minutes_ago: int) -> None:
        ended = utc_now() - timedelta(minutes=minutes_ago)
        of = sources[number].id
        a_sync_run(db, source_id=of, state=RunState.COMPLETED, finished_at=ended)

    assert freshness() == Freshness.NEVER
    read(0, 10)
    assert freshness() == Freshness.NEVER
    read(1, 90)
    assert freshness() == Freshness.LATE
    read(1, 5)
    assert freshness() == Freshness.FRESH
    schedules.set_target(db, urn, None)
    assert freshness() == Freshness.UNTARGETED


def test_a_target_needs_a_data_set_and_a_possible_age(db: psycopg.Connection) -> None:
    with pytest.raises(UnknownName):
        schedules.set_target(db, "urn:nobody", 60)
    with pytest.raises(InvalidInput):
        schedules.set_target(db, a_data_set(db).urn, 0)


def test_only_what_the_clock_reads_can_be_paused(db: psycopg.Connection) -> None:
    source = a_source(db)
    with pytest.raises(InvalidInput):
        schedules.pause_schedule(db, source.id, paused=True)
    schedules.set_schedule(db, source.id, cron="0 3 * * *", fresh_minutes=60)

    schedules.pause_schedule(db, source.id, paused=True)

    (row,) = schedules.list_schedules(db)
    assert (row.cron, row.active, row.fresh_minutes) == ("0 3 * * *", False, 60)
