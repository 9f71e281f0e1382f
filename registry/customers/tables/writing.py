"""Writing what linking found: whole or not at all, and never over what somebody brought."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from schemas.errors import InvalidInput


def refuse_places(files: Sequence[Path], outputs: Sequence[Path]) -> None:
    """Refuse places that cannot be written, before anything is read that may take minutes.

    Raises:
        InvalidInput: One of the outputs is one of the files, both outputs are one, or one of them
            is a folder or lies in none that is there and writable.
    """
    seen: set[Path] = set()
    for path in outputs:
        if path.name == "-" or path.is_dir():
            raise InvalidInput(
                f"{path} is no name of a file.", remedy="Give a file's name, such as pairs.csv."
            )
        if _is_one_of(path, files):
            raise InvalidInput(
                f"{path.name} is read here and would be written over.",
                remedy="Give --out and --clusters names of their own.",
            )
        place = path.resolve()
        if place in seen:
            raise InvalidInput(
                f"{path.name} would hold both pairs and clusters.",
                remedy="Give --out and --clusters names of their own.",
            )
        seen.add(place)
        if not place.parent.is_dir() or not os.access(place.parent, os.W_OK | os.X_OK):
            raise _not_written(path)


@contextmanager
def whole_files(outputs: Sequence[Path]) -> Iterator[Mapping[Path, Path]]:
    """Yield where to write each output; all get their names at the end, or none is there.

    Who is stopped, or runs out of disk, keeps what stood there before.
    """
    with ExitStack() as stack:
        parts = {path: _part_of(path, stack) for path in outputs}
        yield parts
        for path, part in parts.items():
            if part != path:
                _put(part, path.resolve())


def write_csv(con: duckdb.DuckDBPyConnection, question: str, out: Path) -> None:
    """Write the answer to a question as CSV with a line of names.

    Raises:
        InvalidInput: The place cannot be written.
    """
    try:
        con.execute(f"COPY ({question}) TO ? (FORMAT csv, HEADER)", [str(out)]).fetchall()
    except duckdb.IOException as error:
        raise _not_written(out, full="No space" in str(error)) from error


def _not_written(path: Path, *, full: bool = False) -> InvalidInput:
    return InvalidInput(
        f"{path.name} cannot be written{': the disk is full' if full else ''}.",
        remedy="Make room, or choose another disk."
        if full
        else "Choose a folder that is there and writable.",
    )


def _is_one_of(path: Path, files: Sequence[Path]) -> bool:
    there = path.exists()
    return any(
        path.resolve() == file.resolve() or (there and file.exists() and path.samefile(file))
        for file in files
    )


def _part_of(path: Path, stack: ExitStack) -> Path:
    """Return a place beside the output; what is there and no file, such as a pipe, stays."""
    place = path.resolve()
    if place.exists() and not place.is_file():
        return path
    beside = TemporaryDirectory(prefix=".townclerk-", dir=place.parent)
    return Path(stack.enter_context(beside)) / place.name


def _put(part: Path, place: Path) -> None:
    if place.exists():
        shutil.copymode(place, part)
    part.replace(place)
