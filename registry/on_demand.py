"""Bring the modules of a room when somebody first uses one, so that no command pays for all."""

from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType


def modules_of(room: str, names: Sequence[str]) -> Callable[[str], ModuleType]:
    """Return the `__getattr__` of a room's package.

    Args:
        room: The package, by its `__name__`.
        names: Its modules that others may use.

    Source:
        PEP 562.
    """

    def bring(name: str) -> ModuleType:
        if name not in names:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return import_module(f"{room}.{name}")

    return bring
