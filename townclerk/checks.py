"""What `townclerk doctor` looks at: each check is one function that says what is and what to do."""

import http.client
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path

import psycopg
from packaging.requirements import Requirement

from connectors.sdk.connector import connector_kinds, find_connector
from connectors.sdk.secrets import STORE_PREFIX, resolve_secret
from flows.runtime import api_answers
from registry import access, intake
from registry.settings import SECRETS_DIR, Settings
from registry.storage.database import unit_of_work
from registry.storage.guarding import READER, can_guard
from registry.storage.migrate import pending
from registry.storage.programs import client_programs
from registry.storage.revisions import demand_release
from registry.storage.running import running_database
from schemas.errors import DatabaseOlder, TownclerkError, WrongRelease

FLOORS = ("schemas", "connectors", "registry", "flows", "townclerk")
PYTHON_MIN, PYTHON_MAX = (3, 11), (3, 13)
FREE_BYTES_MIN = 1024**3  # less than this and a sync of a small town may fill the disk
CLOCK_SECONDS_MAX = 5.0  # leases and tokens compare clocks
SECRET_CHARACTERS_MIN = 32
ANSWER_SECONDS_MAX = 3.0  # a healthy server of this machine answers in milliseconds
ANSWER_BYTES_MAX = 64 * 1024
NAMES_MAX = 5  # enough to see the pattern, short enough to read
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"  # could not be looked at, because a check before it failed


@dataclass(frozen=True)
class Finding:
    """One check's result; a remedy stands with everything that is not ok."""

    check: str
    state: State
    what: str
    remedy: str = ""


Verdict = tuple[State, str, str]
DatabaseCheck = Callable[[psycopg.Connection, Settings], Verdict]


def examine(settings: Settings) -> Iterator[Finding]:
    """Run all checks; those that need the database come last, and are unknown without it."""
    for name, look in MACHINE_CHECKS.items():
        yield Finding(name, *look(settings))
    try:
        with running_database(settings, migrate=False) as database:
            yield Finding("database", State.OK, _release(database.url))
            yield Finding("migrations", *_migrations(database.url))
            for name, ask in DATABASE_CHECKS.items():
                yield Finding(name, *_asked(ask, settings))
    except TownclerkError as error:
        yield Finding("database", State.FAILED, error.what, error.remedy)
        for name in ("migrations", *DATABASE_CHECKS):
            yield Finding(name, State.UNKNOWN, "the database does not answer", "Mend it first.")


def _asked(ask: DatabaseCheck, settings: Settings) -> Verdict:
    """Ask the database one thing; where its tables are of another release that says so once."""
    try:
        with unit_of_work() as db:
            return ask(db, settings)
    except WrongRelease:
        return State.UNKNOWN, "the tables are not those of this release", "Mend migrations first."


def _ok(what: str) -> Verdict:
    return State.OK, what, ""


def _warning(what: str, remedy: str) -> Verdict:
    return State.WARNING, what, remedy


def _failed(what: str, remedy: str) -> Verdict:
    return State.FAILED, what, remedy


def _python(_: Settings) -> Verdict:
    found = sys.version_info[:2]
    text = ".".join(map(str, found))
    if PYTHON_MIN <= found <= PYTHON_MAX:
        return _ok(f"{text} is supported")
    return _failed(f"{text} is not supported", "Install Python 3.11, 3.12 or 3.13.")


def _packages(_: Settings) -> Verdict:
    wrong = []
    for text in requires("townclerk") or []:
        requirement = Requirement(text)
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            # What only an extra needs may be missing: whoever asks for it is told its name.
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found}")
    if not wrong:
        return _ok("all versions are within their bounds")
    return _failed(
        f"outside their bounds: {_names(wrong)}",
        "Install into an environment of its own: `pip install --upgrade townclerk`.",
    )


def _own_packages(_: Settings) -> Verdict:
    """Our five packages have plain names; another wheel could have overwritten one."""
    home = Path(str(import_module("townclerk").__file__)).parents[1]
    strangers = [
        name for name in FLOORS if Path(str(import_module(name).__file__)).parents[1] != home
    ]
    if not strangers:
        return _ok(f"all five are of townclerk {distribution('townclerk').version}")
    return _failed(
        f"these come from somewhere else: {', '.join(strangers)}",
        "Install Townclerk into an environment of its own.",
    )


def _connectors(_: Settings) -> Verdict:
    kinds = connector_kinds()
    try:
        for kind in kinds:
            find_connector(kind)
    except TownclerkError as error:
        return _failed(error.what, error.remedy)
    return _ok(f"{', '.join(kinds)} can be loaded")


