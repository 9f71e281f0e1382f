"""What the parser itself has to say: broken syntax, duplicate keys, keys that are not text."""

from dataclasses import dataclass
from typing import Literal

DIAGNOSTICS_MAX = 10_000  # a document with more is broken as a whole; the first ones say so

Kind = Literal["duplicate_key", "key_not_text", "warning", "syntax"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One remark of the parser about the stretch of text from start to stop."""

    kind: Kind
    message: str
    start: int
    stop: int
    path: tuple[str, ...] = ()
