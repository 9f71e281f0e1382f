"""Charts of figures: one row for each thing measured, one mark for each that did it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

LABELS, SIZE, RIGHT, TOP, ROW, BOTTOM = 370, 430, 40, 84, 26, 52
# Colour and shape both tell who it was, for those who see no colours.
MARKS = (
    ("#0b6e8f", '<circle cx="{x}" cy="{y}" r="6" fill="{colour}">{said}</circle>'),
    ("#b3541e", '<path d="M{x} {y}m-5-5h10v10h-10z" fill="{colour}">{said}</path>'),
    ("#6a4fa0", '<path d="M{x} {y}m0-7l7 7-7 7-7-7z" fill="{colour}">{said}</path>'),
    ("#4b7a2a", '<path d="M{x} {y}m0-7l7 12h-14z" fill="{colour}">{said}</path>'),
)
PROMISED = "#9a1f2c"


@dataclass(frozen=True)
class Row:
    """One thing that was measured.

    Attributes:
        label: What it is called.
        values: The figure of each that was measured; who did not finish is absent.
        promise: Where the first of them was to end up, if that was promised.
    """

    label: str
    values: Mapping[str, float]
    promise: float | None = None


@dataclass(frozen=True)
class Chart:
    """What a picture shows.

    Attributes:
        title: Its heading.
        axis: What is measured, with its unit.
        rows: From top to bottom.
        log: Whether each step along the axis is ten times the one before.
        alt: What it says, for those who do not see it.
    """

    title: str
    axis: str
    rows: Sequence[Row]
    alt: str
    log: bool = False


def draw(chart: Chart) -> str:
    """Return a chart as SVG."""
    width, height = LABELS + SIZE + RIGHT, TOP + ROW * len(chart.rows) + BOTTOM
    names = list(dict.fromkeys(name for row in chart.rows for name in row.values))
    scale = _Scale(chart)
    floor = TOP + ROW * len(chart.rows)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
            ' font-family="sans-serif" font-size="13" fill="#1c2733">'
        ),
        f"<title>{escape(chart.alt)}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="16" y="28" font-size="16" font-weight="600">{escape(chart.title)}</text>',
        *_legend(names, promised=any(row.promise is not None for row in chart.rows)),
    ]
    for tick in scale.ticks():
        x = scale.place(tick)
        parts.append(
            f'<path d="M{x} {TOP - 8}V{floor}" stroke="#e3e8ed"/>'
            f'<text x="{x}" y="{floor + 18}" text-anchor="middle">{tick:,.10g}</text>'
        )
    for number, row in enumerate(chart.rows):
        parts += _row(row, names, scale, y=TOP + ROW * number + ROW / 2)
    parts.append(
        f'<text x="{LABELS + SIZE / 2}" y="{height - 12}" text-anchor="middle" fill="#5b6b7b">'
        f"{escape(chart.axis)}</text></svg>\n"
    )
    return "\n".join(parts)


class _Scale:
    """Where values stand along the axis."""

    def __init__(self, chart: Chart) -> None:
        values = [value for row in chart.rows for value in row.values.values()]
        values += [row.promise for row in chart.rows if row.promise is not None]
        self._log = chart.log
        self._low, self._high, self._step = 0.0, 0.0, 1.0
        if self._log:
            positive = [value for value in values if value > 0]
            self._low = math.floor(math.log10(min(positive)))
            self._high = max(math.ceil(math.log10(max(positive))), self._low + 1)
        else:
            self._step = _round_step(max(values) / 5)
            self._high = math.ceil(max(values) / self._step) * self._step

    def ticks(self) -> list[float]:
        """Return the values that are written below the axis."""
        if self._log:
            return [10.0**power for power in range(round(self._low), round(self._high) + 1)]
        return [self._step * number for number in range(round(self._high / self._step) + 1)]

    def place(self, value: float) -> float:
        """Return where a value stands."""
        at = math.log10(max(value, 10.0**self._low)) if self._log else value
        return round(LABELS + SIZE * (at - self._low) / (self._high - self._low), 1)


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20 … tenths, hundredths … that is not less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * by for by in (1, 2, 5, 10) if power * by >= least * 0.999)


def _legend(names: Sequence[str], *, promised: bool) -> list[str]:
    """Say which mark is whose."""
    parts, x = [], 22.0
    for number, name in enumerate(names if len(names) > 1 else ()):
        colour, shape = MARKS[number % len(MARKS)]
        parts.append(shape.format(x=x, y=52, colour=colour, said=""))
        parts.append(f'<text x="{x + 12}" y="56">{escape(name)}</text>')
        x += 34 + 7.2 * len(name)
    if promised:
        parts.append(f'<path d="M{x} 43v18" stroke="{PROMISED}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 9}" y="56">promised</text>')
    return parts


def _row(row: Row, names: Sequence[str], scale: _Scale, *, y: float) -> list[str]:
    """Draw one row; the first series lies on top."""
    parts = [
        (
            f'<text x="{LABELS - 14}" y="{y + 4}" text-anchor="end">{escape(row.label)}</text>'
            f'<path d="M{LABELS} {y}h{SIZE}" stroke="#f1f4f7"/>'
        )
    ]
    if row.promise is not None:
        x = scale.place(row.promise)
        parts.append(f'<path d="M{x} {y - 9}v18" stroke="{PROMISED}" stroke-width="3"/>')
    for name in reversed(names):
        if name in row.values:
            colour, shape = MARKS[names.index(name) % len(MARKS)]
            said = f"<title>{escape(name)}: {row.values[name]:,.4g}</title>"
            parts.append(
                shape.format(x=scale.place(row.values[name]), y=y, colour=colour, said=said)
            )
    return parts
