"""An architecture view as an SVG picture, at the coordinates its makers gave it.

Every box can be reached by keyboard and says its kind, name and definition; our own systems can be
plotted into the reference components they fill in. The picture loads nothing and runs nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from registry.landscape.exchange.model import Colour, Connection, Element, Model, Node, Text, View
from registry.landscape.exchange.opengroup import metamodel_concept
from registry.web.draw.text import escape, fit, harmless
from registry.web.draw.view_lines import Box, Markers, Point, ancestors, boxes, looks, path, routes
from registry.web.draw.view_shapes import (
    INK,
    colours,
    folded_sheet,
    is_junction,
    outline,
    readable_on,
    rectangle,
    sign,
    tabbed,
)
from registry.web.draw.view_text import LINE_HEIGHT, PAD, fit_block

MARGIN = 12.0
LEGEND_LINE = 22.0
FONT_PIXELS = 12.0
FONT_PIXELS_MIN, FONT_PIXELS_MAX = 6.0, 40.0
DEFINITION_CHARACTERS_MAX = 600
NOTE_CHARACTERS_MAX = 4000
CHIP_TEXT_MIN = 9.0  # lower chips show their colour alone
_TAG: Final = re.compile(r"<[^>]*>")
_POINT_PIXELS: Final = 96 / 72
_TOP, _MIDDLE, _BOTTOM = "0", "1", "2"
_ANCHORS: Final = {"1": "start", "2": "middle", "4": "end"}


class Chip(Struct, frozen=True):
    """One of our systems as plotted: where, its name, what its colour says, where it links."""

    rect: tuple[int, int, int, int]
    name: str
    state: str
    word: str
    letter: str
    href: str = ""


class ViewOptions(Struct, kw_only=True):
    """How to draw a view.

    Args:
        prefix: What the picture's ids begin with; another one for each picture on a page.
        chips: Systems to plot, by the id of the box they go into.
        unfilled: Ids of boxes of reference components that nothing fills in.
        href: Gives the address of an element's page, or nothing.
        legend: Class, letter and meaning of each colour used.
    """

    prefix: str = "v"
    chips: Mapping[str, Sequence[Chip]] = field(default_factory=dict)
    unfilled: frozenset[str] = frozenset()
    href: Callable[[Element], str] = lambda _element: ""
    legend: Sequence[tuple[str, str, str]] = ()


def draw_view(model: Model, view: View, options: ViewOptions | None = None) -> str:
    """Draw one view.

    Args:
        model: The model the view belongs to.
        view: What to draw.
        options: How.

    Returns:
        An SVG element with title, description and everything the view shows.
    """
    return _Drawing(model, view, options or ViewOptions()).svg()


class _Drawing:
    def __init__(self, model: Model, view: View, options: ViewOptions) -> None:
        self.model, self.view, self.options = model, view, options
        self.places = boxes(view)
        self.routes = routes(view, self.places)
        self.markers = Markers(options.prefix)

    def svg(self) -> str:
        nodes = "".join(self.node(node) for node in self.view.nodes)
        lines = "".join(self.lines())
        x, y, width, height = self.frame()
        prefix = self.options.prefix
        # Above the picture, because nobody scrolls down to learn what a colour means.
        legend, taken = self.legend(x, width)
        y, height = y - taken, height + taken
        legend = f'<g transform="translate(0 {y:g})">{legend}</g>' if legend else ""
        return (
            f'<svg class="view" xmlns="http://www.w3.org/2000/svg" role="group" '
            f'aria-labelledby="{prefix}-t" aria-describedby="{prefix}-d" '
            f'viewBox="{x:g} {y:g} {width:g} {height:g}" width="{width:g}" height="{height:g}">'
            f'<title id="{prefix}-t">{escape(harmless(self.view.name))}</title>'
            f'<desc id="{prefix}-d">{escape(self.description())}</desc>'
            f"<defs>{self.markers.definitions()}</defs>"
            f'<rect class="paper" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            f'fill="#fff"/>{nodes}{lines}{legend}</svg>'
        )

    def frame(self) -> Box:
        corners: list[Point] = [
            corner
            for x, y, width, height in self.places.values()
            for corner in ((x, y), (x + width, y + height))
        ]
        corners += [point for points in self.routes.values() for point in points]
        if not corners:
            return 0, 0, 320, 80
        left, top = (min(corner[axis] for corner in corners) - MARGIN for axis in (0, 1))
        right, bottom = (max(corner[axis] for corner in corners) + MARGIN for axis in (0, 1))
        return left, top, right - left, bottom - top

    def description(self) -> str:
        shown = sum(1 for node in self.view.all_nodes() if node.kind == "element")
        said = self.view.documentation[0].text if self.view.documentation else ""
        plotted = sum(map(len, self.options.chips.values()))
        counts = f"{shown} elements, {len(self.routes)} lines"
        if self.options.chips:
            counts += f", {plotted} systems plotted"
        return harmless(f"{counts}. {said}", characters_max=DEFINITION_CHARACTERS_MAX)

    def node(self, node: Node) -> str:
        element = self.model.elements.get(node.element or "")
        if node.kind == "element" and element is not None:
            own = self.element(node, element)
        else:
            own = self.other(node)
        inner = "".join(self.node(child) for child in node.children)
        chips = "".join(self.chip(chip) for chip in self.options.chips.get(node.id, ()))
        return own + inner + chips

    def element(self, node: Node, element: Element) -> str:
        box = self.places[node.id]
        kind, name = _spaced(element.concept), harmless(element.name)
        fill, edge = colours(element.concept)
        fill, edge = self.fill(node, fill), self.edge(node, edge)
        if is_junction(element.concept):
            fill = "#fff" if "Or" in element.concept else INK
        gap = ' class="unfilled"' if node.id in self.options.unfilled else ""
        shape = f'{outline(element.concept, *box)} fill="{fill}" stroke="{edge}"{gap}/>'
        is_dot = is_junction(element.concept)
        text = "" if is_dot else self.text(node, name, fill, has_sign=True)
        if not is_dot:
            shape += sign(element.concept, *box[:3], readable_on(fill))
        said = element.documentation[0].text if element.documentation else ""
        told = harmless(f"{kind}: {name}. {said}", characters_max=DEFINITION_CHARACTERS_MAX)
        return self.reachable(told, shape + text, self.options.href(element), "n")

    def reachable(self, told: str, drawn: str, href: str, look: str) -> str:
        """Wrap what is drawn so that keyboard and screen reader find it."""
        words = escape(told)
        if href:
            return f'<a class="{look}" href="{escape(href)}"><title>{words}</title>{drawn}</a>'
        return (
            f'<g class="{look}" tabindex="0" role="img" aria-label="{words}">'
            f"<title>{words}</title>{drawn}</g>"
        )

    def other(self, node: Node) -> str:
        box = self.places[node.id]
        words = self.words(node)
        fill, edge = self.fill(node, "#fff"), self.edge(node, "#7f8c9a")
        if node.kind == "group":
            shape = tabbed(*box)
            fill = self.fill(node, "#f1f3f5")
        elif node.kind == "note":
            shape = folded_sheet(*box)
        elif node.kind == "view":
            shape = rectangle(*box, radius=4)
            words = words or self.names(node.views)
        else:
            shape = rectangle(*box)
            words = words or "(picture)"
        drawn = f'{shape} fill="{fill}" stroke="{edge}"/>' + self.text(node, words, fill)
        told = harmless(f"{_spaced(node.kind)}: {words}", characters_max=DEFINITION_CHARACTERS_MAX)
        return f'<g class="o" role="img" aria-label="{escape(told)}">{drawn}</g>'

    def words(self, node: Node) -> str:
        """Return what a note, a group or a sketched sheet says."""
        said = _first(node.labels) or _first(node.documentation)
        if not said and node.residue is not None:
            said = " ".join(_TAG.sub(" ", part) for _after, part in node.residue.children)
        return said[:NOTE_CHARACTERS_MAX]

    def names(self, views: Sequence[str]) -> str:
        return ", ".join(self.model.views[v].name for v in views if v in self.model.views)

    def fill(self, node: Node, otherwise: str) -> str:
        return _hex(node.style.fill, otherwise) if node.style else otherwise

    def edge(self, node: Node, otherwise: str) -> str:
        return _hex(node.style.line, otherwise) if node.style else otherwise

    def text(self, node: Node, words: str, fill: str, *, has_sign: bool = False) -> str:
        """Write a node's words, broken to its width; above, in the middle or below."""
        x, y, width, height = self.places[node.id]
        font = node.style.font if node.style else None
        given = dict(node.residue.attributes) if node.residue else {}
        has_inner = bool(node.children) or node.id in self.options.chips or node.kind == "group"
        place = given.get("textPosition", _TOP if has_inner or node.kind == "note" else _MIDDLE)
        size = _font_pixels(font.size if font else None)
        lines, size = fit_block(words, width, height, size, keeps_off=has_sign and place == _TOP)
        anchor = _ANCHORS.get(given.get("textAlignment", ""), "middle" if has_sign else "start")
        block = len(lines) * size * LINE_HEIGHT
        top = {_TOP: y + 3, _BOTTOM: y + height - block - 3}.get(place, y + (height - block) / 2)
        at = {"start": x + PAD, "end": x + width - PAD}.get(anchor, x + width / 2)
        colour = _hex(font.colour if font else None, readable_on(fill))
        style = (font.style or "") if font else ""
        bold = ' font-weight="700"' if "bold" in style.lower() else ""
        spans = "".join(
            f'<tspan x="{at:g}" y="{top + size * (0.95 + LINE_HEIGHT * number):.1f}">'
            f"{escape(line)}</tspan>"
            for number, line in enumerate(lines)
        )
        look = f'fill="{colour}" font-size="{size:g}" text-anchor="{anchor}"{bold}'
        return f"<text {look}>{spans}</text>"

    def chip(self, chip: Chip) -> str:
        x, y, width, height = chip.rect
        name = harmless(chip.name)
        size = min(11.0, height - 2)
        text = ""
        if height >= CHIP_TEXT_MIN:
            shown = fit(f"{chip.letter} {name}", width - 6, size)
            base = y + height / 2 + size * 0.36
            text = f'<text x="{x + 3}" y="{base:.1f}" font-size="{size:g}">{escape(shown)}</text>'
        drawn = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="2"/>{text}'
        words = f"System: {name}. {chip.word}."
        return self.reachable(words, drawn, chip.href, f"s {chip.state}")

    def lines(self) -> Iterator[str]:
        inside = ancestors(self.view)
        for line in self.view.connections:
            ends = (line.source or "", line.target or "")
            nested = ends[0] in inside.get(ends[1], ()) or ends[1] in inside.get(ends[0], ())
            # A box within a box says as much as a line between them.
            if line.id in self.routes and not (nested and line.kind != "line"):
                yield self.line(line)

    def line(self, line: Connection) -> str:
        relationship = self.model.relationships.get(line.relationship or "")
        colour = _hex(line.style.line, "#4b5967") if line.style else "#4b5967"
        points = self.routes[line.id]
        drawn = path(points, self.markers, looks(relationship), colour)
        label = _first(line.labels) or (relationship.name if relationship else "")
        title = f"{relationship.kind} {label}".strip() if relationship else label
        words = f"<title>{escape(harmless(title))}</title>" if title else ""
        return f'<g class="r">{drawn}>{words}</path>{self.label(points, label)}</g>'

    def label(self, points: Sequence[Point], label: str) -> str:
        if not label.strip():
            return ""
        (ax, ay), (bx, by) = points[(len(points) - 1) // 2], points[len(points) // 2]
        text = escape(fit(harmless(label), 160, 10))
        return (
            f'<text class="w" fill="{INK}" stroke="#fff" x="{(ax + bx) / 2:.1f}" '
            f'y="{(ay + by) / 2 - 3:.1f}" text-anchor="middle" font-size="10">{text}</text>'
        )

    def legend(self, x: float, width: float) -> tuple[str, float]:
        """Return the legend, in as many lines as the picture's width needs, and its height."""
        out, at, line = "", x + MARGIN, 0
        for state, letter, word in self.options.legend:
            room = 34 + 7 * len(word)
            if at + room > x + width and at > x + MARGIN:
                at, line = x + MARGIN, line + 1
            y = LEGEND_LINE * line
            out += (
                f'<g class="s {state}">'
                f'<rect x="{at:g}" y="{y + 4:g}" width="14" height="14" rx="2"/>'
                f'<text x="{at + 3:g}" y="{y + 15:g}" font-size="10">{escape(letter)}</text></g>'
                f'<text x="{at + 20:g}" y="{y + 15:g}" font-size="12" fill="{INK}">'
                f"{escape(harmless(word))}</text>"
            )
            at += room
        return out, LEGEND_LINE * (line + 1) if out else 0


def _first(texts: Sequence[Text]) -> str:
    return texts[0].text if texts else ""


def _spaced(word: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", metamodel_concept(word)).capitalize()


def _hex(colour: Colour | None, otherwise: str) -> str:
    return f"#{colour[0]:02x}{colour[1]:02x}{colour[2]:02x}" if colour else otherwise


def _font_pixels(said: str | None) -> float:
    try:
        size = float(said) * _POINT_PIXELS if said else FONT_PIXELS
    except ValueError:
        return FONT_PIXELS
    # Not a number compares false with everything, so it ends at the lower bound.
    return round(min(max(FONT_PIXELS_MIN, size), FONT_PIXELS_MAX), 1)
