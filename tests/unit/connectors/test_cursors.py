"""Where a scan starts, goes on and ends."""

import pytest

from connectors.sdk.cursors import (
    END,
    HighMark,
    is_end,
    lower_bound,
    next_scan,
    read_position,
    write_position,
)
from schemas.records import Cursor


@pytest.mark.parametrize(
    ("since", "seconds", "expected"),
    [
        ("2026-03-01T12:00:00Z", 300, "2026-03-01T11:55:00Z"),
        ("2026-03-01T12:00:00.123456Z", 60, "2026-03-01T11:59:00.123456Z"),
        ("2026-03-01T12:00:00+01:00", 3600, "2026-03-01T11:00:00+01:00"),
        ("2026-03-01T12:00:00", 60, "2026-03-01T11:59:00"),
        ("2026-03-01 12:00:00", 60, "2026-03-01T11:59:00"),
        ("2026-03-01", 300, "2026-02-28"),
        ("2026-03-01T12:00:00Z", 0, "2026-03-01T12:00:00Z"),
    ],
)
def test_the_look_back_is_written_as_the_source_writes(
    since: str, seconds: float, expected: str
) -> None:
    assert lower_bound(since, seconds) == expected


def test_the_highest_mark_is_by_time_not_by_letters() -> None:
    high = HighMark(Cursor(since="2026-01-01T00:00:00Z"))

    for mark in ["2026-03-01T12:00:00+05:00", "2026-03-01T09:00:00Z", None, "never", ["x"]]:
        high.see(mark)

    assert high.at("p") == Cursor(
        position="p", since="2026-01-01T00:00:00Z", high="2026-03-01T09:00:00Z"
    )
    assert high.start() == Cursor(since="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("cursor", "expected"),
    [
        (None, None),
        (Cursor(position=END), None),
        (Cursor(position=END, high="b"), Cursor(since="b")),
        (Cursor(position=END, since="a"), Cursor(since="a")),
        (Cursor(position=END, since="a", high="b"), Cursor(since="b")),
    ],
)
def test_the_next_scan_starts_at_the_highest_mark(
    cursor: Cursor | None, expected: Cursor | None
) -> None:
    assert next_scan(cursor) == expected


def test_a_position_comes_back_as_it_was_written() -> None:
    cursor = Cursor(position=write_position("page", "a\u2028b", 7))

    assert read_position(cursor, "page", str, int) == ["a\u2028b", 7]
    assert not is_end(cursor)
    assert is_end(Cursor(position=END))


@pytest.mark.parametrize(
    "position",
    ["", END, "x", "[]", '["page"]', '["page",1,2]', '["page","a","b"]', '["other","a",1]', "{}",
     "null", "[" * 5000, '["page","\\ud800",1]', "\ud800"],
)  # fmt: skip
def test_a_position_of_another_hand_starts_the_scan_again(position: str) -> None:
    assert read_position(Cursor(position=position), "page", str, int) is None
