"""How much memory and log a new embedded server takes, by the machine it is made on.

PostgreSQL's own defaults fit the smallest machine. A page of a thousand customers' records touches
some twenty thousand pages of tables and indexes at random: with 128 MB of buffers they are fetched
from the system one by one, and with 1 GB of log a checkpoint comes every few such pages, after
which each page that is touched is first written whole. What is chosen here stands at the end of
postgresql.conf, where whoever runs the server may change it.
"""

import os
import shutil
from pathlib import Path

MEGABYTE = 2**20
BUFFERS_SHARE = 1 / 4  # of the memory, as PostgreSQL's manual advises; the system caches the rest
BUFFERS_MB = range(128, 4096 + 1)  # a million customers' records and their indexes fit the most
LOG_SHARE = 1 / 5  # of the free disk
LOG_MB = range(1024, 4096 + 1)  # the least is PostgreSQL's default; more makes recovery minutes
CHECKPOINT_MINUTES = 15
# Where the kernel says what a container may take, of both versions of control groups.
MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def sizes(place: Path) -> dict[str, str]:
    """Return settings of PostgreSQL for a server whose data are kept in a directory.

    Args:
        place: The directory; it exists.
    """
    buffers = _within(BUFFERS_MB, _memory() * BUFFERS_SHARE)
    log = _within(LOG_MB, shutil.disk_usage(place).free * LOG_SHARE)
    return {
        "shared_buffers": f"{buffers}MB",
        "max_wal_size": f"{log}MB",
        "checkpoint_timeout": f"{CHECKPOINT_MINUTES}min",
    }


def _within(bounds: range, size: float) -> int:
    """Return bytes as megabytes within bounds."""
    return min(max(int(size) // MEGABYTE, bounds.start), bounds.stop - 1)


def _memory() -> int:
    """Return the memory that processes like this one may take, in bytes."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for file in MEMORY_LIMITS:
        said = file.read_text().strip() if file.is_file() else ""
        if said.isdigit():
            found = min(found, int(said))
    return found
