"""Ours, Splink, recordlinkage and dedupe on labelled sets, one table for all, one recipe each.

    make bench ARGS=customers.peers                    about half an hour on two quiet cores

Every tool reads the same table of plain columns, in a process of its own, one after the other.
The peers run in environments that are made for the run; what takes more seconds of CPU than
CPU_SECONDS_MAX, or more memory than MEMORY_BYTES_MAX, is reported as not finished. CPU, so that
what else the machine does costs nobody a result. Peers are judged at the threshold that is best
for them, which only the truth tells; ours at the shipped cut. dedupe learns from
labels, of a tenth of the truth. BENCH_ONLY takes part of a set's name, and leaves the figures of
the other sets as they were.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.customers.datasets import SETS, febrl_at_hand
from benchmarks.customers.quality import city_tables, scores
from benchmarks.figures import ROOT, Figure, kept_before
from registry.customers.live.link import link_table
from registry.customers.matching.engine import open_engine
from registry.customers.matching.engine import run as execute

HERE = Path(__file__).parent
CPU_SECONDS_MAX = 600
# For a peer that waits: six times what it may work.
SECONDS_MAX = 3_600
# Of address space. Beyond it a town's server would be at its end, and this machine's other work.
MEMORY_BYTES_MAX = 8 * 2**30
# The end of what a peer said, with the name of its error.
ERROR_BYTES = 1_000
PEERS = ("splink==5.0.0", "recordlinkage==0.16")
# Newer releases of the libraries below dedupe no longer have what it calls.
DEDUPE = ("dedupe==3.0.3", "BTrees<6", "zope.index<7", "duckdb")
# Figure's name by data set. FEBRL with its number is what its files hold, and Splink's own example
# reads; without it, names, birth dates and addresses must do.
CASES = {
    "FEBRL 3, with social security number": "FEBRL 3, as published",
    "FEBRL 4, with social security number": "FEBRL 4, as published",
    "FEBRL 3": "FEBRL 3 without social security number",
    "FEBRL 4": "FEBRL 4 without social security number",
    "OpenCR": "OpenCR",
    "pseudopeople": "pseudopeople",
    "historical figures": "historical figures",
    "fake 1000": "fake 1000",
}
# The sandbox city at sizes at which somebody finishes; never the seed of another suite.
CITIES = (2_500, 20_000)
CITY_SEED = 314_159

Found = dict[str, Any]


def run() -> list[Figure]:
    """Measure every set that is here."""
    only = os.environ.get("BENCH_ONLY", "").lower()
    known = {_name(name) for name, _ in _cases()}
    before = kept_before("customers.peers") if only else []
    figures = {figure.name: figure for figure in before if figure.name in known}
    with (
        febrl_at_hand(),
        peer_environment(*PEERS) as python,
        peer_environment(*DEDUPE) as other_python,
    ):
        for name, write in _cases():
            if only not in name.lower():
                continue
            with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as place:
                os.chmod(place, 0o711)  # noqa: PTH101  # root's database account must pass through
                folder = Path(place)
                try:
                    write(folder)
                except FileNotFoundError as error:
                    sys.stderr.write(f"{name}: {error} is not on this machine\n")
                    continue
                found = {
                    "Splink 5": run_peer(python, "peer_splink.py", folder),
                    "recordlinkage ECM": run_peer(python, "peer_recordlinkage.py", folder),
                    "dedupe": run_peer(other_python, "peer_dedupe.py", folder),
                }
                figure = _figure(name, _ours(folder), found)
                figures[figure.name] = figure
                sys.stderr.write(f"{figure.name}: {figure.value}; {figure.how}\n")
    return list(figures.values())


def _cases() -> Iterator[tuple[str, Callable[[Path], object]]]:
    for data_set, name in CASES.items():
        yield name, partial(_write, data_set)
    for people in CITIES:
        yield f"sandbox city of {people:,}", partial(city_tables, people=people, seed=CITY_SEED)


def _name(name: str) -> str:
    return f"{name}: pair F1 less the best peer's"


def _figure(name: str, ours: Found, peers: dict[str, Found]) -> Figure:
    """Return the lead over the best peer, with all of them beside it."""
    best = max(found.get("f1_best", 0.0) for found in peers.values())
    told = "; ".join(f"{tool} {_told(found)}" for tool, found in peers.items())
    return Figure(
        _name(name),
        round(ours["f1_best"] - best, 4),
        "",
        ">= 0",
        f"same table for all; ours {_told(ours)}, at the shipped cut, {ours['f1_oracle']:.4f} by"
        f" pairs at the best cut; {told}; load"
        f" {os.getloadavg()[0]:.1f} at the end",
        {"Townclerk": ours["f1_best"]}
        | {tool: found["f1_best"] for tool, found in peers.items() if "f1_best" in found},
    )


def _told(found: Found) -> str:
    if "unfinished" in found:
        return f"did not finish {found['unfinished']}"
    labels = f" with {found['labels']} labels" if "labels" in found else ""
    usual = f" ({found['f1_at_95']:.4f} at .95)" if "f1_at_95" in found else ""
    return (
        f"{found['f1_best']:.4f}{usual}{labels}, {found['wall_seconds']:.1f} s,"
        f" {found['cpu_seconds']:.1f} s CPU, {found['memory_mib']:.0f} MiB"
    )


@contextmanager
def peer_environment(*packages: str) -> Iterator[Path]:
    """Make an environment with some packages, and yield its Python."""
    with tempfile.TemporaryDirectory(prefix="townclerk-peers-") as place:
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        python = Path(place) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
        yield python


def run_peer(python: Path, script: str, folder: Path, *, bounded: bool = True) -> Found:
    """Run one peer on a folder: what it found, or `unfinished` and why."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX + 10))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))

    with tempfile.TemporaryFile() as said:
        try:
            done = subprocess.run(
                [python, HERE / script, folder],
                stdout=subprocess.PIPE,
                stderr=said,
                timeout=SECONDS_MAX,
                check=False,  # an end of its own is a figure too
                preexec_fn=bound if bounded else None,
            )
        except subprocess.TimeoutExpired:
            return {"unfinished": f"in {SECONDS_MAX} s"}
        if done.returncode == -signal.SIGXCPU:
            return {"unfinished": f"in {CPU_SECONDS_MAX} s of CPU"}
        if done.returncode:
            said.seek(-min(said.tell(), ERROR_BYTES), os.SEEK_END)
            return {"unfinished": f"({said.read().decode(errors='replace').split()[-1]})"}
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def _write(name: str, folder: Path) -> None:
    with duckdb.connect() as con:
        SETS[name](con)
        columns = [row[0] for row in con.execute("DESCRIBE plain").fetchall()]
        kind = "" if "kind" in columns else ", 'person' AS kind"
        con.execute(
            f"COPY (SELECT * EXCLUDE (entity){kind} FROM plain) TO '{folder}/plain.parquet'"
        ).fetchall()
        con.execute(f"COPY truth TO '{folder}/truth.parquet'").fetchall()


def _ours(folder: Path) -> Found:
    """Link in a fresh process, as the peers do."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.customers.peers", str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    found: Found = json.loads(done.stdout)
    return found


def _measure(folder: Path) -> Found:
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
        judged = scores(con, linked.model.cut_bits)
        return {
            "wall_seconds": wall,
            "cpu_seconds": cpu,
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "f1_best": judged["clusters"]["f1"],
            "f1_oracle": judged["pairs_at_best_cut"]["f1"],
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]))) + "\n")
