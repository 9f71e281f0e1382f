"""Read records out of XML files of any size, one element after the other.

The standard library's own parser calls us with each piece, so no tree is ever built; and it may
be fed from one thread after the other, as files are.
"""

import os
import time
from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import Any
from xml.parsers import expat

from connectors.files.tables import SETTLED_SECONDS, Place, Rows
from connectors.sdk.json_pages import decode_records, encode_record
from connectors.sdk.xml_values import TEXT, XML_DEPTH_MAX, XML_NIL, add_value
from schemas.errors import GiveUp, RetryLater

CHUNK_BYTES = 64 * 1024

RECORD_CHARACTERS_MAX = 16 * 1024 * 1024
"""A record with a picture in it has a few megabytes; a far longer one is meant to fill memory."""


class XmlFile:
    """One XML file whose records are elements of one name.

    Args:
        path: Where it is.
        element: Local name of the elements that are records.
        lists: Names that are lists also where they stand once.
    """

    def __init__(self, path: Path, *, element: str, lists: Collection[str]) -> None:
        self._path, self._element, self._lists = path, element, lists
        self._file = path.open("rb")
        self._at = 0
        self._parts = _Parts(element, lists)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def rows(self, at: Place, count: int) -> Rows:
        """Read up to `count` records from a place, which is how many come before it.

        Raises:
            RetryLater: The file is still being written.
            GiveUp: It is no XML, damaged, or ends in the middle: who knows what it would have held.
        """
        raws: list[bytes] = []
        try:
            self._go_to(at.row)
            while len(raws) < count and self._has_more():
                value = self._parts.ready.popleft()
                self._at += 1
                raws.append(encode_record(value if isinstance(value, dict) else {TEXT: value}))
            ended = not self._has_more()
        except expat.ExpatError as error:
            raise self._damaged(error) from None
        if ended and not self._at and self._parts.others:
            raise GiveUp(
                f"{self._path.name} has no element `{self._element}`.",
                remedy="Correct `element` in the connector file.",
            )
        records, rejected = decode_records(raws)
        return Rows(records, rejected, Place(0, self._at), ended)

    def _go_to(self, row: int) -> None:
        if row < self._at:
            self._file.seek(0)
            self._parts, self._at = _Parts(self._element, self._lists), 0
        while self._at < row and self._has_more():
            self._parts.ready.popleft()
            self._at += 1

    def _has_more(self) -> bool:
        """Read on until a record is whole, or the file is."""
        while not self._parts.ready and not self._parts.ended:
            self._parts.feed(self._file.read(CHUNK_BYTES))
        return bool(self._parts.ready)

    def _damaged(self, error: expat.ExpatError) -> Exception:
        if time.time() - os.fstat(self._file.fileno()).st_mtime < SETTLED_SECONDS:
            return RetryLater(
                f"{self._path.name} is no whole XML and was written to just now.",
                wait_seconds=SETTLED_SECONDS,
            )
        return GiveUp(
            f"{self._path.name} is no whole XML: it breaks off or is damaged in line "
            f"{error.lineno}.",
            remedy="Have it delivered again: of a file that breaks off nobody knows the rest.",
        )


class _Parts:
    """Puts records together out of what the parser calls."""

    def __init__(self, element: str, lists: Collection[str]) -> None:
        self.ready = deque[Any]()
        self.ended = False
        self.others = 0
        self._element, self._lists = element, lists
        self._open: list[tuple[str, dict[str, Any], list[str], bool]] = []
        self._depth = self._characters = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes) -> None:
        self.ended = not chunk
        self._parser.Parse(chunk, self.ended)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > XML_DEPTH_MAX:
            raise GiveUp(f"The file's XML nests deeper than {XML_DEPTH_MAX}.")
        local = name.rpartition(" ")[2]
        if not self._open and local != self._element:
            self.others += self._depth > 1
            return
        if not self._open:
            self._characters = 0
        found: dict[str, Any] = {}
        for key, value in attributes.items():
            if key != NIL:
                add_value(found, key.rpartition(" ")[2], value)
            self._count(value)
        nothing = attributes.get(NIL) in ("true", "1")
        self._open.append((local, found, [], nothing))

    def _text(self, text: str) -> None:
        if self._open:
            self._count(text)
            self._open[-1][2].append(text)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        local, found, texts, nothing = self._open.pop()
        text = "".join(texts).strip()
        if found and text:
            add_value(found, TEXT, text)
        value = None if nothing else found or text or None
        if self._open:
            add_value(self._open[-1][1], local, value, self._lists)
        else:
            self.ready.append(value)

    def _count(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > RECORD_CHARACTERS_MAX:
            raise GiveUp(f"A record of the file has more than {RECORD_CHARACTERS_MAX} characters.")

    def _doctype(self, *_: Any) -> None:
        raise GiveUp("The file's XML declares a document type; we take none.")


NIL = XML_NIL.strip("{").replace("}", " ")
"""The attribute by which XML says null, as this parser writes it."""
