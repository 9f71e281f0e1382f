"""Marks: small shapes with a letter in them, and the legend that explains them."""

from collections.abc import Callable

from registry.web.draw.model import Scale
from registry.web.draw.states import STATES, ColourBy, Shape, State
from registry.web.draw.text import escape, width_px

MARK_SIZE = 14.0

# Each shape fills a square of MARK_SIZE.
_SHAPES = {
    Shape.SQUARE: '<rect x=".5" y=".5" width="13" height="13" rx="2"/>',
    Shape.ROUND: '<circle cx="7" cy="7" r="6.7"/>',
    Shape.TRIANGLE: '<path d="M7-.8 14.8 13.6H-.8z"/>',
    Shape.DIAMOND: '<path d="M7-1.2 15.2 7 7 15.2-1.2 7z"/>',
    Shape.HEXAGON: '<path d="M3.6.2h6.8L14 7l-3.6 6.8H3.6L0 7z"/>',
    Shape.OPEN: '<rect class="o" x=".5" y=".5" width="13" height="13" rx="6.5"/>',
}

# Boxes too small for a name show the same shapes in their outline: 16 by 13 pixels.
_CELLS = {
    Shape.SQUARE: '<path d="M1 0h14v13H1z"/>',
    Shape.ROUND: '<rect x="1" width="14" height="13" rx="6"/>',
    Shape.TRIANGLE: '<path d="M8-.5 16 13H0z"/>',
    Shape.DIAMOND: '<path d="M8-1 16.5 6.5 8 14-.5 6.5z"/>',
    Shape.HEXAGON: '<path d="M4 0h8l4 6.5-4 6.5H4L0 6.5z"/>',
    Shape.OPEN: '<rect class="o" x="1.5" y=".5" width="13" height="12" rx="6"/>',
}


def _mark(state: State, prefix: str) -> str:
    down = 11.6 if state.shape is Shape.TRIANGLE else 10.4
    return (
        f'<g id="{prefix}-m-{state.key}" class="k {state.key}">{_SHAPES[state.shape]}'
        f'<text x="7" y="{down}">{escape(state.letter)}</text></g>'
    )


def _cell(state: State, prefix: str) -> str:
    return (
        f'<g id="{prefix}-c-{state.key}" class="x {state.key}">{_CELLS[state.shape]}'
        f'<text x="8" y="9.8">{escape(state.letter)}</text></g>'
    )


def symbols(colour_by: ColourBy, prefix: str, scale: Scale) -> str:
    """Return the shapes that the boxes of one picture refer to."""
    states = STATES[colour_by].values()
    shapes = "".join(_mark(state, prefix) for state in states)
    if scale.cell:
        shapes += "".join(_cell(state, prefix) for state in states)
    else:
        # A data set is a sheet with a ruled head; an interface is a plug: ArchiMate's own signs.
        shapes += (
            f'<path id="{prefix}-d" class="i" d="M.5.5h8v7h-8zM.5 2.8h8"/>'
            f'<path id="{prefix}-i" class="i" '
            'd="M.5 4h3.2m0 0a2.4 2.4 0 1 0 4.8 0 2.4 2.4 0 1 0-4.8 0"/>'
        )
    return f"<defs>{shapes}</defs>"


def mark_picture(state: State, prefix: str) -> str:
    """Return one mark as a picture of its own, for legends and tables in a page."""
    return (
        f'<svg class="mark" width="16" height="16" viewBox="-1 -1 16 16" aria-hidden="true">'
        f"{_mark(state, prefix)}</svg>"
    )


def legend(
    colour_by: ColourBy, prefix: str, say: Callable[[str], str], *, x: float, y: float
) -> str:
    """Draw the explanation of all marks on one line.

    Args:
        colour_by: What the colours say.
        prefix: What the picture's ids begin with.
        say: Translates our words.
        x: Left edge in pixels.
        y: Top edge in pixels.

    Returns:
        SVG elements.
    """
    out = ""
    for state in STATES[colour_by].values():
        word = say(state.word)
        out += (
            f'<use href="#{prefix}-m-{state.key}" x="{x:.1f}" y="{y:.1f}"/>'
            f'<text class="e" x="{x + MARK_SIZE + 6:.1f}" y="{y + 11.5:.1f}">{escape(word)}</text>'
        )
        x += MARK_SIZE + 6 + width_px(word, 12.5) + 22
    return out
