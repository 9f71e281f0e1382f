"""Turn a page of raw records into canonical ones; what cannot be mapped is rejected, never lost.

This runs for every record of every source. A page is mapped column by column (columns.py); what a
column cannot take goes value by value, and a record that is refused is mapped once more by itself,
to say with which rule and where.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

from connectors.sdk.columns import MIXED, Finish, Whole, coded, days, keys, moments, texts
from connectors.sdk.expressions import compile_expression
from connectors.sdk.functions import Evaluate
from connectors.sdk.json_pages import decode_records
from connectors.sdk.rows import Column, Rows, Shape
from connectors.sdk.spec import StreamSpec, mapped_fields
from connectors.sdk.values import as_date, as_datetime, as_number, as_text, refuse
from schemas.errors import RejectRecord
from schemas.records import (
    RECORD_TYPES,
    CanonicalRecord,
    ConsentState,
    ContactKind,
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

FEEDBACK_CHARACTERS_MAX = 10_000
"""What people write into the field for remarks; more is a letter, not a remark."""

RANK_MAX = 1_000
"""Nobody has more ways to be reached."""

_KINDS = {kind.value: kind for kind in CustomerKind}
_GENDERS = {gender.value: gender for gender in Gender}
_STATES = {state.value: state for state in ConsentState}
_WAYS = {way.value: way for way in ContactKind}
_SURROGATE = re.compile("[\ud800-\udfff]")
_KEPT_RULES = {"key_missing", "key_too_long", "value_too_long"}
"""Rules that say enough by themselves; all others are told apart by field."""
_RULE_ENDINGS = {"code_unknown": "unknown", "value_missing": "missing"}


class _Field(NamedTuple):
    name: str
    run: Evaluate
    finish: Callable[[Any], Any]
    path: str
    whole: Whole | None
    finish_whole: Finish
    needed: bool = False


class MappedColumns(NamedTuple):
    """A page after mapping, column by column.

    Attributes:
        raws: The bytes of the records that became canonical.
        columns: The values of each canonical field that the mapping fills, in their order.
        rejected: All others.
    """

    raws: Sequence[bytes]
    columns: dict[str, Column]
    rejected: list[RejectedRecord]


class Mapper:
    """A stream's mapping, compiled once and run on every page.

    It never raises for a record: each is either canonical, or rejected with rule, path and reason.

    Args:
        fields: Key, what is needed, and all others, in the order in which they are looked at.
        record: What a raw record becomes.
    """

    def __init__(
        self, fields: Sequence[_Field], record: type[CanonicalRecord] = CustomerRecord
    ) -> None:
        self.fields = fields
        self.record = record
        self._shape = Shape()

    def __call__(self, page: Page) -> MappedPage:
        """Map a page into records."""
        sources, rejected = _decoded(page)
        columns, refused = self._map(Rows([source.value for source in sources]))
        rejected += [self._refusal(sources[place]) for place in sorted(refused)]
        rows = zip(*columns.values(), strict=True)
        customers = [
            (source, self.record(**dict(zip(columns, row, strict=True))))
            for place, (source, row) in enumerate(zip(sources, rows, strict=True))
            if place not in refused
        ]
        return MappedPage(
            customers=customers, rejected=rejected, cursor=page.cursor, last=page.last
        )

    def columns(self, page: Page) -> MappedColumns:
        """Map a page into columns, for whoever writes it as such."""
        raws, rows, rejected = self._read(page)
        columns, refused = self._map(rows)
        if type(rows) is Rows:
            self._shape.learn(rows)
        if refused:
            values = rows.values()
            for place in sorted(refused):
                rejected.append(self._refusal(SourceRecord(raws[place], values[place])))
            good = [place for place in range(len(raws)) if place not in refused]
            raws = [raws[place] for place in good]
            columns = {name: [column[at] for at in good] for name, column in columns.items()}
        return MappedColumns(raws, columns, rejected)

    def _read(self, page: Page) -> tuple[Sequence[bytes], Rows, list[RejectedRecord]]:
        """Decode a page by what is known of its shape, or into plain objects."""
        if page.sound and page.undecoded and not page.records:
            rows = self._shape.decode(page.undecoded)
            if rows is not None:
                return page.undecoded, rows, list(page.rejected)
        sources, rejected = _decoded(page)
        return [one.raw for one in sources], Rows([one.value for one in sources]), rejected

    def _map(self, rows: Rows) -> tuple[dict[str, Column], set[int]]:
        """Return the columns of a page, and the places of the records that are refused."""
        refused = set[int]()
        return {field.name: _column(field, rows, refused) for field in self.fields}, refused

    def key_of(self, record: Mapping[str, Any]) -> str:
        """Return the key of a record of which nothing else has to be there.

        Raises:
            RejectRecord: It has none.
        """
        key: str = _finished(self.fields[0], record)
        return key

    def customer_of(self, raw: bytes) -> str | None:
        """Return the key of the customer that a refused record names, if it can be told."""
        records, _ = decode_records([raw])
        owner = next((field for field in self.fields if field.name == "customer_key"), None)
        try:
            return _finished(owner, records[0].value) if records and owner else None
        except RejectRecord:
            return None

    def _refusal(self, record: SourceRecord) -> RejectedRecord:
        """Say what is wrong first with a record of which a field was refused."""
        key: str | None = None
        for field in self.fields:
            try:
                value = _finished(field, record.value)
            except RejectRecord as error:
                return _rejected(record, error, field, key)
            if field.name == "key":
                key = value
        raise AssertionError("a field was refused before")  # expressions know no chance


def compile_mapping(stream: StreamSpec) -> Mapper:
    """Compile a stream's mapping.

    Args:
        stream: The stream with its `key`, `changed` and `map`.
    """
    record = RECORD_TYPES[stream.becomes]
    needed = [name for name, is_needed in mapped_fields(record).items() if is_needed]
    written = {"key": stream.key, **{name: stream.map[name] for name in needed}, **stream.map}
    if stream.changed is not None:
        written["changed_at"] = stream.changed
    fields = list[_Field]()
    for name, text in written.items():
        compiled = compile_expression(text, decimal=getattr(stream, "decimal", "."))
        finish, finish_whole = _FINISH.get(f"{stream.becomes}.{name}") or _FINISH.get(name, _TEXT)
        path = compiled.path or name
        fields.append(
            _Field(
                name,
                compiled.evaluate,
                finish,
                path,
                compiled.whole,
                finish_whole,
                name == "key" or name in needed,
            )
        )
    return Mapper(fields, record)


def _decoded(page: Page) -> tuple[list[SourceRecord], list[RejectedRecord]]:
    """Decode what is undecoded of a page into plain objects."""
    if not page.undecoded:
        return page.records, list(page.rejected)
    decoded, unreadable = decode_records(page.undecoded, sound=page.sound)
    return [*page.records, *decoded], [*page.rejected, *unreadable]


def _column(field: _Field, rows: Rows, refused: set[int]) -> Column:
    """Return the finished values of a field; note the places of those that are refused."""
    if field.whole is not None:
        try:
            column = field.finish_whole(field.whole(rows))
            if not field.needed or None not in column:
                return column
        except MIXED:
            pass  # value by value, then
    column = []
    for place, value in enumerate(rows.values()):
        try:
            column.append(_finished(field, value))
        except RejectRecord:
            refused.add(place)
            column.append(None)
    return column


def _finished(field: _Field, record: Mapping[str, Any]) -> Any:
    raw = field.run(record)
    if raw is None and not field.needed:
        return None
    value = field.finish(raw)
    if value is None and field.needed:
        raise refuse("it is empty", "value_missing")
    return value


def _rejected(
    record: SourceRecord, error: RejectRecord, field: _Field, key: str | None
) -> RejectedRecord:
    rule, name = error.rule, field.name
    if rule not in _KEPT_RULES:
        rule = f"{name}_{_RULE_ENDINGS.get(rule, 'unreadable')}"
    where = error.path or field.path
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


def _finish_code(value: Any, codes: Mapping[str, Any]) -> Any:
    text = _finish_text(value)
    if text is not None and text not in codes:
        raise refuse(f"it is none of {', '.join(codes)}", "code_unknown")
    return None if text is None else codes[text]


def _finish_rank(value: Any) -> int | None:
    number = as_number(value)
    if number is None:
        return None
    if not 1 <= number <= RANK_MAX or number != int(number):
        raise refuse(f"it is no whole number from 1 to {RANK_MAX}", "number_wrong")
    return int(number)


def _ranks(column: Column) -> Column:
    if set(map(type, column)) - {int, type(None)}:
        raise TypeError
    return [_finish_rank(value) for value in column]


def _finish_customer_key(value: Any) -> str | None:
    return None if value is None else _finish_text(_whole_number(value), KEY_CHARACTERS_MAX)


def _whole_number(value: Any) -> Any:
    return str(value) if value.__class__ is int else value


def _finish_day(value: Any) -> date | None:
    return value if value.__class__ is date else as_date(value)


def _finish_moment(value: Any) -> datetime | None:
    return as_datetime(value)


_TEXT: tuple[Callable[[Any], Any], Finish] = (
    _finish_text,
    partial(texts, limit=FIELD_CHARACTERS_MAX),
)
_FINISH: dict[str, tuple[Callable[[Any], Any], Finish]] = {
    "key": (_finish_key, partial(keys, limit=KEY_CHARACTERS_MAX)),
    "kind": (_finish_kind, partial(coded, codes=_KINDS)),
    "customer_key": (_finish_customer_key, partial(texts, limit=KEY_CHARACTERS_MAX)),
    "other_key": (_finish_customer_key, partial(texts, limit=KEY_CHARACTERS_MAX)),
    "feedback": (
        partial(_finish_text, limit=FEEDBACK_CHARACTERS_MAX),
        partial(texts, limit=FEEDBACK_CHARACTERS_MAX),
    ),
    "state": (partial(_finish_code, codes=_STATES), partial(coded, codes=_STATES)),
    "contact_point.kind": (partial(_finish_code, codes=_WAYS), partial(coded, codes=_WAYS)),
    "rank": (_finish_rank, _ranks),
    "since": (_finish_day, days),
    "until": (_finish_day, days),
    "valid_until": (_finish_day, days),
    "given_at": (_finish_moment, moments),
    "happened_at": (_finish_moment, moments),
    "gender": (_finish_gender, partial(coded, codes={None: None, **_GENDERS})),
    "birth_date": (_finish_day, days),
    "changed_at": (_finish_moment, moments),
}
