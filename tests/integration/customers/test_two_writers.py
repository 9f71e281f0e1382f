"""Two writers on one customer come one after the other, and nothing either did is lost."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest

from registry.customers.live.commands import absorb, propose, rematch, withdraw
from registry.customers.live.index import LOCK, mark_incomplete
from registry.customers.stewarding import stewardship
from registry.customers.stewarding.erase import erase_customer, erased_among, hold_off_erasures
from registry.storage.connecting import connect
from registry.storage.embedded import EmbeddedPostgres
from schemas.customers import Verdict
from schemas.errors import UnknownName
from schemas.records import CustomerKind, CustomerRecord
from tests.conftest import fresh_database
from tests.factories import a_landed_record
from tests.integration.customers.conftest import JANNA, Counter

# Fields that one source knows and another does not.
DOOR = ("postal_code", "house_number", "birth_date")
MAIL = ("email",)
# Another one at the same door.
NEIGHBOUR = {
    "given_name": "Wubbo",
    "family_name": "Ockels",
    "birth_date": date(1999, 9, 3),
    "email": "wubbo@post.nl",
}
NAMES = (
    *("Achterberg", "Terlinden", "Oosterhof", "Kuipers", "Vermeulenstam", "Groot", "Aa"),
    *("Zandbergenaar", "Weststrate", "Dijk"),
)
# What is read when somebody asks who a customer is, or why.
QUESTIONED = (
    *("customer", "customer_link", "match_record", "match_key", "match_edge"),
    *("record_words", "known_word", "word_slips", "live_model", "match_model"),
)
Work = Callable[[psycopg.Connection], Any]
Page = list[tuple[int, Any, CustomerRecord]]
_WAITING = """SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND datname = current_database()"""


class Rivals:
    """A committed town of its own, with connections that get in each other's way."""

    def __init__(self, url: str, db: psycopg.Connection) -> None:
        self.url, self.db, self.counter = url, db, Counter(db)
        with db.transaction():
            self.counter.fill()
        self.names = iter(NAMES)

    def somebody_known(self) -> None:
        """Let somebody be there whom no test has touched, with two records."""
        name = next(self.names)
        mail, door = f"{name}@post.nl".lower(), f"26{len(name)}1 {name[:2].upper()}"
        self.person = {**JANNA, "family_name": name, "email": mail, "postal_code": door}
        with self.db.transaction():
            self.known = self.counter.land(self.person, self.person)

    def without(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return what a source says that does not know some fields."""
        return {**self.person, **dict.fromkeys(names)}

    def page(self, *records: dict[str, Any]) -> Page:
        """Return a page of records that have landed and are not matched yet."""
        made = []
        for fields in records:
            data_set = self.counter.data_sets[0]
            row = a_landed_record(self.db, data_set_id=data_set, run_id=self.counter.run_id)
            assert row.id is not None
            record = CustomerRecord(key=row.key, kind=CustomerKind.PERSON, **fields)
            made.append((row.id, data_set, record))
        return made

    @contextmanager
    def while_it_waits(self, work: Work) -> Iterator[Future[Any]]:
        """Begin work on a connection of its own; give the floor once it waits for a lock."""

        def begin() -> Any:
            with connect(self.url) as other, other.transaction():
                return work(other)

        with ThreadPoolExecutor(1) as pool, connect(self.url, autocommit=True) as watch:
            future = pool.submit(begin)
            while not watch.execute(_WAITING).rowcount:
                assert not future.done(), "it should have waited"
                time.sleep(0.002)
            yield future

    def in_turn(self, one: Page, other: Page) -> dict[str, Any]:
        """Return what two pages leave one after the other; then neither has been."""
        with self.db.transaction(force_rollback=True):
            absorb(self.db, one)
            absorb(self.db, other)
            return self.state()

    def at_once(self, one: Page, other: Page) -> int:
        """Let the second page come while the first is matched; return what was new of it."""
        with connect(self.url) as first:
            absorb(first, one)
            with self.while_it_waits(lambda second: absorb(second, other)) as late:
                first.commit()
                return int(late.result(timeout=60))

    def state(self) -> dict[str, Any]:
        """Return what was found, without the ids that runs mint."""
        ask = self.db.execute
        groups = ask(
            "SELECT array_agg(record_id ORDER BY record_id) FROM customer_link GROUP BY customer_id"
        )
        return {
            "groups": sorted(groups),
            "edges": sorted(ask("SELECT * FROM match_edge")),
            "keys": sorted(ask("SELECT * FROM match_key")),
            "records": sorted(ask("SELECT record_id, component FROM match_record")),
            "counts": sorted(ask("SELECT record_count, attrs::text FROM customer")),
        }


@pytest.fixture(scope="module")
def town(postgres_server: EmbeddedPostgres) -> Iterator[Rivals]:
    with fresh_database(postgres_server) as url, connect(url, autocommit=True) as db:
        yield Rivals(url, db)


@pytest.fixture
def rivals(town: Rivals) -> Rivals:
    town.somebody_known()
    return town


def test_two_pages_on_one_customer_leave_what_one_after_the_other_leaves(rivals: Rivals) -> None:
    db = rivals.db
    one = rivals.page(rivals.without(DOOR), rivals.person)
    other = rivals.page(rivals.without(MAIL), rivals.person)
    in_turn = rivals.in_turn(one, other)

    assert rivals.at_once(one, other) == 2

    assert rivals.state() == in_turn
    with db.transaction(force_rollback=True):
        rematch(db, retrain=False, memory_limit_mb=512)
        assert rivals.state() == in_turn


def test_two_pages_on_neighbouring_customers_each_see_what_the_other_left(rivals: Rivals) -> None:
    db, data_set = rivals.db, rivals.counter.data_sets[1]
    neighbour = {**rivals.person, **NEIGHBOUR}
    with db.transaction():
        near = rivals.counter.land(neighbour, neighbour)
    assert not rivals.counter.together(rivals.known[0], near[0])
    one = rivals.page(rivals.without(MAIL), neighbour)
    # The other writer turns one of the neighbour's records into the first customer.
    turned = CustomerRecord(
        key=rivals.counter.key(near[1]), kind=CustomerKind.PERSON, **rivals.without(DOOR)
    )
    other = [(near[1], data_set, turned)]
    in_turn = rivals.in_turn(one, other)

    assert rivals.at_once(one, other) == 1

    assert rivals.state() == in_turn
    assert rivals.counter.together(*rivals.known, near[1], one[0][0])
    assert rivals.counter.together(near[0], one[1][0])
    assert not rivals.counter.together(rivals.known[0], near[0])
    with db.transaction(force_rollback=True):
        rematch(db, retrain=False, memory_limit_mb=512)
        assert rivals.state() == in_turn


def test_a_page_that_waits_for_an_approval_is_matched_by_the_approved_model(
    rivals: Rivals,
) -> None:
    db = rivals.db
    page = rivals.page(rivals.without(MAIL), {**rivals.person, **NEIGHBOUR})
    with db.transaction():
        chosen = propose(db, memory_limit_mb=512).version

    with connect(rivals.url) as first:
        rematch(first, version=chosen, memory_limit_mb=512)
        with rivals.while_it_waits(lambda second: absorb(second, page)) as late:
            first.commit()
            assert late.result(timeout=60) == 2

    by_page = rivals.state()
    assert rivals.counter.together(*rivals.known, page[0][0])
    with db.transaction(force_rollback=True):
        assert rematch(db, retrain=False, memory_limit_mb=512).model == chosen
        assert rivals.state() == by_page


def test_a_steward_who_links_during_an_erasure_is_told_that_nobody_is_there(
    rivals: Rivals,
) -> None:
    gone, (stays,) = rivals.known[0], rivals.page(rivals.without(DOOR))
    with rivals.db.transaction():
        absorb(rivals.db, [stays])
    customer = rivals.counter.customer(gone)
    with rivals.db.transaction():
        stewardship.decide(
            rivals.db, gone, stays[0], Verdict.UNLINK, reason="two people", actor="Sam"
        )

    def link(db: psycopg.Connection) -> UUID:
        return stewardship.decide(db, stays[0], gone, Verdict.LINK, reason="one", actor="Sam")

    with connect(rivals.url) as first:
        erased = erase_customer(first, customer, reason="request 7", actor="Sam")
        with rivals.while_it_waits(link) as late:
            first.commit()
            with pytest.raises(UnknownName, match="There is no record"):
                late.result(timeout=60)

    assert erased.decisions == 1
    assert rivals.db.execute("SELECT FROM match_decision").rowcount == 0, "no key of theirs is left"
    with rivals.db.transaction():
        withdraw(rivals.db, [stays[0]])  # Janna without a door or a birth may be anybody's


def test_an_erasure_waits_for_a_page_and_takes_what_it_brought(rivals: Rivals) -> None:
    customer = rivals.counter.customer(rivals.known[0])
    page = rivals.page(rivals.person)

    with connect(rivals.url) as first:
        hold_off_erasures(first)
        # The page has changed a row that the erasure must delete, and needs the matching lock yet.
        first.execute("UPDATE landed_record SET raw = %s WHERE id = ANY(%s)", (b"-", rivals.known))
        with rivals.while_it_waits(
            lambda second: erase_customer(second, customer, reason="request 7", actor="Sam")
        ) as late:
            absorb(first, page)
            first.commit()
            assert late.result(timeout=60).records == 3

    gone = [*rivals.known, page[0][0]]
    for table in ("clean_record", "match_record", "match_key", "customer_link"):
        left = f"SELECT FROM {table} WHERE record_id = ANY(%s)"
        assert rivals.db.execute(left, (gone,)).rowcount == 0, table
    edges = "SELECT FROM match_edge WHERE left_id = ANY(%(r)s) OR right_id = ANY(%(r)s)"
    assert rivals.db.execute(edges, {"r": gone}).rowcount == 0


def test_a_page_that_comes_during_an_erasure_brings_nothing_back(rivals: Rivals) -> None:
    customer = rivals.counter.customer(rivals.known[0])
    data_set, key = rivals.counter.data_sets[0], rivals.counter.key(rivals.known[0])

    def read_page(db: psycopg.Connection) -> set[str]:
        hold_off_erasures(db)
        return erased_among(db, data_set, [key])

    with connect(rivals.url) as first:
        erase_customer(first, customer, reason="request 7", actor="Sam")
        with rivals.while_it_waits(read_page) as late:
            first.commit()
            assert late.result(timeout=60) == {key}


def test_a_withdrawal_and_a_page_of_the_same_record_do_not_wait_for_ever(rivals: Rivals) -> None:
    record, data_set = rivals.known[0], rivals.counter.data_sets[0]
    anew = CustomerRecord(key="-", kind=CustomerKind.PERSON, **rivals.without(DOOR))

    with connect(rivals.url) as first:
        hold_off_erasures(first)
        first.execute("UPDATE landed_record SET raw = %s WHERE id = %s", (b"-", record))
        with rivals.while_it_waits(lambda second: withdraw(second, [record])) as late:
            absorb(first, [(record, data_set, anew)])
            first.commit()
            assert late.result(timeout=60) == 1

    assert rivals.db.execute("SELECT FROM match_key WHERE record_id = %s", (record,)).rowcount == 0


def test_a_withdrawal_that_waits_for_a_full_run_does_not_stop_it(rivals: Rivals) -> None:
    record = rivals.known[0]
    with connect(rivals.url) as first:
        first.execute(LOCK)
        with rivals.while_it_waits(lambda second: withdraw(second, [record])) as late:
            rematch(first, retrain=False, memory_limit_mb=512)
            first.commit()
            assert late.result(timeout=60) == 1


def test_before_any_model_two_writers_that_withdraw_do_not_wait_for_ever(rivals: Rivals) -> None:
    one, other = rivals.known
    page = rivals.page(rivals.person)
    with rivals.db.transaction():
        mark_incomplete(rivals.db)
    with connect(rivals.url) as first:
        absorb(first, page)
        with rivals.while_it_waits(lambda second: withdraw(second, [one])) as late:
            assert withdraw(first, [other], settled_later=True) == 1
            first.commit()
            assert late.result(timeout=60) == 1
    assert rivals.counter.rules(one, other) == set()


def test_questions_do_not_wait_for_a_full_run(rivals: Rivals) -> None:
    with connect(rivals.url) as first, connect(rivals.url) as reader:
        rematch(first, retrain=True, memory_limit_mb=512)
        reader.execute("SET LOCAL lock_timeout = '10ms'")
        for table in QUESTIONED:
            assert reader.execute(f"SELECT FROM {table} LIMIT 1").rowcount == 1, table
