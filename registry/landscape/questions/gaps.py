"""Gaps and overlaps: reference components without a system, with one, with several."""

from enum import StrEnum

from msgspec import Struct

from registry.landscape.lifecycle import Lifecycle, lifecycle_of
from registry.landscape.questions.portfolio import Portfolio
from registry.landscape.questions.profiles import fact


class Cover(StrEnum):
    """How well a reference component is filled in."""

    GAP = "gap"  # by nothing
    ENDING = "ending"  # only by systems that are leaving or gone
    PLANNED = "planned"  # only by systems that are still to come
    ONE = "one"
    OVERLAP = "overlap"  # by several that are in use


class Covered(Struct, frozen=True):
    """One reference component and the systems in it."""

    key: str
    name: str
    cover: Cover
    systems: tuple[str, ...]


class Gaps(Struct, frozen=True, kw_only=True):
    """How a portfolio covers a reference architecture.

    Args:
        profile: Which profile told what is what.
        components: All reference components, by name.
        unplaced: Names of systems that fill in nothing.
        unknown: Pairs of a system and a name it gives that the reference does not know.
    """

    profile: str
    components: tuple[Covered, ...]
    unplaced: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]

    def counts(self) -> dict[str, int]:
        """Return how many components there are of each cover."""
        found = dict.fromkeys((str(cover) for cover in Cover), 0)
        for component in self.components:
            found[component.cover] += 1
        return {
            "components": len(self.components),
            **found,
            "unplaced": len(self.unplaced),
            "unknown": len(self.unknown),
        }


def gaps(found: Portfolio) -> Gaps:
    """Return how a portfolio covers its reference architecture."""
    own, reference = found.own, found.reference
    return Gaps(
        profile=" and ".join(one.title for one in found.profile.all()),
        components=tuple(
            Covered(
                reference.keys[node],
                reference.names[node],
                cover_of(found, node),
                tuple(own.names[system] for system in found.filled_by.get(node, ())),
            )
            for node in found.components
        ),
        unplaced=tuple(own.names[system] for system in found.unplaced),
        unknown=tuple((own.names[system], said) for system, said in found.unknown),
    )


def cover_of(found: Portfolio, component: int) -> Cover:
    """Return how well one reference component is filled in."""
    systems = found.filled_by.get(component, ())
    states = [lifecycle_of(fact(found.own, system, "lifecycle")) for system in systems]
    staying = [state for state in states if state in {Lifecycle.LIVE, Lifecycle.UNKNOWN}]
    if len(staying) > 1:
        return Cover.OVERLAP
    if staying:
        return Cover.ONE
    if Lifecycle.PLANNED in states:
        return Cover.PLANNED
    return Cover.ENDING if states else Cover.GAP
