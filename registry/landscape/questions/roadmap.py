"""The roadmap: which systems end when, and what is left uncovered then."""

from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from registry.landscape.lifecycle import Lifecycle, day_of, lifecycle_of
from registry.landscape.questions.portfolio import Portfolio
from registry.landscape.questions.profiles import fact

SOON_DAYS: Final = 365  # a tender and a migration take a year
LATER_DAYS: Final = 3 * 365  # beyond it plans change more often than systems


class When(StrEnum):
    """How near the end of a system is."""

    OVERDUE = "overdue"  # ended, and still said to be in use
    SOON = "soon"  # within a year
    LATER = "later"  # within three years
    FAR = "far"
    UNDATED = "undated"  # being phased out, and nobody said until when
    STARTING = "starting"  # planned: it begins rather than ends


class Step(Struct, frozen=True, kw_only=True):
    """One system on the roadmap.

    Args:
        key: Id of the system.
        system: Its name.
        lifecycle: Where it stands.
        when: How near its end, or its beginning, is.
        day: The day of it, where one is given and readable.
        said: The day as written; not empty with `day` absent means nobody can read it.
        uncovered: Components nothing else fills in afterwards.
    """

    key: str
    system: str
    lifecycle: Lifecycle
    when: When
    day: date | None
    said: str
    uncovered: tuple[str, ...]


def roadmap(found: Portfolio, *, today: date) -> list[Step]:
    """Return every system that begins, ends or has an end date, in the order of their days.

    Args:
        found: Systems beside their reference architecture.
        today: What soon and overdue count from.
    """
    steps = [step for system in found.systems if (step := _step(found, system, today)) is not None]
    return sorted(steps, key=lambda one: (one.day or date.max, one.system, one.key))


def _step(found: Portfolio, system: int, today: date) -> Step | None:
    own = found.own
    state = lifecycle_of(fact(own, system, "lifecycle"))
    said = fact(own, system, "starts" if state is Lifecycle.PLANNED else "ends")
    if not said and state not in {Lifecycle.LEAVING, Lifecycle.PLANNED}:
        return None
    day = day_of(said)
    is_over = state is Lifecycle.GONE
    return Step(
        key=own.keys[system],
        system=own.names[system],
        lifecycle=state,
        when=When.FAR if is_over else _when(state, day, today),
        day=day,
        said=said,
        uncovered=() if state is Lifecycle.PLANNED else tuple(_uncovered(found, system, day)),
    )


def _when(state: Lifecycle, day: date | None, today: date) -> When:
    if state is Lifecycle.PLANNED:
        return When.STARTING
    if day is None:
        return When.UNDATED
    left = (day - today).days
    if left < 0:
        return When.OVERDUE
    if left <= SOON_DAYS:
        return When.SOON
    return When.LATER if left <= LATER_DAYS else When.FAR


def _uncovered(found: Portfolio, system: int, day: date | None) -> list[str]:
    """Return the components that only this system, or ones that end no later, fill in."""
    return [
        found.reference.names[component]
        for component in found.fills.get(system, ())
        if not any(
            _outlives(found, other, day) for other in found.filled_by[component] if other != system
        )
    ]


def _outlives(found: Portfolio, system: int, day: date | None) -> bool:
    state = lifecycle_of(fact(found.own, system, "lifecycle"))
    if state is Lifecycle.GONE:
        return False
    end = day_of(fact(found.own, system, "ends"))
    if end is None:
        return state is not Lifecycle.LEAVING
    return day is not None and end > day
