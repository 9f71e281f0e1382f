"""What `townclerk doctor` looks at: each check is one function that says what is and what to do."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path
from typing import Any

import psycopg
from packaging.requirements import Requirement

from registry import intake
from registry.settings import Settings
from registry.storage.database import unit_of_work
from registry.storage.migrate import pending
from registry.storage.running import running_database
from schemas.errors import TownclerkError

FLOORS = ("schemas", "connectors", "registry", "flows", "townclerk")
PYTHON_MIN, PYTHON_MAX = (3, 11), (3, 13)
FREE_BYTES_MIN = 1024**3  # less than this and a sync of a small town may fill the disk
CLOCK_SECONDS_MAX = 5.0  # leases and tokens compare clocks
SECRET_CHARACTERS_MIN = 32
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One check's result; a remedy stands with everything that is not ok."""

    check: str
    state: State
    what: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


def examine(settings: Settings) -> Iterator[Finding]:
    """Run all checks; those that need the database come last and fail as one without it."""
    for check in MACHINE_CHECKS:
        yield check(settings)
    try:
        with running_database(settings, migrate=False) as database:
            yield _migrations(database.url)
            with unit_of_work() as db:
                for question in DATABASE_CHECKS:
                    yield question(db, settings)
    except TownclerkError as error:
        yield Finding("database answers", State.FAILED, error.what, error.remedy)


def _python(_: Settings) -> Finding:
    found = sys.version_info[:2]
    text = ".".join(map(str, found))
    if PYTHON_MIN <= found <= PYTHON_MAX:
        return Finding("Python", State.OK, f"{text} is supported")
    return Finding(
        "Python", State.FAILED, f"{text} is not supported", "Install Python 3.11, 3.12 or 3.13."
    )


def _packages(_: Settings) -> Finding:
    wrong = []
    for text in requires("townclerk") or []:
        requirement = Requirement(text)
        try:
            if not requirement.specifier.contains(version(requirement.name), prereleases=True):
                wrong.append(f"{requirement.name} {version(requirement.name)}")
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
    if not wrong:
        return Finding("packages", State.OK, "all versions are within their bounds")
    return Finding(
        "packages",
        State.FAILED,
        f"outside their bounds: {', '.join(wrong)}",
        "Install into an environment of its own: `pip install --upgrade townclerk`.",
    )


def _own_packages(_: Settings) -> Finding:
    """Our five packages have plain names; another wheel could have overwritten one."""
    home = Path(str(import_module("townclerk").__file__)).parents[1]
    strangers = [
        name for name in FLOORS if Path(str(import_module(name).__file__)).parents[1] != home
    ]
    if not strangers:
        release = distribution("townclerk").version
        return Finding("own packages", State.OK, f"all five are of townclerk {release}")
    return Finding(
        "own packages",
        State.FAILED,
        f"these come from somewhere else: {', '.join(strangers)}",
        "Install Townclerk into an environment of its own.",
    )


def _data_dir(settings: Settings) -> Finding:
    place = settings.data_dir
    existing = next(path for path in (place, *place.parents) if path.exists())
    if os.access(existing, os.W_OK | os.X_OK):
        return Finding("data directory", State.OK, f"{place} can be written")
    return Finding(
        "data directory",
        State.FAILED,
        f"{existing} cannot be written by this account",
        "Give this account the directory, or name another one in TOWNCLERK_DATA_DIR.",
    )


