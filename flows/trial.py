"""Read one page of a stream live and show what would become of it; nothing is kept."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from connectors.sdk.connector import find_connector
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec
from flows.trial_advice import advise
from schemas.errors import GiveUp
from schemas.records import MappedPage, Page, RecordKind

SHOWN_MAX = 5
"""Records shown side by side; more fit on no screen."""

RAW_CHARACTERS_MAX = 2_000
"""Of one raw record; enough to see every field of a customer."""


MASK: Final = "***"
_NO_VALUES: Final = frozenset({"key", "customer_key", "kind", "changed_at"})
# A record that is no customer is one part of a customer, shown or masked as a whole.
_PARTS: Final = {
    RecordKind.INTERACTION: "timeline",
    RecordKind.CONSENT: "consents",
    RecordKind.CHANNEL_PREFERENCE: "preferences",
    RecordKind.ROLE: "roles",
    RecordKind.CONTACT_POINT: "contact_points",
    RecordKind.ADDRESS: "addresses",
    RecordKind.IDENTIFIER: "identifiers",
}


@dataclass(frozen=True)
class Trial:
    """What one page came to.

    Attributes:
        stream: Its name.
        records: How many records were on the page.
        mapped: How many of them could be used.
        last: The source said that this was all.
        records_path: Where in the answer the records are, for kinds that say so in the file.
        paging: How the pages hang together, and whether a next one was found.
        key: The expression of the key.
        duplicate_keys: How many records share their key with another one of the page.
        fill: For each canonical field the share of records that have it.
        unused: Raw fields that no expression reads.
        samples: Raw beside mapped.
        quarantined: Rule, path, reason and number of records that would be refused so.
        advice: What in the file the page speaks against, and what to write instead.
    """

    stream: str
    records: int
    mapped: int
    last: bool
    records_path: str | None
    paging: str
    key: str
    duplicate_keys: int
    fill: dict[str, float]
    unused: list[str]
    samples: list[dict[str, Any]]
    quarantined: list[dict[str, Any]]
    advice: list[str] = dataclasses.field(default_factory=list)


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


def masked(trial: Trial, spec: StreamSpec, may: Callable[[str], bool]) -> dict[str, Any]:
    """Return the records of a trial as far as a purpose shows them.

    A raw field is shown where everything that the mapping makes of it is; one that the mapping
    does not read is not, for nobody has said what it holds.

    Args:
        trial: What was read.
        spec: Its stream.
        may: Whether a field of a customer is shown.
    """
    shown = _raw_fields_shown(spec, may)
    return {
        "records": [
            {
                "raw": _mask_raw(sample["raw"], shown),
                "mapped": _mask_mapped(sample["mapped"], spec, shown, may),
            }
            for sample in trial.samples
        ],
        "refused": [
            {
                "rule": refused["rule"],
                "path": refused["path"],
                "records": [_mask_raw(_as_data(text), shown) for text in refused["samples"]],
            }
            for refused in trial.quarantined
        ],
    }


def without_values(trial: Trial) -> dict[str, Any]:
    """Return what a trial found in places, rules and counts alone."""
    told: dict[str, Any] = msgspec.to_builtins(trial)
    del told["samples"]
    for refused in told["quarantined"]:
        del refused["samples"]
    return told


def _field_shown(spec: StreamSpec, field: str, may: Callable[[str], bool]) -> bool:
    return field in _NO_VALUES or may(_PARTS.get(spec.becomes, field))


def _raw_fields_shown(spec: StreamSpec, may: Callable[[str], bool]) -> set[str]:
    """Return the raw fields that lead to nothing but what is shown."""
    from connectors.sdk.expressions import compile_expression

    shown: dict[str, bool] = {}
    expressions = {"key": spec.key, **spec.map}
    if spec.changed:
        expressions["changed_at"] = spec.changed
    for field, text in expressions.items():
        for root in compile_expression(text).roots:
            shown[root] = shown.get(root, True) and _field_shown(spec, field, may)
    return {root for root, is_shown in shown.items() if is_shown}


def _mask_mapped(
    record: dict[str, Any], spec: StreamSpec, shown: set[str], may: Callable[[str], bool]
) -> dict[str, Any]:
    """Mask a mapped record; its key too, where that is made of what is masked."""
    from connectors.sdk.expressions import compile_expression

    key_is_shown = set(compile_expression(spec.key).roots) <= shown
    return {
        name: value if _field_shown(spec, name, may) and (name != "key" or key_is_shown) else MASK
        for name, value in record.items()
    }


def _mask_raw(value: Any, shown: set[str]) -> Any:
    if not isinstance(value, dict):
        return MASK
    return {name: inner if name in shown else MASK for name, inner in value.items()}


def _as_data(text: str) -> Any:
    """Return a refused record as data; one that is none, or was cut, is masked as a whole."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _told(name: str, spec: StreamSpec, page: Page, shown: int) -> Trial:
    mapped = compile_mapping(spec)(page)
    keys = [record.key for _, record in mapped.customers]
    return Trial(
        stream=name,
        records=page.size,
        mapped=len(keys),
        last=page.last,
        records_path=getattr(spec, "records", getattr(spec, "connection", None)),
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
        advice=advise(spec, page, mapped),
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
