"""recordlinkage on one table: blocking, string comparison, ECM without labels.

    python peer_recordlinkage.py FOLDER        FOLDER holds plain.parquet and truth.parquet

The recipe of the package's guide: index, compare, ECMClassifier(binarize=0.8). Prints one line of
JSON.
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
    if column in frame:
        index.block(column)
pairs = index.index(frame)
compare = recordlinkage.Compare()
for column in frame:
    if column in ("given_name", "family_name", "street", "city", "organisation_name"):
        compare.string(column, column, method="jarowinkler", label=column)
    elif column not in ("source", "kind", "name_prefix", "initials"):
        compare.exact(column, column, label=column)
features = compare.compute(pairs, frame)
found = recordlinkage.ECMClassifier(binarize=0.8).fit_predict(features)
wall, cpu = time.perf_counter() - began, time.process_time() - cpu
sizes = truth.value_counts()
true = float((sizes * (sizes - 1) / 2).sum())
left, right = (truth.reindex(found.get_level_values(place)).to_numpy() for place in (0, 1))
correct = int((left == right).sum())
sys.stdout.write(
    json.dumps(
        {
            "wall_seconds": wall,
            "cpu_seconds": cpu,
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "f1": 2 * correct / (len(found) + true),
            "precision": correct / max(len(found), 1),
            "recall": correct / true,
        }
    )
    + "\n"
)
