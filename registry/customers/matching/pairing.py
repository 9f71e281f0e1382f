"""Where candidate pairs are found and compared: in the session itself, or on Spark.

Everything else of a full run stays one way: it grows with the records, and its outcome is small.
Pairs are what outgrows a machine, so this is where another engine may step in.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

import duckdb

from registry.customers.matching.blocking import candidate_pairs
from registry.customers.matching.engine import run
from registry.customers.matching.levels import Comparison
from registry.customers.matching.patterns import compare
from registry.customers.matching.spark import open_spark
from registry.settings import settings
from schemas.errors import InvalidInput


class Engine(StrEnum):
    """What finds and compares pairs."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class Pairing(Protocol):
    """Something that finds the pairs that share a key and compares them."""

    def compare_candidates(
        self,
        con: duckdb.DuckDBPyConnection,
        records: str,
        used: str,
        comparisons: Sequence[Comparison],
        *,
        into: str,
    ) -> None:
        """Make `into(l, r, pattern, stranger_bits, household_bits)`, each pair once, l < r.

        Args:
            con: The session, with what stewards decided in `decided_pair(l, r, link)`; those pairs
                are weighed too, so that the evidence can be shown beside a decision.
            records: Table of comparison columns.
            used: What `blocking.use_keys` made.
            comparisons: What to compare.
            into: Table to make.
        """


class InDuckDB:
    """Pairs are found and compared by the session."""

    def compare_candidates(
        self,
        con: duckdb.DuckDBPyConnection,
        records: str,
        used: str,
        comparisons: Sequence[Comparison],
        *,
        into: str,
    ) -> None:
        """Make the table of compared pairs; see Pairing."""
        candidate_pairs(con, used, into="candidate")
        run(
            con,
            "INSERT INTO candidate SELECT l, r FROM decided_pair ANTI JOIN candidate USING (l, r)",
        )
        compare(con, records, "candidate", comparisons, into=into)
        run(con, "DROP TABLE candidate")


@contextmanager
def open_pairing(engine: Engine, spark_master: str | None = None) -> Iterator[Pairing]:
    """Get an engine ready, and end it afterwards.

    Args:
        engine: Which one.
        spark_master: Where Spark runs; default is the setting.

    Raises:
        InvalidInput: A master was named for an engine that has none, or is none Spark knows.
        Misconfigured: Java or a library is missing.
        SparkFailed: Spark does not start.
    """
    if engine is Engine.DUCKDB:
        if spark_master is not None:
            raise InvalidInput(
                "A master is Spark's alone.", remedy="Add `--engine spark`, or leave it out."
            )
        yield InDuckDB()
        return
    chosen = settings()
    with open_spark(
        spark_master or chosen.spark_master,
        shared_dir=chosen.spark_dir,
        memory_mb=chosen.spark_memory_mb,
    ) as pairing:
        yield pairing
