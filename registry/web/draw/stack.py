"""Stack a domain's components over its columns so that the stacks end at about one height."""

from collections.abc import Sequence
from typing import NamedTuple

from registry.web.draw.model import ComponentBlock, Scale

# Only the largest few components can be worth a band over the whole width of their domain.
BANDS_MAX = 3


class Item(NamedTuple):
    """One component in a track: its place in the domain's list and its natural height."""

    place: int
    height: float


class Level(NamedTuple):
    """Tracks of equal width side by side; every track holds at least one component.

    Attributes:
        tracks: From left to right, each from top to bottom.
        per_row: System boxes beside each other in each component.
        height: Height of the tallest track.
    """

    tracks: Sequence[Sequence[Item]]
    per_row: int
    height: float


class Stack(NamedTuple):
    """A domain's content: levels from top to bottom and their height together."""

    levels: Sequence[Level]
    height: float


def systems_height(count: int, per_row: int, scale: Scale) -> float:
    """Return the height of so many boxes in rows, with the space below them."""
    rows = -(-count // per_row)
    return rows * (scale.box + scale.gap) - scale.gap + scale.pad if rows else 0.0


def _component_height(component: ComponentBlock, per_row: int, scale: Scale) -> float:
    """Return the natural height of a component's frame; an empty one has room for a remark."""
    inside = systems_height(len(component.systems), per_row, scale)
    return scale.title_height + (inside or scale.title + scale.pad)


def _per_row(columns: int, tracks: int, scale: Scale) -> int:
    """Return how many boxes fit beside each other in one of the tracks."""
    width = (columns * (scale.column + scale.gap) - tracks * scale.gap) / tracks
    smallest = scale.cell or scale.column - 2 * scale.pad
    return max(1, int((width - 2 * scale.pad + scale.gap) // (smallest + scale.gap)))


def _level(
    components: Sequence[ComponentBlock],
    members: Sequence[int],
    columns: int,
    tracks: int,
    scale: Scale,
) -> Level:
    """Put each component on the shortest track, the tallest first (Graham's LPT rule)."""
    per_row = _per_row(columns, tracks, scale)
    items = [Item(i, _component_height(components[i], per_row, scale)) for i in members]
    piles: list[list[Item]] = [[] for _ in range(tracks)]
    heights = [0.0] * tracks
    for item in sorted(items, key=lambda item: -item.height):
        shortest = heights.index(min(heights))
        piles[shortest].append(item)
        heights[shortest] += item.height + scale.gap
    return Level(piles, per_row, max(heights) - scale.gap)


def stack(components: Sequence[ComponentBlock], columns: int, scale: Scale) -> Stack:
    """Find the lowest stack of components over a number of columns.

    The largest components may become bands over the whole width, one above the other; all
    others share tracks. How many bands there are is decided by trying.

    Args:
        components: What is stacked.
        columns: Columns of the domain, 1 or more.
        scale: Level of detail.

    Returns:
        The lowest stack found; the order of equal components is the order given.
    """
    if not components:
        return Stack((), 0.0)
    by_size = sorted(range(len(components)), key=lambda i: -len(components[i].systems))
    best: Stack | None = None
    for bands in range(min(BANDS_MAX, len(by_size)) + 1 if columns > 1 else 1):
        levels = [_level(components, [i], columns, 1, scale) for i in by_size[:bands]]
        if rest := by_size[bands:]:
            levels.append(_level(components, rest, columns, min(columns, len(rest)), scale))
        height = sum(level.height for level in levels) + (len(levels) - 1) * scale.gap
        if best is None or height < best.height:
            best = Stack(levels, height)
        if len(rest) <= 1:
            break
    assert best is not None
    return best
