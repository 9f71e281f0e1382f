"""Walk the pages of one stream to their end, and notice when a source goes round in circles.

What is common to sources that hand out JSON pages: positions to resume from, the highest change
mark, the end, and three guards against a scan that looks complete and is not.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

from msgspec import structs

from connectors.sdk.cursors import END, HighMark, is_end, read_position, write_position
from connectors.sdk.expressions import Compiled
from connectors.sdk.json_pages import decode_records
from connectors.sdk.known_pages import MarkedPieces
from connectors.sdk.paging import End, Token
from schemas.errors import GiveUp, RejectRecord, RetryLater
from schemas.records import Cursor, Page, RejectedRecord, SourceRecord

PAGES_MAX = 1_000_000
"""A billion records at a thousand a page; a scan that goes on longer does not end."""

PARTITIONS_MAX = 10_000
"""Each is a scan of its own; a source that is parted further is better asked for changes."""

PARALLEL_MAX = 16
"""More connections than this are felt by other users of a municipal system."""


class Fetched(NamedTuple):
    """One page as it was fetched.

    Attributes:
        pieces: The bytes of each record.
        follow: Where the next page is, or the end.
        total: How many records the source says the whole scan has.
    """

    pieces: Sequence[bytes]
    follow: Token | End
    total: int | None = None


_HERE = Cursor()

Fetch = Callable[[Token | None, int], Awaitable[Fetched]]
"""Fetches the page at a token; also takes how many records came before it."""

Guess = Callable[[Token | None, int], tuple[Token, int]]
"""Foretells token and count of the page after a page, if that one is full."""

Part = Callable[[str, Cursor | None], AsyncGenerator[Page, None]]
"""Scans one partition from where a cursor of its own stands."""


async def scan_pages(
    cursor: Cursor | None,
    fetch: Fetch,
    *,
    tag: str,
    changed: Compiled | None = None,
    undecoded: bool = False,
    where: Compiled | None = None,
    guess: Guess | None = None,
    parallel: int = 1,
) -> AsyncGenerator[Page, None]:
    """Yield the pages of a scan from where the cursor stands, in order.

    Args:
        cursor: Where to go on; None at the start.
        fetch: Fetches one page.
        tag: Names the way of paging in stored positions.
        changed: Finds the change mark of a record, for incremental streams.
        undecoded: Hand records on as bytes; not where change marks have to be seen.
        where: Tells which records are wanted; the others still count for the source's total.
        guess: Foretells the next page; with it, pages are fetched ahead.
        parallel: How many pages are fetched at once.

    Raises:
        GiveUp: The source repeats itself.
        RetryLater: It gave fewer records than it said; the scan starts again.
    """
    high = HighMark(cursor)
    if cursor is not None and is_end(cursor):
        yield Page(records=[], cursor=cursor, last=True)
        return
    token, seen = read_position(cursor, tag, Token | None, int) or (None, 0)
    circles = _Circles(token)
    ahead = _Ahead(fetch, guess if parallel > 1 else None, parallel)
    try:
        for _ in range(PAGES_MAX):
            fetched = await ahead.fetch(token, seen)
            circles.see_page(fetched.pieces)
            seen += len(fetched.pieces)
            raw = fetched.pieces if undecoded and changed is None and where is None else ()
            records, rejected = ([], []) if raw else _decoded(fetched.pieces, where)
            if changed is not None:
                note_changes(records, changed, high)
            follow = fetched.follow
            page = Page(records=records, undecoded=raw, sound=True, rejected=rejected, cursor=_HERE)
            if isinstance(follow, End):
                missing = (fetched.total or 0) - seen
                at = high.at(END) if missing <= 0 else high.start()
                yield structs.replace(page, cursor=at, last=missing <= 0)
                if missing > 0:
                    raise _short(seen, fetched.total)
                return
            token = follow
            circles.see_token(token)
            yield structs.replace(page, cursor=high.at(write_position(tag, token, seen)))
        raise GiveUp(f"The source still has pages after {PAGES_MAX}; it does not seem to end.")
    finally:
        await ahead.close()


async def scan_partitions(
    cursor: Cursor | None, values: Sequence[str], scan: Part
) -> AsyncGenerator[Page, None]:
    """Yield the pages of each partition in turn; the end is the end of the last one.

    A partition that is no longer in the connector file starts the whole scan again.
    """
    if cursor is not None and is_end(cursor):
        yield Page(records=[], cursor=cursor, last=True)
        return
    stood = read_position(cursor, "partition", str, str | None)
    first, at = 0, None if cursor is None else Cursor(since=cursor.since, high=cursor.high)
    if cursor is not None and stood is not None and stood[0] in values:
        first = values.index(stood[0])
        at = Cursor(position=stood[1], since=cursor.since, high=cursor.high)
    for value, following in zip(values[first:], [*values[first + 1 :], None], strict=True):
        async with aclosing(scan(value, at)) as pages:
            async for page in pages:
                last, inner = page.last, page.cursor
                if not last or following is not None:
                    place = (following, None) if last else (value, inner.position)
                    position = write_position("partition", *place)
                    inner = Cursor(position=position, since=inner.since, high=inner.high)
                yield Page(
                    records=page.records,
                    undecoded=page.undecoded,
                    sound=page.sound,
                    rejected=page.rejected,
                    cursor=inner,
                    last=last and following is None,
                )
                at = Cursor(since=inner.since, high=inner.high)


class _Ahead:
    """Fetches pages ahead of the scan, a bounded number, and forgets what was guessed wrongly.

    A guess holds as long as every page is as full as was asked for. The first page that is not
    makes all later guesses void; then pages are asked for where they really are.
    """

    def __init__(self, fetch: Fetch, guess: Guess | None, parallel: int) -> None:
        self._fetch, self._guess, self._parallel = fetch, guess, parallel
        self._tasks: dict[tuple[Token | None, int], asyncio.Task[Fetched]] = {}
        self._total: int | None = None
        self._met = False

    async def fetch(self, token: Token | None, seen: int) -> Fetched:
        """Return the page at a token, and start on those that will be wanted after it."""
        task = self._tasks.pop((token, seen), None)
        if task is None:
            await self.close()
        if self._guess is not None and self._met:
            self._start_ahead(token, seen, self._guess)
        fetched = await (task or self._fetch(token, seen))
        if isinstance(fetched.follow, End) and not fetched.follow.sure:
            # A fault may look like an empty page; ask again.
            fetched = await self._fetch(token, seen)
        self._met, self._total = True, fetched.total
        return fetched

    def _start_ahead(self, token: Token | None, seen: int, guess: Guess) -> None:
        at = (token, seen)
        for _ in range(self._parallel - 1):
            at = guess(*at)
            if self._total is not None and at[1] >= self._total:
                return
            if at not in self._tasks:
                self._tasks[at] = asyncio.create_task(_fetched(self._fetch, *at))

    async def close(self) -> None:
        """Stop whatever is still under way."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _fetched(fetch: Fetch, token: Token | None, seen: int) -> Fetched:
    return await fetch(token, seen)


