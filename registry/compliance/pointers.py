"""JSON pointers, in the dialect that Spectral's messages and references use.

Source: RFC 6901; @stoplight/json decides how broken percent escapes and odd characters behave.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

_ESCAPES = re.compile(r"%[0-9a-f]+", re.IGNORECASE)
# What the pointer of a message leaves as it is; everything else is percent-encoded UTF-8.
_PLAIN = "~_.!*'()/-–"


def escape(name: str) -> str:
    """Return the name as one step of a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def unescape(step: str) -> str:
    """Return the name that a step of a pointer stands for, percent signs left alone."""
    return step.replace("~1", "/").replace("~0", "~")


def printed(path: Iterable[str]) -> str:
    """Return the path as a percent-encoded pointer, for messages."""
    names = [quote(escape(name), safe=_PLAIN) for name in path]
    return "#/" + "/".join(names) if names else "#"


@lru_cache(maxsize=65_536)
def is_encoded(name: str) -> bool:
    """Say whether a printed pointer shows the name with percent escapes."""
    return "%" in quote(name, safe=_PLAIN)


def _percent_decoded(text: str) -> str:
    if "%" not in text:
        return text
    try:
        return _strictly_decoded(text)
    except ValueError:
        return _ESCAPES.sub(_decoded_or_left, text)


def _strictly_decoded(text: str) -> str:
    if re.search(r"%(?![0-9a-fA-F]{2})", text):
        raise ValueError(text)
    return unquote_to_bytes(text).decode("utf-8")


def _decoded_or_left(match: re.Match[str]) -> str:
    try:
        return _strictly_decoded(match[0])
    except ValueError:
        return match[0]


def decoded(pointer: str) -> str:
    """Return the pointer with percent escapes and ~ escapes undone."""
    return unescape(_percent_decoded(pointer))


def names_of(pointer: str) -> tuple[str, ...]:
    """Return the names that a local reference such as `#/a/b~1c` passes through.

    Raises:
        ValueError: It is not a pointer.
    """
    if pointer == "#":
        return ()
    if not pointer.startswith("#/"):
        raise ValueError(pointer)
    if "%" not in pointer and "~" not in pointer:
        return tuple(pointer[2:].split("/"))
    return tuple(decoded(step) for step in pointer[2:].split("/"))
