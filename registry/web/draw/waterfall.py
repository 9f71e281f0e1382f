"""The waterfall of evidence: each field's bits as a bar from the weight before to the weight after.

It is drawn twice, for windows and for telephones, where names stand above the bars; the page shows
the one that fits. The same numbers stand in the table beside it, so the picture is read by eye and
the table by ear.
"""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from registry.customers.stewarding.explain import Step

HEAD: Final = 30
BAR: Final = 17
STEPS_MAX: Final = 30  # a comparison has a dozen fields


class _Look(NamedTuple):
    """Where things stand, in pixels.

    Attributes:
        name: Of the class that shows it where it fits.
        width: Of the picture.
        left: Where bars may begin.
        right: Where bars must end.
        label: Where names stand: before the bars, or above them.
        anchor: What of a name stands there, its end or its start.
        row: From one step to the next.
        above: Of a bar in its row.
    """

    name: str
    width: int
    left: int
    right: int
    label: int
    anchor: str
    row: int
    above: int


_LOOKS: Final = (
    # 182 pixels for "Chamber of commerce number", 70 for "+12.3".
    _Look("wide", 720, 190, 650, 182, "end", 26, 4),
    _Look("narrow", 340, 6, 334, 6, "start", 46, 23),
)


def draw_waterfall(steps: Sequence[Step], names: Sequence[str], *, cut_bits: float) -> str:
    """Draw the evidence of two records as SVG, once for each width of window.

    Args:
        steps: The evidence in the order it adds up.
        names: What each step is called, one per step.
        cut_bits: From here on records are linked; drawn as a line.
    """
    shown = list(zip(steps, names, strict=True))[:STEPS_MAX]
    return "".join(_draw(shown, look, cut_bits) for look in _LOOKS)


def _draw(shown: Sequence[tuple[Step, str]], look: _Look, cut_bits: float) -> str:
    weights = [0.0, cut_bits, *(step.weight_bits for step, _ in shown)]
    least, most = min(weights) - 1, max(weights) + 1
    scale = (look.right - look.left) / (most - least)

    def x(bits: float) -> float:
        return round(look.left + (bits - least) * scale, 1)

    tops = [HEAD + number * look.row for number in range(len(shown) + 1)]
    last = shown[-1][0].weight_bits if shown else 0.0
    told = "one customer" if last >= cut_bits else "two customers"
    height = tops[-1] + 26
    parts = [
        (
            f'<svg class="waterfall {look.name}" viewBox="0 0 {look.width} {height}"'
            f' width="{look.width}" height="{height}" role="img"'
            f' aria-labelledby="wf-title-{look.name} wf-desc-{look.name}">'
            f'<title id="wf-title-{look.name}">Evidence in bits</title>'
            f'<desc id="wf-desc-{look.name}">{len(shown) - 1}'
            f" fields add up to {last:.1f} bits; records"
            f" are linked from {cut_bits:z.1f} bits on, so the model says {told}.</desc>"
        ),
        _line("zero", x(0), tops, look),
        _line("cut", x(cut_bits), tops, look),
        (
            f'<text class="cut" x="{min(max(x(cut_bits), 30), look.width - 30)}" y="14"'
            f' text-anchor="middle">cut {cut_bits:z.1f}</text>'
        ),
    ]
    before = 0.0
    for top, (step, name) in zip(tops, shown, strict=False):
        left, right = sorted((x(before), x(step.weight_bits)))
        parts.append(
            f'<g class="{"for" if step.bits >= 0 else "against"}">'
            + _words("", name, f"{step.bits:+z.1f}", top, look)
            + f'<rect x="{left}" y="{top + look.above}" width="{max(right - left, 1.5):.1f}"'
            f' height="{BAR}" rx="2"/></g>'
        )
        before = step.weight_bits
    return "".join(
        [*parts, _words(' class="sum"', "Together", f"{last:+.1f}", tops[-1], look), "</svg>"]
    )


def _line(name: str, x: float, tops: Sequence[int], look: _Look) -> str:
    """Return an upright line: behind all bars, or only behind each where names stand between."""
    spans = [(tops[0] - 8, tops[-1] + 22)]
    if look.anchor == "start":
        spans = [(top + look.above, top + look.above + BAR + 3) for top in tops[:-1]]
    drawn = "".join(f"M{x} {top}V{bottom}" for top, bottom in spans)
    return f'<path class="{name}" d="{drawn}"/>'


def _words(kind: str, name: str, number: str, top: int, look: _Look) -> str:
    y = top + 16
    return (
        f'<text{kind} x="{look.label}" y="{y}" text-anchor="{look.anchor}">{escape(name)}</text>'
        f'<text{kind} x="{look.width - 6}" y="{y}" text-anchor="end">{number}</text>'
    )
