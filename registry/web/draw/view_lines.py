"""Lines on a view: where they run, and the ends by which ArchiMate tells relationships apart."""

from collections.abc import Mapping
from typing import Final

from registry.landscape.exchange.geometry import size_of
from registry.landscape.exchange.model import Connection, Node, Relationship, View
from registry.web.draw.view_shapes import INK
from schemas.landscape_kinds import RelationshipKind

Point = tuple[float, float]
Box = tuple[float, float, float, float]

_DOTTED, _DASHED = "2 3", "6 4"
# Per relationship: the sign at its source, the one at its target, and how the line is broken.
_LOOKS: Final[Mapping[RelationshipKind, tuple[str, str, str]]] = {
    RelationshipKind.COMPOSITION: ("full-diamond", "", ""),
    RelationshipKind.AGGREGATION: ("open-diamond", "", ""),
    RelationshipKind.ASSIGNMENT: ("dot", "full-arrow", ""),
    RelationshipKind.REALIZATION: ("", "open-triangle", _DOTTED),
    RelationshipKind.SERVING: ("", "open-arrow", ""),
    RelationshipKind.ACCESS: ("", "", _DOTTED),
    RelationshipKind.INFLUENCE: ("", "open-arrow", _DASHED),
    RelationshipKind.ASSOCIATION: ("", "", ""),
    RelationshipKind.TRIGGERING: ("", "full-arrow", ""),
    RelationshipKind.FLOW: ("", "full-arrow", _DASHED),
    RelationshipKind.SPECIALIZATION: ("", "open-triangle", ""),
}
# Signs with their tip at 0,0, lying to the left of it; a marker turns them along the line.
_SIGNS: Final = {
    "full-diamond": ("M-14 0-7-4.5 0 0-7 4.5z", "full"),
    "open-diamond": ("M-14 0-7-4.5 0 0-7 4.5z", "open"),
    "dot": ("M-6 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0", "full"),
    "full-arrow": ("M-9-4 0 0-9 4z", "full"),
    "open-arrow": ("M-8-5 0 0-8 5", "line"),
    "half-arrow": ("M-8-5 0 0", "line"),
    "open-triangle": ("M-12-6 0 0-12 6z", "open"),
}


def middle(box: Box) -> Point:
    """Return the middle of a box."""
    x, y, width, height = box
    return x + width / 2, y + height / 2


def boxes(view: View) -> dict[str, Box]:
    """Return where every node stands, by id."""
    found: dict[str, Box] = {}
    for node in view.all_nodes():
        width, height = size_of(node)
        found[node.id] = (node.x or 0, node.y or 0, width, height)
    return found


def ancestors(view: View) -> dict[str, set[str]]:
    """Return the nodes each node lies in, by id."""
    found: dict[str, set[str]] = {}
    stack: list[tuple[Node, frozenset[str]]] = [(node, frozenset()) for node in view.nodes]
    while stack:
        node, above = stack.pop()
        found[node.id] = set(above)
        stack.extend((child, above | {node.id}) for child in node.children)
    return found


def routes(view: View, places: Mapping[str, Box]) -> dict[str, list[Point]]:
    """Return the points of every line that has two ends, by id.

    A line may end on another line: then on the middle of it. One that waits for itself has no
    place, and is left out.
    """
    found: dict[str, list[Point]] = {}
    waiting = list(view.connections)
    while waiting:
        left = [line for line in waiting if not _route(line, places, found)]
        if len(left) == len(waiting):
            break
        waiting = left
    return found


def _route(line: Connection, places: Mapping[str, Box], found: dict[str, list[Point]]) -> bool:
    ends = [_place(end or "", places, found) for end in (line.source, line.target)]
    if ends[0] is None or ends[1] is None:
        return False
    source, target = ends[0], ends[1]
    bends: list[Point] = [(float(x), float(y)) for x, y in line.bendpoints]
    first = bends[0] if bends else middle(target)
    last = bends[-1] if bends else middle(source)
    found[line.id] = [
        *([line.source_attachment] if line.source_attachment else [border(source, first)]),
        *bends,
        *([line.target_attachment] if line.target_attachment else [border(target, last)]),
    ]
    return True


def _place(end: str, places: Mapping[str, Box], found: Mapping[str, list[Point]]) -> Box | None:
    if end in places:
        return places[end]
    if end in found:
        points = found[end]
        (ax, ay), (bx, by) = points[(len(points) - 1) // 2], points[len(points) // 2]
        return ((ax + bx) / 2, (ay + by) / 2, 0.0, 0.0)
    return None


def border(box: Box, towards: Point) -> Point:
    """Return where a line from the middle of a box to a point leaves the box."""
    _x, _y, width, height = box
    cx, cy = middle(box)
    dx, dy = towards[0] - cx, towards[1] - cy
    if not width or not height or (not dx and not dy):
        return cx, cy
    part = min(
        width / 2 / abs(dx) if dx else float("inf"), height / 2 / abs(dy) if dy else float("inf")
    )
    return cx + dx * min(part, 1), cy + dy * min(part, 1)


class Markers:
    """The signs at the ends of one picture's lines, each made once per colour."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._made: dict[tuple[str, str], str] = {}

    def end(self, name: str, colour: str) -> str:
        """Return the address of a sign, or nothing for none."""
        if not name:
            return ""
        key = self._made.setdefault((name, colour), f"{self.prefix}-e{len(self._made)}")
        return f"url(#{key})"

    def definitions(self) -> str:
        """Return all signs that were asked for."""
        return "".join(
            f'<marker id="{key}" markerUnits="userSpaceOnUse" markerWidth="32" markerHeight="32" '
            f'viewBox="-16 -16 32 32" orient="auto-start-reverse">{_drawn(name, colour)}</marker>'
            for (name, colour), key in self._made.items()
        )


def _drawn(name: str, colour: str) -> str:
    path, how = _SIGNS[name]
    fill = {"full": colour, "open": "#fff", "line": "none"}[how]
    return f'<path d="{path}" fill="{fill}" stroke="{colour}" stroke-width="1.2"/>'


def looks(relationship: Relationship | None) -> tuple[str, str, str]:
    """Return source sign, target sign and dashes of a relationship; none for a mere line."""
    if relationship is None:
        return "", "", ""
    source, target, dashes = _LOOKS[relationship.kind]
    if relationship.kind is RelationshipKind.ACCESS:
        source = "open-arrow" if relationship.access in {"Read", "ReadWrite"} else ""
        target = "open-arrow" if relationship.access in {"Write", "ReadWrite"} else ""
    if relationship.kind is RelationshipKind.ASSOCIATION and relationship.directed:
        target = "half-arrow"
    return source, target, dashes


def path(
    points: list[Point], markers: Markers, how: tuple[str, str, str], colour: str = INK
) -> str:
    """Return a line with its ends, without the closing of its tag.

    Args:
        points: Where it runs.
        markers: The picture's signs.
        how: Source sign, target sign, dashes.
        colour: Of the line.
    """
    source, target, dashes = how
    way = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    ends = "".join(
        f' marker-{place}="{address}"'
        for place, address in (
            ("start", markers.end(source, colour)),
            ("end", markers.end(target, colour)),
        )
        if address
    )
    broken = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="M{way}" fill="none" stroke="{colour}"{broken}{ends}'
