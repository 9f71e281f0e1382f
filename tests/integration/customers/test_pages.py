"""After any pages, keys, edges, clusters and golden values are what a full run would find."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from registry.customers.live import delta, guessing, holders, index, indexing, regroup
from registry.customers.live.commands import absorb, rematch, withdraw
from registry.customers.matching import blocking, pairwise
from registry.storage.connecting import connect
from schemas.records import CustomerKind, CustomerRecord
from tests.factories import a_data_set, a_landed_record, a_sync_run

Fields = dict[str, Any]
PERSON = CustomerKind.PERSON
SOUNDS = [first + last for first in "bdfghjklmnprst" for last in "aeo"]


class Town:
    """A town whose records come, change and go, page by page."""

    def __init__(self, db: psycopg.Connection, seed: int) -> None:
        self.db, self.chance = db, Random(seed)
        self.run_id = a_sync_run(db).id
        self.data_sets = [a_data_set(db).id for _ in range(3)]
        self.records: dict[int, tuple[UUID, Fields]] = {}
        self.people = [self._household_member() for _ in range(40)]

    def _household_member(self) -> Fields:
        chance = self.chance
        return {
            "given_name": "".join(chance.choices(SOUNDS, k=2)).capitalize(),
            "family_name": chance.choice(("Bakker", "Visser", "de Vries", "Postma")),
            "birth_date": date(chance.randrange(1940, 2005), chance.randrange(1, 13), 5),
            "postal_code": f"{chance.randrange(2600, 2612)} CD",
            "house_number": str(chance.randrange(1, 6)),
            "email": chance.choice((None, f"{chance.choice(SOUNDS)}@post.nl")),
            "national_id": chance.choice((None, None, "111222333", "123456782")),
        }

    def somebody(self) -> Fields:
        """Return one person's record, with slips."""
        chance, person = self.chance, dict(self.chance.choice(self.people))
        if chance.random() < 0.3:
            person["given_name"] = person["given_name"][:-1]
        if chance.random() < 0.2:
            person[chance.choice(list(person))] = None
        if chance.random() < 0.2:
            person["changed_at"] = datetime(2026, chance.randrange(1, 12), 1, tzinfo=UTC)
        return person

    def add(self, fields: Iterable[Fields], kind: CustomerKind = CustomerKind.PERSON) -> list[int]:
        page = []
        for one in fields:
            data_set = self.chance.choice(self.data_sets)
            row = a_landed_record(self.db, data_set_id=data_set, run_id=self.run_id)
            assert row.id is not None
            self.records[row.id] = (data_set, one)
            page.append((row.id, data_set, CustomerRecord(key=row.key, kind=kind, **one)))
        absorb(self.db, page)
        return [record for record, _, _ in page]

    def change(self, records: Iterable[int], *, also_as_before: Iterable[int] = ()) -> None:
        for record in records:
            data_set, _ = self.records[record]
            self.records[record] = (data_set, self.somebody())
        self.say_again([*records, *also_as_before])

    def say_again(self, records: Iterable[int], *, key: str | None = None) -> None:
        """Let sources say of records what is known of them; the key as it is, or another."""
        page = []
        for record in records:
            data_set, fields = self.records[record]
            (known,) = self.db.execute(
                "SELECT key FROM landed_record WHERE id = %s", (record,)
            ).fetchone() or (None,)
            said = CustomerRecord(key=key or known or "", kind=PERSON, **fields)
            page.append((record, data_set, said))
        absorb(self.db, page)

    def remove(self, records: Iterable[int]) -> None:
        gone = list(records)
        withdraw(self.db, gone)
        for record in gone:
            del self.records[record]

    def some(self, count: int) -> list[int]:
        return self.chance.sample(sorted(self.records), min(count, len(self.records)))

    def snapshot(self) -> dict[str, Any]:
        """Return all that must be equal, without the ids that runs mint."""
        ask = self.db.execute
        groups: dict[UUID, list[int]] = {}
        for record, customer in ask("SELECT record_id, customer_id FROM customer_link"):
            groups.setdefault(customer, []).append(record)
        head = {customer: min(records) for customer, records in groups.items()}
        golden = ask("SELECT id, kind, display_name, attrs, provenance, record_count FROM customer")
        return {
            "groups": sorted(sorted(records) for records in groups.values()),
            "links": sorted(ask("SELECT record_id, rule, weight_bits FROM customer_link")),
            "golden": sorted((head[row[0]], *map(str, row[1:])) for row in golden),
            "counted": ask("SELECT records FROM live_model").fetchall(),
            "edges": sorted(ask("SELECT * FROM match_edge")),
            "keys": sorted(ask("SELECT * FROM match_key")),
            # Words are a set; a full run and a page may write them in different orders.
            "words": sorted(ask("SELECT record_id, unnest(words) FROM record_words")),
            "records": sorted(
                ask(
                    "SELECT record_id, kind, place, content, aside, component, keys"
                    " FROM match_record"
                )
            ),
        }


