"""Statements of a pipeline that are large, sent in full before Python turns to other work."""

from collections.abc import Generator

import psycopg
from psycopg import waiting
from psycopg.pq.abc import PGconn


def push(db: psycopg.Connection) -> None:
    """Send all that was asked in a pipeline; the server works on it from then on.

    A socket takes some 200 KB at once. psycopg sends the rest with the next statement, and until
    then the server waits.

    Args:
        db: Connection in a pipeline.
    """
    waiting.wait(_sent(db.pgconn), db.pgconn.socket)


def _sent(pgconn: PGconn) -> Generator[waiting.Wait, waiting.Ready | int, None]:
    """Send until nothing is left; what has come meanwhile is taken, so that neither side stalls."""
    while pgconn.flush():
        ready = yield waiting.Wait.RW
        if ready & waiting.Ready.R:
            pgconn.consume_input()
