"""The master view: one customer out of many records, with a reason for every link and value.

Five floors, each using only those below it: `values`; `matching` on them; `live` in PostgreSQL;
`tables` of others and `asking`; `stewarding` on top.
"""

from typing import TYPE_CHECKING

from registry.on_demand import modules_of

if TYPE_CHECKING:
    from registry.customers.asking import around, dealings, find, purposes, queries, reads, sheet
    from registry.customers.live import (
        commands,
        cross_reference,
        keeping,
        outbox,
        progress,
        settling,
        versions,
    )
    from registry.customers.matching import pairing
    from registry.customers.stewarding import (
        carrying_out,
        compare,
        erase,
        explain,
        requests,
        review,
        sampling,
        stewardship,
    )
    from registry.customers.tables import link_files, roles, splink_settings, truth_tables

__all__ = [
    "around",
    "carrying_out",
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
    "progress",
    "purposes",
    "queries",
    "reads",
    "requests",
    "review",
    "roles",
    "sampling",
    "settling",
    "sheet",
    "splink_settings",
    "stewardship",
    "truth_tables",
    "versions",
]

__getattr__ = modules_of(
    __name__,
    __all__,
    floors={
        "asking": ["around", "dealings", "find", "purposes", "queries", "reads", "sheet"],
        "live": [
            "commands",
            "cross_reference",
            "keeping",
            "outbox",
            "progress",
            "settling",
            "versions",
        ],
        "matching": ["pairing"],
        "stewarding": [
            "carrying_out",
            "compare",
            "erase",
            "explain",
            "requests",
            "review",
            "sampling",
            "stewardship",
        ],
        "tables": ["link_files", "roles", "splink_settings", "truth_tables"],
    },
)
