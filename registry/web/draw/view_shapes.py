"""Shapes of ArchiMate's concepts on a view: outlines, colours by layer, and the small signs.

Round corners say behaviour, square ones structure, cut ones motivation; the sign in the corner
says which concept it is. So nobody needs the colours, which the standard leaves free.
"""

from typing import Final

from registry.landscape.exchange.opengroup import metamodel_concept
from registry.landscape.metamodel import CONCEPTS, GROUPING, JUNCTION, aspect_of, layer_of

INK: Final = "#14202b"
DARK_BELOW: Final = 120  # of 255; below it white ink has the better contrast
LAYER_FILL: Final = {
    "motivation": "#e6e3ff",
    "strategy": "#f9e8c2",
    "business": "#ffffc4",
    "application": "#c9f6fb",
    "technology": "#d3edc6",
    "physical": "#d3edc6",
    "implementation": "#ffe4e1",
}
LAYER_EDGE: Final = {
    "motivation": "#6a63a8",
    "strategy": "#8d6b1f",
    "business": "#7d7d33",
    "application": "#2f7f86",
    "technology": "#4e7a3c",
    "physical": "#4e7a3c",
    "implementation": "#a05a55",
}
OTHER_FILL, OTHER_EDGE = "#f7f7f7", "#5f6b77"
ROUND_PIXELS, CUT_PIXELS, FOLD_PIXELS = 10.0, 8.0, 12.0
TAB_PIXELS = 18.0
SIGN_PIXELS: Final = 15.0
JUNCTION_PIXELS: Final = 15.0

