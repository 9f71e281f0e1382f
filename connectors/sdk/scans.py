"""Walk the pages of one stream to their end, and notice when a source goes round in circles.

What is common to sources that hand out JSON pages: positions to resume from, the highest change
mark, the end, and three guards against a scan that looks complete and is not.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from connectors.sdk.cursors import END, HighMark, is_end, read_position, write_position
from connectors.sdk.expressions import Compiled
from connectors.sdk.json_pages import decode_records
from connectors.sdk.paging import End, Token
from schemas.errors import GiveUp, RejectRecord, RetryLater
from schemas.records import Cursor, Page, SourceRecord

PAGES_MAX = 1_000_000
"""A billion records at a thousand a page; a scan that goes on longer does not end."""


class Fetched(NamedTuple):
    """One page as it was fetched.

    Attributes:
        pieces: The bytes of each record.
        follow: Where the next page is, or the end.
        total: How many records the source says the whole scan has.
    """

    pieces: list[bytes]
    follow: Token | End
    total: int | None = None


Fetch = Callable[[Token | None, int], Awaitable[Fetched]]
"""Fetches the page at a token; also takes how many records came before it."""


async def scan_pages(
    cursor: Cursor | None,
    fetch: Fetch,
    *,
    tag: str,
    changed: Compiled | None = None,
    undecoded: bool = False,
) -> AsyncGenerator[Page, None]:
    """Yield the pages of a scan from where the cursor stands.

    Args:
        cursor: Where to go on; None at the start.
        fetch: Fetches one page.
        tag: Names the way of paging in stored positions.
        changed: Finds the change mark of a record, for incremental streams.
        undecoded: Hand records on as bytes; not where change marks have to be seen.

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
    for _ in range(PAGES_MAX):
        fetched = await fetch(token, seen)
        if isinstance(fetched.follow, End) and not fetched.follow.sure:
            fetched = await fetch(token, seen)  # a fault may look like an empty page; ask again
        circles.see_page(fetched.pieces)
        seen += len(fetched.pieces)
        raw = fetched.pieces if undecoded and changed is None else []
        records, rejected = ([], []) if raw else decode_records(fetched.pieces)
        if changed is not None:
            note_changes(records, changed, high)
        follow = fetched.follow
        if isinstance(follow, End):
            missing = (fetched.total or 0) - seen
            page = Page(
                records=records,
                undecoded=raw,
                rejected=rejected,
                cursor=high.at(END) if missing <= 0 else high.start(),
                last=missing <= 0,
            )
            yield page
            if missing > 0:
                raise _short(seen, fetched.total)
            return
        token = follow
        circles.see_token(token)
        at = high.at(write_position(tag, token, seen))
        yield Page(records=records, undecoded=raw, rejected=rejected, cursor=at)
    raise GiveUp(f"The source still has pages after {PAGES_MAX}; it does not seem to end.")


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


class _Circles:
    """Notices a page or a token that was here before.

    Tokens are kept as hashes of eight bytes: a million pages take some 60 MB, and real scans
    have a few thousand.
    """

    def __init__(self, token: Token | None) -> None:
        self._tokens = {hash(token)}
        self._last: tuple[int, bytes, bytes] | None = None

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
        face = (len(pieces), pieces[0], pieces[-1])
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
