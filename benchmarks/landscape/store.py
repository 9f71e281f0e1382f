"""Whole reference architectures in the register: time, memory, losses, releases, history.

    python -m benchmarks.landscape.store           the figures as JSON
    make bench ARGS=landscape.store                the same, into docs/reference/figures.md

TOWNCLERK_TEST_DATA names the folder with the models; without them there is nothing to measure.
The peer reads and writes the same file, in memory: it has nothing to store it in.
"""

import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.figures import Figure
from benchmarks.landscape.exchange import DATA, GEMMA_XML, peer_figures, peer_runs
from benchmarks.machine import TreeWatch
from registry.landscape.exchange.compare import differences
from registry.landscape.exchange.formats import Format, load, save
from registry.landscape.models.fetch import fetch_model
from registry.landscape.models.releases import Source, roll_back, take_in
from registry.settings import Settings
from registry.storage.connecting import connect
from registry.storage.migrate import upgrade
from registry.storage.running import running_database

RELEASES = ("2019-12-06", "2020-12-12", "2023-12-19", "2025-10-11", "2026-06-30")
REPEATS = 3
READS = 150
PEER_READS = (
    "gemma-prefixed.xml"  # with other ids than GEMMA has it crashes, see landscape.exchange
)
HISTORY = ("element", "relationship", "stored_view", "architecture_model")
PAGE = """SELECT id, urn, kind, name, description, attrs, revision, changed_at FROM {source}
          WHERE kind = 'reference_component' ORDER BY name, id LIMIT 200"""


def release_file(day: str) -> Path:
    return DATA / f"gemma/GEMMA-{day}.xml.gz"


