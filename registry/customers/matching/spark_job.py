"""What Spark does of a matching run: find the pairs that share a key and compare each of them.

A program of its own that `spark.py` starts, so that the Java machine ends with it. It imports
nothing of Townclerk: the workers of a cluster need Python, pyarrow and duckdb, no more. Jobs come
as lines of JSON on standard input, an answer goes out for each, and the end of the input, also
that of a killed parent, is the end of this program.

    {"folder": "/…", "select": "SELECT … FROM pair", "partitions": 16}  ->  {"done": true}

A folder holds keys.parquet (rule, key, rid), records.parquet (rid and what is compared) and
decided.parquet (l, r); it receives compared/*.parquet.
"""

import json
import os
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:  # those who have no Spark can still read this module
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

COMPARED = "l int, r int, pattern bigint, stranger_bits float, household_bits float"
# Pairs that go back to Spark at a time; more would only wait in memory.
BATCH_ROWS = 50_000
Batches = Iterator["pa.RecordBatch"]


def pairs_of(keys: "DataFrame", decided: "DataFrame") -> "DataFrame":
    """Return each pair of records of one block once, with the pairs that stewards decided."""
    from pyspark.sql import functions as sql

    blocks = keys.groupBy("rule", "key").agg(sql.array_sort(sql.collect_list("rid")).alias("rids"))
    lefts = blocks.select("rids", sql.posexplode("rids").alias("place", "l"))
    # Whoever stands behind `l` in the ordered block: so l < r, and no pair is made twice of a key.
    rights = sql.explode(sql.expr("slice(rids, place + 2, size(rids))"))
    return lefts.select("l", rights.alias("r")).union(decided.select("l", "r")).distinct()


def paired_with_records(pairs: "DataFrame", records: "DataFrame") -> "DataFrame":
    """Return both records of each pair as the columns `l` and `r`."""
    from pyspark.sql import functions as sql

    whole = sql.struct(*records.columns)
    left, right = (
        records.select(sql.col("rid").alias(side), whole.alias(f"{side}_record")) for side in "lr"
    )
    joined = pairs.join(left, "l").join(right, "r")
    return joined.select(sql.col("l_record").alias("l"), sql.col("r_record").alias("r"))


def comparing(select: str, version: str) -> Callable[[Batches], Batches]:
    """Return what a worker does with its share: the same query by the same engine as elsewhere.

    Args:
        select: The query; it reads from `pair`.
        version: Version of DuckDB; another one may tell two names apart otherwise.
    """

    def compare(batches: Batches) -> Batches:
        import pyarrow as pa

        if duckdb.__version__ != version:
            raise RuntimeError("duckdb_differs")  # cause_of finds it
        first = next(batches, None)
        if first is None:
            return
        shares = (batch for some in ((first,), batches) for batch in some)
        with duckdb.connect(config={"threads": 1, "autoload_known_extensions": False}) as con:
            con.register("pair", pa.RecordBatchReader.from_batches(first.schema, shares))
            yield from con.sql(select).fetch_arrow_reader(BATCH_ROWS)

    return compare


def work(spark: "SparkSession", job: dict[str, Any]) -> dict[str, Any]:
    """Do one job."""
    folder = Path(job["folder"]).as_uri()
    spark.conf.set("spark.sql.shuffle.partitions", job["partitions"])
    keys, records, decided = (
        spark.read.parquet(f"{folder}/{name}.parquet") for name in ("keys", "records", "decided")
    )
    pairs = paired_with_records(pairs_of(keys, decided), records)
    compared = pairs.mapInArrow(comparing(job["select"], duckdb.__version__), COMPARED)
    compared.write.parquet(f"{folder}/compared")
    return {"done": True}


def cause_of(error: Exception) -> str:
    """Name what went wrong, without Spark's words: they may quote a record."""
    from py4j.protocol import Py4JJavaError

    if "duckdb_differs" in str(error):
        return "duckdb_differs"
    lacking = re.search(r"No module named '(\w+)'", str(error))
    if lacking:
        return f"lacks_{lacking[1]}"
    if isinstance(error, Py4JJavaError):  # pyspark has no name for it
        return str(error.java_exception.getClass().getSimpleName())
    return getattr(error, "getCondition", lambda: None)() or type(error).__name__


def listen(jobs: "queue.Queue[str]") -> None:
    """Take in jobs; once the parent is gone, go too, and with us the Java machine."""
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def main() -> None:
    """Start Spark as the first line says, and do every job after it."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # Java writes to what we inherit; answers go out on a channel that it does not have.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    jobs: queue.Queue[str] = queue.Queue()
    threading.Thread(target=listen, args=(jobs,), daemon=True).start()

    def answer(**found: Any) -> None:
        answers.write(json.dumps(found) + "\n")
        answers.flush()

    builder = SparkSession.builder
    for name, value in json.loads(jobs.get()).items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
        answer(ready=True)
        while True:
            answer(**work(spark, json.loads(jobs.get())))
    except (PySparkException, Py4JJavaError) as error:
        answer(cause=cause_of(error))


if __name__ == "__main__":
    main()
