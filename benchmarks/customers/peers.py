"""Ours, Splink and recordlinkage on the public labelled sets, one table and one recipe each.

    make bench ARGS=customers.peers                    about six minutes on two quiet cores

Every tool reads the same table of plain columns. Peers run in an environment of their own that is
made for the run, one after the other; a run that takes longer than SECONDS_MAX is reported as not
finished. dedupe is left out: it asks a person for labels.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.customers.datasets import SETS
from benchmarks.customers.quality import scores
from benchmarks.figures import Figure
from registry.customers.engine import open_engine
from registry.customers.engine import run as execute
from registry.customers.link import link_table

HERE = Path(__file__).parent
SECONDS_MAX = 900
PEERS = ("splink==5.0.0", "recordlinkage==0.16")
CASES = ("FEBRL 3", "FEBRL 4", "OpenCR", "pseudopeople", "historical figures", "fake 1000")


def run() -> list[Figure]:
    """Measure every set that is here."""
    figures = []
    with peer_environment(*PEERS) as python:
        for name in CASES:
            with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as place:
                folder = Path(place)
                try:
                    _write(name, folder)
                except FileNotFoundError as error:
                    sys.stderr.write(f"{name}: {error} is not on this machine\n")
                    continue
                ours = _ours(folder)
                splink = run_peer(python, "peer_splink.py", folder)
                other = run_peer(python, "peer_recordlinkage.py", folder)
            how = f"same table for all; ours at the shipped cut, {ours['cpu_seconds']:.1f} s CPU"
            best = max(
                splink["f1_best"] if splink else 0.0,
                other["f1"] if other else 0.0,
            )
            figures.append(
                Figure(
                    f"{name}: pair F1 less the best peer's",
                    round(ours["f1"] - best, 4),
                    "",
                    ">= 0",
                    f"{how}: {ours['f1']:.4f}; {_splink(splink)}; {_recordlinkage(other)}",
                )
            )
    return figures


def _splink(found: dict[str, Any] | None) -> str:
    if found is None:
        return f"Splink 5 did not finish in {SECONDS_MAX} s"
    return (
        f"Splink 5 {found['f1_at_95']:.4f} at .95, {found['f1_best']:.4f} at its best possible cut,"
        f" {found['cpu_seconds']:.1f} s CPU"
    )


def _recordlinkage(found: dict[str, Any] | None) -> str:
    if found is None:
        return f"recordlinkage did not finish in {SECONDS_MAX} s"
    return f"recordlinkage ECM {found['f1']:.4f}, {found['cpu_seconds']:.1f} s CPU"


@contextmanager
def peer_environment(*packages: str) -> Iterator[Path]:
    """Make an environment with some packages, and yield its Python."""
    with tempfile.TemporaryDirectory(prefix="townclerk-peers-") as place:
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        python = Path(place) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
        yield python


def run_peer(python: Path, script: str, folder: Path) -> dict[str, Any] | None:
    """Run one peer on a folder; None where it does not finish."""
    try:
        done = subprocess.run(
            [python, HERE / script, folder],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS_MAX,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
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


def _ours(folder: Path) -> dict[str, float]:
    with open_engine() as con:
        for name in ("plain", "truth"):
            execute(
                con,
                "CREATE TABLE $name AS SELECT * FROM '$folder/$name.parquet'",
                name=name,
                folder=str(folder),
            )
        cpu = time.process_time()
        linked = link_table(con, "plain")
        cpu = time.process_time() - cpu
        return {"f1": scores(con, linked.model.cut_bits)["clusters"]["f1"], "cpu_seconds": cpu}
