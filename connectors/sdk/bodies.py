"""Read an answer's body piece by piece, so that no source can fill our memory."""

import zlib
from collections.abc import AsyncIterable
from typing import BinaryIO, NamedTuple

from connectors.sdk.retries import Hiccup
from schemas.errors import GiveUp

BODY_BYTES_MAX = 64 * 1024 * 1024
"""A page of 10,000 large records is 20 MB; two pages in work stay below 200 MB."""

RATIO_MAX = 200
"""Repetitive JSON packs about 50 to 1, the worst gzip about 1,000 to 1."""

RATIO_FREE_BYTES = 1024 * 1024
"""Below this a high ratio harms nobody: an empty list of blanks packs well, too."""


class Into(NamedTuple):
    """Where a body goes that is too large for memory.

    Attributes:
        file: Written from its start, and emptied first.
        limit: Most bytes.
    """

    file: BinaryIO
    limit: int


async def read_body(
    pieces: AsyncIterable[bytes], *, encoding: str, limit: int, into: Into | None = None
) -> bytes:
    """Read and unpack a body.

    Args:
        pieces: Bytes as they come over the wire.
        encoding: Content-Encoding; empty, identity or gzip.
        limit: Most bytes after unpacking.
        into: Write the body there, and return nothing.

    Raises:
        GiveUp: Too large, or packed in a way we did not ask for.
        Hiccup: It ended early.
    """
    unpack = _Gzip(limit) if encoding in ("gzip", "x-gzip") else None
    if unpack is None and encoding not in ("", "identity"):
        raise GiveUp("The source packs its answer in a way we did not ask for (only gzip).")
    parts: list[bytes] = []
    size = 0
    if into is not None:
        into.file.seek(0)
        into.file.truncate()
    async for piece in pieces:
        part = unpack.feed(piece) if unpack else piece
        size += len(part)
        if size > limit:
            raise too_large(limit)
        if into is None:
            parts.append(part)
        else:
            into.file.write(part)
    if unpack and not unpack.whole:
        raise Hiccup("its packed answer ended early")
    return b"".join(parts)


def too_large(limit: int) -> GiveUp:
    """Return the refusal of a body that is larger than we read."""
    return GiveUp(
        f"The source's answer is larger than {limit} bytes.",
        remedy="Ask for smaller pages with `size` in the connector file.",
        limit_bytes=limit,
    )


class _Gzip:
    """Unpacks gzip, several members after each other included, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._unpack = zlib.decompressobj(wbits=31)
        self._taken = self._given = 0

    @property
    def whole(self) -> bool:
        return self._unpack.eof or not self._taken

    def feed(self, piece: bytes) -> bytes:
        self._taken += len(piece)
        parts: list[bytes] = []
        try:
            while piece:
                if self._unpack.eof:
                    self._unpack = zlib.decompressobj(wbits=31)
                parts.append(self._unpack.decompress(piece, self._limit + 1 - self._given))
                self._given += len(parts[-1])
                self._judge()
                piece = self._unpack.unused_data
        except zlib.error:
            raise Hiccup("its packed answer is damaged") from None
        return b"".join(parts)

    def _judge(self) -> None:
        if self._given > max(RATIO_FREE_BYTES, RATIO_MAX * self._taken):
            raise GiveUp(
                f"The source's answer unpacks to more than {RATIO_MAX} times its size.",
                remedy="Ask the source's owner: such an answer is meant to fill our memory.",
            )
        if self._given > self._limit or self._unpack.unconsumed_tail:
            raise too_large(self._limit)
