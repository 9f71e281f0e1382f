"""A DuckDB session with bounds: memory, threads, a private directory, nothing from the network."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.settings import settings
from schemas.errors import StorageUnusable

# DuckDB goes to its file beyond it; a million records fit, and more memory hardly saves time.
MEMORY_LIMIT_MB = 512
# More threads gain little on joins of this size and would starve the source connections.
THREADS_MAX = 8
PREFIX = "match-"
# What DuckDB says, and Python's KeyboardInterrupt is lost, where Ctrl-C meets it at work.
_STOPPED = "Query interrupted"
_DISK_FULL = "No space left"

_sessions: set[duckdb.DuckDBPyConnection] = set()


@contextmanager
def open_engine(
    memory_limit_mb: int = MEMORY_LIMIT_MB, threads: int | None = None, *, in_memory: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB whose file and overflow lie in a directory only we can read, gone at the end.

    A file, although nothing is kept: tables in it are compressed and leave memory when it is
    short, where tables of an in-memory database stay.

    Args:
        memory_limit_mb: What DuckDB may hold before it spills.
        threads: Worker threads; default is one per processor, at most THREADS_MAX.
        in_memory: Do without the file, for the few records of a page; that opens sooner.

    Raises:
        KeyboardInterrupt: Somebody stopped us while DuckDB was at work.
        StorageUnusable: The disk is full, or the directory may not be written.
    """
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", dir=work_dir()) as directory:
        con = duckdb.connect(
            ":memory:" if in_memory else f"{directory}/match.duckdb",
            config={
                "memory_limit": f"{memory_limit_mb}MB",
                "threads": threads or min(os.cpu_count() or 1, THREADS_MAX),
                "temp_directory": directory,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": False,
            },
        )
        _sessions.add(con)
        try:
            yield con
        except RuntimeError as error:
            if str(error) == _STOPPED:
                raise KeyboardInterrupt from error
            raise
        except (duckdb.Error, OSError) as error:
            if _DISK_FULL in str(error):
                raise StorageUnusable(
                    f"The disk that holds {directory} is full.",
                    remedy="Make room, or set TOWNCLERK_DATA_DIR to a folder on a larger disk.",
                ) from error
            raise
        finally:
            _sessions.discard(con)
            con.close()


def interrupt() -> None:
    """Stop what every session of this process is at; its caller gets duckdb.InterruptException."""
    for con in list(_sessions):
        con.interrupt()


def sweep() -> None:
    """Remove what a killed process left behind: copies of customers' records.

    Call it where no other session on the same database can be open; processes on other databases
    may share the directory, so what belongs to a living process stays.
    """
    for left in work_dir().glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).split("-")[0]
        if not (pid.isdigit() and _is_alive(int(pid))):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, under another account
        return True
    return True


def work_dir() -> Path:
    """Return where sessions keep their files: beside our data, since they hold customers too."""
    directory = settings().data_dir.expanduser() / "work"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
    except OSError as error:
        raise StorageUnusable(
            f"This account may not write in {directory}.",
            remedy="Set TOWNCLERK_DATA_DIR to a folder that it may write.",
        ) from error
    return directory


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


def map_values(
    con: duckdb.DuckDBPyConnection,
    values: Sequence[str],
    make: Callable[[str], tuple[str | None, ...]],
    made: Sequence[str],
    *,
    into: str,
) -> None:
    """Make the temporary table `into(value, <made>)` by a Python function that SQL cannot be.

    Args:
        con: The session.
        values: Distinct values.
        make: What to make of one value, in the order of `made`.
        made: Names of the columns made.
        into: Table to make.
    """
    found = [make(value) for value in values]
    data = {"value": texts(values)}
    for index, name in enumerate(made):
        data[name] = texts([row[index] for row in found])
    con.register("made_values", data)
    selected = ", ".join(f"{name}::VARCHAR AS {name}" for name in ("value", *made))
    run(
        con,
        "CREATE OR REPLACE TEMP TABLE $into AS SELECT $selected FROM made_values",
        into=into,
        selected=selected,
    )
    con.unregister("made_values")


def texts(values: Sequence[str | None]) -> NDArray[np.object_]:
    """Return texts as a column that a session can register."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
