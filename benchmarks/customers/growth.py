"""A full run as a town grows, on DuckDB and on Spark: the same edges, and what each of them costs.

    make bench ARGS=customers.growth                about fifteen minutes on two quiet cores

Ten thousand, a hundred thousand and a million records of a made-up town are linked by both, each
in a process of its own, Spark with two threads and 4 GiB. BENCH_RECORDS ends earlier. Ten times
the largest town is not run but counted: ten such towns share their names and birthdays, not their
addresses, so blocks of keys without a place grow tenfold and pairs of them a hundredfold, until a
rule's budget ends it; what hours that takes follows from the time a pair took.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks.customers.town import People
from benchmarks.figures import ROOT, Figure
from benchmarks.machine import TreeWatch
from registry.customers.live.link import link_table
from registry.customers.matching.blocking import (
    BLOCK_RECORDS_MAX,
    RULE_PAIRS_FREE,
    make_keys,
    rules_for,
)
from registry.customers.matching.engine import open_engine
from registry.customers.matching.engine import run as execute
from registry.customers.matching.pairing import Engine, Pairing, open_pairing
from registry.customers.matching.standard import standardise
from schemas.records import CustomerKind

SIZES = (10_000, 100_000, 1_000_000)
SEED = 77_001_923
SOURCES = 3
TOWNS = 10
# In smaller towns starting Java is all that is measured, and says nothing of ten of them.
FORESEEN_MIN = 100_000
CORES = 2
MASTER = f"local[{CORES}]"
LIBRARIES = ("pyspark>=4,<5", "pyarrow>=18", "pandas>=2.2,<4")
WEIGHT_BITS_OFF_MAX = 1e-4
# Rules whose text names no place: the same in every town.
PLACELESS = {"birth_initial", "birth_family", "name", "name_year", "married_name", "birth"} | {
    "family",
    "given",
    "family_day",
    "family_year",
    "given_year",
}


class Timed:
    """A pairing that notes how long it took."""

    def __init__(self, pairing: Pairing) -> None:
        self._pairing, self.seconds = pairing, 0.0

    def compare_candidates(self, *given: Any, **named: Any) -> None:
        """Pass on, with a watch."""
        began = time.perf_counter()
        self._pairing.compare_candidates(*given, **named)
        self.seconds += time.perf_counter() - began


def run() -> list[Figure]:
    """Measure both engines at every size, then count what ten towns would be."""
    most = int(os.environ.get("BENCH_RECORDS", SIZES[-1]))
    figures: list[Figure] = []
    with spark_libraries() as libraries:
        for size in (size for size in SIZES if size <= most):
            with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as place:
                folder = Path(place)
                write_town(folder, size)
                here, there = (measured(folder, engine, libraries) for engine in Engine)
                figures += figures_of(size, here, there, edges_apart(folder))
                counted = pairs_of_ten_towns(folder) if size == most else None
        if counted is not None and size >= FORESEEN_MIN:
            figures += foreseen(size, here, there, *counted)
    return figures


@contextmanager
def spark_libraries() -> Iterator[Path]:
    """Fetch what the extra `spark` installs into a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="townclerk-spark-") as place:
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", place, *LIBRARIES]
        subprocess.run(command, check=True)
        yield Path(place)


def write_town(folder: Path, size: int) -> None:
    """Write a made-up town of some records as plain.parquet."""
    people = People(SEED, size)
    rows = [people.record() for _ in range(size)]
    names = {name: np.array([text(row[name]) for row in rows], object) for name in rows[0]}
    with duckdb.connect() as con:
        con.register("named", {**names, "id": np.arange(size)})
        con.execute(
            f"COPY (SELECT *, (id % {SOURCES})::VARCHAR AS source, 'person' AS kind FROM named)"
            f" TO '{folder}/plain.parquet'"
        ).fetchall()


def text(value: Any) -> str | None:
    return None if value is None else str(value)


def measured(folder: Path, engine: Engine, libraries: Path) -> dict[str, float]:
    """Link the town in a process of its own; its time, and CPU and memory with Java's."""
    path = os.pathsep.join((str(libraries), os.environ.get("PYTHONPATH", "")))
    with (
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.customers.growth", str(folder), engine.value],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path.strip(os.pathsep)},
        ) as process,
        TreeWatch(process.pid) as watch,
    ):
        said = process.communicate()[0]
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return {**json.loads(said), "cpu": watch.cpu_seconds, "mib": watch.peak_mib}


def edges_apart(folder: Path) -> int:
    """Return how many pairs and homes the two engines do not share."""
    with duckdb.connect() as con:
        (pairs,) = con.execute(
            f"""SELECT count(*) FROM '{folder}/duckdb-pairs.parquet' d
                FULL JOIN '{folder}/spark-pairs.parquet' s USING (id_l, id_r)
                WHERE (abs(d.weight_bits - s.weight_bits) <= {WEIGHT_BITS_OFF_MAX}
                    AND d.by_identity = s.by_identity AND d.apart = s.apart) IS NOT TRUE"""
        ).fetchall()[0]
        (homes,) = con.execute(
            f"""SELECT count(*) FROM '{folder}/duckdb-homes.parquet' d
                FULL JOIN '{folder}/spark-homes.parquet' s USING (id)
                WHERE (d.cluster = s.cluster) IS NOT TRUE"""
        ).fetchall()[0]
    return int(pairs) + int(homes)


