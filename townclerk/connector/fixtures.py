"""Record one page as a fixture for tests: the shape of the answer stays, the values do not.

Names, numbers, days and addresses are replaced sign by sign, so that formats, lengths and missing
values stay what they were; codes that a mapping compares stay, since they describe nobody.
"""

import re
from collections.abc import Mapping
from typing import Any

from connectors.sdk.connector import find_connector
from connectors.sdk.expressions import compile_expression
from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec
from schemas.errors import GiveUp
from schemas.records import Page

RECORDS_MAX = 20
"""Enough to see each variant once."""

_DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LITERAL = re.compile(r"'([^']*)'")


async def record_fixture(source: Source, stream: str) -> list[Mapping[str, Any]]:
    """Read one page and return its records without the values of anybody.

    Raises:
        SourceTrouble: The source gave no page.
    """
    connector = find_connector(source.spec.kind)(source)
    pages = connector.read(stream, None)
    try:
        async for page in pages:
            return scrubbed(page, source.spec.streams[stream])
    finally:
        await pages.aclose()
        await connector.close()
    raise GiveUp(f"The source has no page of {stream}, not even an empty one.")


def scrubbed(page: Page, spec: StreamSpec) -> list[Mapping[str, Any]]:
    """Return a page's first records with every value replaced; keys stay distinct."""
    texts = [spec.key, *spec.map.values()]
    codes = {code for text in texts for code in _LITERAL.findall(text)}
    key = compile_expression(spec.key)
    records = []
    for number, record in enumerate(page.records[:RECORDS_MAX], 1):
        clean = _scrub(record.value, codes)
        if key.plain is not None and key.plain in clean:
            old = clean[key.plain]
            clean[key.plain] = number if isinstance(old, int) else f"key-{number}"
        records.append(clean)
    return records


def _scrub(value: Any, codes: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _scrub(inner, codes) for name, inner in value.items()}
    if isinstance(value, list):
        return [_scrub(inner, codes) for inner in value]
    if isinstance(value, str):
        return value if value in codes else _masked(value)
    if isinstance(value, bool) or value is None:
        return value
    return type(value)(0)


def _masked(text: str) -> str:
    """Replace letters and digits; a day stays a day, an address of mail one of nobody."""
    if _DAY.match(text):
        return "1980-01-01" + "".join("0" if sign.isdigit() else sign for sign in text[10:])
    if "@" in text:
        return "somebody@example.org"
    return "".join(
        "9" if s.isdigit() else "X" if s.isupper() else "x" if s.isalpha() else s for s in text
    )