def moment(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def store(db: psycopg.Connection, day: str) -> Any:
    loaded = load(release_file(day))
    source = Source(
        key="gemma", file="gemma.xml", file_hash=b"", release=day, valid_from=moment(day)
    )
    report = take_in(db, loaded, source)
    db.commit()
    return report


def seconds_of(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return wall seconds, CPU seconds of this process and its server, and what was made."""
    gc.collect()
    began, spent = time.perf_counter(), cpu_seconds()
    done = work()
    return time.perf_counter() - began, cpu_seconds() - spent, done


def cpu_seconds() -> float:
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(one.user + one.system for one in times)


@contextmanager
def fresh_server() -> Iterator[str]:
    """Start a server of our own in an empty directory, and yield its address."""
    folder = Path(tempfile.mkdtemp(prefix="townclerk-bench-"))
    folder.chmod(0o755)  # the server's account has to pass through where we are root
    try:
        with running_database(Settings(data_dir=folder)) as database:
            yield database.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def once() -> dict[str, Any]:
    """Store the newest release in an empty register, take it in again, and write it out."""
    with fresh_server() as url, connect(url) as db:
        stored, stored_cpu, report = seconds_of(lambda: store(db, RELEASES[-1]))
        again, again_cpu, second = seconds_of(lambda: store(db, RELEASES[-1]))
        exported, exported_cpu, out = seconds_of(
            lambda: save(fetch_model(db, "gemma"), Format.EXCHANGE)
        )
    return {
        "stored": stored,
        "stored_cpu": stored_cpu,
        "again": again,
        "again_cpu": again_cpu,
        "rows_again": second.rows_changed,
        "rows": report.rows_changed,
        "exported": exported,
        "exported_cpu": exported_cpu,
        "bytes": len(out),
    }


def in_fresh_process() -> dict[str, Any]:
    """Do it in a process that nothing else has warmed up; watch it and its server."""
    command = [sys.executable, "-m", "benchmarks.landscape.store", "once"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        TreeWatch(process.pid) as watch,
    ):
        out, _ = process.communicate()
    return {**json.loads(out), "tree_mib": watch.peak_mib, "own_mib": watch.peak_own_mib}


def replay() -> dict[str, Any]:
    """Take all releases in one after the other, ask for each day, take the last one back."""
    found: dict[str, Any] = {}
    with fresh_server() as url, connect(url) as db:
        reports = {day: store(db, day) for day in RELEASES}
        known = reports[RELEASES[1]].elements
        found["kept"] = known.kept + known.moved + known.changed
        found["differences"] = 0
        for day in RELEASES:
            model = fetch_model(db, "gemma", as_of=moment(day) + timedelta(hours=1))
            found["differences"] += len(differences(load(release_file(day)).model, model))
        sizes = {
            table: db.execute("SELECT pg_total_relation_size(%s::regclass)", (table,)).fetchone()
            for name in HISTORY
            for table in (name, f"{name}_history")
        }
        bytes_of = {table: row[0] for table, row in sizes.items() if row}
        now = sum(bytes_of[name] for name in HISTORY)
        found["storage"] = sum(bytes_of.values()) / now
        found["reads"] = reads(url, db)
        found["rollback"], _, _ = seconds_of(lambda: roll_back(db, "gemma", proposer="bench"))
        back = fetch_model(db, "gemma")
        found["differences_back"] = len(differences(load(release_file(RELEASES[-2])).model, back))
    return found


def reads(url: str, with_history: psycopg.Connection) -> dict[str, float]:
    """Read the same page with five releases of history, and in a register without any."""
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with_history.execute("ANALYZE element")
    with_history.commit()
    with connect(url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE without_history")
        without = url.replace(f"/{name}?", "/without_history?", 1)
        upgrade(without)
        with connect(without) as db:
            store(db, RELEASES[-1])
            db.execute("ANALYZE element")
            ways = {
                "without": (db, "element"),
                "with": (with_history, "element"),
                "scoped": (with_history, "element_at(NULL, NULL)"),
            }
            times: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(READS):
                for way, (connection, source) in ways.items():
                    began = time.perf_counter()
                    connection.execute(PAGE.format(source=source)).fetchall()
                    times[way].append(time.perf_counter() - began)
    return {way: statistics.median(values) for way, values in times.items()}


def figures(runs: list[dict[str, Any]], replayed: dict[str, Any]) -> list[Figure]:
    """Turn measurements into figures with their promises."""
    how = f"fastest of {REPEATS} fresh processes, wall time; own embedded server, fsync on"
    best = {key: min(run[key] for run in runs) for key in runs[0]}
    cpu = "CPU seconds of process and server, which other work on the machine hardly moves"
    read = replayed["reads"]
    page = f"a page of 200 by name, median of {READS}, interleaved"
    return [
        Figure("GEMMA parsed, validated, stored, indexed", best["stored"], "s", "<= 4", how),
        Figure("the same, CPU", best["stored_cpu"], "s", "<= 4", cpu),
        Figure("the same file again", best["again"], "s", "", how),
        Figure("the same file again, CPU", best["again_cpu"], "s", "", cpu),
        Figure("rows changed by the same file again", best["rows_again"], "", "<= 0", "counted"),
        Figure("GEMMA exported as exchange XML", best["exported"], "s", "<= 3", how),
        Figure("exported, CPU", best["exported_cpu"], "s", "<= 3", cpu),
        Figure("peak memory, process and server", best["tree_mib"], "MiB", "<= 400",
               "proportional set sizes; the whole run: storing, storing again, exporting"),
        Figure("peak memory, process alone", best["own_mib"], "MiB", "", "the same run"),
        Figure("elements kept from 2019 to 2020, of 1,873", replayed["kept"], "", ">= 1840",
               "by exchange id, Object ID, or kind and name; 2 by exchange id alone"),
        Figure("differences, five releases asked for by their day", replayed["differences"], "",
               "<= 0", "each against its file, every fact and every order"),
        Figure("storage with five releases of history", replayed["storage"], "times", "<= 2",
               "tables with their past and indexes, against the tables alone"),
        Figure("current reads with history against without", read["with"] / read["without"],
               "times", "", page),
        Figure("current reads by element_at(NULL, NULL) against the table",
               read["scoped"] / read["with"], "times", "", page),
        Figure("taking a release back", replayed["rollback"], "s", "", "wall time, once"),
        Figure("differences after taking it back", replayed["differences_back"], "", "<= 0",
               "against the file of the release before"),
    ]  # fmt: skip


def run() -> list[Figure]:
    """Measure everything; nothing, where the models are absent."""
    if not (DATA / GEMMA_XML).exists():
        sys.stderr.write(f"no models in {DATA}; set TOWNCLERK_TEST_DATA\n")
        return []
    runs = [in_fresh_process() for _ in range(REPEATS)]
    return [*figures(runs, replay()), *peer_figures(peer_runs(PEER_READS))]


def main() -> None:
    """Print one run, or all figures, as JSON."""
    if sys.argv[1:] == ["once"]:
        sys.stdout.write(json.dumps(once()))
        return
    json.dump([figure.as_dict() for figure in run()], sys.stdout, indent=1)


if __name__ == "__main__":
    os.environ.setdefault("TOWNCLERK_LOG_LEVEL", "warning")
    main()