# Signs, each in a square of 14 by 14; drawn as lines, not filled.
_PERSON = "M7 1a2 2 0 1 0 .01 0M7 5v4M4 6.5h6M4.5 13 7 9l2.5 4"
_CYLINDER = "M3.5 4.5h7a1.6 2.5 0 0 1 0 5h-7a1.6 2.5 0 0 1 0-5m7 0a1.6 2.5 0 0 0 0 5"
_TWO_RINGS = "M5 3.5a3.5 3.5 0 1 0 .01 0M9 3.5a3.5 3.5 0 1 0 .01 0"
_PLUG = "M1 7h6m0 0a3 3 0 1 0 6 0 3 3 0 1 0-6 0"
_ARROW = "M1 5h7V2.5L13 7l-5 4.5V9H1z"
_CHEVRON = "M2 4.5 7 1l5 3.5V13L7 9.5 2 13z"
_HALVES = "M6 2.5a4.5 4.5 0 0 0 0 9zM8 2.5a4.5 4.5 0 0 1 0 9z"
_EVENT = "M1 3h8a4 4 0 0 1 0 8H1l3-4z"
_PILL = "M4.5 3.5h5a3.5 3.5 0 0 1 0 7h-5a3.5 3.5 0 0 1 0-7z"
_SHEET = "M1.5 2.5h11v9h-11zM1.5 5h11"
_SLANTED = "M4 3h9l-3 8H1z"
_BOX = "M1.5 4.5h8v8h-8zl3-3h8v8l-3 3m0-8 3-3"
_SIGNS: Final = {
    "BusinessActor": _PERSON,
    "BusinessRole": _CYLINDER,
    "BusinessCollaboration": _TWO_RINGS,
    "BusinessInterface": _PLUG,
    "BusinessProcess": _ARROW,
    "BusinessFunction": _CHEVRON,
    "BusinessInteraction": _HALVES,
    "BusinessEvent": _EVENT,
    "BusinessService": _PILL,
    "BusinessObject": _SHEET,
    "Contract": _SHEET + "M1.5 9h11",
    "Representation": "M1.5 2.5h11v8q-3-2-5.5 0t-5.5 0zM1.5 5h11",
    "Product": "M1.5 2.5h11v9h-11zM1.5 5h6V2.5",
    "ApplicationComponent": "M4.5 1.5h8v11h-8V10M4.5 8V6M4.5 4V1.5M2 4h5v2H2zM2 8h5v2H2z",
    "ApplicationCollaboration": _TWO_RINGS,
    "ApplicationInterface": _PLUG,
    "ApplicationFunction": _CHEVRON,
    "ApplicationInteraction": _HALVES,
    "ApplicationProcess": _ARROW,
    "ApplicationEvent": _EVENT,
    "ApplicationService": _PILL,
    "DataObject": _SHEET,
    "Node": _BOX,
    "Device": "M2 2.5h10v6.5H2zM4.5 9 2 12h10L9.5 9",
    "SystemSoftware": "M6 3.5a4.5 4.5 0 1 0 .01 0M8.5 3.8a4 4 0 0 0-4-1M11.5 9a4 4 0 0 0-1-6",
    "TechnologyCollaboration": _TWO_RINGS,
    "TechnologyInterface": _PLUG,
    "Path": "M1 7h2m1.5 0h2m1.5 0h2M4 4 1 7l3 3M10 4l3 3-3 3",
    "CommunicationNetwork": "M3 9.5 5 4.5h6l-2 5zM3 8a1.5 1.5 0 1 0 .01 0M5 3a1.5 1.5 0 1 0 .01 0"
    "M11 3a1.5 1.5 0 1 0 .01 0M9 8a1.5 1.5 0 1 0 .01 0",
    "TechnologyFunction": _CHEVRON,
    "TechnologyProcess": _ARROW,
    "TechnologyInteraction": _HALVES,
    "TechnologyEvent": _EVENT,
    "TechnologyService": _PILL,
    "Artifact": "M2.5 1.5h6l3 3v8h-9zM8.5 1.5v3h3",
    "Equipment": "M5 5.5a3 3 0 1 0 .01 0M5 7.5a1 1 0 1 0 .01 0M10.5 2a2 2 0 1 0 .01 0",
    "Facility": "M1.5 12.5h11V6L9 8V6L5.5 8V2h-4z",
    "DistributionNetwork": "M3.5 5h7M3.5 9h7M4 2.5 0.8 7 4 11.5M10 2.5 13.2 7 10 11.5",
    "Material": "M4 2h6l3 5-3 5H4L1 7zM5 4.5 3.5 7M9 4.5 10.5 7M5.5 10h3",
    "Stakeholder": _CYLINDER,
    "Driver": "M7 2a5 5 0 1 0 .01 0M7 .5v13M.5 7h13M2.4 2.4l9.2 9.2M11.6 2.4 2.4 11.6",
    "Assessment": "M8.5 1.5a4 4 0 1 0 .01 0M5.7 8.3 1.5 12.5",
    "Goal": "M7 1.5a5.5 5.5 0 1 0 .01 0M7 4a3 3 0 1 0 .01 0M7 6.3a.7.7 0 1 0 .01 0",
    "Outcome": "M6 3a5 5 0 1 0 .01 0M6 6a2 2 0 1 0 .01 0M6 8l6-6M9.5 2H12v2.5",
    "Principle": "M3 1.5h8v11H3zM7 3.5v5M7 10v1",
    "Requirement": _SLANTED,
    "Constraint": _SLANTED + "M6.5 3l-3 8",
    "Meaning": "M4 10.5a3 3 0 0 1-.5-5.5A3.5 3.5 0 0 1 10 4a3 3 0 0 1 .5 6.5z",
    "Value": "M7 3.5a6 3.5 0 1 0 .01 0",
    "Resource": "M2 4.5h9.5v5H2zM11.5 6H13v2h-1.5M4.5 4.5v5M6.5 4.5v5M8.5 4.5v5",
    "Capability": "M2 9h3v3H2zM5.5 9h3v3h-3zM9 9h3v3H9zM5.5 5.5h3v3h-3zM9 5.5h3v3H9zM9 2h3v3H9z",
    "ValueStream": "M1 3h8l4 4-4 4H1l3-4z",
    "CourseOfAction": "M9 2a3.5 3.5 0 1 0 .01 0M9 4.5a1 1 0 1 0 .01 0M1 13c1-3 2.5-4.5 5-5",
    "WorkPackage": "M6 2.5a4 4 0 1 0 1 8h5M10 8.5l2.5 2-2.5 2",
    "Deliverable": "M1.5 2.5h11v8q-3-2-5.5 0t-5.5 0z",
    "ImplementationEvent": _EVENT,
    "Plateau": "M4 4h9M2.5 7h9M1 10h9",
    "Gap": "M7 3a4 4 0 1 0 .01 0M1.5 6h11M1.5 8h11",
    "Location": "M7 1.5a4 4 0 0 1 3.5 6L7 13 3.5 7.5A4 4 0 0 1 7 1.5",
    GROUPING: "M1.5 2.5h6v2.5h5v7h-11z",
}


