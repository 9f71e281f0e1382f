"""Why a data directory cannot be used, in plain words with the way out."""

import errno
import os
import re
from pathlib import Path

from schemas.errors import StorageUnusable

NO_SPACE = ("No space left on device", "Disk quota exceeded")


def unusable(error: OSError, path: Path) -> StorageUnusable:
    """Translate what the operating system said about a path.

    Args:
        error: The refusal.
        path: What we wanted to use.
    """
    place = error.filename or path
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return disk_full(path)
        case errno.EACCES | errno.EPERM:
            why = f"This account may not write in {place}."
        case errno.EROFS:
            why = f"{place} lies on a read-only file system."
        case errno.ENOTDIR | errno.EEXIST:
            why = f"{place} is a file where a directory is needed."
        case errno.ELOOP:
            why = f"{place} is a symbolic link where a file is needed."
        case _:
            why = f"{place} cannot be used: {error.strerror or error}."
    return StorageUnusable(
        why, remedy=f"Mend that, or choose another directory than {path} with TOWNCLERK_DATA_DIR."
    )


def disk_full(path: Path) -> StorageUnusable:
    """Say that the disk is full, and how much room is left."""
    room = os.statvfs(path)
    megabytes = room.f_bavail * room.f_frsize // 2**20
    return StorageUnusable(
        f"The disk that holds {path} is full: {megabytes} MB and {room.f_favail} file entries "
        "are free.",
        remedy="Make room on it, or move the data directory to a larger disk and name that in "
        "TOWNCLERK_DATA_DIR. What was committed is safe.",
        free_megabytes=megabytes,
    )


def not_started(what: str, said: str, *, path: Path, log: Path) -> StorageUnusable:
    """Translate what a PostgreSQL program said before it ended.

    Args:
        what: What did not work, as the beginning of a sentence.
        said: Its output.
        path: Directory it worked on.
        log: Where its output can be read in full.
    """
    if any(words in said for words in NO_SPACE):
        return disk_full(path)
    worst = re.findall(r"(?:FATAL|PANIC|error): +(.+)", said)
    reason = (worst or said.strip().splitlines() or [""])[-1].strip() or "it ended without a word"
    return StorageUnusable(f"{what}: {reason}", remedy=f"Mend the cause; {log} says more.")
