"""Draw the landscape map: domains, the reference components in them, and the systems in those.

Pure text in, pure text out: no database, no clock, no chance. Colours are classes, so that the
page's stylesheet decides about light and dark; only the stand-alone picture carries a style.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from registry.web.draw.layout import page_arrangement, poster_arrangement
from registry.web.draw.marks import MARK_SIZE, legend, symbols
from registry.web.draw.model import (
    Arrangement,
    LandscapeMap,
    PlacedComponent,
    PlacedDomain,
    Rect,
    Scale,
    SystemBox,
)
from registry.web.draw.states import STATES, ColourBy
from registry.web.draw.text import TOOLTIP_CHARACTERS_MAX, escape, fit, fit_lines, harmless

# Room right of a name for the two small counts.
BADGE_ROOM = 26.0
BADGE_SIZE = 9.0


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """How a landscape is drawn.

    Attributes:
        colour_by: What the colours say.
        prefix: Begins every id, so that two pictures can stand on one page.
        title: What the picture is called; read aloud, and drawn on a stand-alone picture.
        system_href: Where a system's box leads; a pattern that ends in the quoted URN.
        domain_href: Where a domain's heading leads; empty for nowhere.
        say: Translates our own words; names are never translated.
    """

    colour_by: ColourBy = ColourBy.KIND
    prefix: str = "m"
    title: str = "Landscape"
    system_href: str = "/systems/"
    domain_href: str = "/landscape?domain="
    say: Callable[[str], str] = str


def _number(value: float) -> str:
    """Return a coordinate with at most one decimal, as short as it can be written."""
    return f"{value:.1f}".removesuffix(".0")


def _rect(rect: Rect, *, extra: str = "") -> str:
    x, y, width, height = (_number(v) for v in rect)
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}"{extra}/>'


class _Pen:
    """Writes one picture; holds what stays the same from box to box."""

    def __init__(self, arrangement: Arrangement, options: DrawOptions) -> None:
        self.arrangement = arrangement
        self.scale: Scale = arrangement.scale
        self.options = options
        self.say = options.say
        self.states = STATES[options.colour_by]
        self.state_words = {key: self.say(s.word) for key, s in self.states.items()}
        self.words = {
            word: (self.say(word), self.say(f"{word}s"))
            for word in ("system", "data set", "interface")
        }
        self.parts: list[str] = []

    def counted(self, count: int, word: str) -> str:
        """Return a number with its word, e.g. 1 system or 2 systems."""
        one, many = self.words[word]
        return f"{count} {one if count == 1 else many}"

    def tooltip(self, box: SystemBox, name: str, state: str) -> str:
        """Return what a pointer or a screen reader tells about a system."""
        words = f"{name} · {self.state_words[state]}"
        if box.data_sets:
            words += f" · {self.counted(box.data_sets, 'data set')}"
        if box.interfaces:
            words += f" · {self.counted(box.interfaces, 'interface')}"
        return escape(words)

    def system(self, box: SystemBox, rect: Rect) -> None:
        """Draw one system: a link with a tooltip, its mark, and its name where there is room."""
        state = box.state(self.options.colour_by)
        name = harmless(box.name, characters_max=TOOLTIP_CHARACTERS_MAX)
        href = self.options.system_href + quote(box.urn, safe=":")
        head = (
            f'<a href="{escape(href)}" class="s {state}">'
            f"<title>{self.tooltip(box, name, state)}</title>"
        )
        if self.scale.cell:
            mark = f'<use href="#{self.options.prefix}-c-{state}" '
            self.parts.append(f'{head}{mark}x="{rect.x:.1f}" y="{rect.y:.1f}"/></a>')
            return
        self.parts.append(head + _rect(rect, extra=' rx="3"') + self._inside(box, rect, name))

    def _inside(self, box: SystemBox, rect: Rect, name: str) -> str:
        """Return mark, name and counts of a box that is large enough for them."""
        scale = self.scale
        state = box.state(self.options.colour_by)
        middle = rect.y + rect.height / 2
        left = rect.x + 5 + MARK_SIZE + 5
        badges = self._badges(box, rect) if scale.label > 11 else ""
        room = rect.right - left - (BADGE_ROOM if badges else 6)
        lines = fit_lines(name, room, scale.label, lines_max=scale.label_lines)
        pitch = scale.label + 3
        first = middle - (len(lines) - 1) * pitch / 2 + scale.label * 0.36
        text = "".join(
            f'<text x="{_number(left)}" y="{_number(first + i * pitch)}">{escape(line)}</text>'
            for i, line in enumerate(lines)
        )
        mark = (
            f'<use href="#{self.options.prefix}-m-{state}" '
            f'x="{_number(rect.x + 5)}" y="{_number(middle - MARK_SIZE / 2)}"/>'
        )
        return f"{mark}{text}{badges}</a>"

    def _badges(self, box: SystemBox, rect: Rect) -> str:
        """Return the counts of data sets and interfaces, one above the other."""
        rows = [("d", box.data_sets), ("i", box.interfaces)]
        shown = [(icon, min(count, 99)) for icon, count in rows if count]
        out = ""
        for place, (icon, count) in enumerate(shown):
            y = rect.y + rect.height / 2 + (place - (len(shown) - 1) / 2) * (BADGE_SIZE + 1.5)
            out += (
                f'<use href="#{self.options.prefix}-{icon}" x="{_number(rect.right - 24)}" '
                f'y="{_number(y - 4)}"/><text class="n" x="{_number(rect.right - 13)}" '
                f'y="{_number(y + 3.3)}">{count}</text>'
            )
        return out

    def component(self, placed: PlacedComponent) -> None:
        """Draw one reference component; one without a system is a white spot and says so."""
        component, rect = placed.component, placed.rect
        scale = self.scale
        empty = not component.systems
        name = harmless(component.name, characters_max=TOOLTIP_CHARACTERS_MAX)
        room = rect.width - 2 * scale.pad - 2
        x, y = _number(rect.x + scale.pad + 1), rect.y + 4 + scale.title
        self.parts.append(
            f'<g class="c{" gap" if empty else ""}">'
            f"<title>{escape(name)}</title>"
            + _rect(rect, extra=' rx="4"')
            + f'<text x="{x}" y="{_number(y)}">{escape(fit(name, room, scale.title))}</text>'
        )
        if empty:
            remark = fit(self.say("no system yet"), room, scale.title)
            below = _number(y + scale.title + 3)
            self.parts.append(f'<text class="w" x="{x}" y="{below}">{escape(remark)}</text>')
        for box, place in zip(component.systems, placed.boxes, strict=True):
            self.system(box, place)
        self.parts.append("</g>")

    def heading(self, rect: Rect, name: str, count: int, href: str) -> None:
        """Draw a domain's name, how many systems it holds, and the link that goes nearer."""
        scale = self.scale
        counted = self.counted(count, "system") if rect.width > 300 else str(count)
        count_room = len(counted) * scale.title * 0.62 + 8
        room = rect.width - 2 * scale.pad - count_room
        baseline = _number(rect.y + scale.heading + 5)
        label = (
            f"<title>{escape(name)} · {escape(self.counted(count, 'system'))}</title>"
            f'<text class="h" x="{_number(rect.x + scale.pad + 1)}" y="{baseline}">'
            f"{escape(fit(name, room, scale.heading, bold=True))}</text>"
        )
        linked = f'<a href="{escape(href)}" class="l">{label}</a>' if href else label
        self.parts.append(
            f'{linked}<text class="q" x="{_number(rect.right - scale.pad - 1)}" '
            f'y="{baseline}">{escape(counted)}</text>'
        )

    def domain(self, placed: PlacedDomain) -> None:
        """Draw one domain and everything in it."""
        domain = placed.domain
        name = harmless(domain.name, characters_max=TOOLTIP_CHARACTERS_MAX)
        self.parts.append('<g class="d">' + _rect(placed.rect, extra=' rx="6"'))
        linked = bool(self.options.domain_href and domain.urn)
        href = self.options.domain_href + quote(domain.urn, safe=":") if linked else ""
        self.heading(placed.rect, name, domain.system_count(), href)
        for component in placed.components:
            self.component(component)
        self.parts.append("</g>")

    def unplaced(self, placed: PlacedDomain) -> None:
        """Draw the band of systems that fill no reference component."""
        self.parts.append('<g class="d u">' + _rect(placed.rect, extra=' rx="6"'))
        systems = placed.components[0]
        name = self.say("Not placed on the reference model")
        self.heading(placed.rect, name, len(systems.boxes), "")
        for box, place in zip(systems.component.systems, systems.boxes, strict=True):
            self.system(box, place)
        self.parts.append("</g>")

    def picture(self) -> None:
        """Draw everything."""
        for domain in self.arrangement.domains:
            self.domain(domain)
        if self.arrangement.unplaced:
            self.unplaced(self.arrangement.unplaced)


