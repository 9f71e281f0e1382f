"""The master view: one customer out of many records, with a reason for every link and value."""

from registry.customers import (
    around,
    commands,
    compare,
    erase,
    explain,
    find,
    link_files,
    outbox,
    purposes,
    queries,
    reads,
    roles,
    sampling,
    settling,
    sheet,
    stewardship,
)

__all__ = [
    "around",
    "commands",
    "compare",
    "erase",
    "explain",
    "find",
    "link_files",
    "outbox",
    "purposes",
    "queries",
    "reads",
    "roles",
    "sampling",
    "settling",
    "sheet",
    "stewardship",
]
