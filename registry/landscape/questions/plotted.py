"""The own portfolio on a reference view: each system as a box in the component it fills in."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from math import ceil

from msgspec import Struct, structs

from registry.landscape.exchange.geometry import size_of
from registry.landscape.exchange.model import Model, Node, View
from registry.landscape.questions.portfolio import Portfolio

HEADING_PIXELS = 18  # what the component's own name needs
ROW_PIXELS, READABLE_PIXELS, ROW_PIXELS_MIN = 15, 11, 5
COLUMN_PIXELS = 95  # narrower, and no name is readable
MARGIN_PIXELS, SPACING_PIXELS = 4, 2

Rect = tuple[int, int, int, int]


class PlotBy(StrEnum):
    """What the colours of plotted systems say."""

    LIFECYCLE = "lifecycle"
    OWNER = "owner"
    COMPLIANCE = "compliance"


class Plotted(Struct, frozen=True):
    """One system in one box of a view: its node in the portfolio, and where it goes."""

    system: int
    rect: Rect


def plot(view: View, model: Model, found: Portfolio) -> dict[str, list[Plotted]]:
    """Return the systems to draw in each box of a view, by the box's id.

    Args:
        view: A view of the reference.
        model: The reference's model, whose ids the view uses.
        found: The portfolio beside it.
    """
    plotted: dict[str, list[Plotted]] = {}
    for box in view.all_nodes():
        component = found.reference.with_key(box.element) if box.element in model.elements else None
        systems = found.filled_by.get(component, ()) if component is not None else ()
        if systems:
            rects = rects_in(box, len(systems))
            plotted[box.id] = [Plotted(s, r) for s, r in zip(systems, rects, strict=True)]
    return plotted


def rects_in(box: Node, count: int) -> list[Rect]:
    """Return places for some boxes in the lower part of another, none over the other."""
    width, height = size_of(box)
    columns = max(1, min(count, (width - MARGIN_PIXELS) // COLUMN_PIXELS))
    rows = ceil(count / columns)
    heading = (box.y or 0) + min(HEADING_PIXELS, height // 2)
    bottom = (box.y or 0) + height - MARGIN_PIXELS
    # Keep off what its makers drew in the box, if that leaves room to read.
    inner = min(
        (child.y or 0 for child in box.children if (child.y or 0) > heading), default=bottom
    )
    if inner - heading >= rows * READABLE_PIXELS:
        bottom = min(bottom, inner - SPACING_PIXELS)
    step = max(ROW_PIXELS_MIN, min(ROW_PIXELS + SPACING_PIXELS, (bottom - heading) // rows))
    left, top = (box.x or 0) + MARGIN_PIXELS, bottom - rows * step
    across = (width - 2 * MARGIN_PIXELS + SPACING_PIXELS) // columns
    return [
        (
            left + number % columns * across,
            top + number // columns * step,
            max(across - SPACING_PIXELS, 1),
            max(step - SPACING_PIXELS, ROW_PIXELS_MIN - SPACING_PIXELS),
        )
        for number in range(count)
    ]


def plotted_views(model: Model, found: Portfolio, ids: Mapping[int, str]) -> Iterator[View]:
    """Yield the views that show a component we fill in, with our systems in it.

    Args:
        model: The reference's model.
        found: The portfolio beside it.
        ids: The id each system has in the file to be written.
    """
    shown = {view.id: boxes for view in model.views.values() if (boxes := plot(view, model, found))}
    for key, plotted in shown.items():
        view = model.views[key]
        nodes = [*_with_systems(view.nodes, plotted, ids, shown.keys())]
        lines = [
            structs.replace(line, properties=(), views=_kept(line.views, shown.keys()))
            for line in view.connections
        ]
        yield structs.replace(view, nodes=nodes, connections=lines, viewpoint_ref=None)


def _with_systems(
    nodes: Iterable[Node],
    plotted: Mapping[str, Sequence[Plotted]],
    ids: Mapping[int, str],
    taken: Collection[str],
) -> Iterator[Node]:
    for node in nodes:
        children = [*_with_systems(node.children, plotted, ids, taken)]
        children += [_box(node, one, ids) for one in plotted.get(node.id, ())]
        views = _kept(node.views, taken)
        yield structs.replace(node, children=children, properties=(), views=views)


def _kept(views: Sequence[str], taken: Collection[str]) -> tuple[str, ...]:
    """Return only those links to other views that lead somewhere in the file."""
    return tuple(view for view in views if view in taken)


def _box(outer: Node, one: Plotted, ids: Mapping[int, str]) -> Node:
    x, y, width, height = one.rect
    key = blake2b(f"{outer.id}\0{ids[one.system]}".encode(), digest_size=16).hexdigest()
    return Node(
        id=f"id-{key}", kind="element", element=ids[one.system],
        x=x, y=y, width=width, height=height,
    )  # fmt: skip
