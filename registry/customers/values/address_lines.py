"""A whole address in one cell, taken apart: street, house number, postal code, town.

The parts between commas and line breaks decide, and the place of the postal code among them; no
list of streets or towns is needed, so that addresses of any country come apart the same way.
"""

import re
from collections.abc import Sequence
from typing import TypeAlias

from registry.customers.values.address import postal_code, street_and_number
from registry.customers.values.text import named, tidy

AddressParts: TypeAlias = tuple[str | None, str | None, str | None, str | None]

# Postal codes that show themselves by their shape: Dutch, British, Canadian, Polish, Portuguese,
# Brazilian, Irish, American and those of five digits, also written in two groups.
_POSTAL = re.compile(
    r"\b([1-9]\d{3}\s?[A-Z]{2}|[A-Z]{1,2}\d[\dA-Z]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d"
    r"|\d{2}-\d{3}|\d{4}-\d{3}|\d{5}-\d{3,4}|\d{3} \d{2}|\d{5}|[A-Z]\d{2}\s?[A-Z0-9]{4})\b",
    re.IGNORECASE,
)
# Four digits are a postal code only where a town stands beside them and no street.
_FOUR_DIGITS = re.compile(r"^(\d{4})\s+(?=[^\W\d_])|(?<=[^\W\d_])\s+(\d{4})$")
# The country before a postal code: D-10115, B 1000.
_COUNTRY = re.compile(r"^[A-Z]{1,3}[- ] *(?=\d)")
_PARTS = re.compile(r"[,;\n\r]+|\s\|\s")
_NUMBER_ALONE = re.compile(
    r"(?:nr\.?|no\.?|n[°º]|#)?\s*\d{1,5}\s?[-/]?\s?(?:[a-z]{1,2}|bis|\d{1,4})?", re.IGNORECASE
)
# States and provinces stand in capitals before the code, or alone: IL, NSW.
_REGION = re.compile(r"[A-Z]{2,3}")
_WITHIN = re.compile(
    r"(?:apt|apartment|suite|ste|unit|flat|floor|room|etage|app|appt|bus|box|po box|postbus|bte)"
    r"\b.*|\#\s*\d+.*",
    re.IGNORECASE,
)


def address_parts(text: str) -> AddressParts:
    """Return street, house number, postal code and city out of one line."""
    pieces = [tidy(piece) for piece in _PARTS.split(text)]
    parts = [piece for piece in pieces if piece and not _WITHIN.fullmatch(piece)]
    if not parts:
        return None, None, None, None
    code, place, city = _code_and_city(parts)
    rest = [part for index, part in enumerate(parts) if index != place]
    if place is None and len(rest) > 1 and not any(sign.isdigit() for sign in rest[-1]):
        city = rest.pop()
    street, number = _street(rest, city)
    if city is None and place is not None and len(rest) > 1:
        town = next((part for part in reversed(rest[1:]) if not _is_beside(part)), None)
        city = town
    return street, number, code, named(city)


def place_parts(text: str) -> AddressParts:
    """Return postal code and city out of a cell that holds nothing else: "1234 AB Ede"."""
    line = tidy(text)
    if line is None:
        return None, None, None, None
    line = _COUNTRY.sub("", line)
    found = _POSTAL.search(line) or _FOUR_DIGITS.search(line)
    if found is None:
        return None, None, None, named(line)
    town = f"{line[: found.start()]} {line[found.end() :]}".strip(" ,-/")
    code = postal_code(next(group for group in found.groups() if group))
    return None, None, code, named(town)


def _is_beside(part: str) -> bool:
    """Tell a part that is neither street nor town."""
    return _NUMBER_ALONE.fullmatch(part) is not None or _REGION.fullmatch(part) is not None


def _code_and_city(parts: Sequence[str]) -> tuple[str | None, int | None, str | None]:
    """Return postal code, which part held nothing but it and the town, and the town."""
    for index in reversed(range(len(parts))):
        part = parts[index]
        matches = list(_POSTAL.finditer(part))
        # A house number may have five digits too: it opens a line, and another part follows.
        found = next(
            (m for m in reversed(matches) if m.start() > 0 or _opens_town(parts, index)), None
        )
        if found is None:
            continue
        before, after = part[: found.start()].strip(" -"), part[found.end() :].strip(" -")
        code = postal_code(found.group(1))
        if any(sign.isdigit() for sign in before):  # street and town in one part
            return code, index or None, after or None
        town = after or ("" if _REGION.fullmatch(before) else before)
        return code, index, town or None
    for index in reversed(range(1, len(parts))):
        found = _FOUR_DIGITS.search(parts[index])
        if found is not None:
            town = parts[index][: found.start()] + parts[index][found.end() :]
            words = [word for word in town.split() if not _REGION.fullmatch(word)] or town.split()
            return found.group(1) or found.group(2), index, " ".join(words)
    return None, None, None


def _opens_town(parts: Sequence[str], index: int) -> bool:
    """Tell whether a code at the beginning of a part is one, and not a house number."""
    return index > 0 or (len(parts) > 1 and any(sign.isdigit() for sign in parts[1]))


def _street(rest: Sequence[str], city: str | None) -> tuple[str | None, str | None]:
    """Return street and number of the parts before the town."""
    if not rest:
        return None, None
    line = rest[0]
    code = next((m for m in reversed(list(_POSTAL.finditer(line))) if m.start() > 0), None)
    if code is not None and any(sign.isdigit() for sign in line[: code.start()]):
        line = line[: code.start()].strip(" -")
    if _NUMBER_ALONE.fullmatch(line) and len(rest) > 1:  # "12, rue Neuve"
        return street_and_number(rest[1], line)
    if len(rest) > 1 and _NUMBER_ALONE.fullmatch(rest[1]) and line != city:
        street, number = street_and_number(line, None)
        return (street, number) if number else street_and_number(line, rest[1])
    return street_and_number(line, None)
