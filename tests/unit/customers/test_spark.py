"""Spark's side of a full run, as far as it goes without Spark: what is refused, and why.

That it finds the same edges is proven in tests/conformance/customers/test_spark.py.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registry.customers.matching.comparisons import COMPARISONS
from registry.customers.matching.engine import open_engine, run
from registry.customers.matching.frequencies import add_bits, frequency_columns, measure
from registry.customers.matching.pairing import Engine, open_pairing
from registry.customers.matching.patterns import compare, compared_columns, comparison_sql
from registry.customers.matching.spark import (
    JavaMissing,
    OnSpark,
    SparkFailed,
    SparkMissing,
    open_spark,
)
from registry.customers.matching.standard import standardise
from schemas.errors import InvalidInput
from schemas.records import CustomerKind

SECONDS_MAX = 20.0
PEOPLE = """
CREATE TABLE plain AS SELECT * FROM (VALUES
    (1, 'crm', 'Janna', 'van der Wouden', '1971-05-06', 'janna@post.nl', '2611 AB', '4'),
    (2, 'tax', 'J.', 'Wouden', '1971-05-06', 'janna@post.nl', '2611 AB', '4'),
    (3, 'crm', 'Piet', 'Zwart', '1950-01-02', NULL, '2622 CD', '9'),
    (4, 'tax', 'Zwart', 'Piet', '1950-02-01', NULL, NULL, NULL)
) AS people(id, source, given_name, family_name, birth_date, email, postal_code, house_number)
"""


def test_pairs_that_travelled_are_compared_like_those_that_stayed() -> None:
    kind = CustomerKind.PERSON
    comparisons = COMPARISONS[kind]
    with open_engine() as con:
        run(con, PEOPLE)
        standardise(con, "plain", kind, into="person")
        add_bits(con, "person", measure(con, "person", frequency_columns(kind)))
        run(con, "CREATE TABLE near AS SELECT a.rid AS l, b.rid AS r FROM person a, person b")
        compare(con, "person", "near", comparisons, into="stayed")
        # What Spark carries to a worker: of each record only what is compared.
        names = ", ".join(f"{name} := {{0}}.{name}" for name in compared_columns(comparisons))
        run(
            con,
            "CREATE VIEW pair AS SELECT struct_pack($left) AS l, struct_pack($right) AS r"
            " FROM near JOIN person a ON a.rid = near.l JOIN person b ON b.rid = near.r",
            left=names.format("a"),
            right=names.format("b"),
        )
        travelled = run(con, comparison_sql(comparisons, "pair") + " ORDER BY 1, 2")
        assert travelled == run(con, "FROM stayed ORDER BY 1, 2")
        assert len({pattern for _, _, pattern, _, _ in travelled}) > 2


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(SparkMissing) as error, open_spark("local[2]", memory_mb=512):
        pass
    assert "pyspark" in error.value.what
    assert "townclerk[spark]" in error.value.remedy


@pytest.mark.parametrize(
    ("says", "found"),
    [('openjdk version "11.0.2" 2019-01-15', "this is Java 11"), (None, "no Java was found")],
)
def test_spark_wants_a_java_that_is_new_enough(
    says: str | None, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries(tmp_path, monkeypatch)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if says:
        java = tmp_path / "bin" / "java"
        java.parent.mkdir()
        java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
        java.chmod(0o755)
    with pytest.raises(JavaMissing) as error, open_spark("local[2]", memory_mb=512):
        pass
    assert found in error.value.what


def test_a_cluster_wants_a_folder_that_all_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries(tmp_path, monkeypatch)
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"21\" 2023-09-19' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(InvalidInput) as error, open_spark("spark://10.0.0.1:7077", memory_mb=512):
        pass
    assert "TOWNCLERK_SPARK_DIR" in error.value.remedy


def libraries(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it look as if the extra were installed."""
    for name in ("pyspark", "pyarrow", "pandas"):
        (folder / name).mkdir()
    monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize("master", ["", "foo", "local[2", "spark://", "local[2] --conf x=y"])
def test_a_master_that_spark_does_not_know_is_refused(master: str) -> None:
    with pytest.raises(InvalidInput), open_spark(master, memory_mb=512):
        pass


def test_a_master_for_duckdb_is_refused() -> None:
    with pytest.raises(InvalidInput), open_pairing(Engine.DUCKDB, "local[2]"):
        pass


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("pass", "ended"),
        ("""input(); print('{"cause": "OUT_OF_MEMORY"}')""", "OUT_OF_MEMORY"),
        ("""input(); print('{"cause": "duckdb_differs"}')""", "another duckdb"),
        ("""input(); print('{"cause": "lacks_pyarrow"}')""", "no pyarrow"),
        ("import os; os.abort()", "ended"),
    ],
)
def test_a_spark_that_gives_up_says_why(program: str, words: str, tmp_path: Path) -> None:
    with a_spark(program, tmp_path) as spark, pytest.raises(SparkFailed) as error:
        spark.ask({"folder": "x"}, SECONDS_MAX)
    assert words in error.value.what


def test_a_spark_that_keeps_silent_is_not_waited_for(tmp_path: Path) -> None:
    silent = "import sys; sys.stdin.read()"
    with a_spark(silent, tmp_path) as spark, pytest.raises(SparkFailed) as error:
        spark.ask({}, 0.01)
    assert "silent" in error.value.what


@contextmanager
def a_spark(program: str, folder: Path) -> Iterator[OnSpark]:
    """Something that is talked to as the job program is."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    spark = OnSpark(process, folder)
    try:
        yield spark
    finally:
        spark.stop()
        assert process.poll() is not None
