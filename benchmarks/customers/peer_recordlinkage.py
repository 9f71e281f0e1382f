"""recordlinkage on one table: blocking, string comparison, ECM without labels.

    python peer_recordlinkage.py FOLDER        FOLDER holds plain.parquet and truth.parquet

The recipe of the package's guide: index, compare, ECMClassifier(binarize=0.8); the best of several
thresholds counts. Prints one line of JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

import duckdb
import recordlinkage

FOLDER = Path(sys.argv[1])
FILLED_MIN = 0.02
THRESHOLDS = (0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999)
# Of one column; each pair of all of them takes a row of numbers.
PAIRS_MAX = 10_000_000


def pairs_by(column: str) -> int:
    """Count the pairs that share a value."""
    sizes = frame[column].value_counts()
    return int((sizes * (sizes - 1) // 2).sum())


con = duckdb.connect()
frame = con.execute(f"FROM '{FOLDER}/plain.parquet'").df().set_index("id")
truth = con.execute(f"FROM '{FOLDER}/truth.parquet'").df().set_index("id")["entity"]
frame = frame[[name for name in frame if frame[name].notna().mean() >= FILLED_MIN]]
began, cpu = time.perf_counter(), time.process_time()
index = recordlinkage.Index()
for column in (
    "given_name",
    "family_name",
    "birth_date",
    "postal_code",
    "phone",
    "organisation_name",
):
    # What hardly tells anybody apart, such as the one postal code of a small town, is no block.
    if column in frame and pairs_by(column) <= PAIRS_MAX:
        index.block(column)
pairs = index.index(frame)
compare = recordlinkage.Compare()
for column in frame:
    if column in ("given_name", "family_name", "street", "city", "organisation_name"):
        compare.string(column, column, method="jarowinkler", label=column)
    elif column not in ("source", "kind", "name_prefix", "initials"):
        compare.exact(column, column, label=column)
features = compare.compute(pairs, frame)
classifier = recordlinkage.ECMClassifier(binarize=0.8)
classifier.fit(features)
probability = classifier.prob(features)
wall, cpu = time.perf_counter() - began, time.process_time() - cpu
sizes = truth.value_counts()
true = float((sizes * (sizes - 1) / 2).sum())
left, right = (truth.reindex(pairs.get_level_values(place)).to_numpy() for place in (0, 1))
correct = left == right
best, cut = 0.0, 0.0
for threshold in THRESHOLDS:
    taken = probability.reindex(pairs).to_numpy() >= threshold
    f1 = 2 * float(correct[taken].sum()) / max(float(taken.sum()) + true, 1.0)
    if f1 > best:
        best, cut = f1, threshold
sys.stdout.write(
    json.dumps(
        {
            "wall_seconds": wall,
            "cpu_seconds": cpu,
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "f1_best": best,
            "best_threshold": cut,
        }
    )
    + "\n"
)
