"""A town in real processes for tests: city, database, hub and workers, each with its own pid."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import yaml

from connectors.sdk.load import load_connector_file
from registry import intake, landscape
from registry.storage.connecting import connect
from tests.servers import clean_environment
from townclerk.sandbox.connectors import connector_files
from townclerk.sandbox.landscape import landscape_of
from townclerk.sandbox.running import running_city

READY_SECONDS_MAX = 120
PAGE_SIZE = 20  # small, so that there are many pages to be killed at


class Town:
    """Where the parts are, and how to start and look."""

    def __init__(self, url: str, data_dir: Path) -> None:
        self.url = url
        self.environment = clean_environment(
            DATABASE_URL=url, TOWNCLERK_DATA_DIR=str(data_dir), TOWNCLERK_POOL_SIZE="4"
        )

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start `townclerk ARGUMENTS` as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "townclerk", *arguments],
            env=self.environment,
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )

    def run(self, *arguments: str) -> tuple[int, Any, str]:
        """Run a command to its end; return exit code, JSON answer and standard error."""
        process = self.start(*arguments, "--json")
        output, errors = process.communicate(timeout=READY_SECONDS_MAX)
        return process.returncode, json.loads(output), errors

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with connect(self.url) as db:
            return db.execute(question).fetchall()  # type: ignore[arg-type]

    def pages(self) -> int:
        """Return how many pages have been committed in all runs."""
        ((pages,),) = self.ask("SELECT coalesce(sum(pages), 0)::int FROM sync_run")
        return int(pages)

    def end_state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return what must be the same however often a worker was killed."""
        return {
            "landed": self.ask(
                """SELECT element.urn, key, raw FROM landed_record
                   JOIN element ON element.id = data_set_id ORDER BY 1, 2"""
            ),
            "quarantined": self.ask(
                "SELECT stream, key, rule, path, raw FROM quarantined_record ORDER BY 1, 5, 3"
            ),
            "clean": self.ask(
                """SELECT element.urn, key, to_jsonb(clean_record) - 'record_id' - 'data_set_id'
                   FROM clean_record JOIN landed_record ON landed_record.id = record_id
                   JOIN element ON element.id = landed_record.data_set_id ORDER BY 1, 2"""
            ),
            "customers": self.ask(
                """SELECT array_agg(element.urn || ' ' || key ORDER BY element.urn, key)
                   FROM customer_link JOIN landed_record ON landed_record.id = record_id
                   JOIN element ON element.id = data_set_id
                   GROUP BY customer_id ORDER BY 1"""
            ),
            "complete": self.ask("SELECT stream, complete FROM checkpoint ORDER BY 1, 2"),
        }


@contextmanager
def running_town(url: str, data_dir: Path, *, people: int) -> Iterator[Town]:
    """Start city and hub, register everything with small pages, and yield the town."""
    town = Town(url, data_dir)
    with running_city(data_dir / "city", people=people, seed=3) as city:
        with connect(url) as db:
            register(db, data_dir / "city", city.sources)
        hub = town.start("up", "--port", "0", "--json", stderr=subprocess.DEVNULL)
        try:
            assert hub.stdout
            assert hub.stdout.readline().startswith("{")
            yield town
        finally:
            hub.terminate()
            begun = time.monotonic()
            hub.communicate(timeout=15)
            assert time.monotonic() - begun < 10, "SIGTERM must stop the hub within ten seconds"


def register(db: psycopg.Connection, city_dir: Path, addresses: dict[str, Any]) -> None:
    """Register landscape and sources, with small pages."""
    landscape.commands.ensure_own_elements(db)
    landscape.commands.register(db, landscape.commands.read_landscape(landscape_of(addresses)))
    for name, text in connector_files(city_dir).items():
        document = yaml.safe_load(text)
        for stream in document["streams"].values():
            place = stream.get("paging", stream)
            place["size"] = PAGE_SIZE
        spec = load_connector_file(yaml.safe_dump(document), name=name)
        intake.commands.register_source(
            db,
            key=spec.connector,
            interface_urn=spec.interface,
            spec=spec.model_dump(mode="json", exclude_none=True),
        )
