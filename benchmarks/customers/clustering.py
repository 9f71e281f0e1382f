"""What parting connected records by their evidence gains on each data set with a known truth.

    make bench ARGS=customers.clustering        into docs/reference/figures.md

Every set of `quality` is linked once. Judged are all pairs of records within the customers that are
found, and within the connected records of which those were made.
"""

import sys
from collections.abc import Mapping

from benchmarks.customers.datasets import SETS, febrl_at_hand
from benchmarks.customers.quality import scores
from benchmarks.figures import Figure
from registry.customers.live.link import link_table
from registry.customers.matching.engine import open_engine
from registry.customers.matching.engine import run as ask

# A copy that was set aside is connected with whom it stands beside.
_LEFT_WHOLE = """
CREATE OR REPLACE TABLE linked_record AS
SELECT r.id, r.kind, coalesce(i.component, r.cluster) AS cluster
FROM linked_record r JOIN indexed_record i USING (id)
"""


def run() -> list[Figure]:
    """Measure every set that is here, both ways."""
    figures = []
    with febrl_at_hand():
        for name, load in SETS.items():
            with open_engine() as con:
                try:
                    load(con)
                except FileNotFoundError as error:
                    sys.stderr.write(f"{name}: {error} is not on this machine\n")
                    continue
                cut_bits = link_table(con, "plain", indexed=True).model.cut_bits
                parted = scores(con, cut_bits)["clusters"]
                ask(con, _LEFT_WHOLE)
                whole = scores(con, cut_bits)["clusters"]
            figures.append(
                Figure(
                    f"{name}: pair F1 gained by parting",
                    round(parted["f1"] - whole["f1"], 4),
                    "",
                    "",
                    f"parted {_told(parted)}; left whole {_told(whole)}",
                    {"parted": parted["f1"], "left whole": whole["f1"]},
                )
            )
    return figures


def _told(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in found.items())