def _data_dir(settings: Settings) -> Verdict:
    place = settings.data_dir
    existing = _existing(place)
    if not existing.is_dir():
        why = f"{existing} is a file where a directory is needed"
    elif not os.access(existing, os.W_OK | os.X_OK):
        why = f"{existing} cannot be written by this account"
    else:
        return _ok(f"{place} can be written")
    return _failed(
        why, "Give this account the directory, or name another one in TOWNCLERK_DATA_DIR."
    )


def _disk(settings: Settings) -> Verdict:
    existing = _existing(settings.data_dir)
    free = shutil.disk_usage(existing).free
    words = f"{free / 1024**3:.1f} GiB free at {existing}"
    if free >= FREE_BYTES_MIN:
        return _ok(words)
    return _failed(words, "Make room, or move the data and name the place in TOWNCLERK_DATA_DIR.")


def _existing(place: Path) -> Path:
    """Return the directory itself, or the nearest above it that exists."""
    return next(path for path in (place, *place.absolute().parents) if path.exists())


def _programs(settings: Settings) -> Verdict:
    try:
        return _ok(f"pg_dump and pg_restore are in {client_programs(settings.postgres_bin)}")
    except TownclerkError as error:
        return _warning(f"no backup can be made: {error.what}", error.remedy)


def _port(settings: Settings) -> Verdict:
    address = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if _is_ours(settings):
                return _ok(f"{address} is served by a Townclerk")
            return _failed(
                f"{address} cannot be used: {error.strerror}",
                "Choose another port with TOWNCLERK_PORT, or stop the other program.",
            )
    return _ok(f"{address} is free")


def _is_ours(settings: Settings) -> bool:
    """Tell whether a Townclerk answers at our address; /health has a shape of its own."""
    door = http.client.HTTPConnection(settings.host, settings.port, timeout=ANSWER_SECONDS_MAX)
    try:
        door.request("GET", "/health")
        answer = json.loads(door.getresponse().read(ANSWER_BYTES_MAX))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        door.close()
    return isinstance(answer, dict) and "migrations" in answer.get("parts", {})


def _token_secret(settings: Settings) -> Verdict:
    secret = settings.token_secret.get_secret_value() if settings.token_secret else ""
    remedy = f"Set TOWNCLERK_TOKEN_SECRET to {SECRET_CHARACTERS_MIN} or more random characters."
    if len(secret) >= SECRET_CHARACTERS_MIN:
        return _ok("set, and long enough")
    if secret:
        return _failed("too short to be safe", remedy)
    if settings.host in LOOPBACK:
        return _warning("not set; only this machine can be served", remedy)
    return _failed(f"not set, and {settings.host} can be reached by others", remedy)


def _secret_files(_: Settings) -> Verdict:
    place = Path(os.environ.get("TOWNCLERK_SECRETS_DIR", SECRETS_DIR))
    files = [file for file in place.iterdir() if file.is_file()] if place.is_dir() else []
    # A container's own directory is read-only and seen by nobody else, whatever the mode says.
    is_mount = place == Path(SECRETS_DIR)
    exposed = sorted(file.name for file in files if file.stat().st_mode & 0o077 and not is_mount)
    if exposed:
        return _failed(
            f"other accounts can read {_names(exposed)} in {place}", f"chmod 600 {place}/*"
        )
    return _ok(f"{len(files)} in {place}" if files else "none are used")


def _prefect(settings: Settings) -> Verdict:
    release = version("prefect")
    if settings.prefect_api_url is None:
        return _ok(f"{release}, served by our own web server")
    if api_answers(settings.prefect_api_url):
        return _ok(f"{release}, and the server of PREFECT_API_URL answers")
    return _failed(
        "the server of PREFECT_API_URL does not answer",
        "Start `townclerk prefect-server`, or unset PREFECT_API_URL to use the built-in one.",
    )


def _telemetry(_: Settings) -> Verdict:
    if os.environ.get("PREFECT_SERVER_ANALYTICS_ENABLED", "false").lower() in {"1", "true"}:
        return _warning(
            "the environment switches Prefect's analytics on",
            "Unset PREFECT_SERVER_ANALYTICS_ENABLED; Townclerk keeps it off.",
        )
    return _ok("off; nothing is sent to other hosts")


def _release(url: str) -> str:
    with psycopg.connect(url) as db:
        release = db.info.server_version
    return f"PostgreSQL {release // 10000}.{release % 10000} answers"


