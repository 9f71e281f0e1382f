"""What a full run tells while it is at work: how many records, keys, pairs and customers so far.

A run of a million records takes a minute or more, and whoever waits wants to know for what. It
tells counts only, and the run is the same whether or not anybody listens.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum

import duckdb

from registry.customers.matching.engine import run
from registry.customers.matching.levels import Comparison
from registry.customers.matching.pairing import Pairing


class Step(StrEnum):
    """What is counted, in the order in which a run comes to it."""

    RECORDS = "records_read"
    KEYS = "keys_made"
    PAIRS = "pairs_scored"
    LINKS = "pairs_linked"
    VALUES = "customers_merged"
    CUSTOMERS = "customers_written"

    @property
    def words(self) -> str:
        """Return what people read."""
        return self.value.replace("_", " ")


Tell = Callable[[Step, int], None]


def to_nobody(step: Step, done: int) -> None:
    """Tell nobody."""


class ToldPairing:
    """A pairing that tells how many keys it got and how many pairs it made, of all kinds so far.

    Args:
        pairing: Finds and compares the pairs.
        tell: Is told.
    """

    def __init__(self, pairing: Pairing, tell: Tell) -> None:
        self._pairing, self._tell = pairing, tell
        self._keys = self._pairs = 0

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
        keys = _rows(con, used)
        self._keys += keys
        if keys:  # a town without organisations says so once
            self._tell(Step.KEYS, self._keys)
        self._pairing.compare_candidates(con, records, used, comparisons, into=into)
        pairs = _rows(con, into)
        self._pairs += pairs
        if pairs:
            self._tell(Step.PAIRS, self._pairs)


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(run(con, "SELECT count(*) FROM $table", table=table)[0][0])
