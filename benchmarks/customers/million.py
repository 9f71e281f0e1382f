"""A million records of a town nobody has looked at: quality, speed and memory, beside Splink.

    make bench ARGS=customers.million                  about ten minutes on two quiet cores

The sandbox city of a fresh seed is read through its connectors and cleaned, as a hub does. Then
the same table is linked by us and by Splink, one after the other, each in a process of its own and
with everything that linking needs: train, weigh, cluster. BENCH_PEOPLE makes a smaller town, and
BENCH_ALONE leaves Splink out: a million records take three minutes then. The
calibration plot goes to docs/pictures/calibration.svg.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.customers.calibration import bands, draw
from benchmarks.customers.peers import peer_environment, run_peer
from benchmarks.customers.quality import city_tables, scores
from benchmarks.figures import ROOT, Figure
from registry.customers.live.link import link_table
from registry.customers.matching.engine import open_engine
from registry.customers.matching.engine import run as execute

# Inhabitants who stand in a million records of the six sources.
PEOPLE = 505_000
RECORDS_PROMISED = 1_000_000
# Not the seed of any run by which the matcher was built.
SEED = 77_001_923
# Links of this probability and more are believed without a look.
SURE = 0.95
PLOT = ROOT / "docs" / "pictures" / "calibration.svg"


def run() -> list[Figure]:
    """Measure ours, then Splink's, on the same table."""
    people = int(os.environ.get("BENCH_PEOPLE", PEOPLE))
    with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as place:
        os.chmod(place, 0o711)  # noqa: PTH101  # root's database account must pass through
        folder = Path(place)
        began = time.perf_counter()
        records = city_tables(folder, people, SEED)
        made = time.perf_counter() - began
        ours = _ours(folder)
        theirs: dict[str, Any] = {"unfinished": "as it was not begun"}
        if "BENCH_ALONE" not in os.environ:
            with peer_environment("splink==5.0.0") as python:
                theirs = run_peer(python, "peer_splink.py", folder, bounded=False)
    PLOT.write_text(draw(ours["bands"], f"{records:,} records of the sandbox city"))
    return _figures(records, made, ours, theirs)


def _ours(folder: Path) -> dict[str, Any]:
    """Link in a fresh process, so that its memory and CPU are its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.customers.million", str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _figures(
    records: int, made: float, ours: dict[str, Any], theirs: dict[str, Any]
) -> list[Figure]:
    how = f"sandbox city, seed {SEED}, {records:,} records, `make bench ARGS=customers.million`"
    pairs, together = ours["pairs"], ours["clusters"]
    figures = [
        Figure(
            "pair F1 at the shipped cut",
            together["f1"],
            "",
            ">= 0.94",
            f"{how}; pairs within clusters: precision {together['precision']}, recall"
            f" {together['recall']}; before clustering F1 {pairs['f1']}; of"
            f" {ours['true_pairs']:,} true pairs",
        ),
        Figure(
            "links of probability .95 to 1: right",
            round(100 * ours["sure_right"], 2),
            "%",
            ">= 98",
            f"{how}; {ours['sure']:,} links",
        ),
        Figure(
            "train, link and cluster: wall time",
            round(ours["wall_seconds"], 1),
            "s",
            "<= 40",
            f"{how}; load beside it {os.getloadavg()[0]:.1f}",
        ),
        Figure("train, link and cluster: CPU", round(ours["cpu_seconds"], 1), "s", "", how),
        Figure(
            "train, link and cluster: memory",
            round(ours["memory_mib"]),
            "MiB",
            "<= 2000",
            f"{how}; peak resident memory of the process",
        ),
        Figure("city made, read and cleaned", round(made, 1), "s", "", f"{how}; before the clock"),
    ]
    figures += [] if "unfinished" in theirs else _beside(ours, theirs, how)
    if records < RECORDS_PROMISED:
        # What was promised for a million says nothing of a smaller town.
        figures = [replace(figure, promise="") for figure in figures]
    return figures


def _beside(ours: dict[str, Any], theirs: dict[str, Any], how: str) -> list[Figure]:
    recipe = f"Splink 5.0.0, benchmarks/customers/peer_splink.py, same run; {how}"
    return [
        Figure(
            "pair F1 above Splink at its best possible cut",
            round(ours["clusters"]["f1"] - theirs["f1_best"], 4),
            "",
            ">= 0.09",
            f"{recipe}: F1 {theirs['f1_best']:.4f} at {theirs['best_cut_bits']} bits, which only"
            f" the truth tells; {theirs['f1_at_95']:.4f} at probability .95",
        ),
        Figure(
            "wall time against Splink",
            round(ours["wall_seconds"] / theirs["wall_seconds"], 3),
            "times",
            "<= 1",
            f"{recipe}: {theirs['wall_seconds']:.1f} s",
        ),
        Figure(
            "CPU against Splink",
            round(ours["cpu_seconds"] / theirs["cpu_seconds"], 3),
            "times",
            "<= 1",
            f"{recipe}: {theirs['cpu_seconds']:.1f} s, {theirs['memory_mib']:.0f} MiB",
        ),
    ]


def _measure(folder: Path) -> dict[str, Any]:
    """Link one folder's table in this process."""
    with open_engine() as con:
        for name in ("plain", "truth"):
            execute(
                con,
                "CREATE TABLE $name AS SELECT * FROM '$folder/$name.parquet'",
                name=name,
                folder=str(folder),
            )
        began = time.perf_counter(), time.process_time()
        linked = link_table(con, "plain")
        wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = bands(con)
        sure = [band for band in found if band["from"] >= SURE]
        count = sum(band["pairs"] for band in sure)
        return {
            "wall_seconds": wall,
            "cpu_seconds": cpu,
            "memory_mib": memory,
            "steps": linked.seconds,
            "bands": found,
            "sure": count,
            "sure_right": sum(band["right"] * band["pairs"] for band in sure) / max(count, 1),
            **scores(con, linked.model.cut_bits),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]))) + "\n")
