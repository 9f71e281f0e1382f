"""The master view: one customer out of many records, with a reason for every link and value."""

from typing import TYPE_CHECKING

from registry.on_demand import modules_of

if TYPE_CHECKING:
    from registry.customers import (
        around,
        commands,
        compare,
        cross_reference,
        dealings,
        erase,
        explain,
        find,
        keeping,
        link_files,
        outbox,
        pairing,
        purposes,
        queries,
        reads,
        review,
        roles,
        sampling,
        settling,
        sheet,
        splink_settings,
        stewardship,
        versions,
    )

__all__ = [
    "around",
    "commands",
    "compare",
    "cross_reference",
    "dealings",
    "erase",
    "explain",
    "find",
    "keeping",
    "link_files",
    "outbox",
    "pairing",
    "purposes",
    "queries",
    "reads",
    "review",
    "roles",
    "sampling",
    "settling",
    "sheet",
    "splink_settings",
    "stewardship",
    "versions",
]

__getattr__ = modules_of(__name__, __all__)
