"""Global ids and cursors: opaque to people, made in SQL, read and checked here.

Source:
    GraphQL Cursor Connections Specification; Global Object Identification Specification (Relay).
"""

import base64
import binascii
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec

from schemas.errors import InvalidInput

CURSOR_CHARACTERS_MAX: Final = 4000  # a name of 300 characters of four bytes, and a few others
MARK_BYTES: Final = 6  # tells a cursor that was changed on the way from one of ours
TEXT_CHARACTERS_MAX: Final = 200  # the longest URN or key there can be
_URL_SAFE: Final = "E'+/=\\n', '-_'"


def global_id(kind: str, key: UUID | str) -> str:
    """Return a global id that names kind and key."""
    return _to_base64(msgspec.json.encode([kind, str(key)]))


def global_id_sql(kind: str, key: str) -> str:
    """Return SQL that makes a global id of SQL that gives kind and key."""
    text = f"""'["' || {kind} || '","' || {key} || '"]'"""
    return f"translate(encode(convert_to({text}, 'UTF8'), 'base64'), {_URL_SAFE})"


def read_global_id(text: str) -> tuple[str, UUID]:
    """Return kind and key of a global id.

    Raises:
        InvalidInput: It is none of ours.
    """
    value = _list_of(_from_base64(text, "global id"), "global id")
    if len(value) != 2 or value[0] is None:
        raise _damaged("global id")
    return value[0], _id(value[1], "global id")


def id_of(kind: str, said: str) -> Callable[[str], UUID]:
    """Return what reads a global id of one kind; others are refused."""

    def read(text: str) -> UUID:
        found, key = read_global_id(text)
        if found != kind:
            raise InvalidInput(f"This is the id of a {found[:60]}, not of a {said}.")
        return key

    return read


def cursor_sql(order: str, keys: Sequence[str]) -> str:
    """Return SQL that makes a cursor of the SQL of a row's place, as texts.

    Args:
        order: Name of the list and its order; a cursor of another one is refused, not misread.
        keys: What the list is sorted by; may be null.
    """
    listed = ", ".join([f"'{order}'::text", *keys])
    return (
        f"(SELECT translate(encode(substr(sha256(o), 1, {MARK_BYTES}) || o, 'base64'), {_URL_SAFE})"
        f" FROM (SELECT convert_to(json_build_array({listed})::text, 'UTF8') OFFSET 0) AS made (o))"
    )


def read_cursor(text: str, order: str, keys: int) -> list[str | None]:
    """Return the place that a cursor stands for.

    Raises:
        InvalidInput: The cursor is damaged or belongs to another list or order.
    """
    octets = _from_base64(text, "cursor")
    payload = octets[MARK_BYTES:]
    if octets[:MARK_BYTES] != sha256(payload).digest()[:MARK_BYTES]:
        raise _damaged("cursor")
    value = _list_of(payload, "cursor")
    if not value or value[0] != order:
        raise InvalidInput(
            "This cursor belongs to another list, or to another order of it.",
            remedy="Use a cursor of the same list, sorted the same way.",
        )
    if len(value) != keys + 1:
        raise _damaged("cursor")
    return value[1:]


def key_reader(order: str, keys: int, at: int, cast: str) -> Callable[[str], Any]:
    """Return what reads one value of a cursor's place, and checks that it is what it must be."""

    def read(text: str) -> Any:
        value = read_cursor(text, order, keys)[at]
        if value is None:
            return None
        try:
            return _READERS[cast](value)
        except (ValueError, OverflowError) as error:
            raise _damaged("cursor") from error

    return read


def plain_text(text: str, name: str, *, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """Return a text that is short and has no character the database cannot hold.

    Raises:
        InvalidInput: It is too long, or holds what is no character; the text is not repeated.
    """
    if len(text) > characters_max:
        raise InvalidInput(f"`{name}` has {len(text)} characters; {characters_max} are allowed.")
    if "\0" in text:
        raise InvalidInput(f"`{name}` holds the character U+0000, which no name has.")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidInput(f"`{name}` holds half a character, which UTF-8 cannot carry.")
    return text


def _text_key(text: str) -> str:
    if "\0" in text:
        raise ValueError("NUL")
    return text


def _whole_key(text: str) -> int:
    if not -(2**63) <= int(text) < 2**63:
        raise ValueError("out of range")
    return int(text)


def _number_key(text: str) -> float:
    number = float(text)
    if math.isnan(number):
        raise ValueError("not a number")
    return number


def _truth_key(text: str) -> bool:
    return {"true": True, "false": False}[text] if text in {"true", "false"} else bool(int(text))


_READERS: dict[str, Callable[[str], Any]] = {
    "text": _text_key,
    "int8": _whole_key,
    "float8": _number_key,
    "bool": _truth_key,
    "timestamptz": datetime.fromisoformat,
    "uuid": UUID,
}


def _to_base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _from_base64(text: str, what: str) -> bytes:
    if len(text) > CURSOR_CHARACTERS_MAX:
        raise InvalidInput(f"This {what} is too long to be one of ours.")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise _damaged(what) from error


def _list_of(payload: bytes, what: str) -> list[str | None]:
    try:
        return msgspec.json.decode(payload, type=list[str | None])
    except (msgspec.DecodeError, RecursionError) as error:
        raise _damaged(what) from error


def _id(text: str | None, what: str) -> UUID:
    try:
        return UUID(text)
    except (ValueError, TypeError) as error:
        raise _damaged(what) from error


def _damaged(what: str) -> InvalidInput:
    return InvalidInput(f"This {what} is damaged.", remedy="Use it just as we gave it.")
