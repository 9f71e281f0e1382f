"""What a colour on a picture says: each state has a word, a letter and a shape besides its colour.

Colour alone would leave out one man in twelve and every black-and-white printer.
"""

from dataclasses import dataclass
from enum import StrEnum

from registry.landscape.lifecycle import Lifecycle


class ColourBy(StrEnum):
    """What the reader wants to see in the colours."""

    KIND = "kind"
    LIFECYCLE = "lifecycle"
    SYNC = "sync"


class Shape(StrEnum):
    """Outline of a mark; told apart without colour."""

    SQUARE = "square"
    ROUND = "round"
    TRIANGLE = "triangle"
    DIAMOND = "diamond"
    HEXAGON = "hexagon"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class State:
    """One state a system can be in.

    Attributes:
        key: Stable word; also the name of its colours in the stylesheet.
        letter: What stands inside the mark.
        shape: Outline of the mark.
        word: What it means, in English; translated where it is shown.
    """

    key: str
    letter: str
    shape: Shape
    word: str


class Kind(StrEnum):
    """What part a system plays for the hub."""

    SOURCE = "source"
    SYSTEM = "system"


class Sync(StrEnum):
    """How the last reading of a system went."""

    GOOD = "good"
    PARTLY = "partly"
    FAILED = "failed"
    RUNNING = "running"
    WAITING = "waiting"
    NONE = "none"


STATES: dict[ColourBy, dict[str, State]] = {
    ColourBy.KIND: {
        Kind.SOURCE: State("source", "C", Shape.ROUND, "Read by a connector"),
        Kind.SYSTEM: State("system", "S", Shape.SQUARE, "System"),
    },
    ColourBy.LIFECYCLE: {
        Lifecycle.PLANNED: State("planned", "P", Shape.ROUND, "Planned"),
        Lifecycle.LIVE: State("live", "L", Shape.SQUARE, "In use"),
        Lifecycle.LEAVING: State("leaving", "O", Shape.DIAMOND, "Being phased out"),
        Lifecycle.GONE: State("gone", "X", Shape.HEXAGON, "No longer supported"),
        Lifecycle.UNKNOWN: State("unknown", "?", Shape.OPEN, "Not stated"),
    },
    ColourBy.SYNC: {
        Sync.FAILED: State("failed", "F", Shape.HEXAGON, "Last sync failed"),
        Sync.PARTLY: State("partly", "Q", Shape.DIAMOND, "Synced, some records quarantined"),
        Sync.GOOD: State("good", "G", Shape.SQUARE, "Synced"),
        Sync.RUNNING: State("running", "R", Shape.ROUND, "Syncing now"),
        Sync.WAITING: State("waiting", "W", Shape.TRIANGLE, "Never synced yet"),
        Sync.NONE: State("none", "–", Shape.OPEN, "No connector"),
    },
}