def _short(seen: int, total: int | None) -> RetryLater:
    return RetryLater(
        f"The scan ended after {seen} of the {total} records that the source says it has; "
        "it starts again.",
        seen=seen,
        total=total,
    )


def note_changes(records: Sequence[SourceRecord], changed: Compiled, high: HighMark) -> None:
    """Take note of the highest change mark among records."""
    for record in records:
        try:
            value: Any = changed.evaluate(record.value)
        except RejectRecord:
            continue  # the mapping rejects this record and says why
        high.see(value)


def _decoded(
    pieces: Sequence[bytes], where: Compiled | None
) -> tuple[list[SourceRecord], list[RejectedRecord]]:
    """Return the records that are wanted, and those that cannot be read or judged."""
    records, rejected = decode_records(pieces, sound=True)
    if where is None:
        return records, rejected
    kept = list[SourceRecord]()
    for record in records:
        path, why = where.path, "it is neither true nor false"
        try:
            told: Any = where.evaluate(record.value)
        except RejectRecord as error:
            told, path, why = ..., error.path or path, error.what
        if told is True:
            kept.append(record)
        elif told not in (False, None):
            reason = f"where from {path}: {why}"
            rejected.append(RejectedRecord(record.raw, "where_unreadable", path, reason))
    return kept, rejected


class _Circles:
    """Notices a page or a token that was here before.

    Tokens are kept as hashes of eight bytes: a million pages take some 60 MB, and real scans
    have a few thousand.
    """

    def __init__(self, token: Token | None) -> None:
        self._tokens = {hash(token)}
        self._last: object = None

    def see_token(self, token: Token) -> None:
        if hash(token) in self._tokens:
            raise GiveUp(
                "The source sends us round in circles: its next page was here before.",
                remedy="Check `paging` in the connector file, and tell the source's owner.",
            )
        self._tokens.add(hash(token))

    def see_page(self, pieces: Sequence[bytes]) -> None:
        if not pieces:
            return
        if isinstance(pieces, MarkedPieces):
            face: object = pieces.face
        else:
            face = len(pieces), pieces[0], pieces[-1]
        if face == self._last:
            raise GiveUp(
                "The source sent the same page twice.",
                remedy="Check the parameter names under `paging`: the source seems to ignore them.",
            )
        self._last = face


def whole_number(value: Any) -> int | None:
    """Return a total as the source wrote it, or None where it is no whole number."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def stated(name: str, found: object, where: str | None) -> int | None:
    """Return a number the source states; stating none where one was promised is a fault.

    Args:
        name: What is stated, `total` or `pages`.
        found: What stands there.
        where: Path or header that the connector file names; None where it names none.
    """
    if where is None:
        return None
    number = whole_number(found)
    if number is None:
        what = "total" if name == "total" else "number of pages"
        raise GiveUp(
            f"The source's answer does not state the {what} that the connector file promises.",
            remedy=f"Correct `{name}` or `{name}_header` under paging, or leave it out.",
        )
    return number
