"""How long the steward's queue is, and what answering it by the truth gains.

    make bench ARGS=customers.review                          three towns and public sets
    python -m benchmarks.customers.review --people 11600      one town, as JSON

Records are linked as a full run links them; the questions are those that a steward would see, by
the same functions. Then they are answered by the truth, in the queue's order: a right link joins
both customers whole, a right unlink parts the customer where it is weakest. How long a
steward waits for the queue is measured in a town of a million records (review_looks, BENCH_RECORDS
less). Bounded: three minutes for the towns, and what review_looks says.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.customers import review_looks
from benchmarks.customers.datasets import SETS, Loader
from benchmarks.customers.quality import SEED, city_tables
from benchmarks.figures import Figure
from registry.customers.live.link import link_table
from registry.customers.matching.engine import open_engine
from registry.customers.matching.engine import run as execute
from registry.customers.matching.model import KEPT_BITS_MIN, MatchModel
from registry.customers.matching.own_keys import repeat_bits
from registry.customers.stewarding.doubts import (
    Doubt,
    Evidence,
    Question,
    asked_most,
    weigh_questions,
)
from schemas.records import CustomerKind

# People of towns of some 2,000, 20,000 and 200,000 records.
TOWNS = (1_100, 10_500, 103_000)
PUBLIC = ("pseudopeople", "FEBRL 3", "historical figures")
# Shares of the records that are asked about before F1 is measured again.
ASKED = (0.0, 0.005, 0.01, 0.02)
PROMISE = 0.02


def run() -> list[Figure]:
    """Measure towns and public sets."""
    with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as place:
        results = [town(people, Path(place)) for people in TOWNS]
    results += [found for name in PUBLIC if (found := public(name)) is not None]
    queues = [figure for result in results for figure in _figures(result)]
    return [*queues, *review_looks.figures()]


def town(people: int, place: Path) -> dict[str, Any]:
    """Measure one town of the sandbox."""
    folder = place / str(people)
    folder.mkdir()
    for each in (place, folder):
        os.chmod(each, 0o711)  # noqa: PTH101  # root's database account must pass through
    city_tables(folder, people, SEED)

    def load(con: duckdb.DuckDBPyConnection) -> None:
        for name in ("plain", "truth"):
            question = "CREATE OR REPLACE TABLE $name AS SELECT * FROM '$place/$name.parquet'"
            execute(con, question, name=name, place=str(folder))

    return measure(load) | {"name": "sandbox city"}


def public(name: str) -> dict[str, Any] | None:
    """Measure a public set; None where it is not on this machine."""
    try:
        return measure(SETS[name]) | {"name": name}
    except FileNotFoundError:
        return None


def measure(load: Loader) -> dict[str, Any]:
    """Link a table, ask what a steward would be asked, and answer by the truth."""
    with open_engine() as con:
        load(con)
        linked = link_table(con, "plain")
        homes, sources, entities = _records(con)
        rows = execute(
            con,
            "SELECT id_l, id_r, weight_bits, by_identity, apart FROM linked_pair"
            " WHERE weight_bits >= ? OR by_identity ORDER BY id_l, id_r",
            KEPT_BITS_MIN,
        )
        band = execute(con, _OLD_BAND)[0][0]
    evidence = [Evidence._make((*row, False)) for row in rows]  # nobody has settled any
    questions = weigh_questions(homes, sources, evidence, _repeats(linked.model))
    asked = questions[: asked_most(len(homes))]
    return {
        "records": len(homes),
        "band": band,
        "worth_a_look": len(questions),
        "asked": len(asked),
        "wrong_now": sum(one.doubt.linked != _same(one.doubt, entities) for one in asked),
        "one_customer": sum(_same(one.doubt, entities) for one in asked),
        "curve": _curve(asked, homes, entities),
    }


# What the queue was before questions were weighed: every pair between -3 and 6 bits.
_OLD_BAND = """
SELECT count(*) FROM linked_pair
WHERE weight_bits BETWEEN -3 AND 6 AND NOT by_identity AND NOT apart
"""


def _records(
    con: duckdb.DuckDBPyConnection,
) -> tuple[dict[int, Hashable], dict[int, str], dict[int, str]]:
    """Return customer, source and true entity of each record."""
    named = any(row[0] == "source" for row in execute(con, "DESCRIBE plain"))
    rows = execute(
        con,
        "SELECT r.id, r.kind, r.cluster, $source, truth.entity FROM linked_record r"
        " JOIN truth USING (id) JOIN plain p ON p.id = r.id ORDER BY r.id",
        source="coalesce(p.source::VARCHAR, '')" if named else "''",
    )
    homes: dict[int, Hashable] = {record: (kind, cluster) for record, kind, cluster, *_ in rows}
    sources = {record: f"{kind}/{source}" for record, kind, _, source, _ in rows}
    return homes, sources, {row[0]: row[4] for row in rows}


def _repeats(model: MatchModel) -> dict[str, float]:
    return {
        f"{kind}/{source}": repeat_bits(model.kinds[kind], source)
        for kind in CustomerKind
        for source in model.kinds[kind].sources
    }


def _same(doubt: Doubt, entities: Mapping[int, str]) -> bool:
    return entities[doubt.left_id] == entities[doubt.right_id]


def _curve(
    asked: list[Question], homes: Mapping[int, Hashable], entities: Mapping[int, str]
) -> list[dict[str, float]]:
    """Answer question after question, and measure F1 where the curve is read."""
    now = dict(homes)
    members: dict[Hashable, set[int]] = {}
    for record, home in now.items():
        members.setdefault(home, set()).add(record)
    marks = [int(share * len(homes)) for share in ASKED]
    found = []
    for number in range(len(asked) + 1):
        if number in marks or number == len(asked):
            found.append({"answered": number, **_f1(now, entities)})
        if number < len(asked):
            _answer(asked[number], now, members, right=_same(asked[number].doubt, entities))
    return found


def _answer(
    question: Question,
    now: dict[int, Hashable],
    members: dict[Hashable, set[int]],
    *,
    right: bool,
) -> None:
    """Let an answer take effect as `cluster.part` would: whole groups are joined or parted."""
    doubt, _, second = question
    one, other = now[doubt.left_id], now[doubt.right_id]
    if right and one != other:
        moved, into = members.pop(other), one
    elif not right and one == other:
        moved, into = members[one].intersection(second), ("parted", min(second))
        members[one] -= moved
    else:
        return
    members.setdefault(into, set()).update(moved)
    now.update(dict.fromkeys(moved, into))


def _f1(now: Mapping[int, Hashable], entities: Mapping[int, str]) -> dict[str, float]:
    true, found = Counter(entities.values()), Counter(now.values())
    both = Counter((home, entities[record]) for record, home in now.items())
    right, made, there = (
        sum(size * (size - 1) // 2 for size in sizes.values()) for sizes in (both, found, true)
    )
    return {
        "precision": round(right / made if made else 1.0, 4),
        "recall": round(right / there if there else 1.0, 4),
        "f1": round(2 * right / (made + there) if made + there else 1.0, 4),
    }


def _figures(found: Mapping[str, Any]) -> list[Figure]:
    """Return the lines of one set."""
    name = f"{found['name']}, {found['records']:,} records"
    first, last = found["curve"][0], found["curve"][-1]
    curve = "; ".join(f"{mark['answered']} answers: {mark['f1']}" for mark in found["curve"])
    asked = max(found["asked"], 1)
    return [
        Figure(
            f"{name}: questions that a steward is asked at a time, share of records",
            round(found["asked"] / found["records"], 4),
            "",
            f"<= {PROMISE}",
            f"`python -m benchmarks.customers.review`; {found['asked']} asked,"
            f" {found['worth_a_look'] - found['asked']} below the line; all pairs between -3 and 6"
            f" bits were {found['band']}",
        ),
        Figure(
            f"{name}: questions whose answer changes something, of those asked",
            round(found["wrong_now"] / asked, 3),
            "",
            "",
            f"answered by the truth; {found['one_customer']} of {found['asked']} pairs are one"
            " customer",
        ),
        Figure(
            f"{name}: pair F1 gained by answering them",
            round(last["f1"] - first["f1"], 4),
            "",
            "",
            f"F1 after {curve}; recall {first['recall']} to {last['recall']}",
        ),
    ]


def main() -> None:
    """Print what one town shows, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, help="size of the sandbox city")
    parser.add_argument("--set", choices=PUBLIC, help="a public set instead")
    given = parser.parse_args()
    if given.set:
        found: dict[str, Any] | None = public(given.set)
    else:
        with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as place:
            found = town(given.people or TOWNS[0], Path(place))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