def colours(concept: str) -> tuple[str, str]:
    """Return a concept's fill and edge, by its layer."""
    known = metamodel_concept(concept)
    layer = layer_of(known) if known in CONCEPTS else ""
    return LAYER_FILL.get(layer, OTHER_FILL), LAYER_EDGE.get(layer, OTHER_EDGE)


def is_junction(concept: str) -> bool:
    """Tell whether a concept is a junction, drawn as a dot."""
    return metamodel_concept(concept) == JUNCTION


def outline(concept: str, x: float, y: float, width: float, height: float) -> str:
    """Return the outline of an element as a path, a rectangle or a circle without attributes.

    Returns:
        The beginning of an SVG tag; the caller adds fill, stroke and the end.
    """
    known = metamodel_concept(concept)
    if known == JUNCTION:
        radius = min(width, height, JUNCTION_PIXELS) / 2
        return f'<circle cx="{x + width / 2:g}" cy="{y + height / 2:g}" r="{radius:g}"'
    if known in {"Value", "Meaning"}:
        return (
            f'<ellipse cx="{x + width / 2:g}" cy="{y + height / 2:g}" rx="{width / 2:g}" '
            f'ry="{height / 2:g}"'
        )
    if known == GROUPING:
        return tabbed(x, y, width, height)
    if known in CONCEPTS and layer_of(known) == "motivation":
        return _cut(x, y, width, height)
    if known in CONCEPTS and (aspect_of(known) == "behaviour" or layer_of(known) == "strategy"):
        return rectangle(x, y, width, height, radius=min(ROUND_PIXELS, height / 2))
    return rectangle(x, y, width, height)


def rectangle(x: float, y: float, width: float, height: float, *, radius: float = 0) -> str:
    """Return a rectangle, its corners rounded if asked."""
    rounded = f' rx="{radius:g}"' if radius else ""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"{rounded}'


def _cut(x: float, y: float, width: float, height: float) -> str:
    cut = min(CUT_PIXELS, width / 3, height / 3)
    right, bottom = x + width, y + height
    return (
        f'<path d="M{x + cut:g} {y:g}H{right - cut:g}L{right:g} {y + cut:g}V{bottom - cut:g}'
        f"L{right - cut:g} {bottom:g}H{x + cut:g}L{x:g} {bottom - cut:g}V{y + cut:g}z"
        '"'
    )


def tabbed(x: float, y: float, width: float, height: float) -> str:
    """Return a box with a tab for its name, as groups have."""
    tab, right = y + min(TAB_PIXELS, height), x + width
    return (
        f'<path d="M{x:g} {tab:g}V{y:g}h{width / 2:g}V{tab:g}'
        f'M{x:g} {tab:g}H{right:g}V{y + height:g}H{x:g}z"'
    )


def folded_sheet(x: float, y: float, width: float, height: float) -> str:
    """Return a sheet with a folded corner, as notes have."""
    fold = min(FOLD_PIXELS, width / 3, height / 3)
    right, bottom = x + width, y + height
    return (
        f'<path d="M{x:g} {y:g}H{right:g}V{bottom - fold:g}L{right - fold:g} {bottom:g}H{x:g}z'
        f'M{right:g} {bottom - fold:g}h{-fold:g}v{fold:g}"'
    )


def readable_on(fill: str) -> str:
    """Return dark or white ink, whichever can be read on a fill written as #rrggbb."""
    full = fill if len(fill) == len("#rrggbb") else "#ffffff"
    red, green, blue = (int(full[at : at + 2], 16) for at in (1, 3, 5))
    return INK if 0.3 * red + 0.59 * green + 0.11 * blue > DARK_BELOW else "#ffffff"


def sign(concept: str, x: float, y: float, width: float, ink: str) -> str:
    """Return a concept's sign for the upper right corner of its box, or nothing."""
    path = _SIGNS.get(metamodel_concept(concept))
    if path is None:
        return ""
    left = x + width - SIGN_PIXELS - 2
    look = f'class="g" stroke="{ink}" transform="translate({left:g} {y + 3:g})"'
    return f'<path {look} d="{path}"/>'
