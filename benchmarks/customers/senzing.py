"""The Senzing truth set case by case: which customers of the key are found whole, and which not.

    python -m benchmarks.customers.senzing               prints one line per case

A total hides that each of its cases tests something else: a nickname, a move, a father and a son
of one name. So every case that is not exactly as the key says is named, with what went wrong.
"""

import csv
import sys
from dataclasses import dataclass

from benchmarks.customers.datasets import DATA, senzing, there
from benchmarks.figures import Figure
from registry.customers.live.link import link_table
from registry.customers.matching.engine import open_engine
from registry.customers.matching.engine import run as execute


@dataclass(frozen=True)
class Outcome:
    """One case of the key.

    Attributes:
        case: The key's number of the case.
        records: Records it has.
        parted: Customers of the case that were found in several pieces.
        mixed: Customers of the case that hold somebody else's record.
    """

    case: str
    records: int
    parted: int
    mixed: int

    @property
    def exact(self) -> bool:
        """Tell whether the case is as the key says."""
        return not self.parted and not self.mixed


def outcomes() -> list[Outcome]:
    """Link the set and judge each case.

    Raises:
        FileNotFoundError: The data is not on this machine.
    """
    with there(DATA / "senzing" / "actual_truthset_key.csv").open(encoding="utf-8") as file:
        cases = {row["CLUSTER_ID"]: row["TEST_GROUP"] for row in csv.DictReader(file)}
    with open_engine() as con:
        senzing(con)
        link_table(con, "plain")
        rows = execute(con, _CUSTOMERS)
    found: dict[str, list[int]] = {}
    for entity, records, parts, mixed in rows:
        total = found.setdefault(cases[str(entity)], [0, 0, 0])
        for place, more in enumerate((records, int(parts > 1), int(mixed))):
            total[place] += more
    return [Outcome(case, *totals) for case, totals in sorted(found.items())]


_CUSTOMERS = """
WITH found AS (
    SELECT t.entity, r.kind || '/' || r.cluster AS customer
    FROM truth t JOIN linked_record r USING (id)
), customers AS (
    SELECT customer, count(DISTINCT entity) AS people FROM found GROUP BY customer
)
SELECT entity, count(*), count(DISTINCT customer), max(people) > 1
FROM found JOIN customers USING (customer) GROUP BY entity ORDER BY entity
"""


def figure() -> Figure:
    """Measure the share of cases that are exactly as the key says, and name the others."""
    found = outcomes()
    parted = ", ".join(one.case for one in found if one.parted) or "none"
    mixed = ", ".join(one.case for one in found if one.mixed) or "none"
    return Figure(
        "Senzing truth set: cases exactly as the key says",
        sum(one.exact for one in found),
        f"of {len(found)}",
        "",
        "`python -m benchmarks.customers.senzing`; cases with a customer in several pieces:"
        f" {parted}; with somebody else's record: {mixed}",
    )


def main() -> None:
    """Print one line per case."""
    for one in outcomes():
        says = "exact" if one.exact else f"{one.parted} parted, {one.mixed} mixed"
        sys.stdout.write(f"case {one.case}: {one.records} records, {says}\n")


if __name__ == "__main__":
    main()
