"""A registered source's unchanged page is passed over whole, and nothing comes out differently."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from flows import replay
from flows.steps import open_source, run_chunk, take_source
from registry import customers
from registry.storage.database import Database, unit_of_work
from schemas.errors import GiveUp
from tests.contract.connectors.servers import Reply, Request
from tests.integration.sync.crm import PAGE, PEOPLE, Crm, count

# What is shown here is ours; the statements run on both servers in the tests of the rooms.
pytestmark = pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
PAGES = PEOPLE // PAGE


@pytest.fixture
def crm(database: Database) -> Iterator[Crm]:
    source = Crm()
    yield source
    source.server.close()


def notes() -> set[tuple[str, str]]:
    """Return the known pages, each with a mark that changes when its page is read anew."""
    with unit_of_work() as db:
        found = db.execute("SELECT digest::text, xmin::text FROM known_page").fetchall()
    return {(digest, mark) for digest, mark in found}


def passed(crm: Crm) -> int:
    """Sync, and return how many pages were passed over whole."""
    before = notes()
    crm.sync()
    return len(before & notes())


def do(statement: str) -> int:
    with unit_of_work() as db:
        return db.execute(statement).rowcount  # type: ignore[arg-type]  # a literal below


def name_of(key: int) -> list[str]:
    with unit_of_work() as db:
        found = db.execute(
            """SELECT family_name FROM clean_record
               JOIN landed_record ON landed_record.id = record_id WHERE landed_record.key = %s""",
            (str(key),),
        ).fetchall()
    return [name for (name,) in found]


def test_an_unchanged_page_is_passed_over_and_every_count_is_as_ever(crm: Crm) -> None:
    first = crm.sync()
    marks = count("SELECT sum(xmin::text::bigint) FROM landed_record")

    assert passed(crm) == PAGES
    run = crm.sync()
    assert (run.pages, run.records_read, run.records_unchanged) == (PAGES, PEOPLE, PEOPLE)
    assert (run.records_landed, run.records_quarantined, run.records_withdrawn) == (0, 0, 0)
    assert (first.records_read, first.records_landed) == (PEOPLE, PEOPLE)
    assert count("SELECT sum(xmin::text::bigint) FROM landed_record") == marks
    edges = f"SELECT count(*) FROM lineage_edge WHERE run_id = '{run.id}' AND records = {PEOPLE}"
    assert count(edges) == 2


def test_one_changed_record_costs_its_own_page_only(crm: Crm) -> None:
    crm.sync()
    crm.people[60]["name"] = "Mended"

    assert passed(crm) == PAGES - 1
    assert name_of(60) == ["Mended"]
    assert passed(crm) == PAGES, "its page is known as it is now, and the old one is forgotten"
    assert count("SELECT count(*) FROM known_page") == PAGES


def test_a_row_that_is_gone_or_not_as_it_was_comes_back(crm: Crm) -> None:
    crm.sync()
    do("DELETE FROM clean_record WHERE record_id IN (SELECT id FROM landed_record WHERE key = '7')")
    assert do("DELETE FROM landed_record WHERE key = '7'") == 1
    assert do("UPDATE landed_record SET raw_hash = '\\x00', raw = '{}' WHERE key = '107'") == 1

    assert passed(crm) == PAGES - 2
    assert name_of(7) == ["Name 7"]
    assert count("SELECT count(*) FROM landed_record WHERE key = '107' AND raw <> '{}'") == 1


def test_a_key_that_moves_to_another_page_is_there_once_and_as_it_came_last(crm: Crm) -> None:
    crm.sync()
    crm.people[180] = {**crm.people[5], "name": "Twice"}  # on the first and on the fourth page

    for _ in range(3):
        assert crm.sync().records_read == PEOPLE
        assert name_of(5) == ["Twice"], "the later page counts, however often it was read"
    assert count("SELECT count(*) FROM landed_record") == PEOPLE - 1, "and 180 is gone"


def test_a_mended_mapping_takes_every_page_in_anew(crm: Crm) -> None:
    crm.sync()
    crm.stream["map"]["family_name"] = "upper(name)"
    crm.register()

    assert passed(crm) == 0
    assert name_of(150) == ["NAME 150"]
    assert count("SELECT count(*) FROM known_page") == PAGES


def test_a_page_with_a_refused_record_is_read_each_time_until_it_is_mended(crm: Crm) -> None:
    crm.people[70]["born"] = "02-01-1980"
    crm.sync()
    assert passed(crm) == PAGES - 1
    assert count("SELECT count(*) FROM quarantined_record") == 1

    crm.stream["map"]["birth_date"] = "date(born, '%d-%m-%Y')"
    crm.register()
    assert replay.replay_quarantine("crm").landed == 1
    assert name_of(70) == ["Name 70"]


def test_what_comes_back_as_it_was_leaves_quarantine(crm: Crm) -> None:
    crm.sync()
    good = crm.people[70]
    crm.people[70] = {**good, "born": "someday"}
    with unit_of_work() as db:
        opened = open_source(db, "crm")
    lease = take_source(opened.id, lock_is_ours=True)
    for _ in range(2):  # the second page is refused in part; the scan is never ended
        asyncio.run(run_chunk(opened, lease, seconds_max=0))
    assert count("SELECT count(*) FROM quarantined_record WHERE key = '70'") == 1

    crm.people[70] = good
    with unit_of_work() as db:
        db.execute("DELETE FROM checkpoint")  # as a changed connector file does
    assert passed(crm) == PAGES
    assert count("SELECT count(*) FROM quarantined_record") == 0


def test_what_the_source_deleted_goes_and_what_stood_on_known_pages_stays(crm: Crm) -> None:
    crm.sync()
    del crm.people[199]
    before = notes()
    run = crm.sync()

    assert len(before & notes()) == PAGES - 1
    assert run.records_withdrawn == 1
    assert count("SELECT count(*) FROM landed_record") == PEOPLE - 1


def test_an_erased_customer_neither_comes_back_nor_takes_its_page_along(crm: Crm) -> None:
    crm.sync()
    with unit_of_work() as db:
        customers.commands.rematch(db)
        found = db.execute(
            """SELECT customer_id FROM customer_link JOIN landed_record ON id = record_id
               WHERE key = '120'"""
        ).fetchone()
        assert found
        customers.erase.erase_customer(db, found[0], reason="request 1", actor="a steward")

    for _ in range(2):
        assert passed(crm) == PAGES - 1, "the page it stood on is read, and kept by nobody"
        assert count("SELECT count(*) FROM landed_record WHERE key = '120'") == 0
        assert count("SELECT count(*) FROM landed_record") == PEOPLE - 1
        assert count("SELECT count(*) FROM known_page") == PAGES - 1


def test_a_loop_is_noticed_on_known_pages_as_well(crm: Crm) -> None:
    crm.sync()

    def circle(request: Request) -> Reply:
        start = int(request.query.get("from", 0)) % PEOPLE
        link = f"/people?from={(start + PAGE) % PEOPLE}"
        return Reply.json({"items": crm.people[start : start + PAGE], "next": link})

    crm.answer = circle
    for _ in range(2):
        with pytest.raises(GiveUp, match="circles"):
            crm.sync()
        assert count("SELECT count(*) FROM landed_record") == PEOPLE


def test_a_worker_that_ends_after_each_page_passes_over_the_same_pages(crm: Crm) -> None:
    crm.sync()
    before = notes()
    del crm.people[199]
    for _ in range(PAGES - 1):
        crm.sync(seconds_max=0)  # a run of its own, and none of it sees the end
        assert count("SELECT count(*) FROM landed_record") == PEOPLE
    assert crm.sync().records_withdrawn == 1
    assert len(before & notes()) == PAGES - 1


def test_notes_that_somebody_spoilt_are_none(crm: Crm) -> None:
    crm.sync()
    do("UPDATE known_page SET note = 'nonsense'")
    assert passed(crm) == 0
    do("UPDATE known_page SET raw_hashes = substring(raw_hashes FROM 2)")
    assert passed(crm) == 0
    do("UPDATE known_page SET record_ids = record_ids[2:]")
    assert passed(crm) == 0
    assert passed(crm) == PAGES


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_the_rows_are_those_of_the_source(crm: Crm, seed: int) -> None:
    dice = random.Random(seed)
    crm.stream["vanished_share_max"] = 1.0
    crm.register()
    for turn in range(6):
        for _ in range(dice.randrange(3)):
            place = dice.randrange(len(crm.people))
            deed = dice.choice(("change", "delete", "move", "add", "revert"))
            if deed == "change":
                crm.people[place] = {**crm.people[place], "name": f"Turn {turn}"}
            elif deed == "revert":
                person = crm.people[place]
                crm.people[place] = {**person, "name": f"Name {person['id']}"}
            elif deed == "delete":
                del crm.people[place]
            elif deed == "move":
                crm.people.append(crm.people.pop(place))
            else:
                crm.people.append({"id": 1000 + turn, "name": "New", "born": "1980-01-02"})
        crm.people = list({person["id"]: person for person in crm.people}.values())
        if dice.random() < 0.3:
            crm.sync(seconds_max=0)
        crm.sync()
        with unit_of_work() as db:
            question = "SELECT key, convert_from(raw, 'utf8')::jsonb ->> 'name' FROM landed_record"
            names = dict(db.execute(question).fetchall())
        assert names == {str(person["id"]): person["name"] for person in crm.people}
