"""Matching that stewards ask a worker for: once, one at a time, and never half done."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from flows.matching import carry_out_next_matching, match_as_asked
from registry.customers.live import keeping, versions
from registry.customers.live.commands import propose
from registry.customers.live.progress import Step
from registry.customers.stewarding import carrying_out, requests
from registry.storage.database import Database, close_database, open_database, unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from schemas.errors import Conflict, InvalidInput, UnknownName
from schemas.stewarding import MatchWork
from tests.conftest import POOL_SIZE, fresh_database
from tests.integration.customers.conftest import Counter


@pytest.fixture(scope="module")
def town(postgres_server: EmbeddedPostgres) -> Iterator[Database]:
    """A small town with a model in force, and another one that is kept beside it."""
    with fresh_database(postgres_server) as url:
        opened = open_database(url, pool_size=POOL_SIZE)
        with unit_of_work() as db:
            counter = Counter(db)
            counter.fill()
            counter.land(*[{"given_name": "Wim", "family_name": "Bos", "email": "w@post.nl"}] * 2)
            propose(db, memory_limit_mb=512)
        yield opened
        close_database()


@pytest.fixture
def kept(town: Database) -> str:
    """The version that is kept beside the live one; nothing was asked for yet."""
    with unit_of_work() as db:
        db.execute("DELETE FROM match_request")
        return next(one.version for one in versions.list_versions(db) if not one.live)


def newest() -> requests.MatchAsked:
    with unit_of_work() as db:
        return requests.newest(db)[0]


def live() -> str:
    with unit_of_work() as db:
        return next(one.version for one in versions.list_versions(db) if one.live)


def test_a_model_is_compared_and_approved_by_a_worker_with_its_progress(kept: str) -> None:
    with unit_of_work() as db:
        first = requests.ask_comparison(db, kept[:12], by="Sam")
        assert requests.ask_comparison(db, kept, by="Ann") == first, "asked once"
        requests.ask_approval(db, kept[:12], by="Sam")
    assert [one.state for one in (newest(),)] == ["asked"]
    assert carry_out_next_matching()
    assert live() != kept
    with unit_of_work() as db:
        compared = requests.last_comparisons(db)[kept]
    assert (compared.id, compared.state, compared.unchanged is None) == (first, "done", False)
    assert carry_out_next_matching()
    assert not carry_out_next_matching()
    done = newest()
    assert (done.work, done.state, done.version, live()) == ("approve", "done", kept, kept)
    told = dict(done.progress)
    assert list(told) == [step.words for step in Step]
    assert told["records read"] == 102
    assert told["customers written"] == told["customers merged"] > 0
    assert (done.merges, done.splits) == (compared.merges, compared.splits)


def test_what_a_killed_worker_left_is_taken_up_and_what_kills_three_is_given_up(
    kept: str, town: Database
) -> None:
    with unit_of_work() as db:
        requests.ask_approval(db, kept, by="Sam")
    for tries in (1, 2):
        with carrying_out.lifeline(town.url) as ours:
            assert ours is not None
            task = ours.take_next()
            assert task is not None
            assert task.tries == tries
            ours.told(task)(Step.RECORDS, 7)
            with unit_of_work() as db, db.transaction(force_rollback=True):  # then it is killed
                db.execute("DELETE FROM customer_link")
                carrying_out.finish(db, task, {})
    assert (newest().state, newest().progress, live() == kept) == (
        "running", [("records read", 7)], False,
    )  # fmt: skip
    with carrying_out.lifeline(town.url) as ours:
        assert ours is not None
        assert ours.take_next() is not None
    assert not carry_out_next_matching()
    assert (newest().state, newest().error_code) == ("failed", "worker_lost")


def test_a_second_worker_leaves_alone_what_a_living_one_is_at(kept: str, town: Database) -> None:
    with unit_of_work() as db:
        requests.ask_training(db, by="Sam")
    with carrying_out.lifeline(town.url) as ours:
        assert ours is not None
        task = ours.take_next()
        assert task is not None
        assert not carry_out_next_matching()
        with carrying_out.lifeline(town.url) as other:
            assert other is None
        ours.give_back(task)
    assert (newest().state, newest().tries) == ("asked", 0)


def test_what_a_worker_did_that_lost_its_request_does_not_stand(kept: str, town: Database) -> None:
    with unit_of_work() as db:
        requests.ask_approval(db, kept, by="Sam")
    with carrying_out.lifeline(town.url) as ours:
        assert ours is not None
        late = ours.take_next()
        assert late is not None
    with carrying_out.lifeline(town.url) as ours:
        assert ours is not None
        assert ours.take_next() is not None
        before = live()
        with pytest.raises(carrying_out.RequestTaken):
            forget_the_model_and_finish(late)
    assert live() == before


def forget_the_model_and_finish(task: carrying_out.MatchTask) -> None:
    with unit_of_work() as db:
        db.execute("DELETE FROM live_model")
        carrying_out.finish(db, task, {})


def test_a_worker_that_stops_hands_its_request_to_the_next_one(
    kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work() as db:
        requests.ask_training(db, by="Sam")
    begun, stopped = threading.Event(), threading.Event()

    def stop(*_: Any) -> None:
        begun.set()
        stopped.set()
        raise UnknownName("stopped in the middle")

    monkeypatch.setattr(carrying_out.Progress, "__call__", stop)
    assert not carry_out_next_matching(stopped)
    assert begun.is_set()
    assert (newest().state, newest().tries) == ("asked", 0)
    monkeypatch.undo()
    monkeypatch.setattr("flows.matching.LOOK_SECONDS", 0.01)
    with match_as_asked():
        for _ in range(6_000):
            if newest().state == "done":
                break
            threading.Event().wait(0.01)
    assert newest().state == "done"


def test_what_cannot_be_done_is_refused_when_asked_or_says_why(kept: str) -> None:
    with unit_of_work() as db:
        with pytest.raises(UnknownName):
            requests.ask_approval(db, "nothing", by="Sam")
        with pytest.raises(UnknownName):
            requests.ask_own_keys(db, "urn:x", keeps_apart=True, reason="so", by="Sam")
        urn = keeping.list_own_keys(db)[0].data_set
        for reason in ("", " ", "x" * 1_001):
            with pytest.raises(InvalidInput):
                requests.ask_own_keys(db, urn, keeps_apart=True, reason=reason, by="Sam")
        requests.ask(db, MatchWork.APPROVE, {"version": "rejected meanwhile"}, by="Sam")
    assert carry_out_next_matching()
    assert (newest().state, newest().error_code, bool(newest().remedy)) == (
        "failed", "unknown_name", True,
    )  # fmt: skip


def test_more_requests_than_anybody_reads_are_refused(db: psycopg.Connection) -> None:
    for number in range(requests.WAITING_MAX):
        requests.ask(db, MatchWork.COMPARE, {"version": str(number)}, by="Sam")
    with pytest.raises(requests.MatchingBusy):
        requests.ask_training(db, by="Sam")


def test_own_keys_are_settled_and_undone_in_turn(filled: Counter) -> None:
    db = filled.db
    with db.transaction(force_rollback=True):
        urn = keeping.list_own_keys(db)[0].data_set

        def now() -> keeping.OwnKeysOf:
            return keeping.list_own_keys(db)[0]

        assert now().change is None
        for apart, reason in ((True, "one card each"), (False, "two desks"), (None, "unsure")):
            keeping.settle_own_keys(db, urn, keeps_apart=apart, reason=reason, actor="Sam")
        assert (now().keeps_apart, now().settled) == (False, False)
        last = now().change
        assert last is not None
        keeping.undo_own_keys(db, last, actor="Ann")
        assert (now().keeps_apart, now().settled, now().reason) == (False, True, "two desks")
        with pytest.raises(Conflict, match="before"):
            keeping.undo_own_keys(db, last, actor="Ann")
        rows = db.execute("SELECT id FROM own_key_change ORDER BY id").fetchall()
        with pytest.raises(Conflict, match="later"):
            keeping.undo_own_keys(db, rows[0][0], actor="Ann")
        for _ in range(2):
            change = now().change
            assert change is not None
            keeping.undo_own_keys(db, change, actor="Ann")
            if now().change:
                assert (now().keeps_apart, now().reason) == (True, "one card each")
        assert (now().change, now().settled, now().keeps_apart) == (None, False, False)
