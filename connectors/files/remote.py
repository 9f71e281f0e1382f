"""Read files of another machine: find them, bring one at a time here, and read the copy.

A copy makes what follows the same for every place: rows are read from a plain file, resumed at a
byte of it, and a file that changed meanwhile is noticed by its fingerprint.
"""

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from connectors.files.folders import Found, chosen, nothing_found
from schemas.errors import GiveUp, RetryLater

FILE_BYTES_MAX = 20 * 1024**3
"""A register of a million people has two; a larger file would fill the disk of a small server."""

LISTED_MAX = 200_000
"""Names in one folder; twenty times what may match, for folders that many systems share."""


class Listed(NamedTuple):
    """One file as the other machine lists it.

    Attributes:
        name: Its name, without a folder.
        size: Its bytes.
        modified: When it was last written, in seconds since 1970.
        tag: What the other machine says identifies its content; may be empty.
    """

    name: str
    size: int
    modified: float
    tag: str = ""

    @property
    def fingerprint(self) -> str:
        """What tells whether it is still the same file."""
        return f"{self.size}-{self.modified:.6f}-{self.tag}"


class RemoteFolder(ABC):
    """A folder on another machine."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._listed: dict[str, Listed] = {}
        self._copies: tempfile.TemporaryDirectory[str] | None = None

    async def find(self, pattern: str) -> list[Found]:
        """Ask for the folder's list.

        Raises:
            GiveUp: There is no such folder or no such file, or it holds too many.
        """
        listed = await self.look()
        if len(listed) > LISTED_MAX:
            raise GiveUp(f"The folder {self._where} holds more than {LISTED_MAX} files.")
        self._listed = {one.name: one for one in listed if _is_plain(one.name)}
        names = chosen(self._listed, pattern)
        if not names:
            raise nothing_found(self._where, pattern)
        return [Found(name, self._listed[name].fingerprint) for name in names]

    async def fetch(self, found: Found) -> Path:
        """Bring a file here; the copy before it goes.

        Raises:
            RetryLater: What came is not what was listed.
            GiveUp: It is too large.
        """
        listed = self._listed[found.name]
        if listed.size > FILE_BYTES_MAX:
            raise GiveUp(f"{found.name} is larger than {FILE_BYTES_MAX:,} bytes.")
        self._forget()
        self._copies = tempfile.TemporaryDirectory(prefix="townclerk-")
        path = Path(self._copies.name) / found.name
        with path.open("xb") as copy:
            await self.download(listed, copy)
        if path.stat().st_size != listed.size:
            raise RetryLater(f"{found.name} changed while it was fetched; it is fetched again.")
        os.utime(path, (listed.modified, listed.modified))  # a half line waits by the writer's time
        return path

    async def unchanged(self, found: Found) -> bool:
        """Say yes: nobody but us writes to the copy."""
        del found
        return True

    async def close(self) -> None:
        """Delete the copy and let go of connections."""
        self._forget()
        await self.leave()

    def _forget(self) -> None:
        if self._copies is not None:
            self._copies.cleanup()
            self._copies = None

    @abstractmethod
    async def look(self) -> Sequence[Listed]:
        """Return the plain files of the folder."""

    @abstractmethod
    async def download(self, listed: Listed, into: BinaryIO) -> None:
        """Write a file's bytes; exactly those that were listed, or raise."""

    @abstractmethod
    async def leave(self) -> None:
        """Let go of connections."""


def _is_plain(name: str) -> bool:
    """Tell whether a name stays inside the folder of copies."""
    return name not in ("", ".", "..") and not set(name) & set("/\\\0")
