"""The embedded PostgreSQL server: started when first needed, stopped when nobody needs it.

Several processes of one user share one server. Whoever comes first starts it as a direct child
and waits on it, so that no zombie is left; the last one out stops it; a server whose starter was
killed is found by its lock and taken over. Everything committed survives a SIGKILL of any of them:
fsync is on, and a start goes through PostgreSQL's own recovery.
"""

import atexit
import fcntl
import logging
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from registry.storage.cluster import (
    PORT,
    Endpoint,
    check_version,
    choose_endpoint,
    make_cluster,
    server_command,
    server_environment,
    write_access_rules,
)
from registry.storage.instance import (
    Instance,
    disk_full,
    prepare_instance,
    try_lock,
    unusable,
    wait_for_lock,
)
from registry.storage.programs import Programs, find_programs
from schemas.errors import StorageUnusable

log = logging.getLogger(__name__)

# Recovery after a crash replays the log since the last checkpoint; on a slow disk that is minutes.
READY_SECONDS_MAX = 300.0
# A fast stop writes one checkpoint; past this the server is told to stop at once and recover later.
STOP_SECONDS_MAX = 60.0
# After a SIGKILL the children of the dead server need a moment to notice and let go.
ORPHANS_SECONDS_MAX = 30.0
STARTS_MAX = 5
LOG_BYTES_MAX = 10 * 2**20
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class PostmasterFile:
    """What the server writes about itself in postmaster.pid."""

    pid: int
    socket_dir: str
    port: int
    status: str


class EmbeddedPostgres:
    """A share in one running server; close it with `stop` or by leaving the `with` block.

    Attributes:
        url: libpq URL of our database, for psycopg, SQLAlchemy and psql.
        version: Major version of the server.
    """

    def __init__(self, instance: Instance, programs: Programs, database: str) -> None:
        self._instance = instance
        self._programs = programs
        self._database = database
        self._endpoint: Endpoint = choose_endpoint(instance)
        self._process: subprocess.Popen[bytes] | None = None
        self._users: int | None = None
        self._pid = os.getpid()
        self.version = programs.major

    @classmethod
    def start(
        cls, data_dir: Path, *, bin_dir: Path | None = None, database: str = "townclerk"
    ) -> Self:
        """Start the server of this directory, or join it where it runs already.

        Args:
            data_dir: Where everything is kept, under `postgres/`; made if absent.
            bin_dir: PostgreSQL's programs; default is the bundled wheel's.
            database: Database to open; made if absent.

        Raises:
            StorageUnusable: Rights, space, version or another program stand in the way.
        """
        instance = prepare_instance(data_dir)
        programs = find_programs(
            instance.account, bin_dir=bin_dir, copy_to=instance.root / "programs"
        )
        share = cls(instance, programs, database)
        try:
            share._join()
        except OSError as error:
            share.stop()
            raise unusable(error, instance.root) from error
        except BaseException:
            share.stop()
            raise
        atexit.register(share.stop)
        return share

    @property
    def url(self) -> str:
        """The libpq URL of our database."""
        return self._endpoint.url(self._database)

    def __enter__(self) -> Self:
        """Use the server until the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the share back."""
        self.stop()

    def stop(self) -> None:
        """Give the share back; the last one out stops the server and waits for its end."""
        if self._users is None or os.getpid() != self._pid:
            return
        users, self._users = self._users, None
        atexit.unregister(self.stop)
        try:
            with self._instance.starting_or_stopping(READY_SECONDS_MAX):
                if try_lock(users, fcntl.LOCK_EX):
                    self._stop_server()
        finally:
            os.close(users)
        if self._process is not None and self._process.poll() is None:
            _reap_later(self._process)

    def _join(self) -> None:
        with self._instance.starting_or_stopping(READY_SECONDS_MAX):
            self._users = self._instance.lock("users")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            self._ensure_server()
            self._ensure_database()

    def _ensure_server(self) -> None:
        """Start the server unless one holds the server lock and is ready."""
        held = self._instance.lock("server")
        try:
            deadline = time.monotonic() + READY_SECONDS_MAX
            while not try_lock(held, fcntl.LOCK_EX):
                found = read_postmaster_file(self._instance.data)
                if found is not None and found.status == "ready" and _alive(found.pid):
                    self._endpoint = self._endpoint.moved_to(found.socket_dir, found.port)
                    return
                if time.monotonic() > deadline:
                    raise StorageUnusable(
                        f"The database server of {self._instance.root} neither becomes ready nor "
                        "ends.",
                        remedy=f"See the end of {self._instance.log}.",
                    )
                time.sleep(POLL_SECONDS)
            self._start_server(held)
        finally:
            os.close(held)

    def _start_server(self, held: int) -> None:
        if (self._instance.data / "PG_VERSION").exists():
            check_version(self._instance, self._programs)
        else:
            make_cluster(self._instance, self._programs)
        write_access_rules(self._instance, self._endpoint)
        for attempt in range(1, STARTS_MAX + 1):
            clear_stale_files(self._instance, self._endpoint)
            said = self._try_start(held)
            if said is None:
                return
            if not _worth_another_try(said) or attempt == STARTS_MAX:
                raise self._why_not(said)
            time.sleep(0.2 * 2**attempt)

    def _try_start(self, held: int) -> str | None:
        """Start once; return None when ready, else what the server said before it ended."""
        path = self._instance.log
        _turn_log(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            begin = os.fstat(descriptor).st_size
            self._process = subprocess.Popen(
                server_command(self._instance, self._programs, self._endpoint),
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd=self._instance.root,
                env=server_environment(),
                pass_fds=(held,),
                start_new_session=True,  # Ctrl-C is for us; we stop the server in our own time
                **self._instance.account.popen_options(),
            )
        finally:
            os.close(descriptor)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while self._process.poll() is None and time.monotonic() < deadline:
            found = read_postmaster_file(self._instance.data)
            if found and found.pid == self._process.pid and found.status == "ready":
                return None
            time.sleep(POLL_SECONDS)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        with path.open("rb") as file:
            file.seek(begin)
            return file.read(LOG_BYTES_MAX).decode(errors="replace")

    def _why_not(self, said: str) -> StorageUnusable:
        if "No space left on device" in said:
            return disk_full(self._instance.root)
        fatal = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line]
        reason = (fatal or said.splitlines() or ["it ended without a word"])[-1].strip()
        return StorageUnusable(
            f"The database server of {self._instance.root} does not start: {reason}",
            remedy=f"See the end of {self._instance.log}.",
        )

    def _ensure_database(self) -> None:
        with psycopg.connect(self._endpoint.url("postgres"), autocommit=True) as db:
            name = self._database
            known = db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _stop_server(self) -> None:
        held = self._instance.lock("server")
        try:
            for how in (signal.SIGINT, signal.SIGQUIT):
                if try_lock(held, fcntl.LOCK_EX):
                    break
                found = read_postmaster_file(self._instance.data)
                if found is not None:
                    with suppress(ProcessLookupError):
                        os.kill(found.pid, how)
                if wait_for_lock(held, fcntl.LOCK_EX, STOP_SECONDS_MAX):
                    break
            else:
                log.error("The database server does not stop; see %s", self._instance.log)
        finally:
            os.close(held)
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS_MAX)


