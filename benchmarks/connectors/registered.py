"""What an unchanged record of a registered source costs, beside its first landing.

Twice with nothing changed: page by page as known pages are passed over, and with the notes taken
away, as it was before there were any. Client CPU is that of this process, which reads, compares and
commits; PostgreSQL's is that of its backends.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import yaml

from benchmarks.connectors.speed import FILE, place_of_its_own, source_of_records
from benchmarks.figures import Figure
from connectors.sdk.load import load_connector_file
from flows.steps import open_source, run_chunk, take_source
from registry import intake, landscape
from registry.storage.database import close_database, open_database, unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from schemas.intake import RunState

RECORDS = 30_000
INTERFACE, DATA_SET = "urn:bench:interface:crm", "urn:bench:data_set:customers"


def run() -> list[Figure]:
    """Land once, then read twice what has not changed; about a minute."""
    with place_of_its_own() as place, source_of_records(RECORDS) as address:  # noqa: SIM117  # the server goes last
        with EmbeddedPostgres.start(place / "data", database="bench") as postgres:
            with _database(postgres.url):
                _register(address)
                first = _sync()
                _settle()
                passed = _sync()
                with unit_of_work() as db:
                    db.execute("DELETE FROM known_page")
                compared = _sync()
    how = f"`make bench ARGS=connectors.registered`; {RECORDS:,} records of 445 bytes, 1,000 a page"
    made = [
        Figure("first landing: client CPU per record", first[0], "µs", "", f"{how}; cleaned, too"),
        Figure("unchanged, pages known: client CPU per record", passed[0], "µs", "", how),
        Figure("unchanged, pages known: PostgreSQL CPU per record", passed[1], "µs", "", how),
        Figure("unchanged, no page known: client CPU per record", compared[0], "µs", "", how),
        Figure("unchanged, no page known: PostgreSQL CPU per record", compared[1], "µs", "", how),
    ]
    share = (passed[0] + passed[1]) / (compared[0] + compared[1])
    return [*made, Figure("known pages: share of both CPUs", share, "times", "<= 0.75", how)]


@contextmanager
def _database(url: str) -> Iterator[None]:
    upgrade(url)
    open_database(url, pool_size=2)
    try:
        yield
    finally:
        close_database()


def _register(address: str) -> None:
    file = yaml.safe_load(FILE.format(address=address))
    file["interface"] = INTERFACE
    file["streams"]["customers"]["data_set"] = DATA_SET
    spec = load_connector_file(yaml.safe_dump(file), name="bench.yaml")
    attrs = {"base_url": address, "sandbox": True}
    elements = [
        {"urn": INTERFACE, "kind": "interface", "name": "Customers", "attrs": attrs},
        {"urn": DATA_SET, "kind": "data_set", "name": "Customers"},
    ]
    with unit_of_work() as db:
        landscape.commands.ensure_own_elements(db)
        draft = {"elements": elements, "relationships": []}
        landscape.commands.register(db, landscape.commands.read_landscape(draft))
        intake.commands.register_source(
            db,
            key="bench",
            interface_urn=INTERFACE,
            spec=spec.model_dump(mode="json", exclude_none=True),
        )


def _settle() -> None:
    """Let the server take stock, as it does by itself after a while."""
    with unit_of_work() as db:
        db.execute("ANALYZE")


def _sync() -> tuple[float, float]:
    """Read the source to its end; return client's and PostgreSQL's CPU per record, in µs."""
    with unit_of_work() as db:
        opened = open_source(db, "bench")
    lease = take_source(opened.id, lock_is_ours=True)
    ours, theirs = time.process_time(), _backends_seconds()
    report = asyncio.run(run_chunk(opened, lease, seconds_max=float("inf")))
    ours, theirs = time.process_time() - ours, _backends_seconds() - theirs
    assert (report.done, report.records) == (True, RECORDS)
    with unit_of_work() as db:
        intake.commands.finish_run(db, lease, RunState.COMPLETED)
    return ours / RECORDS * 1e6, theirs / RECORDS * 1e6


def _backends_seconds() -> float:
    with unit_of_work() as db:
        pids = db.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        times = [psutil.Process(pid).cpu_times() for (pid,) in pids]
    return sum(one.user + one.system for one in times)
