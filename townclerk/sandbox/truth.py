"""The known truth about the sandbox city: which record describes whom, and how to score a match.

The truth lies in a file of its own that no source system opens. Scoring counts records per
customer, never pairs, so a million records are judged in seconds.
"""

import sqlite3
from array import array
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from schemas.errors import InvalidInput
from townclerk.sandbox.sources.desk import Note

BATCH_ROWS = 2000  # rows per insert
NOT_ASSIGNED = -1

Numbers = NDArray[np.int64]


class PairScore(TypedDict):
    """How well records were brought together; a pair is two records of one customer.

    Attributes:
        precision: Found pairs that are right; 1 where none was found.
        recall: True pairs that were found; 1 where there are none.
        f1: Harmonic mean of both.
        true_pairs: Pairs that describe one customer in truth.
        found_pairs: Pairs that were given one customer.
        right_pairs: Pairs that are both.
        household_pairs: Wrong pairs whose two customers live in one household.
        records: Records in the truth.
        assigned: Records that were given a customer.
        others: Assigned records that the truth knows nothing of, and that are not judged.
    """

    precision: float
    recall: float
    f1: float
    true_pairs: int
    found_pairs: int
    right_pairs: int
    household_pairs: int
    records: int
    assigned: int
    others: int


class TruthWriter:
    """Writes the truth while the town is generated.

    Args:
        file: Where to; must not exist.
        data_sets: URN of the data set by name of the stream.
    """

    def __init__(self, file: Path, data_sets: Mapping[str, str]) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.executescript(
            "PRAGMA page_size=16384; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
            " data_set TEXT NOT NULL UNIQUE);"
            "CREATE TABLE truth (stream INTEGER NOT NULL REFERENCES stream, key TEXT NOT NULL,"
            " customer TEXT NOT NULL, household INTEGER NOT NULL)"
        )
        self._streams = {name: number for number, name in enumerate(data_sets, start=1)}
        self._db.executemany(
            "INSERT INTO stream VALUES (?, ?, ?)",
            [(number, name, data_sets[name]) for name, number in self._streams.items()],
        )
        self._waiting: list[tuple[int, str, str, int]] = []

    def add(self, stream: str, note: Note) -> None:
        """Take the truth about one record."""
        self._waiting.append((self._streams[stream], note.key, note.owner, note.household))
        if len(self._waiting) >= BATCH_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._db.executemany("INSERT INTO truth VALUES (?, ?, ?, ?)", self._waiting)
        self._waiting.clear()

    def close(self, *, whole: bool) -> None:
        """Close the file, with what waits; scoring reads all of it, so it needs no index."""
        if whole:
            self._flush()
            self._db.execute("COMMIT")
        self._db.close()


def score_pairs(
    assigned: Iterable[tuple[str, str, Hashable]],
    truth_file: Path,
    *,
    streams: Iterable[str] = (),
    with_others: bool = False,
) -> PairScore:
    """Score an assignment of records to customers against the truth, pair by pair.

    Records that were not assigned cost recall, just as a wrong split does.

    Args:
        assigned: Stream ("crm.customers") or URN of its data set, key and customer id of each
            record, in any order, each record once.
        truth_file: The city's truth.sqlite.
        streams: Judge records of these streams only; all when empty.
        with_others: Let records be that the truth does not know: somebody added a source.

    Returns:
        Counts of pairs and the shares made from them.

    Raises:
        InvalidInput: An assigned record comes twice, or is not in the truth without `with_others`.
    """
    truth = _Truth(truth_file, list(streams))
    given, others = truth.place(assigned)
    if others and not with_others:
        raise InvalidInput(
            f"{others} assigned records are not in the truth file.",
            remedy="Score records of the town the file belongs to: same people, same seed.",
            strangers=others,
        )
    return _score(truth, given, others)


class _Truth:
    """The truth in memory: one row per record, and the way from stream and key to the row."""

    def __init__(self, file: Path, streams: list[str]) -> None:
        db = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
        try:
            names = db.execute("SELECT id, name, data_set FROM stream").fetchall()
            self._skipped = _unwanted(names, streams)
            by_number: dict[int, dict[str, int]] = {number: {} for number, *_ in names}
            skipped = {number for number, name, _ in names if name in self._skipped}
            customers: dict[str, int] = {}
            of_record, households = array("q"), array("q")
            for number, key, customer, household in db.execute(
                "SELECT stream, key, customer, household FROM truth"
            ):
                if number not in skipped:
                    by_number[number][key] = len(of_record)
                    of_record.append(customers.setdefault(customer, len(customers)))
                    households.append(household)
        finally:
            db.close()
        self._rows = {name: by_number[number] for number, *both in names for name in both}
        self.customers: Numbers = np.frombuffer(of_record, dtype=np.int64)
        self.households: Numbers = np.frombuffer(households, dtype=np.int64)

    def place(self, assigned: Iterable[tuple[str, str, Hashable]]) -> tuple[Numbers, int]:
        """Return per row the number of its customer, or NOT_ASSIGNED; and how many have no row."""
        given = array("q", [NOT_ASSIGNED]) * len(self.customers)
        numbers: dict[Hashable, int] = {}
        strangers = 0
        for stream, key, customer in assigned:
            if stream in self._skipped:
                continue
            row = self._rows.get(stream, {}).get(key)
            if row is None:
                strangers += 1
            elif given[row] != NOT_ASSIGNED:
                raise InvalidInput(
                    "The same record was assigned twice.",
                    remedy="Give each stream and key once; a record belongs to one customer.",
                )
            else:
                given[row] = numbers.setdefault(customer, len(numbers))
        return np.frombuffer(given, dtype=np.int64), strangers


def _unwanted(names: list[tuple[int, str, str]], streams: list[str]) -> set[str]:
    """Return both names of the streams that are not to be judged."""
    known = {name for _, *both in names for name in both}
    if strange := set(streams) - known:
        raise InvalidInput(
            f"The truth knows no stream {min(strange)!r}.",
            remedy=f"Use one of: {', '.join(name for _, name, _ in names)}.",
        )
    if not streams:
        return set()
    return {name for _, *both in names if not set(both) & set(streams) for name in both}


def _score(truth: _Truth, given: Numbers, others: int) -> PairScore:
    assigned = given != NOT_ASSIGNED
    found, true, home = given[assigned], truth.customers[assigned], truth.households[assigned]
    true_pairs = _pairs(truth.customers)
    found_pairs = _pairs(found)
    right_pairs = _pairs(found, true)
    at_home = home >= 0  # premises are no household
    # Whoever is the same customer lives in the same household, so these are subtracted whole.
    household_pairs = _pairs(found[at_home], home[at_home]) - _pairs(found[at_home], true[at_home])
    precision = right_pairs / found_pairs if found_pairs else 1.0
    recall = right_pairs / true_pairs if true_pairs else 1.0
    return PairScore(
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        true_pairs=true_pairs,
        found_pairs=found_pairs,
        right_pairs=right_pairs,
        household_pairs=household_pairs,
        records=len(truth.customers),
        assigned=int(assigned.sum()),
        others=others,
    )


def _pairs(label: Numbers, other: Numbers | None = None) -> int:
    """Count pairs of rows with the same label, or both labels: n (n - 1) / 2 for n alike.

    Args:
        label: Numbers from 0, below 2**31.
        other: The same, for the same rows.
    """
    if other is None:
        sizes = np.bincount(label)
    else:
        _, sizes = np.unique(label * 2**31 + other, return_counts=True)
    return int((sizes * (sizes - 1) // 2).sum())
