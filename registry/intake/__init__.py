"""The intake room: what came in, exactly once."""

from typing import TYPE_CHECKING

from registry.on_demand import modules_of

if TYPE_CHECKING:
    from registry.intake import (
        commands,
        drift,
        known,
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
    "known",
    "landing",
    "leases",
    "looks",
    "queries",
    "replay",
    "requests",
    "scans",
    "schedules",
]

__getattr__ = modules_of(__name__, __all__)
