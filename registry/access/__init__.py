"""The access room: who asks, and what their token opens."""

from registry.access import authorise, commands, queries, secrets, tokens

__all__ = ["authorise", "commands", "queries", "secrets", "tokens"]
