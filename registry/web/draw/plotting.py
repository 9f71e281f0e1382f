"""What the colours of plotted systems say: their life, their owner, or whether they comply."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from registry.landscape.exchange.model import Element, Model, View
from registry.landscape.lifecycle import lifecycle_of
from registry.landscape.questions.plotted import PlotBy, plot
from registry.landscape.questions.portfolio import Portfolio
from registry.landscape.questions.profiles import fact
from registry.web.draw.states import STATES, ColourBy
from registry.web.draw.views import Chip, ViewOptions, draw_view

OWNERS_MAX: Final = 7  # more colours, and nobody tells them apart; the rest share a grey


class Compliance(StrEnum):
    """Whether a system meets what it has to."""

    COMPLIANT = "compliant"
    WAIVED = "waived"
    FAILING = "failing"
    UNKNOWN = "unknown"


# Class in the stylesheet, letter, meaning.
Look = tuple[str, str, str]
_COMPLIANCE: Final[Mapping[Compliance, Look]] = {
    Compliance.COMPLIANT: ("compliant", "C", "Complies"),
    Compliance.WAIVED: ("waived", "W", "Waived"),
    Compliance.FAILING: ("failing", "F", "Fails"),
    Compliance.UNKNOWN: ("unknown", "?", "No evidence"),
}
_NOBODY: Final[Look] = ("unknown", "?", "Not stated")
_OTHERS: Final[Look] = ("others", "+", "Another owner")


def draw_plotted(
    model: Model,
    view: View,
    found: Portfolio,
    *,
    by: PlotBy = PlotBy.LIFECYCLE,
    compliance: Mapping[str, Compliance] | None = None,
    prefix: str = "v",
    system_href: Callable[[str], str] = lambda _key: "",
    element_href: Callable[[Element], str] = lambda _element: "",
) -> str:
    """Draw a view of a reference with the own portfolio plotted on it.

    Args:
        model: The reference's model.
        view: One of its views.
        found: The portfolio beside it.
        by: What the colours say.
        compliance: What is known of each system by its key; a system's own word where left out.
        prefix: What the picture's ids begin with.
        system_href: Gives the address of a system's page by its key, or nothing.
        element_href: Gives the address of an element's page, or nothing.
    """
    looks = looks_of(found, by, compliance or {})
    chips: dict[str, list[Chip]] = {}
    for box, plotted in plot(view, model, found).items():
        chips[box] = [
            Chip(
                one.rect,
                found.own.names[one.system],
                *_said(looks[one.system]),
                system_href(found.own.keys[one.system]),
            )
            for one in plotted
        ]
    components = {found.reference.keys[node] for node in found.components}
    unfilled = frozenset(
        node.id for node in view.all_nodes() if node.element in components and node.id not in chips
    )
    used = {look for row in chips.values() for look in ((c.state, c.letter, c.word) for c in row)}
    legend: Sequence[Look] = sorted(used, key=lambda look: look[2])
    return draw_view(
        model,
        view,
        ViewOptions(
            prefix=prefix,
            chips=chips,
            unfilled=unfilled,
            href=element_href,
            legend=[*legend, ("unfilled", "", "Nothing fills this in")] if unfilled else legend,
        ),
    )


def _said(look: Look) -> tuple[str, str, str]:
    state, letter, word = look
    return state, word, letter


def looks_of(found: Portfolio, by: PlotBy, compliance: Mapping[str, Compliance]) -> dict[int, Look]:
    """Return for each system the class of its colour, its letter and what that means."""
    if by is PlotBy.OWNER:
        return _by_owner(found)
    if by is PlotBy.COMPLIANCE:
        return {
            system: _COMPLIANCE[_compliance(found, system, compliance)] for system in found.systems
        }
    states = STATES[ColourBy.LIFECYCLE]
    looks = {}
    for system in found.systems:
        state = states[lifecycle_of(fact(found.own, system, "lifecycle"))]
        looks[system] = (state.key, state.letter, state.word)
    return looks


def _compliance(found: Portfolio, system: int, compliance: Mapping[str, Compliance]) -> Compliance:
    known = compliance.get(found.own.keys[system])
    said = found.own.value(system, ("compliance", "compliancy")).casefold()
    return known or (Compliance(said) if said in set(Compliance) else Compliance.UNKNOWN)


def _by_owner(found: Portfolio) -> dict[int, Look]:
    """Give the owners of most systems a colour each, and their first letter."""
    owners: dict[str, list[int]] = {}
    for system in found.systems:
        owners.setdefault(fact(found.own, system, "owner"), []).append(system)
    ranked = sorted((o for o in owners if o), key=lambda owner: (-len(owners[owner]), owner))
    looks: dict[str, Look] = {"": _NOBODY, **dict.fromkeys(ranked, _OTHERS)}
    for place, owner in enumerate(ranked[:OWNERS_MAX], 1):
        looks[owner] = (f"o{place}", str(place), owner)
    return {system: looks[owner] for owner, systems in owners.items() for system in systems}
