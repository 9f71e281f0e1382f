"""A DuckDB session with bounds: memory, threads, a private directory, nothing from the network."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

import duckdb

# DuckDB spills to its temporary directory beyond it: at 100,000 people it costs a tenth of the time.
MEMORY_LIMIT_MB = 512
# More threads gain little on joins of this size and would starve the source connections.
THREADS_MAX = 8


@contextmanager
def open_engine(
    memory_limit_mb: int = MEMORY_LIMIT_MB, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory DuckDB whose overflow lies in a directory only we can read.

    Args:
        memory_limit_mb: What DuckDB may hold before it spills.
        threads: Worker threads; default is one per processor, at most THREADS_MAX.
    """
    with tempfile.TemporaryDirectory(prefix="townclerk-match-") as directory:
        con = duckdb.connect(
            config={
                "memory_limit": f"{memory_limit_mb}MB",
                "threads": threads or min(os.cpu_count() or 1, THREADS_MAX),
                "temp_directory": directory,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": False,
            }
        )
        try:
            yield con
        finally:
            con.close()


def workspace(con: duckdb.DuckDBPyConnection) -> Path:
    """Return the session's private directory, for files on their way in or out."""
    row = con.execute("SELECT current_setting('temp_directory')").fetchone()
    assert row is not None
    return Path(row[0])


def run(con: duckdb.DuckDBPyConnection, template: str, *values: Any, **parts: str) -> list[Any]:
    """Execute one statement and read its whole answer.

    DuckDB 2 refuses the next statement while an answer is unread, so nobody else calls execute.

    Args:
        con: The session.
        template: SQL in which `$name` stands for a part of SQL of our own, never for a value.
        values: Values for the `?` marks.
        parts: The parts of SQL.
    """
    return con.execute(Template(template).substitute(parts), list(values)).fetchall()


def columns(con: duckdb.DuckDBPyConnection, template: str, **parts: str) -> dict[str, Any]:
    """Execute one query and return its columns as numpy arrays."""
    found: dict[str, Any] = con.execute(Template(template).substitute(parts)).fetchnumpy()
    return found