def read_postmaster_file(data: Path) -> PostmasterFile | None:
    """Read what a server wrote about itself; None while there is nothing complete."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return PostmasterFile(int(lines[0]), lines[4], int(lines[3]), lines[7].strip())
    except (FileNotFoundError, ValueError, IndexError):
        return None


def clear_stale_files(instance: Instance, endpoint: Endpoint) -> None:
    """Put away what a killed server left; only while its lock proves that none is running.

    The number in postmaster.pid may by now belong to an unrelated program, and PostgreSQL would
    refuse to start. We write our own number there: a server takes its parent's for stale, and
    goes on to its own check of shared memory, which removing the file would skip.

    Raises:
        StorageUnusable: A server that was not started by us runs on this directory.
    """
    path = instance.data / "postmaster.pid"
    try:
        lines = path.read_text().splitlines(keepends=True)
    except FileNotFoundError:
        lines = []
    if lines:
        pid = int(lines[0]) if lines[0].strip().isdigit() else 0
        if _works_in(pid, instance.data):
            raise StorageUnusable(
                f"Process {pid} is a PostgreSQL server that somebody else started on "
                f"{instance.data}.",
                remedy=f"Stop it: pg_ctl stop -D {instance.data}",
            )
        path.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    if endpoint.socket_dir is not None:
        for left in endpoint.socket_dir.glob(f".s.PGSQL.{PORT}*"):
            left.unlink(missing_ok=True)


def _works_in(pid: int, directory: Path) -> bool:
    """Tell whether a process has this as its working directory, as every PostgreSQL server does."""
    if pid <= 0 or not _alive(pid):
        return False
    link = Path("/proc") / str(pid) / "cwd"
    with suppress(OSError):
        return link.exists() and link.samefile(directory)
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _worth_another_try(said: str) -> bool:
    return "pre-existing shared memory block" in said or "lock file" in said


def _turn_log(path: Path) -> None:
    """Begin a new log when the old one has grown; one old one is kept."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_suffix(".log.1"))


def _reap_later(process: subprocess.Popen[bytes]) -> None:
    threading.Thread(target=process.wait, name="townclerk-postgres", daemon=True).start()
