"""Writing what linking found, and never over what somebody brought."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from schemas.errors import InvalidInput


def refuse_overwriting(files: Sequence[Path], outputs: Sequence[Path]) -> None:
    """Refuse to write over a table that is read, or two outputs into one file.

    Raises:
        InvalidInput: One of the outputs is one of the files, or both outputs are one.
    """
    read = {path.resolve() for path in files}
    seen: set[Path] = set()
    for path in outputs:
        place = path.resolve()
        if place in read or any(path.exists() and path.samefile(one) for one in _there(files)):
            raise InvalidInput(
                f"{path.name} is read here and would be written over.",
                remedy="Give --out and --clusters names of their own.",
            )
        if place in seen:
            raise InvalidInput(
                f"{path.name} would hold both pairs and clusters.",
                remedy="Give --out and --clusters names of their own.",
            )
        seen.add(place)


def write_csv(con: duckdb.DuckDBPyConnection, question: str, out: Path) -> None:
    """Write the answer to a question as CSV with a line of names.

    Raises:
        InvalidInput: The place cannot be written.
    """
    try:
        con.execute(f"COPY ({question}) TO ? (FORMAT csv, HEADER)", [str(out)]).fetchall()
    except duckdb.IOException as error:
        raise InvalidInput(
            f"{out.name} cannot be written.", remedy="Choose a folder that is there and writable."
        ) from error


def _there(files: Sequence[Path]) -> list[Path]:
    return [path for path in files if path.exists()]
