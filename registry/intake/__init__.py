"""The intake room: what came in, exactly once."""

from registry.intake import (
    commands,
    drift,
    landing,
    leases,
    looks,
    queries,
    replay,
    requests,
    scans,
    schedules,
)

__all__ = [
    "commands",
    "drift",
    "landing",
    "leases",
    "looks",
    "queries",
    "replay",
    "requests",
    "scans",
    "schedules",
]
