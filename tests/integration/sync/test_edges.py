"""What leaves a flow carries no value of a customer; a match that is asked to stop stops."""

import asyncio
import logging
import threading
import time
from datetime import UTC, datetime

import duckdb
import psycopg
import pytest

from flows.edges import UnforeseenFault, without_values
from registry.customers.asking import queries
from registry.customers.live import commands
from registry.customers.matching import engine
from registry.intake.leases import renew_lease, take_lease
from schemas.errors import SourceBusy, StaleLease
from schemas.landscape_kinds import ElementKind
from schemas.records import CustomerKind, CustomerRecord
from tests.factories import a_landed_record, a_source, an_element

MARK = "Sjoukje-Roodhuyzen-1971"


def test_an_unforeseen_error_leaves_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UnforeseenFault) as raised, without_values():
        raise duckdb.InvalidInputException(f"cannot read {MARK}")

    assert MARK not in str(raised.value)
    assert raised.value.__suppress_context__
    assert "InvalidInputException" in raised.value.what
    assert any(record.levelno == logging.ERROR for record in caplog.records)


def test_our_own_errors_pass_as_they_are() -> None:
    with pytest.raises(SourceBusy), without_values():
        raise SourceBusy("somebody reads it")


def test_being_cancelled_is_no_fault() -> None:
    async def wait() -> None:
        with without_values():
            await asyncio.sleep(60)

    async def cancel() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())


def test_a_comparison_that_is_asked_to_stop_stops_at_once() -> None:
    endless = "SELECT count(*) FROM range(10000000000) a, range(1000) b WHERE a.range % 7 = b.range"
    with engine.open_engine() as con:
        threading.Timer(0.5, commands.stop_rematching).start()
        begun = time.monotonic()
        with pytest.raises(duckdb.InterruptException):
            engine.run(con, endless)
        assert time.monotonic() - begun < 10


def test_a_session_leaves_nothing_behind_and_clears_what_the_dead_left() -> None:
    with engine.open_engine() as con:
        mine = engine.workspace(con)
        work = mine.parent
        dead = work / f"{engine.PREFIX}999999999-left"
        dead.mkdir()
        (dead / "records.csv").write_text("somebody")
        engine.sweep()
        assert not dead.exists()
        assert mine.exists(), "a living session is never swept"
    assert not mine.exists()
    assert work.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
)
def test_a_placeholder_for_a_moment_stops_nobody_elses_matching(
    db: psycopg.Connection, moment: datetime
) -> None:
    data_set = an_element(db, kind=ElementKind.DATA_SET).id
    for key, changed in (("a", moment), ("b", datetime(2025, 1, 1, tzinfo=UTC))):
        landed = a_landed_record(db, data_set_id=data_set, key=key)
        assert landed.id is not None
        record = CustomerRecord(
            key=key, kind=CustomerKind.PERSON, family_name=f"Name {key}", changed_at=changed
        )
        commands.absorb(db, [(landed.id, data_set, record)])

    assert commands.rematch(db).customers == 2
    assert queries.count_customers(db) == 2


def test_before_the_first_lease_only_the_holder_of_the_lock_may_take_one(
    db: psycopg.Connection,
) -> None:
    source = a_source(db)

    with pytest.raises(SourceBusy):
        take_lease(db, source.id, holder="without the lock", lock_is_ours=False)
    assert take_lease(db, source.id, holder="with it", lock_is_ours=True).fence == 1


def test_a_lease_of_another_run_with_the_same_fence_is_refused(db: psycopg.Connection) -> None:
    source = a_source(db)
    lease = take_lease(db, source.id, holder="one", lock_is_ours=True)
    forged = type(lease)(source_id=lease.source_id, run_id=source.id, fence=lease.fence)

    with pytest.raises(StaleLease):
        renew_lease(db, forged)
