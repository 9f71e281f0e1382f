"""The access room: who asks, and what their token opens."""

from registry.access import authorise, commands, queries, tokens

__all__ = ["authorise", "commands", "queries", "tokens"]
