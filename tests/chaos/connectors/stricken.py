"""A town whose worker, database and hub can each be killed, with all they said kept in files."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry.storage.connecting import connect
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from registry.storage.postmaster import read_postmaster_file
from schemas.errors import DatabaseUnreachable
from tests.integration.sync.town import READY_SECONDS_MAX, Town, register
from townclerk.sandbox.running import running_city

LOOK_SECONDS = 0.02
STANDING_SECONDS_MAX = 600  # a worker and a hub that start together, on a machine full of work


class StrickenTown(Town):
    """A town with a worker, a database and a hub of its own, none of which is safe.

    Args:
        postgres: The database server.
        data_dir: Where hub and workers keep their files; `logs/` holds what they say.
    """

    def __init__(self, postgres: EmbeddedPostgres, data_dir: Path) -> None:
        super().__init__(postgres.url, data_dir)
        self.data_dir = data_dir
        self.logs = data_dir / "logs"
        self.logs.mkdir(parents=True)
        self._postgres_dir = data_dir / "postgres"
        self._port = str(_free_port())
        self._started = 0
        self.hub = self._start_hub()
        self.worker: subprocess.Popen[str] | None = None
        self.exits: list[tuple[int, bool]] = []
        """Of each worker that ended by itself: its exit code, and whether something was struck."""
        self._struck = False

    def until_pages(self, more: int) -> None:
        """Let workers read until so many more pages are committed, and one is still at work."""
        wanted = self.pages() + more
        deadline = time.monotonic() + STANDING_SECONDS_MAX
        while True:
            assert time.monotonic() < deadline, "the sync stands still"
            if self.worker is not None and self.worker.poll() is not None:
                self.exits.append((self.worker.returncode, self._struck))
                self.worker = None
            if self.worker is None:
                self.wait_for_hub()
                self._struck = False
                self.worker = self._start_logged("worker", "sync", "run", "--json")
            if self.pages() >= wanted and self.worker.poll() is None:
                return
            time.sleep(LOOK_SECONDS)

    def strike(self, victim: str) -> None:
        """Kill one part with SIGKILL, and bring back what does not come back by itself."""
        {"worker": self.kill_worker, "database": self._kill_database, "server": self._kill_hub}[
            victim
        ]()

    def wait_for_hub(self) -> None:
        """Wait for the ready line of the newest hub."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self._hub_log.read_text().startswith("{"):
            assert self.hub.poll() is None, "the hub ended by itself"
            assert time.monotonic() < deadline, "the hub does not start"
            time.sleep(LOOK_SECONDS)

    def kill_worker(self) -> None:
        """Kill the worker, if one is there."""
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait()
            self.worker = None

    def said(self) -> str:
        """Return all that hub, workers and database wrote to their logs."""
        files = [*self.logs.iterdir(), *self._postgres_dir.glob("server.log*")]
        return "\n".join(file.read_text(errors="replace") for file in sorted(files))

    def _kill_database(self) -> None:
        self._struck = True
        data = next(self._postgres_dir.rglob("postmaster.pid")).parent
        found = read_postmaster_file(data)
        assert found is not None
        os.kill(found.pid, signal.SIGKILL)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not (self._is_another(data, found.pid) and self._answers()):
            assert time.monotonic() < deadline, "the database does not come back"
            time.sleep(LOOK_SECONDS)

    def _is_another(self, data: Path, pid: int) -> bool:
        found = read_postmaster_file(data)
        return found is not None and found.ready and found.pid != pid

    def _answers(self) -> bool:
        try:
            connect(self.url).close()
        except DatabaseUnreachable:
            return False
        return True

    def _kill_hub(self) -> None:
        self._struck = True
        self.wait_for_hub()
        self.hub.kill()
        self.hub.wait()
        self.hub = self._start_hub()

    def _start_hub(self) -> subprocess.Popen[str]:
        hub = self._start_logged("hub", "up", "--port", self._port, "--json")
        self._hub_log = self.logs / f"{self._started:03}-hub.out"
        return hub

    def _start_logged(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        self._started += 1
        stem = self.logs / f"{self._started:03}-{name}"
        with stem.with_suffix(".out").open("w") as out, stem.with_suffix(".err").open("w") as err:
            return self.start(*arguments, stdout=out, stderr=err)


@contextmanager
def stricken_town(data_dir: Path, *, people: int) -> Iterator[tuple[StrickenTown, list[str]]]:
    """Start city, database and hub; yields the town and its sources' secrets."""
    data_dir.mkdir(mode=0o711)
    with (
        EmbeddedPostgres.start(data_dir) as postgres,
        running_city(data_dir / "city", people=people, seed=3) as city,
    ):
        upgrade(postgres.url)
        with connect(postgres.url) as db:
            register(db, data_dir / "city", city.sources)
        town = StrickenTown(postgres, data_dir)
        try:
            town.wait_for_hub()
            yield town, _secrets(data_dir / "city")
        finally:
            town.kill_worker()
            town.hub.terminate()
            town.hub.wait(timeout=READY_SECONDS_MAX)


def sums(town: Town) -> dict[str, Any]:
    """Return what must add up in every run, killed or not."""
    ((unequal, withdrawn, held, running),) = town.ask(
        """SELECT count(*) FILTER (WHERE records_read
                   <> records_landed + records_unchanged + records_quarantined),
               coalesce(sum(records_withdrawn), 0)::int,
               (SELECT count(*) FROM withdrawal),
               count(*) FILTER (WHERE state = 'running')
           FROM sync_run"""
    )
    return {
        "runs whose records do not add up": unequal,
        "records withdrawn": withdrawn,
        "withdrawals held": held,
        "runs left running": running,
    }


def _secrets(city: Path) -> list[str]:
    return [file.read_text().strip() for file in sorted((city / "secrets").glob("*.secret"))]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
