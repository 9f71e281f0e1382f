"""The intake room: what came in, exactly once."""

from registry.intake import commands, landing, leases, queries

__all__ = ["commands", "landing", "leases", "queries"]
