"""Try again when a source stumbles, wait as long as it asks, and know when to stop trying."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from schemas.errors import RetryLater

ATTEMPTS_MAX = 4
"""With the waits between them about two seconds; longer troubles are the flow's to wait out."""

FIRST_WAIT_SECONDS = 0.25
"""Doubles with each attempt; the wait is a random part of it, so that workers part ways."""

WAIT_INLINE_SECONDS_MAX = 10.0
"""A longer wait is given back to the flow, which then frees the worker."""

WAIT_ASKED_SECONDS_MAX = 86_400.0
"""Nobody is told to wait longer than a day, whatever the header says."""

hurry: ContextVar[float] = ContextVar("hurry", default=1.0)
"""What every back-off is multiplied by; the conformance kit plays without the waits."""

T = TypeVar("T")


class Hiccup(Exception):
    """One attempt failed in a way that another attempt may mend; never leaves the SDK.

    Args:
        what: What the source did, as the end of a sentence that begins with its name.
        wait_seconds: How long it asked us to wait; None leaves it to the back-off.
    """

    def __init__(self, what: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.wait_seconds = wait_seconds


async def with_retries(attempt: Callable[[], Awaitable[T]], *, who: str) -> T:
    """Run an attempt until it succeeds or there is no point in going on now.

    Args:
        attempt: Does the work; raises Hiccup where another try may help.
        who: The source, for messages.

    Raises:
        RetryLater: All attempts failed, or the source asked for a long wait.
    """
    for count in range(1, ATTEMPTS_MAX + 1):
        try:
            return await attempt()
        except Hiccup as hiccup:
            asked = hiccup.wait_seconds
            if count == ATTEMPTS_MAX or (asked or 0.0) > WAIT_INLINE_SECONDS_MAX:
                raise RetryLater(
                    f"{who}: {hiccup.what}.", wait_seconds=asked or 0.0, attempts=count
                ) from None
            longest = hurry.get() * FIRST_WAIT_SECONDS * 2 ** (count - 1)
            backed_off = random.uniform(longest / 2, longest)  # noqa: S311  # spreads load only
            await asyncio.sleep(backed_off if asked is None else asked)
    raise AssertionError("the last attempt returns or raises")


def retry_after_seconds(header: str | None, *, now: datetime | None = None) -> float | None:
    """Read a Retry-After header: seconds, or a date.

    Source: RFC 9110, section 10.2.3.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), WAIT_ASKED_SECONDS_MAX)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), WAIT_ASKED_SECONDS_MAX)
