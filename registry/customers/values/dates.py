"""Dates as tables hold them: any order, any separator, months in words, years of two digits."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from registry.customers.values.text import fold

# Beginnings of the names of months by number, folded; the longest that fits decides.
_MONTH_NAMES = """
01 jan januar gen ene sty led ian oca tammi yanv ian
02 feb fev lut uno sub helmi fevr
03 mar mrt maerz maalis brez
04 apr avr abr kwi dub nis huhti apri
05 may mai mei mag maj kvet touko
06 jun juin giu cze cerven haz kesa iyun iun
07 jul juil lug lip cervenec tem heina iyul iul
08 aug aou ago sie srp agu elo avg
09 sep set sze wrz zar eyl syys
10 oct okt ott out paz rij eki loka okty
11 nov lis kas marras noy
12 dec dez dic des gru pro ara joulu dek
"""
_MONTHS = {
    name: number
    for number, *names in (line.split() for line in _MONTH_NAMES.strip().splitlines())
    for name in names
}
_MONTH_LETTERS_MAX = max(map(len, _MONTHS))
_MONTHS_IN_A_YEAR = 12
_DAYS_IN_A_MONTH = 31
_YEAR = re.compile(r"(?:18|19|20)\d\d")
_PARTS = re.compile(r"[0-9]+|[^\W\d_]+")
# What may stand after a date: a time of day, and its zone.
_TIME = re.compile(r"[T ]\s*\d{1,2}:\d\d.*$|T\d{6}.*$|\s+BC$")
# Midnight somewhere in Europe, as programs write it that keep days as moments: the day after.
_MIDNIGHT_IN_UTC = re.compile(r"(\d{4}-\d\d-\d\d)[T ]2[123]:\d\d(:\d\d(\.\d+)?)?(Z|[+-]00(:?00)?)")
# Words between and before the parts of a date.
_SILENT_WORD_LIST = """
de del of the den der am le du di dne r roku g god st nd rd th er ene ste e o
mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday
"""
_SILENT_WORDS = frozenset(_SILENT_WORD_LIST.split())
_DATE_CHARACTERS_MAX = 40
# A spreadsheet that lost a column's format writes days as numbers: 1 is 1900-01-01, and the day
# 1900-02-29, which it counts, never was.
_SERIAL_DAY = re.compile(r"[1-9]\d{0,4}(\.0)?")
_SERIAL_DAY_ZERO = date(1899, 12, 30)


def date_parts(text: str) -> tuple[str, str, str] | None:
    """Return the three parts of a date in the order they stand in, months as digits.

    Returns:
        The parts, a month in words as two digits behind "m"; None where it is no date.
    """
    whole = _TIME.sub("", text.strip())
    if len(whole) > _DATE_CHARACTERS_MAX or not any(sign.isdigit() for sign in whole):
        return None
    found: list[str] = []
    for part in _PARTS.findall(whole):
        if part.isdigit():
            found.append(part)
        elif (word := fold(part)) not in _SILENT_WORDS:
            month = month_of(word)
            if month is None:
                return None
            found.append(f"m{month}")
    if len(found) != 3 or any(len(part) > 4 for part in found):
        return None
    return found[0], found[1], found[2]


@lru_cache(maxsize=1024)
def month_of(word: str) -> str | None:
    """Return the number of a month by its name in any language that is known here."""
    for length in range(min(len(word), _MONTH_LETTERS_MAX), 2, -1):
        if word[:length] in _MONTHS:
            return _MONTHS[word[:length]]
    return None


def date_digits(text: str, *, month_first: bool = False) -> str | None:
    """Return a date as eight digits, a year as four, also with a typing error; else None.

    An impossible date is kept: a slip of the finger still says more than nothing.

    Args:
        text: What the table holds.
        month_first: The table writes months before days, as in America.
    """
    whole = text.strip().removesuffix(".0")
    if late := _MIDNIGHT_IN_UTC.fullmatch(whole):
        return _day_after(late[1])
    if whole.isascii() and whole.isdigit() and len(whole) == 8:
        return _day_first_digits(whole, month_first=month_first)
    if _YEAR.fullmatch(whole):
        return whole
    parts = date_parts(whole)
    if parts is None:
        return None
    year, month, day = (part.zfill(2) for part in _ordered(parts, month_first=month_first))
    if month > "12" >= day and len(month) == len(day) == 2:  # the other order than its neighbours
        month, day = day, month
    if len(year) == 2 and year.isdigit():
        year = f"{19 if f'20{year}' > f'{datetime.now(UTC):%Y}' else 20}{year}"
    digits = f"{year}{month}{day}"
    return digits if len(digits) == 8 and digits.isdigit() else None


def _day_after(day: str) -> str | None:
    try:
        return f"{date.fromisoformat(day) + timedelta(days=1):%Y%m%d}"
    except (ValueError, OverflowError):
        return None


def _ordered(parts: tuple[str, str, str], *, month_first: bool) -> tuple[str, str, str]:
    """Return year, month and day out of three parts."""
    first, second, third = parts
    if len(first) == 4:
        year, month, day = first, second, third
    elif first.startswith("m") or (month_first and not second.startswith("m")):
        year, month, day = third, first, second
    else:
        year, month, day = third, second, first
    if day.startswith("m"):  # 1971 6 May
        month, day = day, month
    return year, month.removeprefix("m"), day


def _day_first_digits(digits: str, *, month_first: bool) -> str:
    """Turn 31121999 round; 19991231 stays."""
    if digits[:2] in ("18", "19", "20") or digits[4:6] not in ("18", "19", "20"):
        return digits
    day, month = (digits[2:4], digits[:2]) if month_first else (digits[:2], digits[2:4])
    return digits[4:] + month + day


def tells_order(text: str) -> str | None:
    """Return "day" or "month" where the first part of a date can be one of them only."""
    parts = date_parts(text)
    if parts is None or len(parts[0]) > 2 or not (parts[0].isdigit() and parts[1].isdigit()):
        return None
    first, second = int(parts[0]), int(parts[1])
    if _MONTHS_IN_A_YEAR < first <= _DAYS_IN_A_MONTH:
        return "day"
    if _MONTHS_IN_A_YEAR < second <= _DAYS_IN_A_MONTH:
        return "month"
    return None


def serial_day(text: str) -> date | None:
    """Return the date of a spreadsheet's number of days; None for anything else."""
    if not _SERIAL_DAY.fullmatch(text):
        return None
    return _SERIAL_DAY_ZERO + timedelta(days=int(text.removesuffix(".0")))
