"""Fill a table that was empty: one COPY takes several pages, and nobody waits for its answer.

A page in a transaction of its own costs seven trips to the server, and at each of them one side
waits for the other. A scan into an empty table needs none of that: its pages go out as they are
ready, the server takes them in beside the work on the next one, and a few of them are committed
together. They are held until then, so that nothing is lost when the server refuses one.
"""

import time
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from schemas.records import RejectedRecord
from townclerk.connector.pages import PageNote
from townclerk.connector.running import StreamReport

PAGES_MAX = 16
"""Of one transaction; with more, the trips that are saved cost less than what is held."""

CHARACTERS_MAX = 4_000_000
"""Held until they are committed, whatever the size of a page."""

SECONDS_MAX = 1.0
"""A slow source's pages are committed as they come."""


class Ready(NamedTuple):
    """A page as it will be written.

    Attributes:
        names: The columns it fills.
        lines: Its rows, as COPY takes them.
        keys: Their keys.
        hashes: Their hashes.
        rejected: What cannot be written.
    """

    names: tuple[str, ...]
    lines: str
    keys: list[str]
    hashes: list[bytes]
    rejected: list[RejectedRecord]


class Held(NamedTuple):
    """A page that is on its way, with what the page is known by, and where it is counted."""

    ready: Ready
    note: PageNote | None
    report: StreamReport


class Filling:
    """One COPY that stays open over several pages; until its end nobody else uses the connection.

    Args:
        db: In autocommit.
        table: Takes the rows.
    """

    def __init__(self, db: psycopg.Connection[Any], table: sql.Identifier) -> None:
        self._db, self._table = db, table
        self._open = ExitStack()
        self._copy: psycopg.Copy | None = None
        self._characters = 0
        self._since = time.monotonic()
        self.pages: list[Held] = []

    @property
    def is_due(self) -> bool:
        """Tell whether its pages ought to be committed."""
        return (
            len(self.pages) >= PAGES_MAX
            or self._characters >= CHARACTERS_MAX
            or time.monotonic() - self._since >= SECONDS_MAX
        )

    def write(self, page: Held) -> None:
        """Send a page on its way.

        Raises:
            psycopg.Error: The server refuses it, or one before it.
        """
        self.pages.append(page)
        self._characters += len(page.ready.lines)
        if self._copy is None:
            self._db.execute("BEGIN")
            names = sql.SQL(", ").join(map(sql.Identifier, page.ready.names))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(self._table, names)
            self._copy = self._open.enter_context(self._db.cursor().copy(statement))
        self._copy.write(page.ready.lines)

    def end(self) -> None:
        """Wait until the server has taken all pages in; the transaction stays open.

        Raises:
            psycopg.Error: The server refuses one of them.
        """
        self._open.close()

    def commit(self) -> list[Held]:
        """Commit what is in the transaction; return its pages.

        Raises:
            psycopg.Error: The server cannot.
        """
        self._db.commit()
        return self._anew()

    def undo(self) -> list[Held]:
        """Take back what is in the transaction; return its pages, of which now none is kept."""
        with suppress(psycopg.Error):  # it has failed already, which is why we are here
            self._open.close()
        self._db.rollback()
        return self._anew()

    def _anew(self) -> list[Held]:
        pages, self.pages = self.pages, []
        self._copy, self._characters, self._since = None, 0, time.monotonic()
        return pages
