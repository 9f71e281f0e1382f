"""Turn what a source wrote into text, numbers, days and moments, or refuse it.

Null goes in, null comes out. A refusal is a RejectRecord without the value and without a path;
whoever calls knows the path.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from schemas.errors import RejectRecord

TEXT_CHARACTERS_MAX = 10_000
"""No canonical field is longer; keeps join() and replace() from growing text without end."""

INTEGER_BITS_MAX = 256
"""77 digits, longer than any key; Python itself refuses to print integers that are far longer."""

_SMALL = 10**15
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_ISO_DAY_CHARACTERS = len("2026-05-31")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}($|[T ])", re.ASCII)
_ODATA_2 = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/", re.ASCII)
"""How OData 2 writes a moment in JSON: milliseconds since 1970; the zone is only for show."""
_DAY_PARTS = {"%d": r"(?P<d>\d{1,2})", "%m": r"(?P<m>\d{1,2})", "%Y": r"(?P<y>\d{4})"}
_PARTINGS = (" ", "\u00a0", "\u202f", "'")


def is_blank(value: Any) -> bool:
    """Tell whether a value counts as missing: null, or text of nothing but white space."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def refuse(what: str, rule: str) -> RejectRecord:
    """Return the refusal of one value."""
    return RejectRecord(what, rule=rule, path="")


def as_text(value: Any) -> str | None:
    """Return a value as text: whole numbers without .0, days and moments as ISO 8601."""
    if value is None:
        return None
    if value.__class__ is int and -_SMALL < value < _SMALL:
        return str(value)
    text = value if isinstance(value, str) else _written(value)
    if len(text) > TEXT_CHARACTERS_MAX:
        raise refuse(f"it has more than {TEXT_CHARACTERS_MAX} characters", "value_too_long")
    return text


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() <= INTEGER_BITS_MAX:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f") if abs(value.adjusted()) < 60 else str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise refuse("it is not text", "not_text")


def as_number(value: Any, decimal: Any = ".") -> Decimal | None:
    """Return a number; the other mark, blanks and apostrophes may part its thousands."""
    if is_blank(value):
        return None
    text = (as_text(value) or "").strip()
    if isinstance(value, str):
        for parting in (*_PARTINGS, "." if decimal == "," else ","):
            text = text.replace(parting, "")
        text = text.replace(",", ".") if decimal == "," else text
    if not _NUMBER.fullmatch(text):
        raise refuse("it is not a number", "number_unreadable")
    return Decimal(text)


def as_date(value: Any, form: Any = None) -> date | None:
    """Return a day as it is written; text is in the format given, or ISO 8601 as raw JSON is."""
    if form is None and value.__class__ is str and len(value) == _ISO_DAY_CHARACTERS:
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # blanks, or a fault that is named below
    if is_blank(value):
        return None
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    try:
        return _read_day((as_text(value) or "").strip(), form)
    except (ValueError, OverflowError):
        raise refuse(f"it is not a date like {form or '%Y-%m-%d'}", "date_unreadable") from None


def _read_day(text: str, form: Any) -> date:
    if form is None and (match := _ODATA_2.fullmatch(text)):
        return _since_1970(int(match[1])).date()
    if form is None or _ISO_DAY.match(text):
        return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text).date()
    pattern = _day_pattern(str(form))
    if pattern is None:
        return datetime.strptime(text, str(form)).date()  # noqa: DTZ007  # only its day is used
    if match := pattern.fullmatch(text):
        return date(int(match["y"]), int(match["m"]), int(match["d"]))
    raise ValueError


@lru_cache(maxsize=256)
def _day_pattern(form: str) -> re.Pattern[str] | None:
    """Turn a format of day, month and year into a pattern; strptime takes five times longer."""
    parts = re.split(r"(%.)", form)
    if sorted(part for part in parts if part[:1] == "%") != ["%Y", "%d", "%m"]:
        return None
    return re.compile("".join(_DAY_PARTS.get(part, re.escape(part)) for part in parts), re.ASCII)


def as_datetime(value: Any, form: Any = None, zone: Any = "UTC") -> datetime | None:
    """Return a moment with its zone; one without a zone is taken in the zone given.

    Args:
        value: ISO 8601 text, text in the format given, seconds since 1970, a day or a moment.
        form: Format of strptime.
        zone: IANA name of the zone.
    """
    if form is None and value.__class__ is str:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            pass  # blanks, or a fault that is named below
        else:
            return moment if moment.tzinfo else moment.replace(tzinfo=time_zone(str(zone)))
    if is_blank(value):
        return None
    try:
        moment = _read_moment(value, form)
        return moment if moment.tzinfo else moment.replace(tzinfo=time_zone(str(zone)))
    except (ValueError, OverflowError, OSError):
        shown = form or "2026-05-31T12:00:00Z"
        raise refuse(f"it is not a moment like {shown}", "date_unreadable") from None


def _since_1970(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def _read_moment(value: Any, form: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  # the zone follows
    if isinstance(value, int | float) and not isinstance(value, bool) and form is None:
        return datetime.fromtimestamp(value, UTC)
    text = (as_text(value) or "").strip()
    if form is None and (match := _ODATA_2.fullmatch(text)):
        return _since_1970(int(match[1]))
    if form is None or _ISO_DAY.match(text):
        return datetime.fromisoformat(text)
    return datetime.strptime(text, str(form))  # noqa: DTZ007  # the zone follows


@lru_cache(maxsize=64)
def time_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        ValueError: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"no time zone is called {name[:40]}") from None
