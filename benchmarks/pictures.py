"""Which suites' figures are drawn, and what the picture shows."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks.charts import Chart, Row

Figures = Sequence[Mapping[str, Any]]


def _pages(figures: Figures) -> Chart:
    rows = [
        Row(figure["name"].removesuffix(", p95"), figure["beside"], _promise(figure))
        for figure in figures
        if figure["name"].endswith(", p95")
    ]
    return Chart(
        "Pages of records beside a matched town",
        "seconds at the 95th percentile, commit included",
        rows,
        "Time that pages of one, a thousand and ten thousand records take, and what was promised.",
        log=True,
    )


def _find(figures: Figures) -> Chart:
    rows = [
        Row(_short(figure["name"]), {"p95": figure["value"] * 1000}, (_promise(figure) or 0) * 1000)
        for figure in figures
    ]
    return Chart(
        "How soon a customer is found",
        "milliseconds at the 95th percentile",
        rows,
        "Time to find a customer by each kind of question, and what was promised.",
    )


def _short(name: str) -> str:
    return name.removeprefix("Find a customer ").removesuffix(", p95")


def _peers(figures: Figures) -> Chart:
    rows = [
        Row(figure["name"].partition(":")[0], figure["beside"])
        for figure in figures
        if figure.get("beside")
    ]
    return Chart(
        "Pairs found on the same tables, each tool at its best",
        "pair F1; a tool without a mark did not finish; ours at the shipped cut",
        rows,
        "Pair F1 of Townclerk, Splink, recordlinkage and dedupe on each data set.",
    )


def _clustering(figures: Figures) -> Chart:
    return Chart(
        "Connected records, parted by their evidence or left whole",
        "pair F1 of all records that stand in one customer",
        [Row(figure["name"].partition(":")[0], figure["beside"]) for figure in figures],
        "Pair F1 with and without parting connected records, on each data set.",
    )


# What is foreseen is told in other seconds, so it stands in the table alone.
_GROWN = re.compile(r"([\d,]+ records) on (\w+): CPU")


def _growth(figures: Figures) -> Chart:
    sizes: dict[str, dict[str, float]] = {}
    for figure in figures:
        found = _GROWN.match(figure["name"])
        if found:
            sizes.setdefault(found[1], {})[found[2]] = figure["value"]
    return Chart(
        "A full run as a town grows",
        "seconds of CPU, all processes",
        [Row(label, values) for label, values in sizes.items()],
        "CPU time of a full run on DuckDB and on Spark by number of records.",
        log=True,
    )


def _promise(figure: Mapping[str, Any]) -> float | None:
    return float(figure["promise"].split()[1]) if figure["promise"] else None


PICTURES: Final[Mapping[str, Callable[[Figures], Chart]]] = {
    "customers.clustering": _clustering,
    "customers.find": _find,
    "customers.growth": _growth,
    "customers.pages": _pages,
    "customers.peers": _peers,
}
# Drawn by the suite itself, which has more than its figures at hand.
DRAWN: Final[Mapping[str, tuple[str, str]]] = {
    "customers.million": (
        "calibration.svg",
        "How right the probabilities are: what the model says, and the share that is right.",
    ),
}
