"""Turn a page of raw records into canonical ones; what cannot be mapped is rejected, never lost.

This runs for every record of every source, so each field is one closure that finds its value
and one function that finishes it, both chosen while the mapping is compiled.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from connectors.sdk.expressions import compile_expression
from connectors.sdk.functions import Evaluate
from connectors.sdk.json_pages import decode_records
from connectors.sdk.spec import StreamSpec
from connectors.sdk.values import as_date, as_datetime, as_text, refuse
from schemas.errors import RejectRecord
from schemas.records import (
    CustomerKind,
    CustomerRecord,
    Gender,
    MappedPage,
    Page,
    RejectedRecord,
    SourceRecord,
)

KEY_CHARACTERS_MAX = 400
"""Width of landed_record.key."""

FIELD_CHARACTERS_MAX = 500
"""Longer than any real name or street; longer text in such a field is a fault of the source."""

Mapper = Callable[[Page], MappedPage]

_KINDS = {kind.value: kind for kind in CustomerKind}
_GENDERS = {gender.value: gender for gender in Gender}
_SURROGATE = re.compile("[\ud800-\udfff]")
_KEPT_RULES = {"key_missing", "key_too_long", "value_too_long"}
"""Rules that say enough by themselves; all others are told apart by field."""


class _Field(NamedTuple):
    name: str
    run: Evaluate
    finish: Callable[[Any], Any]
    path: str
    column: str | None


def compile_mapping(stream: StreamSpec) -> Mapper:
    """Compile a stream's mapping once, to run it on every page.

    Args:
        stream: The stream with its `key`, `changed` and `map`.

    Returns:
        A function that never raises for a record: each is either canonical, or rejected with
        rule, path and reason.
    """
    texts = {"key": stream.key, "kind": stream.map["kind"], **stream.map}
    if stream.changed is not None:
        texts["changed_at"] = stream.changed
    fields: dict[str, _Field] = {}
    for name, text in texts.items():
        compiled = compile_expression(text, decimal=getattr(stream, "decimal", "."))
        finish = _FINISH.get(name, _finish_text)
        column = compiled.plain if finish is _finish_text else None
        fields[name] = _Field(name, compiled.evaluate, finish, compiled.path or name, column)
    map_record = _record_mapper(fields)

    def map_page(page: Page) -> MappedPage:
        customers, rejected = list[tuple[SourceRecord, CustomerRecord]](), list(page.rejected)
        records = page.records
        if page.undecoded:
            decoded, unreadable = decode_records(page.undecoded)
            records = [*records, *decoded]
            rejected += unreadable
        for record in records:
            mapped = map_record(record)
            if isinstance(mapped, CustomerRecord):
                customers.append((record, mapped))
            else:
                rejected.append(mapped)
        return MappedPage(
            customers=customers, rejected=rejected, cursor=page.cursor, last=page.last
        )

    return map_page


def _record_mapper(
    fields: dict[str, _Field],
) -> Callable[[SourceRecord], CustomerRecord | RejectedRecord]:
    key, kind, *others = fields.values()
    plain = {field.name: field.column for field in others if field.column is not None}
    columns = list(plain.items())
    steps = [field[:3] for field in others if field.name not in plain]

    def map_record(record: SourceRecord) -> CustomerRecord | RejectedRecord:
        value, name, own_key = record.value, "key", None
        try:
            own_key = key.finish(key.run(value))
            name = "kind"
            found: dict[str, Any] = {"key": own_key, "kind": kind.finish(kind.run(value))}
            get = value.get
            for name, column in columns:
                # Plain text is finished right here; a call would cost as much as the work.
                text = get(column)
                if text.__class__ is str:
                    text = text.strip()
                    if not text.isascii() or "\0" in text or len(text) > FIELD_CHARACTERS_MAX:
                        text = _finish_text(text)
                    if text:
                        found[name] = text
                elif text is not None and (text := _finish_text(text)) is not None:
                    found[name] = text
            for name, run, finish in steps:
                raw = run(value)
                if raw is not None and (finished := finish(raw)) is not None:
                    found[name] = finished
            return CustomerRecord(**found)
        except RejectRecord as error:
            return _rejected(record, error, name, fields[name].path, own_key)

    return map_record


def _rejected(
    record: SourceRecord, error: RejectRecord, name: str, path: str, key: str | None
) -> RejectedRecord:
    rule = error.rule
    if rule not in _KEPT_RULES:
        rule = f"{name}_unknown" if rule == "code_unknown" else f"{name}_unreadable"
    where = error.path or path
    return RejectedRecord(
        raw=record.raw, rule=rule, path=where, reason=f"{name} from {where}: {error.what}", key=key
    )


def _finish_text(value: Any, limit: int = FIELD_CHARACTERS_MAX) -> str | None:
    """Return text without NUL and outer blanks, or nothing if that leaves nothing."""
    text = (value if isinstance(value, str) else as_text(value) or "").strip()
    if not text.isascii() and _SURROGATE.search(text):
        raise refuse("it holds half a character (a lone surrogate)", "not_text")
    if "\0" in text:
        text = text.replace("\0", "").strip()
    if len(text) > limit:
        raise refuse(f"it has more than {limit} characters", "value_too_long")
    return text or None


def _finish_key(value: Any) -> str:
    try:
        if value.__class__ is int and 0 <= value < 10**15:
            return str(value)
        text = None if value is None else _finish_text(value, KEY_CHARACTERS_MAX)
    except RejectRecord as error:
        if error.rule == "value_too_long":
            error.rule = "key_too_long"
        raise
    if text is None:
        raise refuse("the record has no key", "key_missing")
    return text


def _finish_kind(value: Any) -> CustomerKind:
    kind = _KINDS.get(value) if value.__class__ is str else None
    if kind is None:
        raise refuse("it is neither 'person' nor 'organisation'", "code_unknown")
    return kind


def _finish_gender(value: Any) -> Gender | None:
    text = _finish_text(value)
    if text is None:
        return None
    gender = _GENDERS.get(text)
    if gender is None:
        raise refuse("it is none of 'female', 'male' and 'other'", "code_unknown")
    return gender


def _finish_day(value: Any) -> date | None:
    return value if value.__class__ is date else as_date(value)


def _finish_moment(value: Any) -> datetime | None:
    return as_datetime(value)


_FINISH: dict[str, Callable[[Any], Any]] = {
    "key": _finish_key,
    "kind": _finish_kind,
    "gender": _finish_gender,
    "birth_date": _finish_day,
    "changed_at": _finish_moment,
}
