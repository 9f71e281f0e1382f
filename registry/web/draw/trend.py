"""A score over days as a small picture: a line, its last value, and the same in words."""

from collections.abc import Sequence
from datetime import date

from registry.web.draw.text import escape

WIDTH, HEIGHT = 320.0, 72.0
MARGIN = 10.0
POINTS_MAX = 366  # a year of days; more are no wider than a pixel


def draw_trend(points: Sequence[tuple[date, float]], title: str) -> str:
    """Draw scores of 0 to 100 by day.

    Args:
        points: Days and scores, oldest first.
        title: What is shown, for those who hear the page.
    """
    shown = points[-POINTS_MAX:]
    if not shown:
        return ""
    first, last = shown[0][0], shown[-1][0]
    days = max((last - first).days, 1)
    right = WIDTH - 4 * MARGIN

    def place(day: date, score: float) -> tuple[float, float]:
        x = MARGIN + (right - MARGIN) * ((day - first).days / days if len(shown) > 1 else 1)
        return x, HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * score / 100

    places = [place(*point) for point in shown]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    words = (
        f"{shown[0][1]:.0f} on {first.isoformat()}, {shown[-1][1]:.0f} on {last.isoformat()}, "
        f"lowest {min(score for _, score in shown):.0f}"
    )
    return (
        f'<svg class="trend" role="img" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" '
        f'aria-label="{escape(f"{title}: {words}")}">'
        f'<path class="edge" d="M{MARGIN} {MARGIN}H{right}M{MARGIN} {HEIGHT - MARGIN}H{right}"/>'
        f'<polyline points="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
        f'<text x="{x + 7:.1f}" y="{y + 4:.1f}">{shown[-1][1]:.0f}</text></svg>'
    )
