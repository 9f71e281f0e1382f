"""A connector file by itself: tried, and run into files and tables, with nothing registered."""

import asyncio
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from connectors.sdk.load import load_connector_file
from flows.trial import try_stream
from schemas.errors import GiveUp, RetryLater
from tests.contract.connectors.servers import Reply, Request, Server
from townclerk.connector.files import FileTarget, UnknownTarget
from townclerk.connector.opening import AddressMissing, source_of
from townclerk.connector.running import RETRIES_MAX, StreamReport, Target, run_stream
from townclerk.connector.tables import TableTaken, TableTarget

FILE = """
connector: crm
kind: rest
streams:
  people:
    get: /people
    records: items
    paging: {type: offset, parameter: skip, size_parameter: take, size: 4, total: total}
    key: id
    map: {kind: "'person'", family_name: name, birth_date: "date(born)"}
"""
SPEC = load_connector_file(FILE, name="crm.yaml")


class Crm:
    """A source of ten people; one of them was born on no day."""

    def __init__(self) -> None:
        self.people: list[dict[str, Any]] = [
            {"id": n, "name": f'Name "{n}", {n}', "born": f"198{n}-01-02", "other": n}
            for n in range(10)
        ]
        self.people[3]["born"] = "someday"
        self.busy = 0
        self.broken = False
        self.server = Server(self.answer)

    def answer(self, request: Request) -> Reply:
        if self.busy and request.query["skip"] != "0":
            self.busy -= 1
            return Reply(status=503, headers={"Retry-After": "0"})
        if self.broken and request.query["skip"] != "0":
            return Reply(status=404)
        skip, take = int(request.query["skip"]), int(request.query["take"])
        return Reply.json({"total": len(self.people), "items": self.people[skip : skip + take]})

    def read(self, target: Target) -> StreamReport:
        source = source_of(SPEC, self.server.url, internal=False, sandbox=True, undecoded=True)
        return asyncio.run(run_stream(source, "people", target))


@pytest.fixture
def crm() -> Iterator[Crm]:
    source = Crm()
    yield source
    source.server.close()


