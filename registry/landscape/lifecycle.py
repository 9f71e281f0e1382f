"""Where a system stands in its life, in the words people write in any of their tools."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from importlib.resources import files
from typing import Any

# What reference models and portfolios call things; one file, read once.
REFERENCE: Mapping[str, Any] = tomllib.loads(
    files("schemas.reference").joinpath("profiles.toml").read_text(encoding="utf-8")
)
_ISO = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?(?:[T ].*)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[-.](\d{1,2})[-.](\d{4})")
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_MONTHS = 12


class Lifecycle(StrEnum):
    """Where a system stands in its life."""

    PLANNED = "planned"
    LIVE = "live"
    LEAVING = "leaving"
    GONE = "gone"
    UNKNOWN = "unknown"


_LIFECYCLE_OF = {
    word: Lifecycle(state)
    for state, words in REFERENCE["lifecycle"].items()
    for word in words.split()
}


def lifecycle_of(word: str | None) -> Lifecycle:
    """Return the state of life behind a word of the landscape; unknown words are UNKNOWN."""
    said = (word or "").strip().lower().replace(" ", "_").replace("-", "_")
    return _LIFECYCLE_OF.get(said, Lifecycle.UNKNOWN)


def day_of(said: str) -> date | None:
    """Return the day a date stands for: the last one where it names only a month or a year.

    Dates with slashes are read only where one number can be no month, because nobody can tell
    the 4th of March from the 3rd of April.

    Args:
        said: ISO 8601 in whole or in part, or day-month-year.
    """
    said = said.strip()
    if found := _ISO.fullmatch(said):
        year, month, day = (int(part) if part else None for part in found.groups())
        assert year is not None  # the pattern begins with it
        return _day(year, month or _MONTHS, day)
    if found := _DAY_FIRST.fullmatch(said):
        first, month, year = map(int, found.groups())
        return _day(year, month, first)
    if found := _SLASHES.fullmatch(said):
        first, second, year = map(int, found.groups())
        if first > _MONTHS:
            return _day(year, second, first)
        if second > _MONTHS:
            return _day(year, first, second)
    return None


def _day(year: int, month: int, day: int | None) -> date | None:
    try:
        if day is not None:
            return date(year, month, day)
        following = date(year + month // _MONTHS, month % _MONTHS + 1, 1)
        return date.fromordinal(following.toordinal() - 1)
    except (ValueError, OverflowError):
        return None
