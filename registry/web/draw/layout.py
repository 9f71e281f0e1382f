"""Find a place for every box: columns of equal width, domains on shelves, no space thrown away.

The picture is cut into shelves. On a shelf every domain gets as many columns as it needs to end
at about the same height as its neighbours; inside a domain the components are stacked, the
tallest first, each on the shortest track, and stretched to the common bottom edge. Which domains
share a shelf is decided for the lowest picture. The same input always gives the same picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from registry.web.draw.model import (
    Arrangement,
    ComponentBlock,
    DomainBlock,
    LandscapeMap,
    PlacedComponent,
    PlacedDomain,
    Rect,
    Scale,
)
from registry.web.draw.stack import Stack, stack, systems_height

ASPECT = 1.6  # a screen, a slide and a sheet of paper on its side are all about this wide

# Above this many boxes names become dust; the map then shows blocks, and a click goes nearer.
NAMED_BOXES_MAX = 1_500

# A shelf with more domains than this would have columns narrower than a word.
SHELF_DOMAINS_MAX = 12

# Widths tried for a picture of free size; each try comes closer to ASPECT.
POSTER_TRIES_MAX = 5

# A picture may be this much higher than ASPECT asks before a closer scale is tried.
HEIGHT_SLACK = 1.12

ROOMY = Scale("roomy", 208, 50, 0, 8, 8, 12.0, 1, 13.0, 2, 15.0)
NAMED = Scale("named", 166, 24, 0, 4, 6, 11.5, 1, 12.0, 1, 14.0)
CLOSE = Scale("close", 134, 21, 0, 3, 5, 11.0, 1, 11.0, 1, 13.0)
BLOCKS = Scale("blocks", 146, 13, 16, 2, 5, 11.0, 1, 0.0, 0, 14.0)

FRAME_GAP = 10.0  # between domains


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Domains side by side: where they stand in the sorted list and how many columns each has."""

    first: int
    columns: tuple[int, ...]
    height: float


