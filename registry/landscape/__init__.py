"""The landscape room: what the municipality runs, and how it hangs together."""

from registry.landscape import commands, queries

__all__ = ["commands", "queries"]
