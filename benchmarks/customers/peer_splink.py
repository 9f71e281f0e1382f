"""Splink on one table: the library's own comparisons, trained as its documentation teaches.

    python peer_splink.py FOLDER        FOLDER holds plain.parquet and truth.parquet

Runs in an environment of its own. Columns that hardly any row fills are left out, as a careful
user would. Prints one line of JSON: seconds, memory, and pair F1 at its usual cuts and at the best
cut there is, which only the truth tells.
"""

import json
import logging
import resource
import sys
import time
from pathlib import Path

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

FILLED_MIN = 0.02
FOLDER = Path(sys.argv[1])
RULES = (
    ("national_id",),
    ("identifier",),
    ("email",),
    ("phone",),
    ("given_name", "family_name"),
    ("family_name", "birth_date"),
    ("given_name", "birth_date"),
    ("postal_code", "house_number", "family_name"),
    ("postal_code", "birth_date"),
)
# Small tables can be blocked on single columns, as the library's FEBRL example does.
SMALL_RECORDS_MAX = 60_000
SMALL_RULES = (("given_name",), ("family_name",), ("birth_date",), ("postal_code",))
TRAINED_ON = (("given_name", "family_name"), ("birth_date",), ("postal_code",), ("email",))

logging.getLogger("splink").setLevel(logging.ERROR)
con = duckdb.connect(config={"threads": 2})
con.execute(f"CREATE TABLE given AS FROM '{FOLDER}/plain.parquet'").fetchall()
for absent in {"initials", "given_name"} - {
    name for name, *_ in con.execute("DESCRIBE given").fetchall()
}:
    con.execute(f"ALTER TABLE given ADD COLUMN {absent} VARCHAR").fetchall()
columns = [name for name, *_ in con.execute("DESCRIBE given").fetchall()]
filled = {
    name
    for name in columns
    if con.execute(f'SELECT count("{name}") >= {FILLED_MIN} * count(*) FROM given').fetchall()[0][0]
}
kept = ", ".join(f'"{name}"' for name in columns if name in filled and name not in ("id", "source"))
con.execute(
    f"CREATE TABLE ready AS SELECT id AS unique_id, {kept},"
    " upper(coalesce(initials, given_name)[1]) AS initial FROM given"
    " WHERE coalesce(kind, 'person') = 'person'"
).fetchall()
small = con.execute("SELECT count(*) FROM ready").fetchall()[0][0] <= SMALL_RECORDS_MAX
rules = [rule for rule in RULES + SMALL_RULES * small if set(rule) <= filled]

# Some sources hold initials only, so the given name has a level for them: without it the library
# could not tell a married couple there, and would lose by far.
GIVEN = cl.CustomComparison(
    output_column_name="given_name",
    comparison_levels=[
        cll.NullLevel("initial"),
        cll.ExactMatchLevel("given_name", term_frequency_adjustments=True),
        cll.JaroWinklerLevel("given_name", 0.92),
        cll.JaroWinklerLevel("given_name", 0.8),
        cll.CustomLevel(
            "(given_name_l IS NULL OR given_name_r IS NULL) AND initial_l = initial_r",
            label_for_charts="initial",
        ),
        cll.ElseLevel(),
    ],
)
makers = {
    "given_name": lambda: GIVEN,
    "family_name": lambda: cl.NameComparison("family_name").configure(
        term_frequency_adjustments=True
    ),
    "birth_date": lambda: cl.DamerauLevenshteinAtThresholds("birth_date", [1, 2]),
    "gender": lambda: cl.ExactMatch("gender"),
    "national_id": lambda: cl.ExactMatch("national_id"),
    "identifier": lambda: cl.DamerauLevenshteinAtThresholds("identifier", [1]),
    "email": lambda: cl.EmailComparison("email"),
    "phone": lambda: cl.DamerauLevenshteinAtThresholds("phone", [1]),
    "street": lambda: cl.JaroWinklerAtThresholds("street", [0.9]).configure(
        term_frequency_adjustments=True
    ),
    "house_number": lambda: cl.ExactMatch("house_number"),
    "postal_code": lambda: cl.LevenshteinAtThresholds("postal_code", [1]).configure(
        term_frequency_adjustments=True
    ),
    "city": lambda: cl.JaroWinklerAtThresholds("city", [0.9]).configure(
        term_frequency_adjustments=True
    ),
}
settings = SettingsCreator(
    link_type="dedupe_only",
    comparisons=[make() for name, make in makers.items() if name in filled],
    blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
)
began, cpu = time.perf_counter(), time.process_time()
api = DuckDBAPI(connection=con)
linker = Linker(api.register("ready"), settings)
known = [rule for rule in TRAINED_ON if set(rule) <= filled]
linker.training.estimate_probability_two_random_records_match(
    [block_on(*rule) for rule in rules if len(rule) > 1], recall=0.7
)
linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
for rule in known:
    linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
trained = time.perf_counter() - began
found = linker.inference.predict(threshold_match_probability=0.01)
predicted = time.perf_counter() - began
linker.clustering.cluster_pairwise_predictions_at_threshold(found, threshold_match_probability=0.95)
wall, cpu = time.perf_counter() - began, time.process_time() - cpu

weight = next(
    name
    for name, *_ in con.execute(f"DESCRIBE {found.physical_name}").fetchall()
    if name in ("match_weight", "mw", "match_weight_bits")
)
con.execute(f"CREATE TABLE truth AS FROM '{FOLDER}/truth.parquet'").fetchall()
true = con.execute(
    "SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM truth JOIN ready"
    " ON unique_id = id GROUP BY entity)"
).fetchall()[0][0]
rows = con.execute(
    f"""
    SELECT cut, sum(pairs) OVER (ORDER BY cut DESC), sum(correct) OVER (ORDER BY cut DESC) FROM (
        SELECT floor({weight} * 10) / 10 AS cut, count(*) AS pairs,
            count(*) FILTER (l.entity = r.entity) AS correct
        FROM {found.physical_name} JOIN truth l ON l.id = unique_id_l
        JOIN truth r ON r.id = unique_id_r GROUP BY cut) ORDER BY cut
    """
).fetchall()
f1 = {float(cut): 2 * float(right) / float(pairs + true) for cut, pairs, right in rows}
best = max(f1, key=f1.__getitem__)


def at(bits: float) -> float:
    """Return the F1 at the first cut at or above so many bits."""
    return next((value for cut, value in sorted(f1.items()) if cut >= bits), 0.0)


sys.stdout.write(
    json.dumps(
        {
            "wall_seconds": wall,
            "train_seconds": trained,
            "predict_seconds": predicted - trained,
            "cpu_seconds": cpu,
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "f1_at_95": at(4.25),
            "f1_at_50": at(0.0),
            "f1_best": f1[best],
            "best_cut_bits": best,
        }
    )
    + "\n"
)
