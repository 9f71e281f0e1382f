"""Say where the lists of an answer are, for whoever named the wrong place: names, never values."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

LISTS_NAMED_MAX = 5
"""More choices help nobody."""

DEPTH_MAX = 4
"""`_embedded.response.items` is the deepest usual place."""

NAMES_MAX = 30
"""Of one object; one with more is a table of values under keys, not a shape."""

_NAME = re.compile(r"[A-Za-z_@$][\w.-]{0,39}")
"""What a field is called; other names may be somebody's number, and are not repeated."""

BYTES_MAX = 16 * 1024 * 1024
"""A larger answer is not read a second time only to word a message."""


def lists_in(body: bytes) -> list[str]:
    """Return the paths of lists of objects in an answer, outermost first; "." is the answer."""
    if len(body) > BYTES_MAX:
        return []
    try:
        return list(_lists(msgspec.json.decode(body)))[:LISTS_NAMED_MAX]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def where_lists_are(body: bytes) -> str:
    """Return a sentence that names them, with a blank before it; nothing where there are none."""
    found = lists_in(body)
    return f" Lists of objects in it: {', '.join(f'`{path}`' for path in found)}." if found else ""


def _lists(top: Any) -> Iterator[str]:
    level: list[tuple[str, Any]] = [("", top)]
    for _ in range(DEPTH_MAX):
        following: list[tuple[str, Any]] = []
        for path, value in level:
            if isinstance(value, list) and value and isinstance(value[0], dict):
                yield path or "."
            elif isinstance(value, dict) and len(value) <= NAMES_MAX:
                inner = [(name, one) for name, one in value.items() if _NAME.fullmatch(name)]
                following += [(_step(path, name), one) for name, one in inner]
        level = following


def _step(path: str, name: str) -> str:
    step = name if name.isidentifier() else f"['{name}']"
    return f"{path}{step}" if step.startswith("[") or not path else f"{path}.{step}"
