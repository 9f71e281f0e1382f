"""Pairs found and compared on Spark: for towns whose pairs outgrow one machine.

Keys, shared values and rarity are counted here, as always; Spark joins the keys, and its workers
compare each pair by the query that DuckDB runs otherwise, in a DuckDB of their own. So there is
one definition of a level, and a weight is the same to the last bit.
"""

import importlib.util
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from registry.customers.matching.engine import PREFIX, run, work_dir
from registry.customers.matching.levels import Comparison
from registry.customers.matching.patterns import compare, compared_columns, comparison_sql
from schemas.errors import InvalidInput, Misconfigured, TownclerkError

JOB = Path(__file__).with_name("spark_job.py")
# What Spark 4 runs on.
JAVA_MIN = 17
# A Java machine starts in ten seconds, and in a minute where others keep the machine busy.
START_SECONDS_MAX = 300.0
# A hundred times what ten million records take; who waits longer waits for a cluster that is gone.
JOB_SECONDS_MAX = 24 * 3_600.0
# Time to stop in peace before it is killed.
STOP_SECONDS_MAX = 20.0
# A share of work that a worker finishes in seconds, and never fewer shares than PARTITIONS_MIN.
KEYS_PER_PARTITION = 100_000
PARTITIONS_MIN = 8
_MASTER = re.compile(r"local(\[[\w*,]+\])?|yarn|(spark|k8s)://\S+")
_NEEDED = ("pyspark", "pyarrow", "pandas")


class SparkMissing(Misconfigured):
    """What Spark needs of Python is not installed."""

    code = "spark_missing"
    remedy = "pip install 'townclerk[spark]', or leave out `--engine spark`: one machine may do."


class JavaMissing(Misconfigured):
    """There is no Java on which Spark runs."""

    code = "java_missing"
    remedy = (
        "Install Java 17 or newer (Debian: apt install openjdk-17-jre-headless) and let JAVA_HOME"
        " or PATH name it."
    )


class SparkFailed(TownclerkError):
    """Spark did not start, or gave up; nothing was changed."""

    code = "spark_failed"
    remedy = (
        "Look at the cluster's own logs; `--engine duckdb` finds the same customers on this machine"
        " alone. docs/how-to/scale-out.md says what a cluster must have."
    )


