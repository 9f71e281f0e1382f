"""The main job on towns of three sizes: time, flat memory, agreement with the truth."""

from typing import Any

from benchmarks.demo import watched_demo
from benchmarks.figures import Figure

SIZES = (2_000, 20_000, 100_000)
SECONDS_MAX = 1800


def run() -> list[Figure]:
    """Run the demonstration at each size in an empty data directory."""
    runs = {
        people: watched_demo("--people", str(people), seconds_max=SECONDS_MAX) for people in SIZES
    }
    small, large = runs[SIZES[0]], runs[SIZES[-1]]
    figures = [figure for people in SIZES for figure in _figures(people, runs[people])]
    figures.append(
        Figure(
            "memory of the hub process, 100,000 against 2,000 people",
            large["own_mib"] / small["own_mib"],
            "times",
            "<= 3",
            "peak proportional set size of the process that reads, lands and matches",
        )
    )
    return figures


def _figures(people: int, run: dict[str, Any]) -> list[Figure]:
    how = f"`townclerk demo --once --json --people {people}`, empty data directory"
    seconds = run["seconds"]
    stages = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items() if name != "total")
    town = f"{people:,} people"
    return [
        Figure(
            f"{town}: from command to report",
            seconds["total"],
            "s",
            "<= 60" if people == SIZES[0] else "",
            f"{how}; stages: {stages}",
        ),
        Figure(f"{town}: records read", run["records_read"], "records", "", how),
        Figure(
            f"{town}: sync",
            run["records_read"] / seconds["sync"],
            "records/s",
            "",
            f"{how}; six sources side by side over the wire into PostgreSQL",
        ),
        Figure(f"{town}: CPU of all processes", run["cpu_seconds"], "s", "", how),
        Figure(f"{town}: peak memory of the hub process", run["own_mib"], "MiB", "", how),
        Figure(
            f"{town}: peak memory of all processes",
            run["tree_mib"],
            "MiB",
            "",
            f"{how}; hub, city, both PostgreSQL servers; proportional set size",
        ),
        Figure(f"{town}: pair precision", run["pairs"]["precision"], "", "", how),
        Figure(f"{town}: pair recall", run["pairs"]["recall"], "", "", how),
        Figure(f"{town}: pair F1", run["pairs"]["f1"], "", "", how),
    ]