def _migrations(url: str) -> Verdict:
    try:
        demand_release(url)
    except DatabaseOlder as error:
        if error.facts["revision"] is None:
            return _ok("the database is empty; the first command makes the tables")
        missing = pending(url)
        return _warning(
            f"{error.what} {len(missing)} to run: {_names(missing)}",
            "Make a backup, then run `townclerk migrate`; the next `townclerk up` does so too.",
        )
    except WrongRelease as error:
        return _failed(error.what, error.remedy)
    return _ok("the tables are those of this release")


def _clock(db: psycopg.Connection, _: Settings) -> Verdict:
    row = db.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None  # a function call always gives one row
    skew = abs((datetime.now(UTC) - row[0]).total_seconds())
    if skew <= CLOCK_SECONDS_MAX:
        return _ok(f"{skew:.1f} s apart from the database's")
    return _failed(
        f"{skew:.0f} s apart from the database's", "Synchronise both machines' clocks (NTP)."
    )


def _connections(db: psycopg.Connection, settings: Settings) -> Verdict:
    row = db.execute(
        """SELECT current_setting('max_connections')::int, count(*)
           FROM pg_stat_activity WHERE backend_type = 'client backend'"""
    ).fetchone()
    assert row is not None  # an aggregate always gives one row
    words = f"{row[1]} of {row[0]} in use; each of our processes holds {settings.pool_size}"
    if row[1] + 2 * settings.pool_size <= row[0]:
        return _ok(words)
    return _warning(words, "Raise the server's max_connections or lower TOWNCLERK_POOL_SIZE.")


def _source_secrets(db: psycopg.Connection, settings: Settings) -> Verdict:
    """Look where each source's secret lies; what is only in a worker's environment is not seen."""
    sources = intake.queries.list_sources(db) if _has_tables(db) else []
    missing = []
    for source in sources:
        reference = source.spec.get("auth", {}).get("secret")
        try:
            if reference and reference.startswith(STORE_PREFIX):
                access.secrets.open_secret(db, settings, reference.removeprefix(STORE_PREFIX))
            elif reference:
                resolve_secret(reference)
        except TownclerkError as error:
            missing.append((source.key, error))
    if not missing:
        return _ok(f"those of {len(sources)} sources can be read")
    return _warning(
        f"not readable here for {_names([key for key, _ in missing])}: {missing[0][1].what}",
        missing[0][1].remedy,
    )


def _syncs(db: psycopg.Connection, _: Settings) -> Verdict:
    sources = intake.queries.list_sources(db) if _has_tables(db) else []
    newest = intake.queries.newest_runs(db, [source.id for source in sources]) if sources else {}
    failed = sorted(run.source_key for run in newest.values() if run.state == "failed")
    if not failed:
        return _ok(f"{len(sources)} sources, no last run failed")
    return _warning(
        f"the last run failed for {_names(failed)}", "`townclerk sync status` says why."
    )


def _quarantine(db: psycopg.Connection, _: Settings) -> Verdict:
    waiting = intake.queries.totals(db).quarantined if _has_tables(db) else 0
    if not waiting:
        return _ok("empty")
    return _warning(
        f"{waiting} records wait", "`townclerk quarantine list` shows rule and reason of each."
    )


def _guarded_rows(db: psycopg.Connection, _: Settings) -> Verdict:
    if not _has_tables(db) or can_guard(db):
        return _ok("questions are answered under a role that sees no more than their scopes")
    return _warning(
        f"the role {READER} is missing or not ours, so only the API's own policies guard",
        f"Have an administrator of the server run `CREATE ROLE {READER} NOLOGIN; "
        f"GRANT {READER} TO` the account of DATABASE_URL, then start Townclerk again.",
    )


def _has_tables(db: psycopg.Connection) -> bool:
    row = db.execute("SELECT to_regclass('sync_run') IS NOT NULL").fetchone()
    return bool(row and row[0])


def _names(names: list[str]) -> str:
    more = len(names) - NAMES_MAX
    return ", ".join(names[:NAMES_MAX]) + (f" and {more} more" if more > 0 else "")


MACHINE_CHECKS: dict[str, Callable[[Settings], Verdict]] = {
    "Python": _python,
    "packages": _packages,
    "own packages": _own_packages,
    "connectors": _connectors,
    "data directory": _data_dir,
    "disk space": _disk,
    "backup programs": _programs,
    "port": _port,
    "token secret": _token_secret,
    "secret files": _secret_files,
    "Prefect": _prefect,
    "telemetry": _telemetry,
}
DATABASE_CHECKS: dict[str, DatabaseCheck] = {
    "clocks": _clock,
    "connections": _connections,
    "guarded rows": _guarded_rows,
    "source secrets": _source_secrets,
    "syncs": _syncs,
    "quarantine": _quarantine,
}
