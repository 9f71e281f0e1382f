"""Deprecation and sunset: whether what ends was announced, and ends no sooner than announced.

An operation announces its end by `deprecated: true` and `x-sunset` with a date; `x-stability-level`
says how firm it is. Source: RFC 8594 (Sunset header), and oasdiff's use of these extensions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

STABILITIES = ("draft", "alpha", "beta", "stable")
SUNSET = "x-sunset"
STABILITY = "x-stability-level"

Found = tuple[str, tuple[str, ...]]


def sunset_of(raw: dict[str, Any]) -> date | str | None:
    """Return the date of sunset, None without one, the text itself where it is no date."""
    text = raw.get(SUNSET)
    if text is None:
        return None
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return str(text)


def removal_of(raw: dict[str, Any], today: date, *, whole_path: bool) -> Found:
    """Return the id of an operation's removal, by how it was announced."""
    stem = "api-path-removed" if whole_path else "api-removed"
    if raw.get(STABILITY) in ("draft", "alpha"):
        return f"{stem}-with-deprecation", ()
    if raw.get("deprecated") is not True:
        return f"{stem}-without-deprecation", ()
    sunset = sunset_of(raw)
    if isinstance(sunset, str):
        return "api-path-sunset-parse", (sunset[:40],)
    if sunset is not None and sunset > today:
        return f"{stem}-before-sunset", (sunset.isoformat(),)
    return f"{stem}-with-deprecation", ()


@dataclass(frozen=True)
class Ending:
    """Judges deprecations against a day.

    Attributes:
        today: The day.
        notice_days: How long before its sunset a stable operation must be deprecated.
    """

    today: date
    notice_days: int = 0

    def of_operation(self, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Found]:
        """Compare what two versions of an operation say about its end."""
        yield from _stability(old, new)
        was, now = old.get("deprecated") is True, new.get("deprecated") is True
        if was and not now:
            yield "endpoint-reactivated", ()
        elif now and not was:
            yield "endpoint-deprecated", ()
            sunset = sunset_of(new)
            if isinstance(sunset, str):
                yield "api-deprecated-sunset-parse", (sunset[:40],)
            elif sunset is None:
                if self.notice_days:
                    yield "api-deprecated-sunset-missing", ()
            elif (sunset - self.today).days < self.notice_days:
                yield "api-sunset-date-too-small", (sunset.isoformat(),)
        elif was and now:
            yield from self._moved(sunset_of(old), sunset_of(new))

    def _moved(self, before: date | str | None, after: date | str | None) -> Iterator[Found]:
        if isinstance(before, date) and after is None:
            yield "sunset-deleted", (before.isoformat(),)
        elif isinstance(before, date) and isinstance(after, date) and after < before:
            yield "api-sunset-date-changed-too-small", (before.isoformat(), after.isoformat())

    def of_parameter(self, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Found]:
        """Compare what two versions of a parameter say about its end."""
        was, now = old.get("deprecated") is True, new.get("deprecated") is True
        if was and not now:
            yield "request-parameter-reactivated", ()
        elif now and not was:
            yield "request-parameter-deprecated", ()
            sunset = sunset_of(new)
            if sunset is None and self.notice_days:
                yield "request-parameter-deprecated-sunset-missing", ()
            elif isinstance(sunset, date) and (sunset - self.today).days < self.notice_days:
                yield "request-parameter-sunset-date-too-small", (sunset.isoformat(),)

    def of_removed_parameter(self, raw: dict[str, Any]) -> Found:
        """Return the id of a parameter's removal, by how it was announced."""
        if raw.get("deprecated") is not True:
            return "request-parameter-removed", ()
        sunset = sunset_of(raw)
        if isinstance(sunset, str):
            return "request-parameter-sunset-parse", (sunset[:40],)
        if sunset is not None and sunset > self.today:
            return "request-parameter-removed-before-sunset", (sunset.isoformat(),)
        return "request-parameter-removed-with-deprecation", ()


def _stability(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Found]:
    before, after = old.get(STABILITY), new.get(STABILITY)
    if after is not None and after not in STABILITIES:
        yield "api-invalid-stability-level", (str(after)[:40],)
    elif before in STABILITIES and (
        after is None or STABILITIES.index(str(after)) < STABILITIES.index(str(before))
    ):
        yield "api-stability-decreased", (str(before), str(after))