class _Packer:
    """Packs one landscape at one scale and width; remembers what it worked out."""

    def __init__(self, domains: Sequence[DomainBlock], width: float, scale: Scale) -> None:
        self.width = width
        self.scale = scale
        self.domains = sorted(domains, key=lambda d: (-self._size(d), d.name, d.urn))
        self._stacks: dict[tuple[int, int], Stack] = {}

    @staticmethod
    def _size(domain: DomainBlock) -> int:
        return domain.system_count() + 2 * len(domain.components)

    def columns_of_shelf(self, domains: int) -> int:
        """Return how many columns fit beside each other on a shelf of so many domains."""
        scale = self.scale
        room = self.width - (domains - 1) * FRAME_GAP - domains * (2 * scale.pad - scale.gap)
        return max(domains, int(room // (scale.column + scale.gap)))

    def stack_of(self, index: int, columns: int) -> Stack:
        """Return the best stacking of one domain's components over so many columns."""
        key = (index, columns)
        if key not in self._stacks:
            self._stacks[key] = stack(self.domains[index].components, columns, self.scale)
        return self._stacks[key]

    def shelf(self, first: int, count: int) -> _Shelf:
        """Share the columns of one shelf: always to the domain that is highest now."""
        columns = [1] * count
        heights = [self.stack_of(first + i, 1).height for i in range(count)]
        for _ in range(self.columns_of_shelf(count) - count):
            highest = max(range(count), key=lambda i: (heights[i], -i))
            columns[highest] += 1
            heights[highest] = self.stack_of(first + highest, columns[highest]).height
        height = max(heights) + self.scale.heading_height + self.scale.pad
        return _Shelf(first, tuple(columns), height)

    def shelves(self) -> list[_Shelf]:
        """Cut the sorted domains into shelves so that the picture becomes as low as it can."""
        count = len(self.domains)
        widest = min(SHELF_DOMAINS_MAX, self.columns_of_shelf(1))
        best: list[tuple[float, _Shelf | None]] = [(0.0, None)] * (count + 1)
        for first in range(count - 1, -1, -1):
            options = (self.shelf(first, size) for size in range(1, min(widest, count - first) + 1))
            scored = [(s.height + FRAME_GAP + best[first + len(s.columns)][0], s) for s in options]
            best[first] = min(scored, key=lambda pair: pair[0])
        chosen: list[_Shelf] = []
        place = 0
        while place < count and (shelf := best[place][1]) is not None:
            chosen.append(shelf)
            place += len(shelf.columns)
        return chosen


def _place_component(
    component: ComponentBlock, rect: Rect, per_row: int, scale: Scale
) -> PlacedComponent:
    """Put a component's systems into its frame, row by row, justified to both edges."""
    inner = rect.width - 2 * scale.pad
    box_width = float(scale.cell) or (inner - (per_row - 1) * scale.gap) / per_row
    step = (inner - box_width) / (per_row - 1) if per_row > 1 else 0.0
    left = rect.x + scale.pad
    top = rect.y + (scale.title_height if component.name else scale.pad)
    boxes = [
        Rect(
            left + (i % per_row) * step,
            top + (i // per_row) * (scale.box + scale.gap),
            box_width,
            scale.box,
        )
        for i in range(len(component.systems))
    ]
    return PlacedComponent(component, rect, boxes)


def _place_domain(domain: DomainBlock, rect: Rect, pile: Stack, scale: Scale) -> PlacedDomain:
    """Put a domain's components into its frame and stretch them to its bottom edge."""
    left, top = rect.x + scale.pad, rect.y + scale.heading_height
    width = rect.width - 2 * scale.pad
    bottom = rect.bottom - scale.pad
    placed: list[PlacedComponent] = []
    slack = bottom - top - pile.height
    for level in pile.levels:
        # What is left over is shared by the levels according to their height.
        share = slack * level.height / pile.height if pile.height else 0.0
        level_bottom = top + level.height + share
        tracks = len(level.tracks)
        track_width = (width - (tracks - 1) * scale.gap) / tracks
        for number, track in enumerate(level.tracks):
            natural = sum(item.height for item in track) + (len(track) - 1) * scale.gap
            extra = (level_bottom - top - natural) / len(track)
            y = top
            for item in track:
                frame = Rect(
                    left + number * (track_width + scale.gap), y, track_width, item.height + extra
                )
                placed.append(
                    _place_component(domain.components[item.place], frame, level.per_row, scale)
                )
                y = frame.bottom + scale.gap
        top = level_bottom + scale.gap
    return PlacedDomain(domain, rect, placed)


def arrange(landscape: LandscapeMap, width: float, scale: Scale) -> Arrangement:
    """Place everything at one scale on a picture of one width.

    Args:
        landscape: What is shown.
        width: Width of the picture in pixels; the height follows.
        scale: Level of detail.

    Returns:
        The frames of all boxes; none overlaps another, each lies inside its parent.
    """
    packer = _Packer(landscape.domains, width, scale)
    domains: list[PlacedDomain] = []
    top = 0.0
    for shelf in packer.shelves():
        count, total = len(shelf.columns), sum(shelf.columns)
        frames = (count - 1) * FRAME_GAP + count * (2 * scale.pad - scale.gap)
        column = (width - frames) / total - scale.gap
        left = 0.0
        for offset, columns in enumerate(shelf.columns):
            inner = columns * (column + scale.gap) - scale.gap
            rect = Rect(left, top, inner + 2 * scale.pad, shelf.height)
            index = shelf.first + offset
            pile = packer.stack_of(index, columns)
            domains.append(_place_domain(packer.domains[index], rect, pile, scale))
            left = rect.right + FRAME_GAP
        top += shelf.height + FRAME_GAP
    unplaced = None
    if landscape.unplaced:
        unplaced = _place_unplaced(landscape, top, width, scale)
        top = unplaced.rect.bottom + FRAME_GAP
    return Arrangement(width, max(top - FRAME_GAP, 1.0), scale, domains, unplaced)


def _place_unplaced(
    landscape: LandscapeMap, top: float, width: float, scale: Scale
) -> PlacedDomain:
    """Give the systems that fill no reference component a band of their own at the bottom."""
    component = ComponentBlock("", "", landscape.unplaced)
    inner = width - 2 * scale.pad
    smallest = scale.cell or scale.column - 2 * scale.pad
    per_row = max(1, int((inner + scale.gap) // (smallest + scale.gap)))
    height = systems_height(len(landscape.unplaced), per_row, scale) + scale.pad
    rect = Rect(0.0, top, width, scale.heading_height + height)
    frame = Rect(0.0, top + scale.heading_height - scale.pad, width, height + scale.pad)
    placed = _place_component(component, frame, per_row, scale)
    return PlacedDomain(DomainBlock("", "", (component,)), rect, (placed,))


def page_arrangement(
    landscape: LandscapeMap, width: float, *, names: bool | None = None, whole: bool = False
) -> Arrangement:
    """Choose the roomiest level of detail that suits a page of this width.

    Args:
        landscape: What is shown.
        width: Width of the picture in pixels.
        names: Whether system boxes carry names; None decides by their number.
        whole: The picture is to be seen at one glance, so blocks come before scrolling.

    Returns:
        Where everything stands.
    """
    boxes = landscape.box_count()
    if names is False or (names is None and boxes > NAMED_BOXES_MAX):
        return arrange(landscape, width, BLOCKS)
    height_max = width / ASPECT * HEIGHT_SLACK
    for scale in (ROOMY, NAMED, CLOSE):
        if boxes * scale.column * (scale.box + scale.gap) > width * height_max:
            continue  # the boxes alone fill more than the page
        candidate = arrange(landscape, width, scale)
        if candidate.height <= height_max:
            return candidate
    return arrange(landscape, width, BLOCKS if whole and names is None else CLOSE)


def poster_arrangement(landscape: LandscapeMap, *, names: bool = True) -> Arrangement:
    """Place everything on a picture of free size, as near to 16 by 10 as it goes.

    Args:
        landscape: What is shown.
        names: Whether system boxes carry names.

    Returns:
        Where everything stands.
    """
    scale = NAMED if names else BLOCKS
    boxes = landscape.box_count() + 2 * sum(len(d.components) for d in landscape.domains)
    per_column = 1 if names else (scale.column - 2 * scale.pad) // (scale.cell + scale.gap)
    area = boxes / per_column * scale.column * (scale.box + scale.gap) * 1.2
    width_min = 3.0 * scale.column
    width = max(width_min, sqrt(area * ASPECT))
    best = arrange(landscape, width, scale)
    for _ in range(POSTER_TRIES_MAX - 1):
        aspect = width / max(1.0, best.height)
        if abs(aspect / ASPECT - 1) < 0.04:
            break
        width = max(width_min, width * sqrt(ASPECT / aspect))
        candidate = arrange(landscape, width, scale)
        if _distance(candidate) < _distance(best):
            best = candidate
    return best


def _distance(arrangement: Arrangement) -> float:
    """Return how far a picture's aspect is from the wanted one; 0 is equal."""
    aspect = arrangement.width / arrangement.height
    return max(aspect, ASPECT) / min(aspect, ASPECT) - 1