def figures_of(
    size: int, here: dict[str, float], there: dict[str, float], apart: int
) -> list[Figure]:
    """Tell what one size cost."""
    how = f"made-up town, {size:,} records, {here['pairs']:,.0f} pairs, {MASTER}"
    figures = [
        Figure(
            f"{size:,} records: edges and homes that differ between DuckDB and Spark",
            apart,
            "",
            "<= 0",
            f"{how}; {here['edges']:,.0f} edges, weights to {WEIGHT_BITS_OFF_MAX} bits",
        )
    ]
    for name, found in (("DuckDB", here), ("Spark", there)):
        figures.append(
            Figure(
                f"{size:,} records on {name}: CPU",
                round(found["cpu"], 1),
                "s",
                "",
                f"{how}; wall {found['wall']:.1f} s, of it {found['start']:.1f} s until the engine"
                f" is up and {found['pairing']:.1f} s to find and compare pairs; memory of all"
                f" processes {found['mib']:.0f} MiB; load {os.getloadavg()[0]:.1f}",
            )
        )
    return figures


def pairs_of_ten_towns(folder: Path) -> tuple[float, float]:
    """Count by the keys' frequency what one such town, and ten of them, have of pairs."""
    with open_engine() as con:
        execute(con, "CREATE VIEW plain AS SELECT * FROM '$f/plain.parquet'", f=str(folder))
        records = standardise(con, "plain", CustomerKind.PERSON, into="standard_record")
        counts = []
        for towns in (1, TOWNS):
            rules = rules_for(CustomerKind.PERSON, records * towns)
            make_keys(con, "standard_record", rules, into="blocking_key")
            total = 0.0
            for index, rule in enumerate(rules):
                shared = towns if rule.name in PLACELESS else 1
                budget = max(RULE_PAIRS_FREE, rule.pairs_per_record_max * records * towns)
                total += block_pairs(con, index, shared, towns // shared, budget)
            counts.append(total)
    return counts[0], counts[1]


def block_pairs(
    con: duckdb.DuckDBPyConnection, rule: int, larger: int, times: int, budget: float
) -> float:
    """Sum the pairs of a rule's blocks, the smallest first, until its budget is spent."""
    found = execute(
        con,
        """
        WITH block AS (
            SELECT count(*) * ? AS members FROM blocking_key WHERE rule = ? GROUP BY key
        ), size AS (
            SELECT members, count(*) * ? * members * (members - 1) / 2 AS pairs
            FROM block WHERE members BETWEEN 2 AND ? GROUP BY members
        ), running AS (SELECT sum(pairs) OVER (ORDER BY members) AS pairs FROM size)
        SELECT coalesce(max(pairs) FILTER (pairs <= ?), 0) FROM running
        """,
        larger,
        rule,
        times,
        BLOCK_RECORDS_MAX,
        budget,
    )
    return float(found[0][0])


def foreseen(
    size: int, here: dict[str, float], there: dict[str, float], one: float, ten: float
) -> list[Figure]:
    """Foresee ten towns from one: what grows with records, and what grows with pairs."""
    growth = ten / max(one, 1.0)
    how = (
        f"foreseen, not run: ten towns of {size:,} records with one stock of names; by the"
        f" frequency of their keys {one:,.0f} pairs become {ten:,.0f}, {growth:.1f} times as many;"
        " the rest grows tenfold"
    )
    figures = []
    for name, found in (("DuckDB", here), ("Spark", there)):
        rest = found["wall"] - found["start"] - found["pairing"]
        total = found["start"] + TOWNS * rest + growth * found["pairing"]
        figures.append(Figure(f"{TOWNS * size:,} records on {name}", round(total), "s", "", how))
    # Where pairing on Spark with all those cores takes as long as DuckDB's with its two.
    spare = growth * here["pairing"] - there["start"]
    if spare <= 0:  # Java is not even up when DuckDB is done
        return figures
    figures.append(
        Figure(
            f"{TOWNS * size:,} records: cores from which Spark is quicker than DuckDB on {CORES}",
            round(CORES * growth * there["pairing"] / spare, 1),
            "cores",
            "",
            f"{how}; as if workers shared evenly and the network were free",
        )
    )
    return figures


def _measure(folder: Path, engine: Engine) -> dict[str, float]:
    """Link in this process and keep what was found."""
    began = time.perf_counter()
    master = MASTER if engine is Engine.SPARK else None
    with open_pairing(engine, master) as pairing, open_engine() as con:
        start = time.perf_counter() - began
        execute(con, "CREATE TABLE plain AS SELECT * FROM '$f/plain.parquet'", f=str(folder))
        timed = Timed(pairing)
        linked = link_table(con, "plain", pairing=timed)
        wall = time.perf_counter() - began
        edges = int(execute(con, "SELECT count(*) FROM linked_pair")[0][0])
        for name, table in (("pairs", "linked_pair"), ("homes", "linked_record")):
            file = str(folder / f"{engine.value}-{name}.parquet")
            execute(con, "COPY $table TO '$file'", table=table, file=file)
    found = {"wall": wall, "start": start, "pairing": timed.seconds}
    return {**found, "pairs": linked.pairs, "links": linked.links, "edges": edges}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]), Engine(sys.argv[2]))) + "\n")
