"""A steward's questions are kept between looks, and are at every look what stands then."""

from collections.abc import Iterator

import psycopg
import pytest

from benchmarks.customers.lively import LivelyTown, questions_kept_otherwise
from registry.customers.live.commands import rematch
from registry.customers.live.index import mark_incomplete
from registry.customers.live.news import note_matched
from registry.customers.stewarding import review, stewardship
from registry.customers.stewarding.keeping_up import as_kept, keep_up, waits_quietly
from registry.customers.stewarding.review import Queue, read_queue
from registry.storage.connecting import connect
from schemas.customers import Verdict
from tests.factories import a_data_set, a_sync_run

RECORDS, EVENTS, LOOKS, PART = 1_500, 400, 4, 5
SURE_BEHIND = f"0.000001/{10**30}/1"  # where no question stands; no number of a record is so large


@pytest.fixture(scope="module")
def filled(rolled_back_url: str) -> Iterator[LivelyTown]:
    """A matched town whose sources say so little that many questions are asked."""
    with connect(rolled_back_url) as db, db.transaction(force_rollback=True):
        data_sets = [a_data_set(db).id for _ in range(3)]
        run_id = a_sync_run(db).id
        town = LivelyTown(db, data_sets, run_id, records=RECORDS, page_max=200, vague=True)
        town.fill(RECORDS)
        rematch(db, memory_limit_mb=512)
        yield town


@pytest.fixture
def vague_town(filled: LivelyTown) -> Iterator[LivelyTown]:
    """The town as it is before the test."""
    with filled.db.transaction(force_rollback=True):
        yield filled


def parts(db: psycopg.Connection) -> list[Queue]:
    """Read the whole queue, part by part, as a steward pages through it."""
    found = [read_queue(db, limit=PART)]
    while found[-1].pairs:
        found.append(read_queue(db, limit=PART, after=found[-1].pairs[-1].place))
    return [*found, read_queue(db, limit=PART, after=SURE_BEHIND)]


def test_what_a_steward_postpones_leaves_and_comes_back_with_undo(vague_town: LivelyTown) -> None:
    db = vague_town.db
    first = read_queue(db, kept=keep_up(db)).pairs[0]
    pair = first.left_id, first.right_id
    decision = stewardship.decide(db, *pair, Verdict.POSTPONE, reason="later", actor="Sam")
    assert first not in read_queue(db, kept=keep_up(db)).pairs
    assert questions_kept_otherwise(db) == 0
    stewardship.undo(db, decision, actor="Sam")
    assert read_queue(db, kept=keep_up(db)).pairs[0] == first
    assert questions_kept_otherwise(db) == 0


def test_a_full_run_and_a_release_that_notes_nothing_let_all_be_weighed_anew(
    vague_town: LivelyTown,
) -> None:
    db = vague_town.db
    before = keep_up(db)
    db.execute("DELETE FROM review_question")
    assert keep_up(db) == before, "nothing was matched, so nothing is weighed"
    rematch(db, retrain=False, memory_limit_mb=512)
    assert questions_kept_otherwise(db) == 0
    db.execute("DELETE FROM review_question")
    db.execute("UPDATE live_model SET changed_at = now() + interval '1 second'")
    assert questions_kept_otherwise(db) == 0


def test_without_a_complete_model_nothing_is_kept_and_the_queue_is_there(
    vague_town: LivelyTown,
) -> None:
    db = vague_town.db
    mark_incomplete(db)
    assert keep_up(db) is None
    assert review.count_doubts(db).pairs > 0


def test_nobody_weighs_while_pages_come(vague_town: LivelyTown) -> None:
    db = vague_town.db
    keep_up(db)
    assert not waits_quietly(db)
    note_matched(db, [1])
    assert not waits_quietly(db)
    db.execute("UPDATE review_news SET noted_at = now() - interval '1 minute'")
    assert waits_quietly(db)
    keep_up(db)
    assert not waits_quietly(db)


def test_whatever_happens_a_look_shows_what_stands(vague_town: LivelyTown) -> None:
    db, looks = vague_town.db, 0

    def look(sort: str, _: int) -> None:
        nonlocal looks
        looks += 1
        if looks % LOOKS == 0:
            assert questions_kept_otherwise(db) == 0, sort

    assert questions_kept_otherwise(db) == 0
    vague_town.live(EVENTS, note=look)
    assert as_kept(db) is None, "something has happened since the last look"
    weighed = parts(db)
    keep_up(db)
    assert as_kept(db) is not None
    assert parts(db) == weighed
    assert weighed[0].count.asked > 2 * PART
    assert weighed[-1].before == weighed[0].count.asked
