"""One writer for a source at a time: the living keep it, the dead lose it."""

from uuid import UUID

import psycopg
import pytest

from registry.intake.leases import lifeline, renew_lease, take_lease
from registry.storage.database import Database, unit_of_work
from schemas.errors import SourceBusy, StaleLease
from schemas.intake import RunState
from tests.factories import a_source


def the_state_of(db: psycopg.Connection, run_id: UUID) -> str:
    row = db.execute("SELECT state FROM sync_run WHERE id = %s", (run_id,)).fetchone()
    assert row
    return str(row[0])


def test_a_lease_opens_a_run(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="here", lock_is_ours=True)

    assert lease.fence == 1
    assert the_state_of(db, lease.run_id) == RunState.RUNNING


def test_a_living_holder_keeps_its_source(db: psycopg.Connection) -> None:
    source = a_source(db)
    take_lease(db, source.id, holder="first", lock_is_ours=True)

    with pytest.raises(SourceBusy, match="first"):
        take_lease(db, source.id, holder="second", lock_is_ours=False)


def test_a_dead_holder_loses_its_source_at_once(db: psycopg.Connection) -> None:
    source = a_source(db)
    dead = take_lease(db, source.id, holder="dead", lock_is_ours=True)

    alive = take_lease(db, source.id, holder="alive", lock_is_ours=True)

    assert alive.fence == dead.fence + 1
    assert the_state_of(db, dead.run_id) == RunState.CRASHED


def test_a_silent_holder_loses_its_source_when_the_lease_ends(db: psycopg.Connection) -> None:
    source = a_source(db)
    take_lease(db, source.id, holder="silent", lock_is_ours=True)
    db.execute("UPDATE lease SET expires_at = now() - interval '1 s'")

    assert take_lease(db, source.id, holder="next", lock_is_ours=False).fence == 2


def test_a_page_under_an_old_fence_is_refused(db: psycopg.Connection) -> None:
    source = a_source(db)
    old = take_lease(db, source.id, holder="old", lock_is_ours=True)
    new = take_lease(db, source.id, holder="new", lock_is_ours=True)

    renew_lease(db, new)
    with pytest.raises(StaleLease):
        renew_lease(db, old)


def test_only_one_process_holds_the_lifeline(database: Database) -> None:
    with unit_of_work() as db:
        source = a_source(db)

    with (
        lifeline(database.url, source.id) as first,
        lifeline(database.url, source.id) as second,
    ):
        assert (first, second) == (True, False)
    with lifeline(database.url, source.id) as third:
        assert third is True


def test_two_writers_racing_for_one_page_never_both_pass(database: Database) -> None:
    """The row of the lease serialises them; the older sees the newer's fence."""
    with unit_of_work() as db:
        source = a_source(db)
        old = take_lease(db, source.id, holder="old", lock_is_ours=True)

    with unit_of_work() as db:
        take_lease(db, source.id, holder="new", lock_is_ours=True)
        with unit_of_work() as late:
            late.execute("SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable), late.transaction():
                renew_lease(late, old)
    with unit_of_work() as db, pytest.raises(StaleLease):
        renew_lease(db, old)
