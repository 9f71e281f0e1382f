"""Read a file that a person named on the command line, with one clear error for each trouble."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import InvalidInput

EncodingChosen = Annotated[
    str | None,
    typer.Option(help="How CSV that is not UTF-8 is written, e.g. cp1250.", metavar="NAME"),
]


class UnreadableFile(InvalidInput):
    """A file named on the command line is missing, not ours to read, too large or not text."""

    code = "unreadable_file"
    remedy = "Check the name and the rights of the file; `ls -l` shows both."


def read_text(file: Path, *, bytes_max: int) -> str:
    """Return a file's text.

    Args:
        file: As named by the person.
        bytes_max: Larger files are refused before they are read.

    Raises:
        UnreadableFile: There is no such file, it is no file, too large, or not UTF-8.
    """
    content = read_bytes(file, bytes_max=bytes_max)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnreadableFile(
            f"{file} is not UTF-8 text: line {line} has a byte that is none.",
            remedy="Save it as UTF-8, for example with `iconv --from-code cp1252 --to-code utf-8`.",
            line=line,
        ) from error


def read_bytes(file: Path, *, bytes_max: int, cut: bool = False) -> bytes:
    """Return a file's bytes.

    Args:
        file: As named by the person.
        bytes_max: Larger files are refused.
        cut: Return the first `bytes_max` bytes of a larger file instead of refusing it.

    Raises:
        UnreadableFile: There is no such file, it is no file, or too large.
    """
    try:
        with file.open("rb") as opened:
            # One byte more than allowed tells a file that is too large, also where it has no size.
            content = opened.read(bytes_max + 1)
    except OSError as error:
        raise UnreadableFile(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > bytes_max and not cut:
        raise UnreadableFile(
            f"{file} is larger than {bytes_max:,} bytes.",
            remedy="Look whether it is the file you meant; split it if it is.",
        )
    return content[:bytes_max]


class UnwritableFile(InvalidInput):
    """A file named on the command line cannot be written."""

    code = "unwritable_file"
    remedy = (
        "Check the rights of its directory and the space on its disk; `ls -ld` and `df` show both."
    )


def write_text(file: Path, text: str) -> None:
    """Write a file that a person named.

    Raises:
        UnwritableFile: Its directory is missing or not ours, or the disk is full.
    """
    write_bytes(file, text.encode())


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file that a person named.

    Raises:
        UnwritableFile: Its directory is missing or not ours, or the disk is full.
    """
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UnwritableFile(f"{file} cannot be written: {error.strerror}.") from error
