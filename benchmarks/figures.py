"""Figures: what was measured, how, and what was promised; kept as JSON, shown as one page."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.charts import draw
from benchmarks.machine import describe_machine
from benchmarks.pictures import DRAWN, PICTURES

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PREFACE = """Measured, not promised. Unflattering figures stay. Wall times depend on the machine,
which is named with each suite; ratios and counts travel better.
"""
FIGURES_PAGE = ROOT / "docs" / "reference" / "figures.md"
DRAWINGS = ROOT / "docs" / "pictures"


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        name: What was measured, in words.
        value: The figure.
        unit: Its unit.
        promise: What was promised, as a test of `value`, e.g. "<= 60"; empty where nothing was.
        how: How it was made, so that anybody can make it again.
        beside: What each tool reached in the same run, ours first; empty where none stood beside.
    """

    name: str
    value: float
    unit: str
    promise: str
    how: str
    beside: dict[str, float] = field(default_factory=dict)

    def kept(self) -> bool | None:
        """Tell whether the promise is kept; None where there is none."""
        if not self.promise:
            return None
        sign, bound = self.promise.split()
        return self.value <= float(bound) if sign == "<=" else self.value >= float(bound)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        said = asdict(self) | {"kept": self.kept()}
        if not self.beside:
            del said["beside"]
        return said


def keep(name: str, figures: Sequence[Figure], command: str = "") -> None:
    """Keep the figures of one suite, in place of those of its last run.

    Args:
        name: The suite.
        figures: What it measured.
        command: What makes them again, where that is not `make bench`.
    """
    document = {
        "suite": name,
        "command": command or f"make bench ARGS={name}",
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "figures": [figure.as_dict() for figure in figures],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")


def kept_before(name: str) -> list[Figure]:
    """Return the figures of a suite's last run; none where it never ran."""
    try:
        document = json.loads((RESULTS / f"{name}.json").read_text())
    except FileNotFoundError:
        return []
    return [
        Figure(**{key: value for key, value in figure.items() if key != "kept"})
        for figure in document["figures"]
    ]


def write_page() -> None:
    """Write docs/reference/figures.md from all results."""
    parts = [
        "# Figures\n",
        "<!-- Written by `make bench` from benchmarks/results; run it again, do not edit. -->\n",
        PREFACE,
    ]
    for file in sorted(RESULTS.glob("*.json")):
        result = json.loads(file.read_text())
        machine = result["machine"]
        parts.append(f"## {result['suite'].replace('_', ' ').capitalize()}\n")
        parts.append(
            f"`{result.get('command', 'make bench ARGS=' + result['suite'])}` "
            f"on {result['measured_at'][:10]}: "
            f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}, "
            f"load {machine['load']} before the run.\n"
        )
        parts.extend(_picture(result))
        parts.append("| Figure | Measured | Promise | Kept | How |\n|---|--:|---|---|---|")
        parts.extend(_row(figure) for figure in result["figures"])
        parts.append("")
    FIGURES_PAGE.write_text("\n".join(parts))


def _picture(result: dict[str, Any]) -> list[str]:
    """Draw the picture of a suite that has one, and return the lines that show it."""
    suite = result["suite"]
    if suite in PICTURES:
        chart = PICTURES[suite](result["figures"])
        file, alt = f"{suite}.svg", chart.alt
        (DRAWINGS / file).write_text(draw(chart), encoding="utf-8")
    elif suite in DRAWN:
        file, alt = DRAWN[suite]
    else:
        return []
    return [f"![{alt}](../pictures/{file})\n"]


def _row(figure: dict[str, Any]) -> str:
    kept = {True: "yes", False: "**no**", None: ""}[figure["kept"]]
    value = f"{figure['value']:,.4g}" if figure["value"] < 1000 else f"{figure['value']:,.0f}"
    return (
        f"| {figure['name']} | {value} {figure['unit']} | {figure['promise']} | {kept} "
        f"| {figure['how']} |"
    )
