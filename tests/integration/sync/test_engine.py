"""The engine by its promises: nothing withdrawn on a guess, nothing lost, everything replayable."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest

from flows import recover, replay
from flows.rehearse import rehearse
from flows.steps import take_source, withdraw
from registry import customers, intake
from registry.intake.leases import lifeline
from registry.intake.scans import AlreadyDecided
from registry.storage.database import Database, unit_of_work
from schemas.errors import GiveUp, SourceBusy
from tests.integration.sync.crm import PAGE, PEOPLE, Crm, count

# What is shown here is ours; the statements run on both servers in the tests of the rooms.
pytestmark = pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)


@pytest.fixture
def crm(database: Database) -> Iterator[Crm]:
    source = Crm()
    yield source
    source.server.close()


def held() -> list[intake.scans.HeldRow]:
    with unit_of_work() as db:
        return intake.scans.list_held(db)


def test_a_record_its_source_deleted_leaves_the_master_view_with_the_scan(crm: Crm) -> None:
    crm.sync()
    with unit_of_work() as db:
        customers.commands.rematch(db)
    del crm.people[7]
    run = crm.sync()

    assert run.records_withdrawn == 1
    assert count("SELECT count(*) FROM landed_record WHERE key = '7'") == 0
    assert count("SELECT count(*) FROM clean_record") == PEOPLE - 1
    assert count("SELECT count(*) FROM customer WHERE record_count = 0") == 0
    assert count("SELECT count(*) FROM scanned_page") == 0, "the scan's notes are dropped"


def test_a_scan_that_was_cut_off_withdraws_nothing_and_its_sequel_all(crm: Crm) -> None:
    crm.sync()
    del crm.people[3:6]
    cut = crm.sync(seconds_max=0)
    assert cut.records_withdrawn == 0
    assert crm.sync().records_withdrawn == 3, "the pages before the cut are on record"


@pytest.mark.parametrize("left", [0, PEOPLE // 2])
def test_a_source_that_shrinks_at_once_is_not_believed(crm: Crm, left: int) -> None:
    crm.sync()
    crm.people[left:] = []
    run = crm.sync()

    assert run.records_withdrawn == 0
    (waiting,) = held()
    assert (waiting.missing, waiting.known) == (PEOPLE - left, PEOPLE)
    with unit_of_work() as db:
        run_id, records = intake.scans.decide(db, waiting.id, confirm=True, by="steward")
        withdraw(db, run_id, records)
    assert count("SELECT count(*) FROM landed_record") == left
    with pytest.raises(AlreadyDecided), unit_of_work() as db:
        intake.scans.decide(db, waiting.id, confirm=False, by="steward")


def test_records_that_came_back_are_not_withdrawn_by_an_old_decision(crm: Crm) -> None:
    crm.sync()
    everybody = list(crm.people)
    crm.people[PAGE:] = []
    crm.sync()
    (waiting,) = held()
    crm.people = everybody
    crm.sync()

    assert not held()
    with pytest.raises(AlreadyDecided), unit_of_work() as db:
        intake.scans.decide(db, waiting.id, confirm=True, by="steward")


def test_a_refused_decision_keeps_the_records(crm: Crm) -> None:
    crm.sync()
    crm.people[PAGE:] = []
    crm.sync()
    with unit_of_work() as db:
        assert intake.scans.decide(db, held()[0].id, confirm=False, by="steward")[1] == ()
    assert count("SELECT count(*) FROM landed_record") == PEOPLE


def test_a_nameless_record_makes_every_missing_one_doubtful(crm: Crm) -> None:
    crm.sync()
    crm.people[4] = {"id": None, "name": "who?", "born": "1980-01-02"}
    run = crm.sync()

    assert run.records_withdrawn == 0
    assert "no readable key" in held()[0].reason


def test_a_record_that_is_refused_is_there_and_not_withdrawn(crm: Crm) -> None:
    crm.sync()
    crm.people[4]["born"] = "someday"
    run = crm.sync()

    assert (run.records_withdrawn, run.records_quarantined, held()) == (0, 1, [])


@pytest.mark.parametrize(("vanished", "waiting"), [("hold", 1), ("keep", 0)])
def test_a_connector_file_may_leave_vanished_records_to_a_steward(
    crm: Crm, vanished: str, waiting: int
) -> None:
    crm.stream["vanished"] = vanished
    crm.register()
    crm.sync()
    del crm.people[0]

    assert crm.sync().records_withdrawn == 0
    assert len(held()) == waiting


def test_unchanged_records_cost_no_write_and_no_look(crm: Crm) -> None:
    crm.sync()
    before = count("SELECT sum(xmin::text::bigint) FROM landed_record")
    crm.people[9]["name"] = "Mended"
    run = crm.sync()

    assert (run.records_landed, run.records_unchanged) == (1, PEOPLE - 1)
    crm.people[9]["name"] = "Name 9"
    crm.sync()
    assert count("SELECT sum(xmin::text::bigint) FROM landed_record") > before


def test_one_key_twice_on_a_page_ends_as_the_later_one_says(crm: Crm) -> None:
    crm.people = [{"id": 1, "name": "Old", "born": "1980-01-02"}]
    crm.sync()
    crm.people = [{"id": 1, "name": "New", "born": "1980-01-02"}, crm.people[0]]
    run = crm.sync()

    assert run.records_quarantined == 1
    assert count("SELECT count(*) FROM clean_record WHERE family_name = 'Old'") == 1


def test_refused_records_land_by_one_command_after_the_mapping_was_mended(crm: Crm) -> None:
    for person in crm.people[:5]:
        person["born"] = "02-01-1980"
    crm.people[5]["born"] = "never"
    crm.sync()
    assert count("SELECT count(*) FROM quarantined_record") == 6
    crm.stream["map"]["birth_date"] = "date(born, '%d-%m-%Y')"
    crm.register()
    crm.server.close()  # no source is asked

    report = replay.replay_quarantine("crm")
    assert (report.read, report.landed, report.refused) == (6, 5, 1)
    assert count("SELECT count(*) FROM clean_record WHERE birth_date = '1980-01-02'") == PEOPLE - 1
    assert count("SELECT count(*) FROM quarantined_record") == 1
    assert replay.replay_quarantine("crm").landed == 0


def test_a_replay_never_puts_an_old_record_over_a_newer_one(crm: Crm) -> None:
    crm.stream["key"] = "text(code)"  # nobody has one: all are nameless
    crm.register()
    crm.sync()
    crm.stream["key"] = "id"
    crm.register()
    for person in crm.people:
        person["name"] = "Newer"
    crm.sync()
    with unit_of_work() as db:
        db.execute("UPDATE quarantined_record SET quarantined_at = now() - interval '1 day'")

    assert replay.replay_quarantine("crm").landed == 0
    assert count("SELECT count(*) FROM clean_record WHERE family_name = 'Newer'") == PEOPLE


@pytest.mark.parametrize(
    ("policy", "landed", "refused"), [("evolve", 1, 0), ("warn", 1, 0), ("quarantine", 0, 1)]
)
def test_drift_does_what_the_contract_says(
    crm: Crm, policy: str, landed: int, refused: int
) -> None:
    crm.stream["drift"] = {"*": "evolve", "nickname": policy}
    crm.register()
    crm.sync()
    crm.people[0] = {**crm.people[0], "nickname": "An"}
    run = crm.sync()

    assert (run.records_landed, run.records_quarantined) == (landed, refused)
    assert count("SELECT count(*) FROM drift WHERE name = 'nickname'") == 1


def test_drift_of_a_field_that_may_not_stops_the_run_before_anything_is_kept(crm: Crm) -> None:
    crm.stream["drift"] = {"name": "stop"}
    crm.register()
    crm.sync()
    crm.people[0]["name"] = 12

    with pytest.raises(GiveUp, match="contract forbids"):
        crm.sync()
    assert count("SELECT count(*) FROM clean_record WHERE family_name = '12'") == 0


def test_a_rehearsal_says_what_would_change_and_keeps_nothing(crm: Crm) -> None:
    crm.sync()
    crm.people[0]["name"] = "Changed"
    crm.people[1]["born"] = "someday"
    crm.people[2] = {"id": 1000, "name": "New", "born": "1980-01-02"}

    (found,) = asyncio.run(rehearse("crm"))
    assert (found.new, found.changed, found.vanished) == (1, 1, 1)
    assert found.quarantined == {"birth_date_unreadable": 1}
    assert found.fields == {"family_name": 1}
    assert found.samples == {"changed": ["0"], "new": ["1000"]}
    assert count("SELECT count(*) FROM landed_record") == PEOPLE
    assert count("SELECT count(*) FROM sync_run") == 1


def test_a_busy_source_leaves_a_row_that_says_so(crm: Crm) -> None:
    with unit_of_work() as db:
        source: UUID = intake.queries.find_source(db, "crm").id
    take_source(source, lock_is_ours=True)

    with pytest.raises(SourceBusy):
        take_source(source, lock_is_ours=False)
    assert count("SELECT count(*) FROM sync_run WHERE state = 'refused'") == 1
    assert count("SELECT count(*) FROM sync_run WHERE state = 'running'") == 1


def test_a_run_whose_worker_vanished_is_closed_and_a_living_one_is_left(
    crm: Crm, database: Database
) -> None:
    with unit_of_work() as db:
        source = intake.queries.find_source(db, "crm").id
    take_source(source, lock_is_ours=True)

    with lifeline(database.url, source) as ours:
        assert ours
        assert recover.close_crashed_runs() == []
    assert recover.close_crashed_runs() == ["crm"]
    assert count("SELECT count(*) FROM sync_run WHERE state = 'crashed'") == 1
    assert crm.sync().state == "completed"