class OnSpark:
    """Pairs are found and compared by a running Spark."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process, self._folder = process, folder
        self._answers: queue.Queue[str] = queue.Queue()
        self._jobs = 0
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def compare_candidates(
        self,
        con: duckdb.DuckDBPyConnection,
        records: str,
        used: str,
        comparisons: Sequence[Comparison],
        *,
        into: str,
    ) -> None:
        """Make the table of compared pairs; see pairing.Pairing.

        Raises:
            SparkFailed: Spark gave up.
        """
        keys, decided = run(
            con, "SELECT count(*), (SELECT count(*) FROM decided_pair) FROM $used", used=used
        )[0]
        if not keys and not decided:  # a table without organisations, say
            compare(con, records, "decided_pair", comparisons, into=into)
            return
        self._jobs += 1
        folder = self._folder / f"job-{self._jobs}"
        folder.mkdir()
        columns = ", ".join(compared_columns(comparisons))
        # Digests have 64 bits without a sign, Spark's bigint has one.
        key = "(key::HUGEINT - 9223372036854775808)::BIGINT"
        _write(con, f"SELECT rule::SMALLINT AS rule, {key} AS key, rid FROM {used}", folder, "keys")
        _write(con, f"SELECT {columns} FROM {records}", folder, "records")
        _write(con, "SELECT l, r FROM decided_pair", folder, "decided")
        self.ask(
            {
                "folder": str(folder),
                "select": comparison_sql(comparisons, "pair"),
                "partitions": max(PARTITIONS_MIN, keys // KEYS_PER_PARTITION),
            },
            JOB_SECONDS_MAX,
        )
        run(
            con,
            """CREATE OR REPLACE TABLE $into AS
               SELECT l, r, pattern, stranger_bits, household_bits
               FROM read_parquet('$folder/compared/*.parquet')""",
            into=into,
            folder=str(folder),
        )
        shutil.rmtree(folder)

    def ask(self, job: Mapping[str, Any], seconds_max: float) -> None:
        """Send one line and wait for its answer.

        Raises:
            SparkFailed: It answers with a cause, or not at all.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._answers.get(timeout=seconds_max) or '{"cause": "ended"}')
        except BrokenPipeError:
            answer = {"cause": "ended"}
        except queue.Empty:
            answer = {"cause": f"silent for {seconds_max:.0f} s"}
        if "cause" in answer:
            raise _failure(answer["cause"])

    def stop(self) -> None:
        """End Spark: it goes when its input ends, and is killed where it does not."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._listener.join()
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")


@contextmanager
def open_spark(master: str, *, shared_dir: Path | None = None, memory_mb: int) -> Iterator[OnSpark]:
    """Start Spark, and stop it at the end whatever happened.

    Args:
        master: Where Spark runs: `local[2]` here with two threads, or a cluster's address.
        shared_dir: Folder that this machine and every worker see under one name; needed by a
            cluster. Records lie in it while Spark works, in a folder that only we can read.
        memory_mb: What Spark may hold on this machine.

    Raises:
        InvalidInput: The master is none that Spark knows.
        SparkMissing: pyspark is not installed.
        JavaMissing: Java is not, or is too old.
        SparkFailed: Spark does not start.
    """
    local = _check(master, shared_dir)
    with tempfile.TemporaryDirectory(
        prefix=f"{PREFIX}{os.getpid()}-", dir=shared_dir or work_dir()
    ) as place:
        folder = Path(place)
        process = subprocess.Popen(
            # -P: the modules beside the program are not the libraries of those names.
            [sys.executable, "-P", str(JOB)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # Spark quotes records when it complains
            text=True,
            env=_environment(folder, local=local),
            start_new_session=True,
        )
        spark = OnSpark(process, folder)
        try:
            spark.ask(_configuration(master, folder, memory_mb, local=local), START_SECONDS_MAX)
            yield spark
        finally:
            spark.stop()


def _check(master: str, shared_dir: Path | None) -> bool:
    """Refuse what cannot work before anything starts; tell whether Spark runs here alone."""
    if not _MASTER.fullmatch(master):
        raise InvalidInput(
            f"Spark knows no master {master}.",
            remedy="local[2], spark://HOST:PORT, yarn and k8s://HOST:PORT are such.",
        )
    absent = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        raise SparkMissing(f"Spark needs {', '.join(absent)}, which is not installed.")
    version = _java_version()
    if version is None or version < JAVA_MIN:
        found = "no Java was found" if version is None else f"this is Java {version}"
        raise JavaMissing(f"Spark runs on Java {JAVA_MIN} or newer, and {found}.")
    local = master.startswith("local")
    if not local and shared_dir is None:
        raise InvalidInput(
            "A cluster needs a folder that this machine and all workers see.",
            remedy="Name it in TOWNCLERK_SPARK_DIR.",
        )
    return local


def _java_version() -> int | None:
    """Return the main version of the Java that Spark would take; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if java is None:
        return None
    said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True)
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found[1]) if found else None


def _environment(folder: Path, *, local: bool) -> dict[str, str]:
    """Return the environment of Spark: ours, but files of its own in the folder."""
    chosen = {**os.environ, "TMPDIR": str(folder)}
    if local:
        chosen |= {
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(folder),
        }
    return chosen


def _configuration(master: str, folder: Path, memory_mb: int, *, local: bool) -> dict[str, str]:
    chosen = {
        "spark.master": master,
        "spark.app.name": "townclerk customers",
        "spark.driver.memory": f"{memory_mb}m",
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={folder} -XX:-UsePerfData",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
    }
    if local:
        chosen |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    return chosen


def _failure(cause: str) -> SparkFailed:
    if cause == "duckdb_differs":
        return SparkFailed(
            f"Workers of Spark have another duckdb than {duckdb.__version__}, which we have.",
            remedy="Install the same version on all of them: another one may weigh differently.",
            cause=cause,
        )
    if cause.startswith("lacks_"):
        return SparkFailed(
            f"Workers of Spark have no {cause.removeprefix('lacks_')}.",
            remedy="Let PYSPARK_PYTHON name a Python that has pyarrow and duckdb on all of them.",
            cause=cause,
        )
    return SparkFailed(f"Spark gave up ({cause}); nothing was changed.", cause=cause)


def _write(con: duckdb.DuckDBPyConnection, question: str, folder: Path, name: str) -> None:
    run(
        con,
        "COPY ($question) TO '$folder/$name.parquet' (FORMAT parquet)",
        question=question,
        folder=str(folder),
        name=name,
    )
