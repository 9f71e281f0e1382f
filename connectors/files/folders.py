"""Find the files of a stream: plain files of the registered folder and nothing else."""

import fnmatch
import os
import stat
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from schemas.errors import GiveUp, InvalidInput, RetryLater

FILES_MAX = 10_000
"""A folder that collects a file a day fills this in 27 years; more is the wrong folder."""


class Found(NamedTuple):
    """One file: where it is, and what tells whether it is still the same one."""

    path: Path
    fingerprint: str

    def is_unchanged(self) -> bool:
        """Tell whether the file is still as it was found."""
        return _fingerprint(self.path.stat()) == self.fingerprint


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
        names = sorted(entry.name for entry in folder.iterdir())
    except FileNotFoundError:
        raise GiveUp(
            f"There is no folder {folder}.", remedy="Correct the address in the register."
        ) from None
    except OSError as error:
        raise RetryLater(f"The folder {folder} cannot be read: {error.strerror}.") from None
    wanted = [name for name in names if fnmatch.fnmatchcase(name, pattern)]
    if len(wanted) > FILES_MAX:
        raise GiveUp(f"More than {FILES_MAX} files match `{pattern}`; this is the wrong folder.")
    for name in wanted:
        if not name.isprintable():
            raise GiveUp(
                f"A file that matches `{pattern}` has a name that cannot be written down.",
                remedy="Rename it: its name holds a line break, or is not in UTF-8.",
            )
    found = [one for name in wanted if (one := _look_at(folder, name)) is not None]
    if not found:
        raise GiveUp(
            f"No file in {folder} matches `{pattern}`.",
            remedy="Check the pattern, and whether the other system still delivers.",
        )
    return found


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
    return Found(path, _fingerprint(facts))


def _fingerprint(facts: os.stat_result) -> str:
    return f"{facts.st_size}-{facts.st_mtime_ns}"