def assert_same_as_full_run(town: Town) -> None:
    by_pages = town.snapshot()
    before = dict(town.db.execute("SELECT record_id, customer_id FROM customer_link"))
    rematch(town.db, retrain=False, memory_limit_mb=512)
    in_full = town.snapshot()
    for name, found in by_pages.items():
        assert found == in_full[name], name
    assert dict(town.db.execute("SELECT record_id, customer_id FROM customer_link")) == before


@pytest.fixture(scope="module")
def matched(rolled_back_url: str) -> Iterator[Town]:
    """A matched town, made once; each test takes back what it did to it."""
    with connect(rolled_back_url) as db, db.transaction(force_rollback=True):
        made = Town(db, seed=11)
        made.add(made.somebody() for _ in range(120))
        made.add(
            [
                {"organisation_name": f"Bakkerij {name}", "city": "Delft"}
                for name in ("Zon", "Maan")
            ],
            CustomerKind.ORGANISATION,
        )
        rematch(db, memory_limit_mb=512)
        yield made


@pytest.fixture
def town(matched: Town) -> Iterator[Town]:
    with matched.db.transaction(force_rollback=True):
        mine = copy(matched)
        mine.chance, mine.records = deepcopy(matched.chance), dict(matched.records)
        yield mine


def work_as_on_large_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the way of pages with many records and keys on small ones."""
    monkeypatch.setattr(delta, "RECORDS_AT_ONCE", 2)
    monkeypatch.setattr(holders, "KEYS_FEW", 0)
    monkeypatch.setattr(holders, "KEYS_AT_ONCE", 7)


@pytest.mark.parametrize("batch_pairs_min", [1, 10**9], ids=["in DuckDB", "in Python"])
def test_mixed_pages_leave_what_a_full_run_finds(
    town: Town, batch_pairs_min: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairwise, "BATCH_PAIRS_MIN", batch_pairs_min)
    if batch_pairs_min == 1:
        work_as_on_large_pages(monkeypatch)
    for step in range(4 if batch_pairs_min == 1 else 8):
        town.add(town.somebody() for _ in range(town.chance.choice((1, 3, 8))))
        town.change(town.some(town.chance.choice((1, 4))))
        town.remove(town.some(town.chance.choice((0, 1, 3))))
        if step in (3, 7):
            assert_same_as_full_run(town)


def test_a_page_of_few_records_is_matched_alike_whatever_was_guessed_of_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for few in (1, 2, 4):
        changed, as_before = town.some(few), town.some(1)
        town.change(changed, also_as_before={*as_before} - {*changed})
        town.change(changed)  # as guessed
        town.say_again(as_before)
        data_set, fields = town.records[changed[0]]
        town.records[changed[0]] = (data_set, {**fields, "house_number": f"{few}7"})
        town.say_again(changed[:1], key="not what has landed")
    live = index.last_live()
    assert live is not None  # it matched the pages above
    # Meanwhile another process has put another model in force, as far as this one knows.
    monkeypatch.setattr(guessing, "last_live", lambda: replace(live))
    town.change(town.some(2))

    assert_same_as_full_run(town)


def test_copies_beyond_the_first_few_follow_their_like_and_come_back(town: Town) -> None:
    like = {"given_name": "Kopie", "family_name": "Test", "birth_date": date(1980, 1, 2)}
    copies = town.add([like] * 15)
    copies += town.add([like] * 10)
    assert_same_as_full_run(town)
    town.remove(copies[:3])
    assert_same_as_full_run(town)
    town.remove(copies[3:12])
    assert_same_as_full_run(town)


@pytest.mark.parametrize("large", [True, False], ids=["a large page", "a small page"])
def test_a_block_that_grows_too_large_is_no_longer_joined_until_it_shrinks(
    town: Town, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (holders, indexing, regroup, blocking):
        monkeypatch.setattr(module, "BLOCK_RECORDS_MAX", 6)
    if large:
        work_as_on_large_pages(monkeypatch)
    rematch(town.db, retrain=True, memory_limit_mb=512)
    desk = [
        {"email": "balie@post.nl", "given_name": name, "family_name": f"Balie{name}"}
        for name in ("Ab", "Bo", "Co", "Do", "Ed", "Fo", "Gu")
    ]
    first = town.add(desk[:5])
    few = edges_among(town, first)
    assert few, "they are compared"
    assert_same_as_full_run(town)
    last = town.add(desk[5:])
    assert not edges_among(town, [*first, *last]), "they are too many"
    assert_same_as_full_run(town)
    town.remove(first[:2])
    assert edges_among(town, first[2:]), "they are compared again"
    assert_same_as_full_run(town)
    town.add(desk[:2])
    assert_same_as_full_run(town)
    town.remove([*first[2:], *last])
    assert_same_as_full_run(town)


def edges_among(town: Town, records: list[int]) -> int:
    """Return how many pairs of some records are known as evidence."""
    row = town.db.execute(
        "SELECT count(*) FROM match_edge WHERE left_id = ANY(%s) AND right_id = ANY(%s)",
        (records, records),
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_record_that_turns_from_person_into_company_moves(town: Town) -> None:
    (record,) = town.add([town.somebody()])
    data_set, _ = town.records[record]
    company = CustomerRecord(
        key="-", kind=CustomerKind.ORGANISATION, organisation_name="Bakkerij Zon", city="Delft"
    )
    absorb(town.db, [(record, data_set, company)])
    assert_same_as_full_run(town)


def test_what_happened_is_told_and_a_retired_id_leads_on(town: Town) -> None:
    person = {
        "given_name": "Uniek",
        "family_name": "Persoon",
        "birth_date": date(1971, 5, 6),
        "email": "uniek@post.nl",
        "national_id": "999990019",
    }
    first, second = town.add([person, {**person, "family_name": "Anders"}])
    ask = town.db.execute
    (customer,) = ask(
        "SELECT customer_id FROM customer_link WHERE record_id = %s", (first,)
    ).fetchone() or (None,)
    assert ask("SELECT record_count FROM customer WHERE id = %s", (customer,)).fetchone() == (2,)
    town.remove([second])
    assert ask(
        "SELECT count(*) FROM customer_version WHERE customer_id = %s", (customer,)
    ).fetchone() == (1,)
    town.remove([first])
    assert ask(
        "SELECT change FROM customer_event WHERE customer_id = %s ORDER BY id", (customer,)
    ).fetchall() == [("new",), ("changed",), ("erased",)]
    assert ask(
        "SELECT successor_id FROM customer_redirect WHERE id = %s", (customer,)
    ).fetchall() == [(None,)]
    assert ask(
        "SELECT count(*) FROM customer_version WHERE customer_id = %s", (customer,)
    ).fetchone() == (0,)


# What one record may ask: see docs/explanation/matching-for-engineers.md.
STATEMENTS_MAX = 18


def test_one_record_asks_the_server_a_bounded_number_of_questions(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def count(self: Any, question: Any, *given: Any, **options: Any) -> Any:
        asked.append(str(question))
        return execute(self, question, *given, **options)

    landed = [a_landed_record(town.db, data_set_id=town.data_sets[0], run_id=town.run_id)]
    page = [
        (row.id or 0, row.data_set_id, CustomerRecord(key=row.key, kind=PERSON, **town.somebody()))
        for row in landed
    ]
    trips = []
    leave = psycopg.Connection.pipeline

    @contextmanager
    def trip(self: Any) -> Iterator[Any]:
        with leave(self) as made:
            yield made
        trips.append(made)

    monkeypatch.setattr(psycopg.Cursor, "execute", count)
    monkeypatch.setattr(psycopg.Connection, "pipeline", trip)
    absorb(town.db, page)
    assert 10 < len(asked) <= STATEMENTS_MAX, "\n".join(asked)
    assert len(trips) == 1, "what does not wait for one another goes together"
    monkeypatch.undo()
    assert town.db.execute("SHOW plan_cache_mode").fetchone() == ("auto",)


def test_a_change_mark_without_a_zone_is_read_as_utc(town: Town) -> None:
    person = {"given_name": "Zonder", "family_name": "Zone", "birth_date": date(1966, 1, 2)}
    naive = datetime(2026, 5, 6, 7, 8)  # noqa: DTZ001  # as sources without zones write it
    records = town.add([{**person, "changed_at": mark} for mark in (naive, None)])
    town.add([{**person, "changed_at": datetime(2026, 5, 6, 7, 9, tzinfo=UTC)}])
    assert town.db.execute(
        "SELECT source_changed_at FROM clean_record WHERE record_id = %s", (records[0],)
    ).fetchone() == (naive.replace(tzinfo=UTC),)
    assert_same_as_full_run(town)
