"""Headers as sources write them: Link and Retry-After."""

from datetime import UTC, datetime

import pytest

from connectors.sdk.paging import next_link
from connectors.sdk.retries import retry_after_seconds

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("</a>; rel=next", "/a"),
        ('</a>; rel="next"', "/a"),
        ('</a>;rel="NEXT"', "/a"),
        ('</a>; rel="prev", </b>; rel="next"', "/b"),
        ('</a?x=1,2;y>; title="a, <b>"; rel="last next"', "/a?x=1,2;y"),
        ('</a>; rel="nextpage"', None),
        ('</a>; title="rel=next"', None),
        ('</a>; title="x; rel=next"', None),
        ('</a>; rev="next"', None),
        ("<>; rel=next", ""),
        ("garbage", None),
        ("<" * 5000, None),
        ("<a>;" + " " * 5000, None),
        ("<a>" + ";x" * 3000 + "!", None),
        ("<a>" + "; " * 3000, None),
    ],
)
def test_the_next_page_is_found_in_a_link_header(header: str, expected: str | None) -> None:
    assert next_link(header) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 400, 86_400.0),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2056 11:00:00 GMT", 86_400.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Sun, 99 Mar 2026 11:00:00 GMT", None),
    ],
)
def test_a_wait_is_read_from_seconds_and_from_dates(
    header: str | None, expected: float | None
) -> None:
    assert retry_after_seconds(header, now=NOON) == expected
