"""How a text file is written: what proves itself, else what its people say, else a guess.

A mark at the beginning and UTF-8 throughout are no chance, so they hold against what was said:
one option serves tables of several towns, and only those that need it are read by it.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from encodings.aliases import aliases
from functools import partial
from io import BytesIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Final

from registry.customers.tables.alphabets import GUESS, better_readings, words_of
from schemas.errors import InvalidInput

CHUNK_BYTES: Final = 1 << 20
CHUNKS_MAX: Final = 64
"""Parts of a file that are searched for words, when it has to be guessed how it is written."""

_START_BYTES: Final = 100
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In a file of another encoding hardly a sign is UTF-8 by chance; in a damaged one nearly all are.
_READ_FOR_ONE_BROKEN_MIN: Final = 10
# What Python calls encodings of text, and nobody writes a file in.
_NO_FILES: Final = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)
_NAME_CHARACTERS_MAX: Final = 40
_NAMES_ANYWHERE: Final = "https://docs.python.org/3/library/codecs.html#standard-encodings"


class WrongEncoding(InvalidInput):
    """A file is not written in the encoding that was named, or there is none of that name."""

    code = "wrong_encoding"
    remedy = (
        "Leave out --encoding: what is not UTF-8 is read as Windows-1252, and a note tells more."
    )


@dataclass
class Encoding:
    """How a file is read.

    Attributes:
        name: For `open`; with `errors="replace"`, since a guess may be wrong.
        notes: What is odd about it, for people.
        better: Encodings in which its words are words, where those of a guess are not.
    """

    name: str
    notes: list[str] = field(default_factory=list)
    better: list[str] = field(default_factory=list)


def codec_of(name: str) -> str:
    """Return Python's own name of an encoding.

    Raises:
        WrongEncoding: Python knows none of that name, or it is none of text files.
    """
    if found := _codec(name):
        return found
    name = name[:_NAME_CHARACTERS_MAX]
    known = sorted({alias for pair in aliases.items() for alias in pair if _codec(alias)})
    close = get_close_matches(name.lower().replace("-", "_").replace(" ", "_"), known, n=1)
    meant = f"Did you mean {close[0].replace('_', '-')}? " if close else ""
    raise WrongEncoding(
        f"There is no encoding of text called {name!r}.",
        remedy=f"{meant}Names are cp1250, cp1251, iso8859-2 and those at {_NAMES_ANYWHERE}.",
        encoding=name,
    )


def _codec(name: str) -> str | None:
    try:
        TextIOWrapper(BytesIO(), encoding=name)  # refuses base64, which is none of text
        found = codecs.lookup(name).name
    except (LookupError, ValueError):  # the latter for a name with U+0000
        return None
    return None if found in _NO_FILES else found


def encoding_of(path: Path, said: str | None = None) -> Encoding:
    """Return how a file is written.

    Args:
        path: The file.
        said: How it is written if nothing in it proves otherwise, as `codec_of` names it.

    Raises:
        WrongEncoding: It cannot be read as was said.
    """
    with path.open("rb") as file:
        proven = _proven(file.read(_START_BYTES), said)
    if proven:
        return Encoding(proven, _overruled(proven, said))
    read, broken, holds_nul = _signs(path)
    if not broken and (read or said in (None, "utf-8")):
        return Encoding("utf-8-sig" if holds_nul else "utf-8", _overruled("utf-8", said))
    damaged = 0 < broken * _READ_FOR_ONE_BROKEN_MIN <= read
    if said and (said.startswith("utf-8") or not damaged):
        _demand(path, said)
        better = _better_than(said, path)
        told = f"in {said} words of it are none; {_are_words(better)}"
        return Encoding(said, [told] if better else [], better)
    if not damaged:
        return _guessed(path)
    told = "1 sign is" if broken == 1 else f"{broken} signs are"
    notes = [f"{told} broken in what else is UTF-8", *_overruled("utf-8", said)]
    return Encoding("utf-8-sig", notes)


def _proven(start: bytes, said: str | None) -> str | None:
    """Return what a file's first bytes prove; where it was said to be Unicode, only by a mark."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if said and said.startswith("utf-"):
        return None
    for encoding, silent in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if silent.count(0) * 2 > len(silent):  # every other byte of Latin letters
            return encoding
    return None


def _overruled(found: str, said: str | None) -> list[str]:
    kind = found[: len("utf-16")].rstrip("-")
    if said is None or said.startswith(kind):
        return []
    return [f"it is {kind.upper()} and was read as that, not as {said}"]


def _signs(path: Path) -> tuple[int, int, bool]:
    """Count signs beyond ASCII that are UTF-8, and that are not; tell whether one is U+0000."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    read, broken, holds_nul = 0, 0, False
    for chunk in _chunks(path):
        holds_nul = holds_nul or b"\0" in chunk
        if not (text := decoder.decode(chunk)).isascii():
            lost = text.count("\ufffd")
            broken += lost
            read += len(text) - len(text.encode("ascii", "ignore")) - lost
    return read, broken + decoder.decode(b"", final=True).count("\ufffd"), holds_nul


def _demand(path: Path, said: str) -> None:
    """Refuse a file that holds what is no text in an encoding."""
    decoder = codecs.getincrementaldecoder(said)("strict")
    line = 1
    try:
        for chunk in _chunks(path):
            line += decoder.decode(chunk).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            line += error.object[: error.start].count(b"\n")
        better = _better_than(GUESS, path)
        raise WrongEncoding(
            f"{path.name} is not written in {said}: line {line} holds what is no text there.",
            remedy=f"Its words are words with --encoding {' or '.join(better)}."
            if better
            else None,
            encoding=said,
            line=line,
        ) from error


def _guessed(path: Path) -> Encoding:
    better = _better_than(GUESS, path)
    told = (
        f", in which words of it are none; {_are_words(better)}"
        if better
        else "; if names look wrong, say how it is written, such as --encoding cp1250"
    )
    return Encoding(GUESS, [f"it is not UTF-8 and was read as Windows-1252{told}"], better)


def _better_than(encoding: str, path: Path) -> list[str]:
    return better_readings(words_of(islice(_chunks(path), CHUNKS_MAX)), encoding)


def _are_words(better: list[str]) -> str:
    return f"they are words with --encoding {' or '.join(better)}"


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(partial(file.read, CHUNK_BYTES), b"")
