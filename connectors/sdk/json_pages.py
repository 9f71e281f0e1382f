"""Cut an answer into records without touching their bytes, and decode each one by itself.

A record's bytes are hashed to tell whether it changed, so they must be exactly what came over
the wire; and one record that cannot be read must not take its whole page with it.
"""

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from connectors.sdk.answer_hints import where_lists_are
from connectors.sdk.retries import Hiccup
from connectors.sdk.rows import JSON_DEPTH_MAX, may_be_too_deep
from schemas.errors import GiveUp, InvalidConnectorFile
from schemas.records import RejectedRecord, SourceRecord

RECORDS_PER_ANSWER_MAX = 100_000
"""Ten times the largest page we ask for; an answer that ignores the size is refused."""

ABSENT = msgspec.UNSET
"""Stands for a field that the answer does not have."""

_PLAIN = msgspec.json.Encoder(decimal_format="number", enc_hook=str)
_DECODER = msgspec.json.Decoder()
_STEP = re.compile(r"\['([^']+)'\]|([^.\[\]]+)")
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_BOM = b"\xef\xbb\xbf"


class Opened(NamedTuple):
    """An answer cut open: the bytes of each record, and the fields around them."""

    records: Sequence[bytes]
    fields: Mapping[str, Any]


class Envelope:
    """Knows where in an answer the records and a few fields around them stand.

    Args:
        records: Path to the array; "." means that the answer is the array.
        fields: Path of each field wanted beside it, by our own name.
        inside: Path from an item of the array to the record itself.
        absent_is_empty: An answer may leave the array out where it is empty.

    Raises:
        InvalidConnectorFile: One path leads through another.
    """

    def __init__(
        self,
        records: str,
        fields: Mapping[str, str],
        *,
        inside: str = "",
        absent_is_empty: bool = False,
    ) -> None:
        self._absent_is_empty = absent_is_empty
        item: Any = msgspec.Raw
        for step in reversed(path_steps(inside)):
            item = msgspec.defstruct("Item", [("inner", item)], rename={"inner": step})
        self._bare = records == "."
        self._inside = len(path_steps(inside))
        tree: dict[str, Any] = {}
        self._records: list[str] = (
            [] if self._bare else _plant(tree, path_steps(records), list[item])
        )
        self._fields = {
            name: _plant(tree, path_steps(path), Any)
            for name, path in fields.items()
            if not self._bare
        }
        self._asked = tuple(fields)
        self._path = records
        self._decoder = msgspec.json.Decoder(list[item] if self._bare else _layer(tree))

    def open(self, body: bytes) -> Opened:
        """Cut an answer open.

        Raises:
            GiveUp: It is no JSON, or not of the shape that the connector file states.
            Hiccup: It ends in the middle.
        """
        body = body.removeprefix(_BOM)
        if not body.strip():
            raise Hiccup("its answer is empty")
        if _MARKUP.match(body):
            raise GiveUp(
                "The source answered with a web page instead of JSON.",
                remedy="This is often a sign-in page: check the address and the `auth` part.",
            )
        try:
            pieces, fields = self._cut(self._decode(body), body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            pieces, fields = self._cut_damaged(body, error)
        if len(pieces) > RECORDS_PER_ANSWER_MAX:
            raise GiveUp(
                f"The source sent {len(pieces)} records in one answer; "
                f"{RECORDS_PER_ANSWER_MAX} are the most we take.",
                remedy="Check `paging` in the connector file: the source ignores the page size.",
            )
        return Opened(pieces, fields)

    def _decode(self, body: bytes) -> Any:
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            raise GiveUp(
                f"The source's answer is not shaped as the connector file says: {error}."
                f"{where_lists_are(body)}",
                remedy="Compare `records` and `paging` with an answer of the source.",
            ) from None
        except RecursionError:
            raise GiveUp("The source's answer is nested too deeply to be read.") from None

    def _cut(self, top: Any, body: bytes) -> tuple[list[bytes], dict[str, Any]]:
        items = top if self._bare else _reach(top, self._records)
        if items is ABSENT and self._absent_is_empty:
            items = []
        if items is ABSENT or items is None:
            raise GiveUp(
                f"The source's answer has no list at `{self._path}`.{where_lists_are(body)}",
                remedy="Compare `records` in the connector file with an answer of the source.",
            )
        for _ in range(self._inside):
            items = [item.inner for item in items]
        found = {name: _reach(top, steps) for name, steps in self._fields.items()}
        return [bytes(item) for item in items], found or dict.fromkeys(self._asked, ABSENT)

    def _cut_damaged(self, body: bytes, error: Exception) -> tuple[list[bytes], dict[str, Any]]:
        """Cut an answer that holds text nobody can decode, so that only its record is lost.

        The damage is painted over in a copy of the same length; where a record stands in the
        copy, it stands in the original, which is what we hand on.
        """
        copy = _painted(body)
        try:
            if copy == body:
                raise error
            pieces, fields = self._cut(self._decode(copy), copy)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            if "truncated" in str(fault):
                raise Hiccup("its JSON ends in the middle") from None
            raise GiveUp("The source's answer is not JSON, or damaged JSON.") from None
        at, originals = 0, list[bytes]()
        for piece in pieces:
            at = copy.index(piece, at)
            originals.append(body[at : at + len(piece)])
            at += len(piece)
        return originals, fields


def encode_record(value: Mapping[str, Any]) -> bytes:
    """Write a row as canonical JSON, for sources whose records have no bytes of their own.

    Names stand in the source's order, days and moments as ISO 8601, what JSON does not know as
    text. Rows are mapped as decoded from these bytes, so a replay sees exactly what we saw.
    """
    return _PLAIN.encode(value)


def decode_records(
    pieces: Iterable[bytes], *, sound: bool = False
) -> tuple[list[SourceRecord], list[RejectedRecord]]:
    """Decode each record; one that cannot be decoded is rejected and the rest goes on.

    Args:
        pieces: The bytes of each record.
        sound: Each piece is known to be one JSON value, so all may be decoded in one go.
    """
    records, rejected = list[SourceRecord](), list[RejectedRecord]()
    decode = _DECODER.decode
    pieces = list(pieces)
    values = _decode_at_once(pieces) if sound else None
    for place, raw in enumerate(pieces):
        try:
            value = values[place] if values is not None else decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            why = "its JSON holds text or a number that cannot be decoded"
            rejected.append(_refused(raw, "json_unreadable", why))
            continue
        if value.__class__ is not dict:
            rejected.append(_refused(raw, "record_not_object", "it is not a JSON object"))
        elif may_be_too_deep(raw) and _too_deep(value):
            rejected.append(_refused(raw, "too_deep", f"nested deeper than {JSON_DEPTH_MAX}"))
        else:
            records.append(SourceRecord(raw, value))
    return records, rejected


def _decode_at_once(pieces: Sequence[bytes]) -> list[Any] | None:
    """Decode all pieces by one call, at half the cost; None where one of them cannot be."""
    try:
        values: list[Any] = _DECODER.decode(b"[" + b",".join(pieces) + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return values if len(values) == len(pieces) else None


def _refused(raw: bytes, rule: str, why: str) -> RejectedRecord:
    return RejectedRecord(raw=raw, rule=rule, path="$", reason=why)


def _too_deep(value: Any) -> bool:
    """Tell whether a value nests deeper than we take."""
    level = [value]
    for _ in range(JSON_DEPTH_MAX):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def path_steps(path: str) -> list[str]:
    """Return the names a dotted path leads through."""
    return [quoted or bare for quoted, bare in _STEP.findall(path)]


def _plant(tree: dict[str, Any], steps: list[str], leaf: Any) -> list[str]:
    """Put a leaf into the tree of layers; return the attribute names that lead to it."""
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            raise InvalidConnectorFile(f"`{step}` holds the records, so no other path leads there")
    if isinstance(tree.get(steps[-1], leaf), dict) or tree.setdefault(steps[-1], leaf) is not leaf:
        raise InvalidConnectorFile(f"two paths end and go on at `{steps[-1]}`")
    return steps


def _layer(tree: Mapping[str, Any]) -> Any:
    """Build the struct of one layer; every field may be missing or null, the rest is skipped."""
    fields: list[tuple[str, Any, Any]] = []
    for place, inner in enumerate(tree.values()):
        kind = _layer(inner) if isinstance(inner, dict) else inner
        optional = kind if kind is Any else kind | None | msgspec.UnsetType
        fields.append((f"f{place}", optional, ABSENT))
    names = {f"f{place}": name for place, name in enumerate(tree)}
    return msgspec.defstruct("Layer", fields, rename=names)


def _reach(top: Any, steps: list[str]) -> Any:
    for step in steps:
        if top is None or top is ABSENT:
            return top  # what stands in nothing is nothing: `"_links": null` has no next page
        field = next(one for one in msgspec.structs.fields(top) if one.encode_name == step)
        top = getattr(top, field.name)
    return top


def _painted(body: bytes) -> bytes:
    """Return a copy of the same length without bytes and escapes that no decoder takes."""
    text = body.decode("utf-8", "townclerk.paint").encode("utf-8")
    return _ESCAPE.sub(lambda found: b"\\u003f" if found[1] else found[0], text)


def _paint(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "?" * (error.end - error.start), error.end


codecs.register_error("townclerk.paint", _paint)


def planted(path: str, value: Any) -> dict[str, Any]:
    """Return an object that has a value at a dotted path."""
    for step in reversed(path_steps(path)):
        value = {step: value}
    return dict(value)


def merged(*parts: dict[str, Any]) -> dict[str, Any]:
    """Merge objects; objects under the same name are merged, too."""
    whole: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            held = whole.get(name)
            if isinstance(held, dict) and isinstance(value, dict):
                whole[name] = merged(held, value)
            else:
                whole[name] = value
    return whole
