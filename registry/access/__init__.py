"""The access room: who asks, and what their token opens."""

from typing import TYPE_CHECKING

from registry.on_demand import modules_of

if TYPE_CHECKING:
    from registry.access import authorise, commands, queries, secrets, tokens

__all__ = ["authorise", "commands", "queries", "secrets", "tokens"]

__getattr__ = modules_of(__name__, __all__)
