"""Spark finds what DuckDB finds: the same pairs, the same weights, the same customers.

pyspark is fetched into a folder of the run, since the development environment goes without its
400 megabytes. TOWNCLERK_SPARK_TOWN makes the town smaller or larger.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from benchmarks.customers.town import KIND, RECORDS_A_PERSON, People
from registry.customers.live.commands import MatchReport, absorb, rematch
from registry.customers.matching.pairing import Engine, open_pairing
from registry.customers.stewarding import stewardship
from registry.storage.copying import copy_into
from schemas.customers import Verdict
from schemas.records import CustomerKind, CustomerRecord
from tests.factories import a_data_set, a_sync_run

RECORDS = int(os.environ.get("TOWNCLERK_SPARK_TOWN", "10000"))
LIBRARIES = ("pyspark>=4,<5", "pyarrow>=18", "pandas>=2.2,<4")
COPIES = 30
SECONDS_MAX = 3_600
WEIGHT_BITS_OFF_MAX = 1e-4
EDGES = "SELECT left_id, right_id, weight_bits, by_identity, apart FROM match_edge ORDER BY 1, 2"
pytestmark = [
    pytest.mark.timeout(SECONDS_MAX),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    pytest.mark.skipif(
        os.environ.get("TOWNCLERK_CONFORMANCE") != "1", reason="run by `make conformance`"
    ),
]


@pytest.fixture(scope="module")
def spark_libraries() -> Iterator[Path]:
    """What the extra `spark` installs, in a folder of its own where it is not installed."""
    installed = importlib.util.find_spec("pyspark")
    if installed is not None and installed.origin is not None:
        yield Path(installed.origin).parents[1]
        return
    with tempfile.TemporaryDirectory(prefix="townclerk-spark-") as place:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--target", place, *LIBRARIES],
            check=True,
        )
        # The environment of the tests has these two, and Spark must see no others.
        for name in ("numpy", "duckdb"):
            shutil.rmtree(Path(place) / name, ignore_errors=True)
        yield Path(place)


@pytest.fixture
def with_spark(spark_libraries: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.syspath_prepend(spark_libraries)
    monkeypatch.setenv("PYTHONPATH", str(spark_libraries))
    return tmp_path


def test_a_town_has_the_same_edges_weights_and_customers_on_spark(
    db: psycopg.Connection, with_spark: Path
) -> None:
    records = a_town_of_people_and_shops(db)
    one, two = records[0], records[1]
    stewardship.decide(db, one, two, Verdict.LINK, reason="seen at the counter", actor="Sam")
    here = rematch(db, retrain=True)
    edges, customers = rows(db, EDGES), partition(db)

    with open_pairing(Engine.SPARK, "local[2]") as pairing:
        there = rematch(db, retrain=True, pairing=pairing)

    assert counts(there) == counts(here)
    assert there.model == here.model, "a model trained on Spark's pairs is the same, to its hash"
    found = rows(db, EDGES)
    assert [edge[:2] + edge[3:] for edge in found] == [edge[:2] + edge[3:] for edge in edges]
    off = max(abs(one[2] - other[2]) for one, other in zip(found, edges, strict=True))
    assert off <= WEIGHT_BITS_OFF_MAX
    assert partition(db) == customers


def a_town_of_people_and_shops(db: psycopg.Connection) -> list[int]:
    """Land people of three sources, a few shops, and one record that was copied thirty times."""
    people = People(20_261_122, RECORDS)
    said: list[tuple[CustomerKind, dict[str, Any]]] = [
        (KIND, people.record()) for _ in range(RECORDS)
    ]
    said += [(KIND, said[0][1])] * COPIES
    for number in range(RECORDS // 100):
        shop = {
            "organisation_name": f"Bakkerij {people.family[number]} B.V.",
            "postal_code": f"{1000 + number} AB",
            "house_number": str(number % 80 + 1),
            "chamber_number": f"{10_000_000 + number}" if number % 3 else None,
        }
        said += [(CustomerKind.ORGANISATION, shop)] * 2
    run_id, data_sets = a_sync_run(db).id, [a_data_set(db).id for _ in range(3)]
    columns = ("data_set_id", "key", "raw", "raw_hash", "run_id", "landed_at", "changed_at")
    copy_into(
        db,
        "landed_record",
        columns,
        (
            (data_sets[number % 3], f"k{number}", b"{}", b"-", run_id, "now", "now")
            for number in range(len(said))
        ),
    )
    landed = db.execute("SELECT id, data_set_id, key FROM landed_record ORDER BY id").fetchall()
    absorb(
        db,
        [
            (record, data_set, CustomerRecord(key=key, kind=kind, **fields))
            for (record, data_set, key), (kind, fields) in zip(landed, said, strict=True)
        ],
    )
    return [record for record, *_ in landed]


def rows(db: psycopg.Connection, question: str) -> list[tuple[Any, ...]]:
    return db.execute(question).fetchall()


def partition(db: psycopg.Connection) -> set[frozenset[int]]:
    return {
        frozenset(found)
        for (found,) in rows(
            db, "SELECT array_agg(record_id) FROM customer_link GROUP BY customer_id"
        )
    }


def counts(report: MatchReport) -> tuple[int, int, int, int]:
    return report.records, report.pairs, report.links, report.customers


def test_files_are_linked_alike_and_nothing_is_left_behind(with_spark: Path) -> None:
    people = People(7, RECORDS // 10)
    file = with_spark / "people.csv"
    fields = list(people.record())
    lines = [",".join(["id", *fields])]
    for number in range(RECORDS // 10):
        said = people.record().values()
        lines.append(
            ",".join([f"r{number}", *("" if value is None else str(value) for value in said)])
        )
    file.write_text("\n".join(lines))

    here, there = (linked(with_spark, file, engine) for engine in ("duckdb", "spark"))

    assert here["pairs_csv"] == there["pairs_csv"]
    assert here["clusters_csv"] == there["clusters_csv"]
    assert len(here["pairs_csv"].splitlines()) > RECORDS / 10 / RECORDS_A_PERSON / 4
    assert here["said"]["model"] == there["said"]["model"]
    assert list((with_spark / "data" / "work").iterdir()) == []


def linked(folder: Path, file: Path, engine: str) -> dict[str, Any]:
    """Link a file by the command line."""
    out, clusters = folder / f"{engine}.csv", folder / f"{engine}-clusters.csv"
    command = [Path(sys.executable).with_name("townclerk"), "customers", "link", file, "--json"]
    options = ["--out", out, "--clusters", clusters, "--engine", engine]
    done = subprocess.run(
        [*command, *options],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "TOWNCLERK_DATA_DIR": str(folder / "data")},
    )
    assert done.stderr == ""
    return {
        "said": json.loads(done.stdout),
        "pairs_csv": out.read_text(),
        "clusters_csv": clusters.read_text(),
    }
