"""The waterfall of evidence: each field's bits as a bar from the weight before to the weight after.

The same numbers stand in the table beside it, so the picture is read by eye and the table by ear.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

from registry.customers.stewarding.explain import Step

WIDTH: Final = 720
LABEL: Final = 190  # for "Chamber of commerce number"
NUMBERS: Final = 70  # for "+12.3"
ROW: Final = 26
HEAD: Final = 30
STEPS_MAX: Final = 30  # a comparison has a dozen fields


def draw_waterfall(steps: Sequence[Step], names: Sequence[str], *, cut_bits: float) -> str:
    """Draw the evidence of two records as SVG.

    Args:
        steps: The evidence in the order it adds up.
        names: What each step is called, one per step.
        cut_bits: From here on records are linked; drawn as a line.
    """
    shown = list(zip(steps, names, strict=True))[:STEPS_MAX]
    weights = [0.0, cut_bits, *(step.weight_bits for step, _ in shown)]
    least, most = min(weights) - 1, max(weights) + 1
    scale = (WIDTH - LABEL - NUMBERS) / (most - least)

    def x(bits: float) -> float:
        return round(LABEL + (bits - least) * scale, 1)

    height = HEAD + ROW * (len(shown) + 1)
    last = shown[-1][0].weight_bits if shown else 0.0
    told = "one customer" if last >= cut_bits else "two customers"
    parts = [
        (
            f'<svg class="waterfall" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
            f' height="{height}" role="img" aria-labelledby="wf-title wf-desc">'
            f'<title id="wf-title">Evidence in bits</title><desc id="wf-desc">{len(shown) - 1}'
            f" fields add up to {last:.1f} bits; records"
            f" are linked from {cut_bits:z.1f} bits on, so the model says {told}.</desc>"
        ),
        f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="{HEAD - 8}" y2="{height - 4}"/>',
        (
            f'<line class="cut" x1="{x(cut_bits)}" x2="{x(cut_bits)}" y1="{HEAD - 8}"'
            f' y2="{height - 4}"/>'
        ),
        (
            f'<text class="cut" x="{x(cut_bits)}" y="14" text-anchor="middle">cut {cut_bits:z.1f}'
            "</text>"
        ),
    ]
    before = 0.0
    for number, (step, name) in enumerate(shown):
        y = HEAD + number * ROW
        left, right = sorted((x(before), x(step.weight_bits)))
        kind = "for" if step.bits >= 0 else "against"
        parts.append(
            f'<g class="{kind}"><text x="{LABEL - 8}" y="{y + 16}" text-anchor="end">'
            f'{escape(name)}</text><rect x="{left}" y="{y + 4}"'
            f' width="{max(right - left, 1.5):.1f}" height="{ROW - 9}" rx="2"/>'
            f'<text x="{WIDTH - 6}" y="{y + 16}" text-anchor="end">'
            f"{step.bits:+z.1f}</text></g>"
        )
        before = step.weight_bits
    y = HEAD + len(shown) * ROW + 16
    parts.append(
        f'<text class="sum" x="{LABEL - 8}" y="{y}" text-anchor="end">Together</text>'
        f'<text class="sum" x="{WIDTH - 6}" y="{y}" text-anchor="end">{last:+.1f}</text></svg>'
    )
    return "".join(parts)
