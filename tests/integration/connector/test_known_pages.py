"""A page that came before is passed over whole, and nothing comes out differently for it."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import psycopg
import pytest

from connectors.sdk.load import load_connector_file
from schemas.errors import GiveUp
from tests.contract.connectors.servers import Reply, Request, Server
from townclerk.connector.opening import source_of
from townclerk.connector.running import StreamReport, run_stream
from townclerk.connector.tables import TableTaken, TableTarget

FILE = """
connector: crm
kind: rest
auth: {auth}
streams:
  people:
    get: /people
    records: items
    paging: {{type: link, next: next}}
    key: id
    map: {{kind: "'person'", family_name: {name}, birth_date: "date(born)"}}
"""
SIZE = 25


def spec_of(name: str = "name", auth: str = "{type: none}") -> Any:
    return load_connector_file(FILE.format(name=name, auth=auth), name="crm.yaml")


class Without(TableTarget):
    """The same table without any page known."""

    @property
    def known_pages(self) -> None:  # type: ignore[override]
        return None


class Crm:
    """A hundred people on four pages; one of them was born on no day."""

    def __init__(self, url: str) -> None:
        self.url, self.spec = url, spec_of()
        self.people: list[dict[str, Any]] = [
            {"id": n, "name": f"Name {n}", "born": f"19{10 + n % 80}-01-02"} for n in range(100)
        ]
        self.people[30]["born"] = "someday"
        self.answer: Callable[[int], Reply] = self.page
        self.server = Server(self._answer)

    def _answer(self, request: Request) -> Reply:
        return self.answer(int(request.query.get("skip", "0")))

    def page(self, skip: int) -> Reply:
        more = f"/people?skip={skip + SIZE}" if skip + SIZE < len(self.people) else None
        return Reply.json({"next": more, "items": self.people[skip : skip + SIZE]})

    def read(self, table: str = "people", kind: type[TableTarget] = TableTarget) -> StreamReport:
        target = kind(self.url, table, self.spec.streams["people"])
        at = source_of(self.spec, self.server.url, internal=False, sandbox=True, undecoded=True)
        return asyncio.run(run_stream(at, "people", target))

    def counts(self) -> tuple[int, int, int]:
        report = self.read()
        assert report.read == report.written + report.unchanged + report.rejected
        return report.written, report.unchanged, report.rejected

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as db:
            return db.execute(question).fetchall()  # type: ignore[arg-type]  # a literal below

    def do(self, statement: str) -> int:
        with psycopg.connect(self.url) as db:
            return db.execute(statement).rowcount  # type: ignore[arg-type]  # a literal below

    def passes(self) -> int:
        """Count the pages of a run that nobody looked into: their notes say one refused more."""
        self.do("UPDATE people_pages SET refused = array_append(refused, '[]')")
        looked_into = self.read().rejected
        self.do("DELETE FROM people_pages WHERE '[]' = ANY(refused)")
        return looked_into - 1


@pytest.fixture
def crm(postgres_url: str) -> Iterator[Crm]:
    source = Crm(postgres_url)
    yield source
    source.server.close()


def test_an_unchanged_page_is_passed_over_and_no_row_is_touched(crm: Crm) -> None:
    assert crm.counts() == (99, 0, 1)
    before = crm.rows(
        "SELECT key, xmin::text FROM people UNION SELECT note::text, xmin::text "
        "FROM people_pages ORDER BY 1, 2"
    )
    assert crm.counts() == (0, 99, 1)
    assert before == crm.rows(
        "SELECT key, xmin::text FROM people UNION SELECT note::text, "
        "xmin::text FROM people_pages ORDER BY 1, 2"
    )
    assert crm.rows("SELECT key, rule FROM people_rejected") == [("30", "birth_date_unreadable")]
    assert crm.passes() == 4


def test_one_changed_record_costs_its_own_page_only(crm: Crm) -> None:
    crm.read()
    crm.people[60]["name"] = "Mended"
    assert crm.counts() == (1, 98, 1)
    assert crm.rows("SELECT family_name FROM people WHERE key = '60'") == [("Mended",)]
    assert crm.passes() == 4, "its page is known as it is now"


@pytest.mark.parametrize("times", [1, 2])
def test_a_row_that_is_gone_or_not_as_it_was_comes_back(crm: Crm, times: int) -> None:
    for _ in range(times):
        crm.read()
    assert crm.do("DELETE FROM people WHERE key = '61'") == 1
    assert crm.do("UPDATE people SET raw_hash = '\\x00', family_name = 'x' WHERE key = '7'") == 1

    assert crm.counts() == (2, 97, 1)
    assert len(crm.rows("SELECT key FROM people")) == 99
    assert crm.rows("SELECT family_name FROM people WHERE key = '7'") == [("Name 7",)]


def test_a_key_that_moves_to_another_page_is_there_once_and_as_it_came_last(crm: Crm) -> None:
    crm.read()
    crm.people[80] = {**crm.people[5], "name": "Twice"}  # now on the first and the fourth page
    for _ in range(3):
        crm.read()
        kept = crm.rows("SELECT family_name FROM people WHERE key = '5'")
        assert kept == [("Twice",)], "the later page counts, however often it was read"


def test_a_mended_mapping_takes_every_page_in_anew(crm: Crm) -> None:
    crm.read()
    crm.spec = spec_of(name="upper(name)")
    assert crm.counts() == (99, 0, 1)
    assert crm.rows("SELECT family_name FROM people WHERE key = '5'") == [("NAME 5",)]


def test_what_was_refused_is_taken_when_its_source_mends_it(crm: Crm) -> None:
    crm.read()
    crm.read()
    crm.people[30]["born"] = "1930-01-02"
    assert crm.counts() == (1, 99, 0)
    assert crm.rows("SELECT count(*) FROM people_rejected") == [(0,)]


def test_what_the_source_deleted_goes_and_what_stood_on_known_pages_stays(crm: Crm) -> None:
    crm.read()
    gone = crm.people.pop()
    report = crm.read()
    assert (report.withdrawn, report.held, report.unchanged) == (1, 0, 98)
    assert crm.rows(f"SELECT FROM people WHERE key = '{gone['id']}'") == []
    assert len(crm.rows("SELECT digest FROM people_pages")) == 4


def test_a_loop_is_noticed_on_known_pages_as_well(crm: Crm) -> None:
    crm.read()
    crm.answer = lambda _: crm.page(25)  # the same page under every address
    with pytest.raises(GiveUp, match="page twice"):
        crm.read()
    crm.answer = lambda skip: crm.page(skip % 50)  # two pages that lead to each other
    with pytest.raises(GiveUp, match="circles"):
        crm.read()
    assert len(crm.rows("SELECT key FROM people")) == 99


def test_a_scan_that_broke_off_leaves_only_pages_that_stand(crm: Crm) -> None:
    crm.answer = lambda skip: crm.page(skip) if skip < 50 else Reply(status=403)
    with pytest.raises(GiveUp):
        crm.read()
    crm.answer = crm.page
    assert crm.counts() == (50, 49, 1)


def test_a_table_that_was_emptied_is_filled_again(crm: Crm) -> None:
    crm.read()
    crm.do("TRUNCATE people")
    assert crm.counts() == (99, 0, 1)


def test_notes_that_somebody_spoilt_are_none(crm: Crm) -> None:
    crm.read()
    crm.do("UPDATE people_pages SET note = 'nonsense'")
    assert crm.counts() == (0, 99, 1)


def test_a_secret_in_the_address_is_never_kept_in_a_note(
    crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_KEY", "canary-word")
    crm.spec = spec_of(auth="{type: api_key, parameter: key, secret: 'env:CRM_KEY'}")
    crm.answer = lambda skip: Reply.json(
        {
            "next": f"/people?key=canary-word&skip={skip + 50}" if skip < 50 else None,
            "items": crm.people[skip : skip + 50],
        }
    )
    crm.read()
    assert crm.rows("SELECT * FROM people_pages") == []


def test_a_table_of_that_name_that_is_not_ours_is_left_alone(crm: Crm) -> None:
    crm.do("CREATE TABLE people_pages (id int)")
    with pytest.raises(TableTaken):
        crm.read()


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_the_table_is_as_if_no_page_were_known(crm: Crm, seed: int) -> None:
    dice = random.Random(seed)
    everything = "SELECT key, raw_hash, kind, family_name, birth_date FROM {} ORDER BY key"
    refused = "SELECT key, rule, path, reason, raw FROM {}_rejected ORDER BY raw"
    for _ in range(8):
        _happen(crm.people, dice)
        known, unknown = crm.read("one"), crm.read("two", Without)
        for report in (known, unknown):
            report.target, report.seconds = "", 0.0
        assert asdict(known) == asdict(unknown)
        assert crm.rows(everything.format("one")) == crm.rows(everything.format("two"))
        assert crm.rows(refused.format("one")) == crm.rows(refused.format("two"))


def _happen(people: list[dict[str, Any]], dice: random.Random) -> None:
    """Let a few things happen to a source."""
    for _ in range(dice.randrange(4)):
        at, other = dice.randrange(len(people)), dice.randrange(len(people))
        what = dice.randrange(7)
        if what == 0:
            people[at] = {**people[at], "name": f"Name {dice.random()}"}
        elif what == 1:
            people[at] = {**people[at], "born": dice.choice(["never", "1950-05-05"])}
        elif what == 2:
            people[at], people[other] = people[other], people[at]
        elif what == 3:
            people[at] = dict(people[other])  # one record twice
        elif what == 4:
            people[at] = {**people[other], "name": "Twin"}  # one key twice
        elif what == 5:
            people.insert(at, {"id": f"new {dice.random()}", "name": "New"})
        else:
            del people[at]
