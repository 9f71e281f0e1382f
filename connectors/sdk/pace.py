"""How fast requests may follow each other, for all connectors that share a server.

A source may say it (RateLimit headers, 429, 503) and the connector file may say it. Nobody is
slowed down until one of them does; who was slowed down speeds up again by and by.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

PACES_MAX = 1_000
"""Servers remembered at a time; the oldest is forgotten."""

BURST_MAX = 10.0
"""Requests that may go at once after a pause; a page and its neighbours, no flood."""

FIRST_INTERVAL_SECONDS = 0.1
"""Where slowing down begins, when a source first says it is too much."""

INTERVAL_SECONDS_MAX = 10.0
"""Slower than this is an outage, which the retries handle."""

SLOWER, FASTER = 2.0, 0.9
"""Half as fast after a refusal, a tenth faster after a success."""

PAUSE_SECONDS_MAX = 60.0
"""Longest pause for a RateLimit header; the source refuses and is retried beyond it."""

EPOCH_SECONDS_MIN = 1_000_000_000.0
"""A reset of thirty years is a moment since 1970, as some sources write it."""

TOO_MUCH = frozenset({429, 503})

_PART = re.compile(r"(?:^|[;,\s])(r|t|remaining|reset)\s*=\s*(\d{1,9})\b", re.ASCII)


class Pace:
    """A token bucket for one server.

    Args:
        per_second: Requests the connector file allows; None leaves it to the source.
        clock: Seconds that only go up.
    """

    def __init__(
        self, per_second: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._allowed = 0.0 if per_second is None else 1.0 / per_second
        self._interval = self._allowed
        self._next = 0.0
        self._pause_until = 0.0

    def allow(self, per_second: float) -> None:
        """Let a connector file slow the server's pace down; the slowest of them counts."""
        with self._lock:
            self._allowed = max(self._allowed, 1.0 / per_second)
            self._interval = max(self._interval, self._allowed)

    def turn(self) -> float:
        """Take the next turn and return how many seconds to wait for it."""
        with self._lock:
            now = self._clock()
            start = max(self._next, now - BURST_MAX * self._allowed, self._pause_until)
            self._next = start + self._interval
            return max(0.0, start - now)

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of what a source said about our pace."""
        with self._lock:
            if status in TOO_MUCH:
                slower = max(self._interval * SLOWER, FIRST_INTERVAL_SECONDS)
                self._interval = min(slower, max(INTERVAL_SECONDS_MAX, self._allowed))
            elif self._interval > self._allowed:
                faster = self._interval * FASTER
                self._interval = self._allowed if faster < 0.001 else max(faster, self._allowed)
            if wait := seconds_to_pause(headers):
                self._pause_until = self._clock() + wait


def seconds_to_pause(headers: Mapping[str, str]) -> float:
    """Return how long to pause because a source says that no request is left.

    Source: draft-ietf-httpapi-ratelimit-headers (`RateLimit`, and `RateLimit-Remaining` with
    `RateLimit-Reset` of its earlier versions); the X- forms count the same where they are seconds.
    """
    remaining = reset = None
    for name, value in _PART.findall(headers.get("ratelimit", "")):
        if name in ("r", "remaining"):
            remaining = float(value)
        else:
            reset = float(value)
    for prefix in ("", "x-"):
        left = headers.get(f"{prefix}ratelimit-remaining", "")
        until = headers.get(f"{prefix}ratelimit-reset", "")
        if left.isascii() and left.isdigit() and until.isascii() and until.isdigit():
            remaining, reset = float(left[:12]), float(until[:12])
    if remaining != 0 or reset is None:
        return 0.0
    if reset > EPOCH_SECONDS_MIN:
        reset -= time.time()
    return min(max(reset, 0.0), PAUSE_SECONDS_MAX)


_paces: dict[str, Pace] = {}
_lock = threading.Lock()


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address, the port always written out."""
    try:
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return address  # the client refuses it with better words
    return f"{parts.scheme}://{parts.hostname}:{port}"


def pace_of(address: str, per_second: float | None) -> Pace:
    """Return the pace of a server, which all connectors of this process share."""
    origin = origin_of(address)
    with _lock:
        pace = _paces.get(origin)
        if pace is None:
            while len(_paces) >= PACES_MAX:
                del _paces[next(iter(_paces))]
            pace = _paces[origin] = Pace()
    if per_second is not None:
        pace.allow(per_second)
    return pace
