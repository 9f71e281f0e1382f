"""The embedded PostgreSQL server: started when first needed, stopped when nobody needs it.

Several processes of one user share one server. Whoever comes first starts it as a direct child
and waits on it, so that no zombie is left; the last one out stops it; a server whose starter was
killed is found by its lock and taken over. Every share watches: where the server itself is
killed, one of them starts it again. Committed work survives all of this: fsync is on, and every
start goes through PostgreSQL's own recovery.
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
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from registry.settings import settings
from registry.storage.causes import not_started, unusable
from registry.storage.cluster import (
    Endpoint,
    check_version,
    choose_endpoint,
    make_cluster,
    read_password,
    server_command,
    server_environment,
    write_access_rules,
)
from registry.storage.instance import (
    Instance,
    prepare_instance,
    remove_outside_socket_dir,
    try_lock,
    wait_for_lock,
)
from registry.storage.postmaster import clear_stale_files, is_server, read_postmaster_file
from registry.storage.programs import Programs, find_programs
from schemas.errors import StorageUnusable

logger = logging.getLogger(__name__)

# Recovery after a crash replays the log since the last checkpoint; on a slow disk that is minutes.
READY_SECONDS_MAX = 300.0
# A healthy server of this machine answers in milliseconds.
ANSWER_SECONDS_MAX = 5
# A stop writes one checkpoint; past this the server is told to stop at once and recover later.
STOP_SECONDS_MAX = 60.0
# Right after a SIGKILL the dead server's children may still hold its memory for a moment.
STARTS_MAX = 5
# How soon a killed server is noticed, and how long we wait between attempts that fail.
WATCH_SECONDS = 0.5
WATCH_SECONDS_MAX = 60.0
LOG_BYTES_MAX = 10 * 2**20
POLL_SECONDS = 0.02


class EmbeddedPostgres:
    """A share in one running server; give it back with `stop` or by leaving the `with` block."""

    def __init__(self, instance: Instance, programs: Programs, database: str) -> None:
        self._instance = instance
        self._programs = programs
        self._database = database
        self._endpoint: Endpoint | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._users: int | None = None
        self._made_by = os.getpid()
        self._leaving = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="townclerk-postgres", daemon=True)

    @classmethod
    def start(
        cls, data_dir: Path, *, bin_dir: Path | None = None, database: str = "townclerk"
    ) -> Self:
        """Start the server of this directory, or join it where it runs already.

        Args:
            data_dir: Where everything is kept, under `postgres/`; made if absent.
            bin_dir: PostgreSQL's programs; default is the setting, then the bundled wheel's.
            database: Database to open; made if absent.

        Raises:
            StorageUnusable: Rights, space, version or another program stand in the way.
        """
        instance = prepare_instance(data_dir)
        try:
            with instance.starting_or_stopping(READY_SECONDS_MAX):
                programs = find_programs(
                    instance.account,
                    bin_dir=bin_dir or settings().postgres_bin,
                    copy_to=instance.root / "programs",
                )
                share = cls(instance, programs, database)
                share._join()
        except OSError as error:
            raise unusable(error, instance.root) from error
        return share

    @property
    def url(self) -> str:
        """The libpq URL of our database, for psycopg, SQLAlchemy and psql."""
        if self._endpoint is None:
            raise StorageUnusable("The database server was never started.")
        return self._endpoint.url(self._database)

    @property
    def version(self) -> int:
        """Major version of the server."""
        return int((self._instance.data / "PG_VERSION").read_text())

    @property
    def bin_dir(self) -> Path:
        """Where pg_dump and its like are, in the server's own version."""
        return self._programs.bin_dir

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
        if self._users is None or os.getpid() != self._made_by:
            return
        atexit.unregister(self.stop)
        self._leaving.set()
        if self._watcher.is_alive():
            self._watcher.join()
        try:
            with self._instance.starting_or_stopping(READY_SECONDS_MAX):
                self._leave()
        except FileNotFoundError:
            self._leave_ruins()

    def _join(self) -> None:
        self._users = self._instance.open("users.lock", os.O_RDWR)
        try:
            fcntl.flock(self._users, fcntl.LOCK_SH)
            self._ensure_server()
            self._ensure_database()
        except BaseException:
            self._leave()
            raise
        atexit.register(self.stop)
        self._watcher.start()

    def _leave(self) -> None:
        """Stop the server unless others use it; only while nobody else starts or stops it."""
        users, self._users = self._users, None
        if users is None:
            return
        if try_lock(users, fcntl.LOCK_EX):
            self._stop_server()
        elif self._process is not None:
            # The child outlives our share; somebody has to wait on it when it ends.
            threading.Thread(target=self._process.wait, daemon=True).start()
        os.close(users)

    def _leave_ruins(self) -> None:
        """End our own server at once where somebody removed its directory under it."""
        users, self._users = self._users, None
        if users is not None:
            os.close(users)
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def _ensure_server(self) -> None:
        """Join the server that holds the server lock, or take the lock and start one."""
        held = self._instance.open("server.lock", os.O_RDWR)
        try:
            deadline = time.monotonic() + READY_SECONDS_MAX
            while not try_lock(held, fcntl.LOCK_EX):
                if self._adopt():
                    return
                if time.monotonic() > deadline:
                    raise StorageUnusable(
                        f"The database server of {self._instance.root} neither answers nor ends.",
                        remedy=f"{self._instance.log} says what it is doing.",
                    )
                time.sleep(POLL_SECONDS)
            self._start_server(held)
        finally:
            os.close(held)

    def _adopt(self) -> bool:
        """Take part in a server that runs already; tell whether it answers."""
        found = read_postmaster_file(self._instance.data)
        if found is None or not found.ready:
            return False
        password = "" if found.socket_dir else read_password(self._instance)
        endpoint = Endpoint(found.socket_dir, found.port, password)
        try:
            psycopg.connect(endpoint.url("postgres"), connect_timeout=ANSWER_SECONDS_MAX).close()
        except psycopg.OperationalError:
            return False
        self._endpoint = endpoint
        return True

    def _start_server(self, held: int) -> None:
        instance = self._instance
        if (instance.data / "PG_VERSION").exists():
            check_version(instance, self._programs)
        else:
            make_cluster(instance, self._programs)
        endpoint = self._endpoint or choose_endpoint(instance)
        write_access_rules(instance, endpoint)
        for attempt in range(1, STARTS_MAX + 1):
            clear_stale_files(instance, endpoint)
            said = self._try_start(held, endpoint)
            if said is None:
                self._endpoint = endpoint
                return
            if "pre-existing shared memory block" not in said or attempt == STARTS_MAX:
                raise not_started(
                    f"The database server of {instance.root} does not start",
                    said,
                    path=instance.root,
                    log=instance.log,
                )
            time.sleep(0.2 * 2**attempt)

    def _try_start(self, held: int, endpoint: Endpoint) -> str | None:
        """Start once; return None when ready, else what the server said before it ended."""
        instance = self._instance
        _turn_log(instance.log)
        with os.fdopen(instance.open("server.log", os.O_RDWR | os.O_APPEND), "rb") as log:
            begin = log.seek(0, os.SEEK_END)
            self._process = subprocess.Popen(
                server_command(instance, self._programs, endpoint),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=instance.root,
                env=server_environment(),
                pass_fds=(held,),  # the server holds its lock as long as it or a child lives
                start_new_session=True,  # Ctrl-C is for us; we stop the server in our own time
                **instance.account.popen_options(),
            )
            deadline = time.monotonic() + READY_SECONDS_MAX
            while self._process.poll() is None and time.monotonic() < deadline:
                found = read_postmaster_file(instance.data)
                if found is not None and found.pid == self._process.pid and found.ready:
                    return None
                time.sleep(POLL_SECONDS)
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            log.seek(begin)
            return log.read(LOG_BYTES_MAX).decode(errors="replace")

    def _ensure_database(self) -> None:
        assert self._endpoint is not None
        with psycopg.connect(self._endpoint.url("postgres"), autocommit=True) as db:
            name = self._database
            known = db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _stop_server(self) -> None:
        held = self._instance.open("server.lock", os.O_RDWR)
        try:
            stopped = try_lock(held, fcntl.LOCK_EX)
            for how in (signal.SIGINT, signal.SIGQUIT):
                if stopped:
                    break
                found = read_postmaster_file(self._instance.data)
                if found is not None and is_server(found.pid, self._instance.data):
                    os.kill(found.pid, how)
                stopped = wait_for_lock(held, fcntl.LOCK_EX, STOP_SECONDS_MAX)
            if not stopped:
                logger.error("The database server does not stop; see %s", self._instance.log)
            elif self._process is not None:
                self._process.wait()
            if stopped and self._endpoint and self._endpoint.socket_dir:
                remove_outside_socket_dir(self._instance, self._endpoint.socket_dir)
        finally:
            os.close(held)

    def _watch(self) -> None:
        """Start the server again whenever it ends although we still use it."""
        held = self._instance.open("server.lock", os.O_RDWR)
        wait = WATCH_SECONDS
        try:
            while not self._leaving.wait(wait):
                if self._process is not None:
                    self._process.poll()
                if not try_lock(held, fcntl.LOCK_EX):
                    continue
                fcntl.flock(held, fcntl.LOCK_UN)
                wait = self._revive(wait)
        finally:
            os.close(held)

    def _revive(self, waited: float) -> float:
        """Start the ended server; return how long to wait before the next look."""
        try:
            with self._instance.starting_or_stopping(READY_SECONDS_MAX):
                if not self._leaving.is_set():
                    logger.warning("The database server ended unexpectedly; starting it again")
                    self._ensure_server()
        except (StorageUnusable, OSError) as error:
            logger.error("The database server cannot be started again: %s", error)  # noqa: TRY400  # the message is the cause; a trace hides it
            return min(waited * 2, WATCH_SECONDS_MAX)
        return WATCH_SECONDS


def _turn_log(path: Path) -> None:
    """Begin a new log when the old one has grown; one old one is kept."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_suffix(".log.1"))