def test_a_file_without_an_address_says_so() -> None:
    with pytest.raises(AddressMissing):
        source_of(SPEC, None, internal=False, sandbox=False, undecoded=False)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_run_into_a_file_keeps_every_record_there_or_beside_it(
    crm: Crm, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"it's people.{suffix}"
    report = crm.read(FileTarget(file, SPEC.streams["people"]))

    assert (report.pages, report.read, report.written, report.rejected) == (3, 10, 9, 1)
    names = [person["name"] for person in crm.people if person["id"] != 3]
    if suffix == "jsonl":
        found = [json.loads(line) for line in file.read_text().splitlines()]
    elif suffix == "csv":
        with file.open(newline="") as opened:
            found = list(csv.DictReader(opened))
    else:
        rows = duckdb.read_parquet(str(file))
        found = [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]
    assert [row["family_name"] for row in found] == names
    assert str(found[0]["birth_date"]) == "1980-01-02"
    (refused,) = (tmp_path / "it's people.rejected.jsonl").read_text().splitlines()
    assert json.loads(refused)["rule"] == "birth_date_unreadable"
    assert len(list(tmp_path.iterdir())) == 2, "nothing unfinished stays"


def test_a_run_that_fails_leaves_the_file_of_the_last_one(crm: Crm, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text("of yesterday")
    crm.people[5:] = []
    crm.server.answer = lambda _: Reply(status=403)

    with pytest.raises(GiveUp):
        crm.read(FileTarget(file, SPEC.streams["people"]))
    assert file.read_text() == "of yesterday"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownTarget):
        FileTarget(tmp_path / "people.docx", SPEC.streams["people"])


def test_a_busy_source_costs_time_and_no_record(crm: Crm, tmp_path: Path) -> None:
    crm.busy = 6  # one more than the connector itself tries
    report = crm.read(FileTarget(tmp_path / "people.jsonl", SPEC.streams["people"]))

    assert report.read == 10


def rows(url: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as db:
        return db.execute(question).fetchall()  # type: ignore[arg-type]


def test_a_table_takes_changes_only(crm: Crm, postgres_url: str) -> None:
    def read() -> tuple[int, int, int]:
        report = crm.read(TableTarget(postgres_url, "crm_people", SPEC.streams["people"]))
        return report.written, report.unchanged, report.rejected

    assert read() == (9, 0, 1)
    before = rows(postgres_url, "SELECT key, xmin::text FROM crm_people ORDER BY key")
    assert read() == (0, 9, 1)
    assert rows(postgres_url, "SELECT key, xmin::text FROM crm_people ORDER BY key") == before

    crm.people[7]["name"] = "Mended"
    crm.people[3]["born"] = "1983-01-02"
    assert read() == (2, 8, 0)
    assert rows(postgres_url, "SELECT family_name FROM crm_people WHERE key = '7'") == [("Mended",)]
    assert rows(postgres_url, "SELECT count(*) FROM crm_people_rejected") == [(0,)]


def test_a_key_of_an_earlier_page_is_replaced_in_a_table_that_was_empty(
    crm: Crm, postgres_url: str
) -> None:
    crm.people[8]["id"] = 1
    report = crm.read(TableTarget(postgres_url, "people", SPEC.streams["people"]))
    assert (report.read, report.written, report.rejected) == (10, 9, 1)
    kept = rows(postgres_url, "SELECT key, family_name, written_at < now() FROM people")
    assert len(kept) == 8
    assert ("1", 'Name "8", 8', True) in kept


def test_a_long_scan_into_an_empty_table_keeps_the_last_of_each_key(
    crm: Crm, postgres_url: str
) -> None:
    crm.people = [{"id": n % 170, "name": f"Name {n}", "born": "1980-01-02"} for n in range(200)]
    report = crm.read(TableTarget(postgres_url, "people", SPEC.streams["people"]))
    assert (report.pages, report.read, report.written) == (50, 200, 200)
    kept = dict(rows(postgres_url, "SELECT key::int, family_name FROM people"))
    assert kept == {n: f"Name {n + 170 if n < 30 else n}" for n in range(170)}


@pytest.mark.parametrize("busy", [1, 7])
def test_a_busy_source_costs_no_row_of_an_empty_table(
    crm: Crm, postgres_url: str, busy: int
) -> None:
    crm.busy = busy
    report = crm.read(TableTarget(postgres_url, "people", SPEC.streams["people"]))
    assert (report.read, report.written, report.rejected) == (10, 9, 1)
    assert len(rows(postgres_url, "SELECT key FROM people")) == 9


def test_a_scan_into_an_empty_table_that_breaks_off_keeps_what_had_come(
    crm: Crm, postgres_url: str
) -> None:
    crm.broken = True
    with pytest.raises(GiveUp):
        crm.read(TableTarget(postgres_url, "people", SPEC.streams["people"]))
    assert rows(postgres_url, "SELECT key FROM people ORDER BY 1") == [("0",), ("1",), ("2",)]
    assert rows(postgres_url, "SELECT key FROM people_rejected") == [("3",)]


def test_a_table_of_somebody_else_is_left_alone(crm: Crm, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as db:
        db.execute("CREATE TABLE crm_people (id int)")

    with pytest.raises(TableTaken):
        crm.read(TableTarget(postgres_url, "crm_people", SPEC.streams["people"]))


def test_a_trial_shows_one_page_and_keeps_nothing(crm: Crm) -> None:
    source = source_of(SPEC, crm.server.url, internal=False, sandbox=True, undecoded=False)
    trial = asyncio.run(try_stream(source, "people", shown=1))

    assert len(crm.server.requests) <= 3, "one page, and at most what was read ahead"
    assert (trial.records, trial.mapped, trial.last, trial.duplicate_keys) == (4, 3, False, 0)
    assert trial.fill == {"kind": 1.0, "family_name": 1.0, "birth_date": 1.0}
    assert trial.unused == ["other"]
    assert trial.samples[0]["raw"] == crm.people[0]
    assert trial.samples[0]["mapped"]["key"] == "0"
    assert [(q["rule"], q["records"]) for q in trial.quarantined] == [("birth_date_unreadable", 1)]


def test_a_trial_says_what_in_the_file_to_mend(crm: Crm) -> None:
    for number, person in enumerate(crm.people):
        person["share"] = 0.5 + number // 2
    text = FILE.replace("key: id", "key: share").replace("family_name: name", "family_name: nmae")
    spec = load_connector_file(text.replace("\"'person'\"", "person"), name="crm.yaml")
    source = source_of(spec, crm.server.url, internal=False, sandbox=True, undecoded=False)
    kind, name, fraction = asyncio.run(try_stream(source, "people", shown=1)).advice

    assert kind == "`kind` reads a field `person`; the word itself is written \"'person'\""
    assert name.startswith("`family_name` reads `nmae`, which no record of this page has; did you")
    assert fraction.startswith("`key: share` is a number with a fraction")


def test_a_trial_says_that_a_key_is_none(crm: Crm) -> None:
    spec = load_connector_file(FILE.replace("key: id", "key: number(half)"), name="crm.yaml")
    for person in crm.people:
        person["half"] = 1
    source = source_of(spec, crm.server.url, internal=False, sandbox=True, undecoded=False)
    (shared,) = asyncio.run(try_stream(source, "people", shown=1)).advice
    assert "2 of 3 records have one that came before" in shared


def table(url: str) -> TableTarget:
    return TableTarget(url, "crm_people", SPEC.streams["people"])


def keys_of(url: str) -> list[str]:
    with psycopg.connect(url) as db:
        return [key for (key,) in db.execute("SELECT key FROM crm_people ORDER BY key::int")]


def test_what_the_source_deleted_leaves_the_table_after_a_whole_scan(
    crm: Crm, postgres_url: str
) -> None:
    crm.people[3]["born"] = "1983-01-02"
    crm.read(table(postgres_url))
    del crm.people[7]

    report = crm.read(table(postgres_url))

    assert (report.withdrawn, report.held, report.written) == (1, 0, 0)
    assert keys_of(postgres_url) == [str(n) for n in range(10) if n != 7]


def test_too_many_at_once_or_a_nameless_one_are_held_back(crm: Crm, postgres_url: str) -> None:
    crm.read(table(postgres_url))
    lost, crm.people = crm.people[:6], crm.people[6:]

    report = crm.read(table(postgres_url))

    assert (report.withdrawn, report.held) == (0, 5)  # one of the six was never let in
    crm.people = [*lost[1:], {"name": "without a key"}, *crm.people]
    report = crm.read(table(postgres_url))
    assert (report.withdrawn, report.held) == (0, 1)
    assert len(keys_of(postgres_url)) == 9


def test_a_refused_change_keeps_the_record_that_was_good(crm: Crm, postgres_url: str) -> None:
    crm.read(table(postgres_url))
    crm.people[5]["born"] = "never"

    report = crm.read(table(postgres_url))

    assert (report.rejected, report.withdrawn, report.held) == (2, 0, 0)
    assert "5" in keys_of(postgres_url)


def test_a_scan_that_always_ends_short_is_given_up_after_a_few_tries(tmp_path: Path) -> None:
    server = Server(lambda _: Reply.json({"items": [{"id": 1}], "total": 2}))
    text = FILE.replace(
        "{type: offset, parameter: skip, size_parameter: take, size: 4, total: total}",
        "{type: none, total: total}",
    )
    spec = load_connector_file(text, name="crm.yaml")
    source = source_of(spec, server.url, internal=False, sandbox=True, undecoded=True)
    target = FileTarget(tmp_path / "people.jsonl", spec.streams["people"])
    try:
        with pytest.raises(RetryLater, match="1 of the 2"):
            asyncio.run(run_stream(source, "people", target))
    finally:
        server.close()
    assert len(server.requests) == RETRIES_MAX + 1
    assert not (tmp_path / "people.jsonl").exists()
