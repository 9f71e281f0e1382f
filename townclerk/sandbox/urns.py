"""Word tables of the sandbox city, read from plain text so that anybody can correct them.

A table becomes an urn: a tuple of fixed size in which common words stand often and rare ones
once, so that a draw costs one index and needs no weights at run time.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import TypeVar

Draw = Callable[[], float]  # a random number in [0, 1), the only randomness the city uses

T = TypeVar("T")

URN_SIZE = 2048  # slots; the rarest word of our longest line still gets more than one


@cache
def sections(file_name: str) -> dict[str, dict[str, str]]:
    """Read a table file: `[section]` headings, `label: words` lines, `#` comments."""
    found: dict[str, dict[str, str]] = {}
    lines: dict[str, str] = {}
    text = files("townclerk.sandbox").joinpath("words", file_name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            lines = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            label, _, words = line.partition(":")
            lines[label] = words.strip()
    return found


def words(file_name: str, section: str, label: str) -> list[str]:
    """Return the words of one line, most common first."""
    return sections(file_name)[section][label].split(", ")


def urn(items: Sequence[T], *, head: float = 4.0, power: float = 0.85) -> tuple[T, ...]:
    """Fill an urn in which the word of rank r has weight (r + head) ** -power.

    Args:
        items: Words, most common first.
        head: How flat the top is; larger means more equal frequencies.
        power: How fast the tail falls; 1 is Zipf's law.

    Returns:
        URN_SIZE slots; every word has at least one.

    Source:
        Zipf (1949) for the shape; Mandelbrot's added constant for the flat top.
    """
    weights = [(rank + head) ** -power for rank in range(len(items))]
    return weighted_urn(list(zip(items, weights, strict=True)))


def weighted_urn(items: Sequence[tuple[T, float]]) -> tuple[T, ...]:
    """Fill an urn with the given weights; every item gets at least one slot."""
    total = sum(weight for _, weight in items)
    slots: list[T] = []
    for item, weight in items:
        slots.extend([item] * max(1, round(weight / total * URN_SIZE)))
    return tuple(slots)


def pick(draw: Draw, slots: Sequence[T]) -> T:
    """Draw one item from an urn."""
    return slots[int(draw() * len(slots))]
