"""What a running server writes about itself, and what a killed one leaves behind."""

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from registry.storage.cluster import Endpoint
from registry.storage.instance import SAFE, Instance
from schemas.errors import StorageUnusable

PS_SECONDS_MAX = 10


@dataclass(frozen=True, slots=True)
class PostmasterFile:
    """The lines of postmaster.pid that we use."""

    pid: int
    port: int
    socket_dir: Path | None
    ready: bool


def read_postmaster_file(data: Path) -> PostmasterFile | None:
    """Read what a server wrote about itself; None while there is nothing complete."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return PostmasterFile(
            pid=int(lines[0]),
            port=int(lines[3]),
            socket_dir=Path(lines[4]) if lines[4] else None,
            ready=lines[7].strip() == "ready",
        )
    except (FileNotFoundError, ValueError, IndexError):
        return None


def clear_stale_files(instance: Instance, endpoint: Endpoint) -> None:
    """Put away what a killed server left; only while its lock proves that none is running.

    The number in postmaster.pid may by now belong to an unrelated program, and PostgreSQL would
    refuse to start. We write our own number there: a server takes its parent's for stale, and
    goes on to its own check of shared memory, which removing the file would skip.

    Raises:
        StorageUnusable: A server that was not started by us runs on this directory.
    """
    path = instance.data / "postmaster.pid"
    try:
        descriptor = os.open(path, os.O_RDWR | SAFE)
    except FileNotFoundError:
        descriptor = None
    if descriptor is not None:
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            lines = file.read().splitlines(keepends=True)
            pid = int(lines[0]) if lines and lines[0].strip().isdigit() else 0
            if is_server(pid, instance.data):
                raise StorageUnusable(
                    f"Process {pid} is a PostgreSQL server that somebody else started on "
                    f"{instance.data}.",
                    remedy=f"Stop it: pg_ctl stop -D {instance.data}",
                )
            file.seek(0)
            file.truncate()
            file.write(b"".join([b"%d\n" % os.getpid(), *lines[1:]]))
    if endpoint.socket_dir is not None:
        for left in endpoint.socket_dir.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)


def is_server(pid: int, data: Path) -> bool:
    """Tell whether this process is the server of this data directory, and no other program.

    A server works in its data directory; where the system does not show that, the name of the
    program must do.
    """
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if Path("/proc/self/cwd").exists():
        with suppress(OSError):
            return Path(f"/proc/{pid}/cwd").samefile(data)
        return False
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PS_SECONDS_MAX,
    )
    return "postgres" in shown.stdout
