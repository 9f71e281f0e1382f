"""The landscape room: what the municipality runs, and how it hangs together."""

from typing import TYPE_CHECKING

from registry.on_demand import modules_of

if TYPE_CHECKING:
    from registry.landscape import commands, queries

__all__ = ["commands", "queries"]

__getattr__ = modules_of(__name__, __all__)
