"""Find the files of a stream: plain files of the registered folder and nothing else."""

import asyncio
import fnmatch
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from schemas.errors import GiveUp, InvalidInput, RetryLater

FILES_MAX = 10_000
"""A folder that collects a file a day fills this in 27 years; more is the wrong folder."""


NAME_CHARACTERS_MAX = 255
"""File systems take no longer names."""


class Found(NamedTuple):
    """One file: its name, and what tells whether it is still the same one."""

    name: str
    fingerprint: str


class Folder(Protocol):
    """Where files lie."""

    async def find(self, pattern: str) -> list[Found]:
        """Return the files that a pattern names, sorted by name; none is an error."""
        ...

    async def fetch(self, found: Found) -> Path:
        """Return where a file can be read on this machine, until the next one is fetched."""
        ...

    async def unchanged(self, found: Found) -> bool:
        """Tell whether what is being read is still what was found."""
        ...

    async def close(self) -> None:
        """Let go of connections and copies."""


class LocalFolder:
    """A folder of this machine, or a share that is mounted here.

    Args:
        base_url: The registered address.

    Raises:
        InvalidInput: It names no folder.
    """

    def __init__(self, base_url: str) -> None:
        self._path = folder_of(base_url)

    async def find(self, pattern: str) -> list[Found]:
        """Look into the folder."""
        return await asyncio.to_thread(find_files, self._path, pattern)

    async def fetch(self, found: Found) -> Path:
        """Return the file's own place."""
        return self._path / found.name

    async def unchanged(self, found: Found) -> bool:
        """Look at the file again."""
        facts = await asyncio.to_thread((self._path / found.name).stat)
        return _fingerprint(facts) == found.fingerprint

    async def close(self) -> None:
        """Do nothing: files are closed as soon as they are read."""


def folder_of(base_url: str) -> Path:
    """Return the folder that a `file:` URL names.

    Raises:
        InvalidInput: It is no such URL, or names another machine.
    """
    parts = urlsplit(base_url)
    if parts.scheme != "file" or parts.query or parts.fragment:
        raise InvalidInput("The registered address must be a folder, as in file:///srv/exchange.")
    if parts.netloc not in ("", "localhost"):
        raise InvalidInput("The registered folder is on another machine; mount it here first.")
    path = Path(unquote(parts.path))
    if not path.is_absolute() or "\0" in str(path):
        raise InvalidInput("The registered address must be a folder, as in file:///srv/exchange.")
    return path


def find_files(folder: Path, pattern: str) -> list[Found]:
    """Return the files of a folder that a pattern names, sorted by name.

    Raises:
        GiveUp: There is no such folder or no such file; an empty list would look like a source
            whose records were all deleted.
        RetryLater: The folder cannot be read now.
    """
    try:
        names = [entry.name for entry in folder.iterdir()]
    except FileNotFoundError:
        raise GiveUp(
            f"There is no folder {folder}.", remedy="Correct the address in the register."
        ) from None
    except OSError as error:
        raise RetryLater(f"The folder {folder} cannot be read: {error.strerror}.") from None
    wanted = chosen(names, pattern)
    found = [one for name in wanted if (one := _look_at(folder, name)) is not None]
    if not found:
        raise nothing_found(str(folder), pattern)
    return found


def chosen(names: Iterable[str], pattern: str) -> list[str]:
    """Return the names that a pattern means, sorted.

    Raises:
        GiveUp: They are too many, or one cannot be written down.
    """
    wanted = sorted(name for name in names if fnmatch.fnmatchcase(name, pattern))
    if len(wanted) > FILES_MAX:
        raise GiveUp(f"More than {FILES_MAX} files match `{pattern}`; this is the wrong folder.")
    for name in wanted:
        if not name.isprintable() or len(name) > NAME_CHARACTERS_MAX:
            raise GiveUp(
                f"A file that matches `{pattern}` has a name that cannot be written down.",
                remedy="Rename it: its name holds a line break, is not in UTF-8, or is too long.",
            )
    return wanted


def nothing_found(where: str, pattern: str) -> GiveUp:
    """Return the refusal of a folder without a file: it must not look like an empty list."""
    return GiveUp(
        f"No file in {where} matches `{pattern}`.",
        remedy="Check the pattern, and whether the other system still delivers.",
    )


def _look_at(folder: Path, name: str) -> Found | None:
    """Return a plain file; pipes, devices and links that lead out of the folder are left out."""
    path = folder / name
    try:
        facts = path.stat()
        inside = path.resolve().is_relative_to(folder.resolve())
    except OSError:
        return None  # it vanished since the folder was listed
    if not stat.S_ISREG(facts.st_mode) or not inside:
        return None
    return Found(name, _fingerprint(facts))


def _fingerprint(facts: os.stat_result) -> str:
    return f"{facts.st_size}-{facts.st_mtime_ns}"
