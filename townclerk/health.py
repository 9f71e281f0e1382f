"""/health: can this Townclerk do its work, and if not, which part cannot; in plain words.

Open to everybody, so that a load balancer can ask: it names no host, version, path or person.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Final

from anyio import Lock, create_task_group, move_on_after
from anyio.to_thread import run_sync
from psycopg import OperationalError
from starlette.requests import Request
from starlette.responses import JSONResponse

from flows.runtime import api_answers
from registry.settings import Settings
from registry.storage.database import current_database
from registry.storage.revisions import demand_release
from schemas.errors import DatabaseIncomplete, DatabaseNewer, DatabaseOlder, TownclerkError

DATABASE_SECONDS_MAX: Final = 2.0  # a load balancer asks every few seconds
ANSWER_SECONDS_MAX: Final = 5.0
# Everybody may ask, so asking often must cost nothing.
REMEMBERED_SECONDS: Final = 1.0
MIGRATIONS_SECONDS: Final = 60.0  # they change at a release, not between two questions
FREE_BYTES_MIN: Final = 100 * 2**20  # PostgreSQL stops when it cannot write its log
FREE_BYTES_SCARCE: Final = 1024 * 2**20
HEADERS: Final = {"Cache-Control": "no-store"}


class Condition(StrEnum):
    """How one part is."""

    OK = "ok"
    DEGRADED = "degraded"  # works, with something missing or soon to fail
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one part."""

    condition: Condition
    words: str


class Health:
    """Answers /health.

    Args:
        settings: Where the data lives.
        prefect_api: Address of the Prefect API, as this process reaches it; None where unknown.
        prefect_token: What to show it, where it is ours.
    """

    def __init__(
        self, settings: Settings, *, prefect_api: str | None, prefect_token: str | None
    ) -> None:
        self._settings = settings
        self._turn = Lock()
        self._found: tuple[float, dict[str, Finding]] | None = None
        self._migrations: tuple[float, Finding] | None = None
        self._checks: dict[str, Callable[[], Finding]] = {
            "database": _database,
            "migrations": self._remembered_migrations,
            "prefect": partial(_prefect, prefect_api, prefect_token),
            "disk": partial(_disk, settings),
        }

    async def answer(self, _: Request) -> JSONResponse:
        """Answer with all parts, and 503 when one has failed."""
        async with self._turn:
            if self._found is None or time.monotonic() - self._found[0] > REMEMBERED_SECONDS:
                found = await self._ask_all()
                self._found = (time.monotonic(), found)
            found = self._found[1]
        worst = overall([finding.condition for finding in found.values()])
        status = HTTPStatus.SERVICE_UNAVAILABLE if worst is Condition.FAILED else HTTPStatus.OK
        parts = {
            name: {"status": found[name].condition, "what": found[name].words}
            for name in self._checks
        }
        return JSONResponse({"status": worst, "parts": parts}, status, headers=HEADERS)

    async def _ask_all(self) -> dict[str, Finding]:
        """Ask all parts side by side; a part that takes too long has failed."""
        found: dict[str, Finding] = {}

        async def ask(name: str, check: Callable[[], Finding]) -> None:
            found[name] = Finding(Condition.FAILED, "took too long to answer")
            with move_on_after(ANSWER_SECONDS_MAX):
                found[name] = await run_sync(check, abandon_on_cancel=True)

        async with create_task_group() as tasks:
            for name, check in self._checks.items():
                tasks.start_soon(ask, name, check)
        return found

    def _remembered_migrations(self) -> Finding:
        now = time.monotonic()
        if self._migrations is None or now - self._migrations[0] > MIGRATIONS_SECONDS:
            finding = _migrations()
            if finding.condition is not Condition.OK:
                return finding
            self._migrations = (now, finding)
        return self._migrations[1]


def overall(conditions: list[Condition]) -> Condition:
    """Return the worst of several conditions."""
    order = list(Condition)
    return max(conditions, key=order.index)


def _database() -> Finding:
    try:
        with current_database().pool.connection(timeout=DATABASE_SECONDS_MAX) as db:
            db.execute("SELECT 1")
    except (OperationalError, TownclerkError):
        return Finding(Condition.FAILED, "the database does not answer")
    return Finding(Condition.OK, "the database answers")


def _migrations() -> Finding:
    try:
        demand_release(current_database().url)
    except DatabaseNewer:
        return Finding(Condition.FAILED, "the database is newer than this program")
    except DatabaseOlder:
        return Finding(Condition.FAILED, "the database lacks migrations of this program")
    except DatabaseIncomplete:
        return Finding(Condition.FAILED, "the database lacks tables or columns of this program")
    except (OperationalError, TownclerkError):
        return Finding(Condition.FAILED, "unknown while the database does not answer")
    return Finding(Condition.OK, "the database has this program's tables")


def _prefect(api_url: str | None, token: str | None) -> Finding:
    if api_url is None:
        return Finding(Condition.DEGRADED, "no scheduler is set; syncs run only by hand")
    if api_answers(api_url, token=token):
        return Finding(Condition.OK, "the scheduler answers")
    return Finding(Condition.DEGRADED, "the scheduler does not answer; queries work, syncs wait")


def _disk(settings: Settings) -> Finding:
    try:
        free = shutil.disk_usage(settings.data_dir).free
    except OSError:
        return Finding(Condition.FAILED, "the data directory cannot be read")
    words = f"{free / 2**30:.1f} GB free"
    if free < FREE_BYTES_MIN:
        return Finding(Condition.FAILED, f"the disk is full: {words}")
    if free < FREE_BYTES_SCARCE:
        return Finding(Condition.DEGRADED, f"the disk is nearly full: {words}")
    return Finding(Condition.OK, words)