def _disk(settings: Settings) -> Finding:
    place = settings.data_dir
    existing = next(path for path in (place, *place.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    words = f"{free / 1024**3:.1f} GiB free at {existing}"
    if free >= FREE_BYTES_MIN:
        return Finding("disk space", State.OK, words)
    return Finding("disk space", State.FAILED, words, "Make room, or move TOWNCLERK_DATA_DIR.")


def _port(settings: Settings) -> Finding:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return Finding(
                "port",
                State.WARNING,
                f"{settings.host}:{settings.port} cannot be used: {error.strerror}",
                "If that is not Townclerk itself, choose another port in TOWNCLERK_PORT.",
            )
    return Finding("port", State.OK, f"{settings.host}:{settings.port} is free")


def _token_secret(settings: Settings) -> Finding:
    secret = settings.token_secret.get_secret_value() if settings.token_secret else ""
    if len(secret) >= SECRET_CHARACTERS_MIN:
        return Finding("token secret", State.OK, "set, and long enough")
    local = settings.host in LOOPBACK
    return Finding(
        "token secret",
        State.WARNING if local else State.FAILED,
        "too short" if secret else "not set; only this machine can be served",
        f"Set TOWNCLERK_TOKEN_SECRET to {SECRET_CHARACTERS_MIN} or more random characters.",
    )


def _prefect(settings: Settings) -> Finding:
    release = version("prefect")
    if settings.prefect_api_url is None:
        return Finding("Prefect", State.OK, f"{release}, served by our own web server")
    host = settings.prefect_api_url.split("://", 1)[-1].split("/", 1)[0]
    name, _, port = host.rpartition(":") if ":" in host else (host, "", "80")
    try:
        with socket.create_connection((name.strip("[]"), int(port)), timeout=3):
            return Finding("Prefect", State.OK, f"{release}, server at {host} answers")
    except (OSError, ValueError) as error:
        return Finding(
            "Prefect",
            State.FAILED,
            f"the server at {host} does not answer: {error}",
            "Start `prefect server start`, or unset PREFECT_API_URL to use the built-in one.",
        )


def _telemetry(_: Settings) -> Finding:
    if os.environ.get("PREFECT_SERVER_ANALYTICS_ENABLED", "false").lower() == "true":
        return Finding(
            "telemetry",
            State.WARNING,
            "the environment switches Prefect's analytics on",
            "Unset PREFECT_SERVER_ANALYTICS_ENABLED; Townclerk keeps it off.",
        )
    return Finding("telemetry", State.OK, "off; nothing is sent to other hosts")


def _migrations(url: str) -> Finding:
    missing = pending(url)
    if not missing:
        return Finding("migrations", State.OK, "the schema is up to date")
    return Finding(
        "migrations",
        State.WARNING,
        f"{len(missing)} to run: {', '.join(missing)}",
        "They run by themselves at the next `townclerk up`; make a backup first.",
    )


def _server(db: psycopg.Connection, _: Settings) -> Finding:
    release = db.info.server_version
    return Finding(
        "database answers", State.OK, f"PostgreSQL {release // 10000}.{release % 10000}"
    )


def _clock(db: psycopg.Connection, _: Settings) -> Finding:
    row = db.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None  # a function call always gives one row
    skew = abs((datetime.now(UTC) - row[0]).total_seconds())
    if skew <= CLOCK_SECONDS_MAX:
        return Finding("clocks", State.OK, f"{skew:.1f} s apart from the database's")
    return Finding(
        "clocks",
        State.FAILED,
        f"{skew:.0f} s apart from the database's",
        "Synchronise both machines' clocks (NTP).",
    )


def _connections(db: psycopg.Connection, settings: Settings) -> Finding:
    row = db.execute(
        "SELECT current_setting('max_connections')::int, count(*) FROM pg_stat_activity"
    ).fetchone()
    assert row is not None  # an aggregate always gives one row
    words = f"{row[1]} of {row[0]} in use; each of our processes holds {settings.pool_size}"
    if row[1] + 2 * settings.pool_size <= row[0]:
        return Finding("connections", State.OK, words)
    return Finding(
        "connections",
        State.WARNING,
        words,
        "Raise the server's max_connections or lower TOWNCLERK_POOL_SIZE.",
    )


def _syncs(db: psycopg.Connection, _: Settings) -> Finding:
    if not _has_tables(db):
        return Finding("syncs", State.OK, "no schema yet, so no sync")
    sources = intake.queries.list_sources(db)
    newest = intake.queries.newest_runs(db, [source.id for source in sources])
    failed = sorted(run.source_key for run in newest.values() if run.state == "failed")
    if not failed:
        return Finding("syncs", State.OK, f"{len(sources)} sources, no last run failed")
    return Finding(
        "syncs",
        State.WARNING,
        f"the last run failed for {', '.join(failed)}",
        "`townclerk sync status` says why.",
    )


def _quarantine(db: psycopg.Connection, _: Settings) -> Finding:
    waiting = intake.queries.totals(db).quarantined if _has_tables(db) else 0
    if not waiting:
        return Finding("quarantine", State.OK, "empty")
    return Finding(
        "quarantine",
        State.WARNING,
        f"{waiting} records wait",
        "`townclerk quarantine list` shows rule and reason of each.",
    )


def _has_tables(db: psycopg.Connection) -> bool:
    row = db.execute("SELECT to_regclass('sync_run') IS NOT NULL").fetchone()
    return bool(row and row[0])


MACHINE_CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _python,
    _packages,
    _own_packages,
    _data_dir,
    _disk,
    _port,
    _token_secret,
    _prefect,
    _telemetry,
)
DATABASE_CHECKS: tuple[Callable[[psycopg.Connection, Settings], Finding], ...] = (
    _server,
    _clock,
    _connections,
    _syncs,
    _quarantine,
)
