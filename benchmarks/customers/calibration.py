"""How right the probabilities are: bands of written pairs against the truth, and their picture."""

import math
from collections.abc import Sequence
from typing import Any

import duckdb

from registry.customers.matching.engine import run

EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0000001)
SIZE, LEFT, BOTTOM = 420, 70, 60
# Pairs below it stand in one cluster by way of another record: they are no answer of the model.
EVEN = 0.5
TIED = ("weak by themselves, and", "tied by a third record")
# Bands with fewer pairs say nothing.
PAIRS_MIN = 30


def bands(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return, by band of probability, how many pairs of one cluster there are and how many right.

    The session holds `linked_pair`, `linked_record` and `truth(id, entity)`.
    """
    rows = run(
        con,
        """
        WITH pair AS (
            SELECT 1 / (1 + pow(2, -greatest(least(weight_bits::DOUBLE, 60), -60))) AS probability,
                l.entity = r.entity AS right
            FROM linked_pair JOIN truth l ON l.id = id_l JOIN truth r ON r.id = id_r
            JOIN linked_record a ON a.id = id_l JOIN linked_record b ON b.id = id_r
            WHERE NOT apart AND a.cluster = b.cluster
        ), band AS (
            SELECT unnest([$low]) AS low, unnest([$high]) AS high
        )
        SELECT low, least(high, 1), count(*), avg(probability), avg(pair.right::INT)
        FROM band JOIN pair ON probability >= low AND probability < high
        GROUP BY ALL ORDER BY low
        """,
        low=", ".join(f"{edge}::DOUBLE" for edge in EDGES[:-1]),
        high=", ".join(f"{edge}::DOUBLE" for edge in EDGES[1:]),
    )
    names = ("from", "to", "pairs", "said", "right")
    return [dict(zip(names, row, strict=True)) for row in rows]


def draw(found: Sequence[dict[str, Any]], title: str) -> str:
    """Return the picture as SVG: what the model says across, what is right up."""
    width, height = LEFT + SIZE + 30, SIZE + BOTTOM + 50
    shown = [band for band in found if band["pairs"] >= PAIRS_MIN]
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            ' font-family="sans-serif" font-size="13" fill="#1c2733">'
        ),
        f'<title>Calibration: {title}</title><rect width="{width}" height="{height}" fill="#fff"/>',
        (
            f'<text x="{LEFT}" y="24" font-size="16" font-weight="600">How right the probabilities'
            f' are</text><text x="{LEFT}" y="42" fill="#5b6b7b">pairs within one customer, {title}'
            "</text>"
        ),
    ]
    for tenth in range(0, 11, 2):
        x, y = _at(tenth / 10, tenth / 10)
        parts += [
            f'<path d="M{x} {_at(0, 1)[1]}V{_at(0, 0)[1]}M{LEFT} {y}h{SIZE}" stroke="#e3e8ed"/>',
            f'<text x="{x}" y="{_at(0, 0)[1] + 20}" text-anchor="middle">{tenth / 10:g}</text>',
            f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{tenth / 10:g}</text>',
        ]
    (x0, y0), (x1, y1) = _at(0, 0), _at(1, 1)
    parts.append(f'<path d="M{x0} {y0}L{x1} {y1}" stroke="#9aa8b5" stroke-dasharray="5 4"/>')
    middle = _at(EVEN, 0)[0]
    parts.append(
        f'<rect x="{x0}" y="{y1}" width="{middle - x0}" height="{y0 - y1}" fill="#f1f4f7"/>'
        f'<text x="{(x0 + middle) / 2}" y="{y0 - 220}" text-anchor="middle" fill="#5b6b7b">'
        f"{_lines((x0 + middle) / 2, *TIED)}</text>"
    )
    joined = [band for band in shown if band["said"] >= EVEN]
    line = " ".join("{} {}".format(*_at(band["said"], band["right"])) for band in joined)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#0b6e8f" stroke-width="2"/>')
    for band in shown:
        x, y = _at(band["said"], band["right"])
        radius = round(2.0 * math.log10(band["pairs"]) - 1.0, 1)
        colour = "#0b6e8f" if band in joined else "#9aa8b5"
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}" fill-opacity="0.75">'
            f"<title>{band['pairs']:,} pairs: said {band['said']:.3f}, right {band['right']:.3f}"
            "</title></circle>"
        )
    parts += [
        (
            f'<text x="{LEFT + SIZE / 2}" y="{height - 12}" text-anchor="middle">probability that'
            " the model gives (larger dot: more pairs)</text>"
        ),
        (
            f'<text transform="translate(18 {50 + SIZE / 2}) rotate(-90)" text-anchor="middle">'
            "share of these pairs that are one person</text></svg>\n"
        ),
    ]
    return "\n".join(parts)


def _lines(x: float, *lines: str) -> str:
    return "".join(f'<tspan x="{x}" dy="17">{line}</tspan>' for line in lines)


def _at(said: float, right: float) -> tuple[float, float]:
    return round(LEFT + said * SIZE, 1), round(60 + (1 - right) * SIZE - 10, 1)
