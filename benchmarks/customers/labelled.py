"""Tables of which it is known who is who: how that is written down, and how links are judged."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Links of this probability and more are believed without a look.
SURE = 0.95


@dataclass(frozen=True)
class Judged:
    """The written pairs of one data set against its truth.

    Attributes:
        name: What the data set is called.
        records: Its records.
        true: Pairs that are one customer.
        links: Pairs that were written.
        right: Those of them that are one customer.
        sure: Those written with a probability of SURE or more.
        sure_right: Those of these that are one customer.
        seconds: Wall time.
    """

    name: str
    records: int
    true: int
    links: int
    right: int
    sure: int
    sure_right: int
    seconds: float

    @property
    def precision(self) -> float:
        """Share of the written pairs that are right."""
        return self.right / max(self.links, 1)

    @property
    def recall(self) -> float:
        """Share of the true pairs that were written."""
        return self.right / max(self.true, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / max(self.links + self.true, 1)

    def told(self) -> str:
        """Return all but F1 as words for people."""
        share = self.sure_right / max(self.sure, 1)
        return (
            f"{self.records} records, precision {self.precision:.4f}, recall {self.recall:.4f};"
            f" of {self.sure} links of probability {SURE} and more {share:.4f} right"
        )


def write_truth(
    place: Path, name: str, files: Sequence[str], truth: Iterable[tuple[int | str, int]]
) -> None:
    """Write what belongs beside the files of one table.

    Args:
        place: Their folder.
        name: What to call the table by.
        files: Their names.
        truth: Id of each row, as `townclerk customers link` writes it, and its entity.
    """
    with (place / "truth.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("id", "entity"), *truth])
    (place / "case.json").write_text(json.dumps({"name": name, "files": list(files)}))
