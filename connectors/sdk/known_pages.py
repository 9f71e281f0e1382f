"""Know a whole page again by its bytes, so that nothing has to be cut out of it, or looked at.

Most pages of most scans are as they were. Whoever keeps the records of a page may keep two things
more: a hash of the answer it came in, and a note of what its connector saw around the records, such
as where the next page is. An answer of the same hash is then passed on uncut: how many records it
has and how the scan goes on stand in the note, and the records are cut out only if somebody wants
them after all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, overload

import msgspec

from connectors.sdk.json_pages import ABSENT, Envelope, Opened
from connectors.sdk.spec import StreamSpec

NOTE_BYTES_MAX = 10_000
"""A link, a total, a list of links; what is longer is no field beside the records."""

PAGES_MAX = 20_000
"""Notes in memory during a scan, some 300 bytes each; of larger scans the rest is read as ever."""

RECORDS_MIN = 20
"""A smaller page costs less to compare than to keep."""

_VERSION = b"1"
"""Changes with what a note holds, and with how an answer is opened: older notes are then void."""


class MarkedPieces(Sequence[bytes]):
    """The records of one answer as bytes, cut out of it when somebody first looks at one.

    Args:
        digest: What the answer is known by.
        note: What its connector has to know of it; opaque to everybody else.
        known: The answer was known by its digest.
        size: How many records it has.
        face: Differs between answers whose first or last records, or their number, differ.
        cut: Cuts them out.
    """

    def __init__(
        self,
        digest: bytes,
        note: bytes,
        *,
        known: bool,
        size: int,
        face: bytes,
        cut: Callable[[], Sequence[bytes]],
    ) -> None:
        self.digest, self.note, self.known, self.face = digest, note, known, face
        self._size, self._cut = size, cut
        self._pieces: Sequence[bytes] | None = None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._all())

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes]:
        return self._all()[place]

    def _all(self) -> Sequence[bytes]:
        if self._pieces is None:
            self._pieces = self._cut()
        return self._pieces


class _Note(msgspec.Struct, array_like=True):
    """What stands in a note.

    Attributes:
        size: How many records the answer has.
        face: See `MarkedPieces`.
        fields: What stood around the records.
        absent: The fields that were wanted and not there.
    """

    size: int
    face: bytes
    fields: dict[str, Any]
    absent: tuple[str, ...]


_DECODER = msgspec.json.Decoder(_Note)


class Opener:
    """Cuts answers of one stream open, but for those that are known.

    Args:
        envelope: Knows how.
        known: The note of each known answer by its digest; None marks and knows none.
        stream: The stream; an answer is known under exactly its words only.
    """

    def __init__(
        self, envelope: Envelope, known: Mapping[bytes, bytes] | None, stream: StreamSpec
    ) -> None:
        self._envelope, self._known = envelope, known
        self._scope = sha256(_VERSION + stream.model_dump_json().encode())

    def open(self, body: bytes) -> Opened:
        """Cut an answer open, or pass it on if it is known.

        Raises:
            GiveUp: As `Envelope.open`; so too the pieces of a known answer, which never happens.
            Hiccup: As `Envelope.open`.
        """
        if self._known is None:
            return self._envelope.open(body)
        hashed = self._scope.copy()
        hashed.update(body)
        digest = hashed.digest()
        note = self._known.get(digest)
        held = None if note is None else _read(note)
        if note is None or held is None:
            return _marked(digest, self._envelope.open(body))
        pieces = MarkedPieces(
            digest,
            note,
            known=True,
            size=held.size,
            face=held.face,
            cut=partial(_records_of, self._envelope, body),
        )
        return Opened(pieces, held.fields | dict.fromkeys(held.absent, ABSENT))


def _read(note: bytes) -> _Note | None:
    """Read a note; one that somebody spoilt is none."""
    try:
        return _DECODER.decode(note)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _records_of(envelope: Envelope, body: bytes) -> Sequence[bytes]:
    return envelope.open(body).records


def _marked(digest: bytes, opened: Opened) -> Opened:
    """Return an answer that was cut open with what it may be known by the next time."""
    pieces, fields = opened
    if not pieces:
        return opened
    face = sha256(b"%d %d " % (len(pieces), len(pieces[0])) + pieces[0] + pieces[-1]).digest()
    absent = tuple(name for name, value in fields.items() if value is ABSENT)
    there = {name: value for name, value in fields.items() if value is not ABSENT}
    note = msgspec.json.encode(_Note(len(pieces), face, there, absent))
    if len(note) > NOTE_BYTES_MAX:
        return opened
    size = len(pieces)
    marked = MarkedPieces(digest, note, known=False, size=size, face=face, cut=lambda: pieces)
    return Opened(marked, fields)
