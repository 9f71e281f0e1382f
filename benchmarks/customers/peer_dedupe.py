"""dedupe on one table, trained by labels that a person would have had to give.

    python peer_dedupe.py FOLDER        FOLDER holds plain.parquet and truth.parquet

dedupe learns from labelled pairs. It gets those of a tenth of the truth: as many matches as there
are among them up to LABELS_MAX, and as many pairs of two customers, half of them alike in a field.
Index predicates are left out, as its documentation advises where memory is short. The best of
several thresholds counts, which only the truth tells. Prints one line of JSON.
"""

import io
import json
import resource
import sys
import time
from collections.abc import Hashable, Iterable
from itertools import combinations
from pathlib import Path
from random import Random

import dedupe
import duckdb
from dedupe import variables

LABELS_MAX = 500
# Records among which it looks for ways to block; at its own 1,500 it needs 18 GiB on FEBRL 3.
SAMPLE_RECORDS = 300
FILLED_MIN = 0.02
LABELLED_SHARE = 0.1
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
WORDS = ("given_name", "family_name", "street", "city", "organisation_name", "email")
LEFT_OUT = ("id", "source", "kind", "name_prefix", "initials")

FOLDER = Path(sys.argv[1])
con = duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
names = [row[0] for row in con.execute(f"DESCRIBE FROM '{FOLDER}/plain.parquet'").fetchall()]
rows = con.execute(f"FROM '{FOLDER}/plain.parquet' ORDER BY id").fetchall()
entity = dict(con.execute(f"SELECT id, entity FROM '{FOLDER}/truth.parquet'").fetchall())
con.close()
place = names.index("id")
fields = [
    name
    for index, name in enumerate(names)
    if name not in LEFT_OUT
    and sum(row[index] is not None for row in rows) >= FILLED_MIN * len(rows)
]
Fields = dict[str, str | None]


def _text(value: object) -> str | None:
    return str(value).strip().lower() or None if value is not None else None


data: dict[int, Fields] = {
    row[place]: {name: _text(row[names.index(name)]) for name in fields} for row in rows
}


def labels() -> dict[str, list[tuple[Fields, Fields]]]:
    """Return labelled pairs of a tenth of the customers."""
    chance = Random(1)
    groups: dict[str, list[int]] = {}
    for record, owner in entity.items():
        groups.setdefault(str(owner), []).append(record)
    known = chance.sample(sorted(groups), max(int(len(groups) * LABELLED_SHARE), 2))
    match = [pair for name in known for pair in combinations(groups[name], 2)]
    match = chance.sample(match, min(len(match), LABELS_MAX))
    records = [record for name in known for record in groups[name]]
    alike: dict[tuple[str, str], int] = {}
    near = []
    for record in records:
        for name in fields:
            value = data[record][name]
            other = alike.setdefault((name, value), record) if value else record
            if entity[other] != entity[record]:
                near.append((other, record))
    near = chance.sample(near, min(len(near), len(match) // 2))
    far = [(one, other) for one, other in (chance.sample(records, 2) for _ in match)]
    far = [pair for pair in far if entity[pair[0]] != entity[pair[1]]]
    distinct = near + far[: len(match) - len(near)]
    return {
        "match": [(data[one], data[other]) for one, other in match],
        "distinct": [(data[one], data[other]) for one, other in distinct],
    }


def main() -> None:
    """Train, score, cluster, judge."""
    began, cpu = time.perf_counter(), time.process_time()
    given = labels()
    makers = {True: variables.String, False: variables.ShortString}
    deduper = dedupe.Dedupe(
        [makers[name in WORDS](name, has_missing=True) for name in fields],
        num_cores=1,
        in_memory=True,
    )
    deduper.prepare_training(
        data, training_file=io.StringIO(json.dumps(given)), sample_size=SAMPLE_RECORDS
    )
    deduper.train(recall=0.95, index_predicates=False)
    trained = time.perf_counter() - began
    scores = deduper.score(deduper.pairs(data))
    true = pairs_of(entity.values())
    best, cut = 0.0, 0.0
    for threshold in THRESHOLDS:
        found = right = 0
        for records, _ in deduper.cluster(scores, threshold):
            found += len(records) * (len(records) - 1) // 2
            right += pairs_of(entity[int(record)] for record in records)
        if (f1 := 2 * right / max(found + true, 1)) > best:
            best, cut = f1, threshold
    sys.stdout.write(
        json.dumps(
            {
                "wall_seconds": time.perf_counter() - began,
                "train_seconds": trained,
                "cpu_seconds": time.process_time() - cpu,
                "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "f1_best": best,
                "best_threshold": cut,
                "labels": sum(map(len, given.values())),
            }
        )
        + "\n"
    )


def pairs_of(owners: Iterable[Hashable]) -> int:
    """Return the pairs of records of one owner."""
    sizes: dict[Hashable, int] = {}
    for owner in owners:
        sizes[owner] = sizes.get(owner, 0) + 1
    return sum(size * (size - 1) // 2 for size in sizes.values())


if __name__ == "__main__":
    main()
