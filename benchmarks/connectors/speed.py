"""Half a million customer records from a REST source into PostgreSQL, beside dlt and Singer.

Our side is `townclerk connector run FILE --to postgresql://…`: read, cut, hash, map to canonical
typed columns, binary COPY, merge by key. Matching is not in it, nor is it in the peers'. Client CPU
is that of the process that reads and writes; the source and PostgreSQL are processes of their own.
"""

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from benchmarks.figures import Figure
from benchmarks.machine import TreeWatch
from registry.storage.embedded import EmbeddedPostgres

RECORDS = 500_000
PEER_RECORDS = 100_000
SECONDS_MAX = 900  # of one run; the slowest peer takes some 40 s on a quiet machine
HERE = Path(__file__).parent
PEERS = ("dlt[postgres]==1.31.0", "singer-sdk==0.54.9", "meltanolabs-target-postgres")
FILE = """
connector: bench
kind: rest
address: {address}
streams:
  customers:
    get: /customers
    records: items
    paging: {{type: link, next: next}}
    key: id
    changed: updated_at
    map:
      kind: "case(type, 'ORG', 'organisation', 'PER', 'person')"
      given_name: first_name
      family_name: last_name
      birth_date: "date(birth_date)"
      email: email
      phone: phone
      street: address.street
      house_number: address.house_number
      postal_code: address.postcode
      city: address.city
"""


def run() -> list[Figure]:
    """Measure ours at half a million, then ours and the peers at a hundred thousand."""
    with (
        place_of_its_own() as place,
        EmbeddedPostgres.start(place / "data", database="bench") as postgres,
    ):
        figures = _ours(place, postgres.url)
        figures += _beside_peers(place, postgres.url)
    return figures


def _ours(place: Path, url: str) -> list[Figure]:
    with source_of_records(1) as address:
        few = _townclerk(place, address, url, "warm")
    with source_of_records(RECORDS) as address:
        trial = _townclerk(place, address, url, "none", only_try=True)
        first = _townclerk(place, address, url, "large")
        again = _townclerk(place, address, url, "large")
    assert first["read"] == again["read"] == RECORDS
    how = "`make bench ARGS=connectors.speed`; 500,000 records of 445 bytes, 1,000 a page"
    cpu, second = first["cpu"] - few["cpu"], again["cpu"] - few["cpu"]
    return [
        Figure("client CPU per record, start-up aside", cpu / RECORDS * 1e6, "µs", "<= 14", how),
        Figure("client CPU per record, start-up too", first["cpu"] / RECORDS * 1e6, "µs", "", how),
        Figure("records per second", RECORDS / first["wall"], "records/s", "", how),
        Figure("peak memory of the client", first["mib"], "MiB", "<= 80", how),
        Figure("growth over start-up", first["mib"] - few["mib"], "MiB", "", how),
        Figure("unchanged again: share of the first CPU", second / cpu, "times", "<= 0.333", how),
        Figure("unchanged again: rows written", again["written"], "rows", "<= 0", how),
        Figure(
            "cold start: `connector try` of one page, whole", trial["cpu"], "s CPU", "<= 1", how
        ),
    ]


def _beside_peers(place: Path, url: str) -> list[Figure]:
    python = _peers(place)
    how = f"{PEER_RECORDS:,} records, same source and server, one run after the other"
    with source_of_records(PEER_RECORDS) as address:
        ours = _townclerk(place, address, url, "small")
        assert ours["read"] == PEER_RECORDS
        figures = [
            Figure("ours, 100,000: wall", ours["wall"], "s", "", how),
            Figure("the source by itself, 100,000: wall", _served(address), "s", "", how),
        ]
        for name, wanted in (("dlt", ">= 6"), ("singer", ">= 10")):
            if python is None:
                figures.append(Figure(f"{name}: could not be installed", 0, "", "", how))
                continue
            command = [str(python), str(HERE / f"peer_{name}.py"), address, url]
            try:
                peer = _measured(command, {**os.environ, "BENCH_PLACE": str(place)})
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                sys.stderr.write(f"{name}: {error}\n")
                figures.append(Figure(f"{name}: did not run to its end", 0, "", "", how))
                continue
            words = f"{how}; {name} wall {peer['wall']:.1f} s, CPU {peer['cpu']:.1f} s"
            figures.append(
                Figure(
                    f"{name} over ours, wall", peer["wall"] / ours["wall"], "times", wanted, words
                )
            )
            figures.append(
                Figure(f"{name} over ours, CPU", peer["cpu"] / ours["cpu"], "times", "", words)
            )
    return figures


def _served(address: str) -> float:
    """Return the seconds it takes to fetch every page and look at none: nobody can be faster."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    for page in range(1, PEER_RECORDS // 1000 + 1):
        connection.request("GET", f"/customers?page={page}")
        connection.getresponse().read()
    connection.close()
    return time.perf_counter() - begun


def _townclerk(
    place: Path, address: str, url: str, table: str, *, only_try: bool = False
) -> dict[str, Any]:
    file = place / "bench.yaml"
    file.write_text(FILE.format(address=address))
    words = ["connector", "run", str(file), "--sandbox", "--to", url, "--table", table, "--json"]
    if only_try:
        words = ["connector", "try", str(file), "--sandbox", "--json", "--show", "0"]
    found = _measured([sys.executable, "-m", "townclerk", *words], dict(os.environ))
    report = json.loads(found["output"])
    if not only_try:
        found["written"], found["read"] = report[0]["written"], report[0]["read"]
    return found


def _measured(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Run a command; return wall and CPU seconds of its tree, its peak and its output."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with TreeWatch(process.pid) as watch:
        try:
            output, errors = process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            for one in psutil.Process(process.pid).children(recursive=True):
                one.kill()
            process.kill()
            process.communicate()
            raise
    if process.returncode:
        raise RuntimeError(errors[-2000:])
    return {
        "wall": time.perf_counter() - begun,
        "cpu": watch.cpu_seconds,
        "mib": watch.peak_own_mib,
        "output": output,
    }


@contextmanager
def source_of_records(records: int) -> Iterator[str]:
    """Serve so many records from a process of its own; yields its address."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), str(records)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        psutil.Process(process.pid).kill()
        process.communicate()


def _peers(place: Path) -> Path | None:
    """Install the peers into an environment of their own; None where that cannot be done."""
    uv, folder = Path(sys.executable).parent / "uv", place / "peers"
    try:
        subprocess.run(
            [uv, "venv", "-q", "--python", sys.executable, folder],
            check=True,
            capture_output=True,
            timeout=SECONDS_MAX,
        )
        subprocess.run(
            [uv, "pip", "install", "-q", "--python", folder / "bin/python", *PEERS],
            check=True,
            capture_output=True,
            timeout=SECONDS_MAX,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        sys.stderr.write((error.stderr or b"").decode()[-2000:])
        return None
    return folder / "bin/python"


@contextmanager
def place_of_its_own() -> Iterator[Path]:
    """A folder for the block that a database account may pass through."""
    place = Path(tempfile.mkdtemp(prefix="townclerk-bench-"))
    place.chmod(0o755)  # root's database account must pass through
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
