"""Which PostgreSQL servers the tests run on, and places where a server can live."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

SERVERS = {"wheel 18": None, "debian 15": Path("/usr/lib/postgresql/15/bin")}
# Memory is kinder to the disk and makes a fresh database in 15 ms instead of 150.
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 2 * 2**30


def programs_of(kind: str) -> Path | None:
    """Return the programs of one kind of server, None for the wheel's; skip where absent."""
    found = SERVERS[kind]
    if found is not None and not found.is_dir():
        pytest.skip(f"{found} is not installed")
    return found


def installed_servers() -> list[str]:
    """Return the kinds of server this machine has; the wheel's is always there."""
    return [kind for kind, found in SERVERS.items() if found is None or found.is_dir()]


def in_database(url: str, name: str) -> str:
    """Return the address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def first_row(url: str, statement: str, values: list[Any] | None = None) -> tuple[Any, ...] | None:
    """Run one statement over a connection of its own, commit, and return its first row if any."""
    with psycopg.connect(url, autocommit=True) as db:
        cursor = db.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def make_reachable_dir(room: int = MEMORY_BYTES_MIN) -> Path:
    """Make a short directory that an unprivileged account may pass through.

    Args:
        room: Bytes that it may come to hold; in memory only where so many are free.
    """
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK)
    roomy = in_memory and min(shutil.disk_usage(MEMORY).free, _memory_free()) > room
    made = Path(tempfile.mkdtemp(prefix="tc-", dir=MEMORY if roomy else "/tmp"))
    made.chmod(0o711)
    return made


def _memory_free() -> int:
    """Return the bytes that processes may still take without a swap."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def clean_environment(**variables: str) -> dict[str, str]:
    """Return an environment for a process of ours that no test before has left its mark on."""
    ours = ("PREFECT_", "TOWNCLERK_", "DATABASE_URL")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return inherited | variables
