"""Bring the modules of a room when somebody first uses one, so that no command pays for all."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType


def modules_of(
    room: str, names: Sequence[str], floors: Mapping[str, Sequence[str]] | None = None
) -> Callable[[str], ModuleType]:
    """Return the `__getattr__` of a room's package.

    Args:
        room: The package, by its `__name__`.
        names: Its modules that others may use.
        floors: Which of them stand in which package of the room; the others stand in the room.

    Source:
        PEP 562.
    """
    places = {name: f"{room}.{floor}" for floor, some in (floors or {}).items() for name in some}

    def bring(name: str) -> ModuleType:
        if name not in names:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return import_module(f"{places.get(name, room)}.{name}")

    return bring
