"""What parting connected records by their evidence gains on each data set with a known truth.

    make bench ARGS=customers.clustering        into docs/reference/figures.md

Every set of `linking` goes through the same command twice, once with its connected records taken as
one customer. Judged are all pairs of records within the customers that are found.
"""

import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import numpy as np

from benchmarks.customers.datasets import febrl_at_hand
from benchmarks.customers.labelled import Judged
from benchmarks.customers.linking import CASES, Case
from benchmarks.figures import Figure
from registry.customers.live import link
from registry.customers.matching.cluster import Integers, connected
from registry.customers.matching.engine import columns
from registry.customers.matching.engine import run as ask
from registry.customers.tables.link_files import link_files
from schemas.records import CustomerKind


def _whole(
    con: duckdb.DuckDBPyConnection,
    _records: str,
    scored: str,
    _kind: CustomerKind,
    _model: Any,
    *,
    count: int,
    cut_bits: float,
) -> Integers:
    """Return connected records as one customer, in place of `cluster.cluster`."""
    links = columns(
        con,
        "SELECT l, r FROM $scored WHERE (weight_bits >= $cut OR by_identity) AND NOT apart",
        scored=scored,
        cut=repr(cut_bits),
    )
    ask(con, "CREATE OR REPLACE TEMP TABLE component_scored AS FROM $scored LIMIT 0", scored=scored)
    left, right = (np.asarray(links[side], dtype=np.int64) for side in ("l", "r"))
    return connected(count, left, right)


def judge(name: str, case: Case, *, parted: bool) -> Judged:
    """Link the files of a case and judge who stands together.

    Raises:
        FileNotFoundError: The data is not on this machine.
    """
    files = case.files()
    with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as folder:
        out = Path(folder) / "clusters.csv"
        with nullcontext() if parted else patch.object(link, "cluster", _whole):
            found = link_files(files, Path(folder) / "pairs.csv", key=case.key, clusters=out)
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE truth AS {case.truth_of(files)}").fetchall()
            row = con.execute(_JUDGE, [str(out)]).fetchone()
    assert row is not None  # an aggregate always gives one row
    together, right, true = map(int, row)
    seconds = round(sum(found.seconds.values()), 1)
    return Judged(name, found.records, true, together, right, 0, 0, seconds)


_JUDGE = """
WITH stood AS (
    SELECT cluster, entity, count(*) AS n
    FROM read_csv(?, all_varchar = true) JOIN truth USING (id) GROUP BY ALL
)
SELECT (SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) AS n FROM stood GROUP BY cluster)),
    (SELECT sum(n * (n - 1) / 2) FROM stood),
    (SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) AS n FROM stood GROUP BY entity))
"""


def run() -> list[Figure]:
    """Measure every set that is here, both ways."""
    figures = []
    with febrl_at_hand():
        for name, case in CASES.items():
            try:
                parted, whole = (judge(name, case, parted=parted) for parted in (True, False))
            except FileNotFoundError as error:
                sys.stderr.write(f"{name}: {error} is not on this machine\n")
                continue
            figures.append(
                Figure(
                    f"{name}: pair F1 gained by parting",
                    round(round(parted.f1, 4) - round(whole.f1, 4), 4),
                    "",
                    "",
                    f"{_told('parted', parted)}; {_told('left whole', whole)}",
                    {"parted": round(parted.f1, 4), "left whole": round(whole.f1, 4)},
                )
            )
    return figures


def _told(how: str, found: Judged) -> str:
    return f"{how} F1 {found.f1:.4f}, precision {found.precision:.4f}, recall {found.recall:.4f}"
