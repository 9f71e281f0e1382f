"""Where a read stands: how a scan starts, goes on and ends.

Connectors write positions with `write_position` and read them with `read_position`, so that a
position of another kind, or from before a change of the connector file, is never misread.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors.sdk.values import as_datetime, as_text
from schemas.errors import RejectRecord
from schemas.records import Cursor

END = "end"
"""Position after the last page: nothing follows."""


def next_scan(cursor: Cursor | None) -> Cursor | None:
    """Return where the next scan starts after a complete one.

    An incremental stream starts at the highest change mark seen; any other reads everything.
    """
    if cursor is None or (cursor.high or cursor.since) is None:
        return None
    return Cursor(since=cursor.high or cursor.since)


def write_position(*parts: Any) -> str:
    """Write the parts of a position as text; the first names how the rest is meant."""
    return msgspec.json.encode(parts).decode()


def read_position(cursor: Cursor | None, tag: str, *types: Any) -> list[Any] | None:
    """Read the parts of a position back, without the tag.

    Returns:
        None at the start of a scan, and for a position that was written under another tag:
        somebody changed the connector file in the middle of a scan, so it starts again.
    """
    if cursor is None or cursor.position is None:
        return None
    try:
        found, *parts = msgspec.json.decode(cursor.position.encode(), type=list)
        if found == tag and len(parts) == len(types):
            return [msgspec.convert(part, kind) for part, kind in zip(parts, types, strict=True)]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    return None


def is_end(cursor: Cursor | None) -> bool:
    """Tell whether a cursor stands after the last page."""
    return cursor is not None and cursor.position == END


class HighMark:
    """Keeps the highest change mark of a scan, as the source wrote it."""

    def __init__(self, cursor: Cursor | None) -> None:
        self.since = cursor.since if cursor else None
        self.text = cursor.high if cursor else None
        self._moment = _moment(self.text)

    def start(self) -> Cursor:
        """Return the cursor that starts this scan again."""
        return Cursor(since=self.since)

    def see(self, value: Any) -> None:
        """Take note of one record's change mark; what is no moment is left to the mapping."""
        if value is None or value == self.text:
            return
        try:
            text, moment = as_text(value), _moment(value)
        except RejectRecord:
            return
        if moment is not None and (self._moment is None or moment > self._moment):
            self._moment, self.text = moment, text

    def at(self, position: str) -> Cursor:
        """Return the cursor for a position."""
        return Cursor(position=position, since=self.since, high=self.text)


def _moment(value: Any) -> datetime | None:
    try:
        return as_datetime(value)
    except RejectRecord:
        return None


def lower_bound(since: str, lookback_seconds: float) -> str:
    """Return the change mark to ask from: `since` less the look-back, written the same way.

    Records that were committed late at the source carry a mark before the highest one seen;
    the look-back reads them again, and unchanged ones are skipped by their hash.
    """
    moment = as_datetime(since)
    if moment is None or not lookback_seconds:
        return since
    earlier = moment - timedelta(seconds=lookback_seconds)
    if len(since) <= len("2026-05-31"):
        return earlier.date().isoformat()
    bare = "+" not in since[10:] and "-" not in since[10:] and not since.endswith("Z")
    text = (earlier.replace(tzinfo=None) if bare else earlier).isoformat()
    return text.replace("+00:00", "Z") if since.endswith("Z") else text