def _svg(arrangement: Arrangement, options: DrawOptions, style: str, head: float) -> str:
    """Return the whole picture as text; `head` is room above the map for title and legend."""
    pen = _Pen(arrangement, options)
    pen.picture()
    width, height = arrangement.width, arrangement.height
    title = escape(harmless(options.title))
    extra, body = "", "".join(pen.parts)
    margin = 0.0
    if head:
        margin = 16.0
        extra = (
            f'<rect class="paper" x="0" y="0" width="100%" height="100%"/>'
            f'<text class="t" x="{margin}" y="34">{title}</text>'
            + legend(options.colour_by, options.prefix, options.say, x=margin, y=50.0)
        )
        body = f'<g transform="translate({margin},{head})">{body}</g>'
    full_width, full_height = width + 2 * margin, height + head + margin
    size = f'width="{_number(full_width)}" height="{_number(full_height)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map {arrangement.scale.name}" {size} '
        f'viewBox="0 0 {_number(full_width)} {_number(full_height)}" role="group" '
        f'aria-labelledby="{options.prefix}-t"><title id="{options.prefix}-t">{title}</title>'
        f"{style}{symbols(options.colour_by, options.prefix, arrangement.scale)}{extra}{body}</svg>"
    )


def draw_landscape(
    landscape: LandscapeMap,
    options: DrawOptions,
    *,
    width: float = 1240.0,
    names: bool | None = None,
    whole: bool = False,
) -> str:
    """Draw a landscape for a page, whose stylesheet holds the colours.

    Args:
        landscape: What is shown.
        options: How it is drawn.
        width: Width of the picture in pixels; the height follows.
        names: Whether boxes carry names; None decides by their number.
        whole: The picture is to be seen at one glance, so blocks come before scrolling.

    Returns:
        One SVG element.
    """
    arrangement = page_arrangement(landscape, width, names=names, whole=whole)
    return _svg(arrangement, options, "", 0.0)


def landscape_poster(
    landscape: LandscapeMap, options: DrawOptions, *, stylesheet: str, names: bool = True
) -> str:
    """Draw a landscape that stands alone: about 16 by 10, with title, legend and its own style.

    Args:
        landscape: What is shown.
        options: How it is drawn.
        stylesheet: The colours and sizes of maps, see registry.web.assets.map_stylesheet.
        names: Whether boxes carry names.

    Returns:
        One SVG document that loads nothing.
    """
    arrangement = poster_arrangement(landscape, names=names)
    style = f"<style>{stylesheet}</style>"
    return _svg(arrangement, options, style, 84.0)
