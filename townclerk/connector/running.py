"""Read a connector file's streams to their end into a target: a file, or a PostgreSQL table."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from connectors.sdk.ahead import read_ahead
from connectors.sdk.connector import find_connector
from connectors.sdk.source import Source
from schemas.errors import GiveUp, RetryLater
from schemas.records import Cursor, Page

RETRIES_MAX = 4
"""Tries at one place of a scan after those of the connector itself; then a person has to look."""

WAIT_SECONDS_MAX = 120.0
"""A source that asks for a longer wait is read again by a later run."""


@dataclass
class StreamReport:
    """What became of one stream, in counts only; read = written + unchanged + rejected.

    Attributes:
        withdrawn: Records taken out of a table, since a complete scan no longer had them.
        held: Records that were missing, and stay: too many at once, or nobody could be sure.
    """

    stream: str
    target: str
    pages: int = 0
    read: int = 0
    written: int = 0
    unchanged: int = 0
    rejected: int = 0
    withdrawn: int = 0
    held: int = 0
    seconds: float = 0.0


class Target(Protocol):
    """Takes the pages of one stream; keeps all of a page or nothing."""

    name: str

    @property
    def known_pages(self) -> Mapping[bytes, bytes] | None:
        """The notes of pages that may come uncut, anew with each `begin`; None takes none."""

    def begin(self) -> None:
        """Make ready for the first page of a scan; a scan may begin more than once."""

    def prepare(self, page: Page) -> Callable[[StreamReport], None]:
        """Do what can be done while the page before is kept; return what keeps and counts it."""

    def end(self, report: StreamReport) -> None:
        """The scan has seen its end: finish what was kept."""

    def close(self) -> None:
        """Let go of files and connections; an unfinished target is left as it was."""


class _Prepared(NamedTuple):
    """A page of which only the keeping is left to do."""

    keep: Callable[[StreamReport], None]
    size: int
    cursor: Cursor
    last: bool


async def _prepared(
    pages: AsyncGenerator[Page, None], target: Target
) -> AsyncGenerator[_Prepared, None]:
    async with aclosing(read_ahead(pages)) as ahead:
        async for page in ahead:
            # Not in a thread: it never waits, and two threads at work only take turns.
            keep = target.prepare(page)
            yield _Prepared(keep, page.size, page.cursor, page.last)


async def run_stream(source: Source, stream: str, target: Target) -> StreamReport:
    """Read one stream from its start to its end; go on where a busy source left us.

    Raises:
        SourceTrouble: The source failed in a way that waiting did not mend.
    """
    report = StreamReport(stream, target.name)
    begun = time.perf_counter()
    source = replace(source, known_pages=target.known_pages)
    connector = find_connector(source.spec.kind)(source)
    cursor: Cursor | None = None
    tries = furthest = 0
    try:
        while True:
            if cursor is None or cursor.position is None:  # a scan that starts, or starts again
                await _done(target.begin)
                _reset(report)
            try:
                prepared = _prepared(connector.read(stream, cursor), target)
                async with aclosing(read_ahead(prepared, most=1)) as ahead:
                    async for page in ahead:
                        await _done(page.keep, report)
                        report.pages += 1
                        report.read += page.size
                        cursor = page.cursor
                        if page.last:
                            await _done(target.end, report)
                            report.seconds = round(time.perf_counter() - begun, 3)
                            return report
                raise _unended(stream)
            except RetryLater as later:
                # A scan that starts anew has got nowhere until it is beyond where it was before.
                tries = tries + 1 if report.pages <= furthest else 1
                furthest = max(furthest, report.pages)
                if tries > RETRIES_MAX or later.wait_seconds > WAIT_SECONDS_MAX:
                    raise
                await asyncio.sleep(later.wait_seconds)
    finally:
        await connector.close()
        target.close()


async def _done(work: Callable[..., None], *arguments: object) -> None:
    """Do work in a thread and see its end even when we are stopped: its target is closed next."""
    working = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(working)
    finally:
        await asyncio.wait([working])


def _reset(report: StreamReport) -> None:
    report.pages = report.read = report.written = report.unchanged = report.rejected = 0
    report.withdrawn = report.held = 0


def _unended(stream: str) -> GiveUp:
    return GiveUp(
        f"The connector stopped before the end of {stream}.",
        remedy="Its last page must say `last=True`.",
    )
