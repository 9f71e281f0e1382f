"""What was asked in a pipeline is worked on while Python does something else, however large."""

import time

import psycopg

from registry.storage.connecting import connect
from registry.storage.pushing import push

LARGE = "x" * 5_000_000  # more than a socket takes at once
WAIT_SECONDS_MAX = 30


def test_a_large_statement_is_at_work_while_python_is_elsewhere(rolled_back_url: str) -> None:
    watch = connect(rolled_back_url, autocommit=True)
    with watch, connect(rolled_back_url) as db, db.pipeline():
        asked = db.execute("SELECT length(%s), pg_advisory_xact_lock(26)", (LARGE,))
        push(db)
        until = time.monotonic() + WAIT_SECONDS_MAX
        while not is_locked(watch) and time.monotonic() < until:
            time.sleep(0.005)
        assert is_locked(watch), "the server has got it and carried it out"
        assert asked.fetchone() == (len(LARGE), "")


def test_answers_that_come_while_much_is_sent_are_taken(rolled_back_url: str) -> None:
    with connect(rolled_back_url) as db, db.pipeline():
        answers = [db.execute("SELECT repeat(%s, 1)", (LARGE,)) for _ in range(4)]
        push(db)
        assert [answer.fetchone() for answer in answers] == [(LARGE,)] * 4


def is_locked(watch: psycopg.Connection) -> bool:
    locks = watch.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 26")
    return locks.rowcount > 0
