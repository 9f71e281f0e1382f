"""Read one page of a stream live and show what would become of it; nothing is kept."""

import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.sdk.connector import find_connector
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec
from schemas.errors import GiveUp
from schemas.records import MappedPage, Page

SHOWN_MAX = 5
"""Records shown side by side; more fit on no screen."""

RAW_CHARACTERS_MAX = 2_000
"""Of one raw record; enough to see every field of a customer."""


@dataclass(frozen=True)
class Trial:
    """What one page came to.

    Attributes:
        stream: Its name.
        records: How many records were on the page.
        mapped: How many of them could be used.
        last: The source said that this was all.
        paging: How the pages hang together, and whether a next one was found.
        key: The expression of the key.
        duplicate_keys: How many records share their key with another one of the page.
        fill: For each canonical field the share of records that have it.
        unused: Raw fields that no expression reads.
        samples: Raw beside mapped.
        quarantined: Rule, path, reason and number of records that would be refused so.
    """

    stream: str
    records: int
    mapped: int
    last: bool
    paging: str
    key: str
    duplicate_keys: int
    fill: dict[str, float]
    unused: list[str]
    samples: list[dict[str, Any]]
    quarantined: list[dict[str, Any]]


async def try_stream(source: Source, stream: str, *, shown: int = SHOWN_MAX) -> Trial:
    """Read one page of a stream and map it.

    Raises:
        SourceTrouble: The source gave no page.
    """
    connector = find_connector(source.spec.kind)(source)
    try:
        async with aclosing(connector.read(stream, None)) as pages:
            async for page in pages:
                return _told(stream, source.spec.streams[stream], page, shown)
    finally:
        await connector.close()
    raise GiveUp(f"The source has no page of {stream}, not even an empty one.")


def _told(name: str, spec: StreamSpec, page: Page, shown: int) -> Trial:
    mapped = compile_mapping(spec)(page)
    keys = [record.key for _, record in mapped.customers]
    return Trial(
        stream=name,
        records=page.size,
        mapped=len(keys),
        last=page.last,
        paging=_paging(spec, page),
        key=spec.key,
        duplicate_keys=len(keys) - len(set(keys)),
        fill=_fill(spec, mapped),
        unused=_unused(spec, page),
        samples=[
            {"raw": _readable(source.value), "mapped": msgspec.to_builtins(record)}
            for source, record in mapped.customers[:shown]
        ],
        quarantined=_refused(mapped, shown),
    )


def _paging(spec: StreamSpec, page: Page) -> str:
    kind = getattr(getattr(spec, "paging", None), "type", None)
    found = "the source said that this was all" if page.last else "a next page was found"
    return f"{kind}: {found}" if kind else found


def _fill(spec: StreamSpec, mapped: MappedPage) -> dict[str, float]:
    records = [record for _, record in mapped.customers]
    fields = [*spec.map, *(["changed_at"] if spec.changed else [])]
    return {
        field: round(
            sum(getattr(record, field) is not None for record in records) / len(records), 3
        )
        for field in fields
        if records
    }


def _unused(spec: StreamSpec, page: Page) -> list[str]:
    """Return the raw fields of the page that no expression reads, in the source's order."""
    from connectors.sdk.expressions import compile_expression

    texts = [spec.key, *spec.map.values(), *([spec.changed] if spec.changed else [])]
    read = {root for text in texts for root in compile_expression(text).roots}
    seen = dict.fromkeys(name for record in page.records for name in record.value)
    return [name for name in seen if name not in read]


def _refused(mapped: MappedPage, shown: int) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[bytes]] = {}
    for bad in mapped.rejected:
        groups.setdefault((bad.rule, bad.path, bad.reason), []).append(bad.raw)
    return [
        {
            "rule": rule,
            "path": path,
            "reason": reason,
            "records": len(raws),
            "samples": _texts(raws[:shown]),
        }
        for (rule, path, reason), raws in groups.items()
    ]


def _texts(raws: Sequence[bytes]) -> list[str]:
    return [raw.decode("utf-8", "replace")[:RAW_CHARACTERS_MAX] for raw in raws]


def _readable(value: Any) -> Any:
    """Return a raw record as JSON data, cut where it is too long to look at."""
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return json.loads(text) if len(text) <= RAW_CHARACTERS_MAX else text[:RAW_CHARACTERS_MAX]
