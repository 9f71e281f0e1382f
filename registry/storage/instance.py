"""The directory of one embedded PostgreSQL instance: what lies where, and who holds it.

    <data dir>/postgres/     0700, belongs to the account that runs the server
        data/                PostgreSQL's own directory
        run/                 the socket, where its path is short enough
        programs/            a copy of the server programs, only where the account needs one
        access.conf          who may connect (pg_hba), written at every start
        accounts.conf        which accounts of the machine they are (pg_ident)
        server.log           what the server says; statements and values are never logged
        start.lock           held while somebody starts or stops the server
        users.lock           held shared by every process that uses the server
        server.lock          held by the server itself and its children

Locks are flock(2): the kernel lets go of them when a process dies, however it dies. That the
server holds one itself tells a living server from a stale process number without guessing.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from registry.storage.account import Account, choose_account
from schemas.errors import StorageUnusable

# sun_path of the smallest common Unix (macOS) is 104 bytes with the closing zero.
SOCKET_PATH_BYTES_MAX = 103
SOCKET_NAME = ".s.PGSQL.5432"
LOCK_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Instance:
    """Paths of one instance and the account it belongs to."""

    root: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's own directory."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.root / "server.log"

    def lock(self, name: str) -> int:
        """Open one of the lock files and return its descriptor; the caller closes it."""
        path = self.root / f"{name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self.account.switch:
            os.fchown(descriptor, self.account.uid, self.account.gid)
        return descriptor

    @contextmanager
    def starting_or_stopping(self, seconds: float) -> Iterator[None]:
        """Keep every other process from starting or stopping this server meanwhile."""
        descriptor = self.lock("start")
        try:
            if not wait_for_lock(descriptor, fcntl.LOCK_EX, seconds):
                raise StorageUnusable(
                    f"Another process has been starting or stopping the database in {self.root} "
                    f"for more than {seconds:.0f} seconds.",
                    remedy="Wait for it, or end it, and try again.",
                )
            yield
        finally:
            os.close(descriptor)


def try_lock(descriptor: int, how: int) -> bool:
    """Take a lock if that is possible at once."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_lock(descriptor: int, how: int, seconds: float) -> bool:
    """Take a lock, waiting for it no longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not try_lock(descriptor, how):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOCK_POLL_SECONDS)
    return True


def prepare_instance(data_dir: Path) -> Instance:
    """Make the directory of the instance and check that it can be used.

    Raises:
        StorageUnusable: Missing rights, no space, read-only, or out of reach of the account.
    """
    root = data_dir.expanduser().absolute() / "postgres"
    try:
        account = choose_account(root / "data")
        if not data_dir.exists():
            data_dir.mkdir(parents=True)
            data_dir.chmod(0o711 if account.switch else 0o700)
        root.mkdir(exist_ok=True)
        account.own(root)
        root.chmod(0o700)
        with tempfile.TemporaryFile(dir=root) as probe:
            probe.write(b"can we write here?")
    except OSError as error:
        raise unusable(error, root) from error
    _check_reach(root, account)
    return Instance(root, account)


def unusable(error: OSError, path: Path) -> StorageUnusable:
    """Say in plain words why a path cannot be used, and what to do."""
    way_out = f"Choose another directory with TOWNCLERK_DATA_DIR, or mend {path}."
    match error.errno:
        case errno.EACCES | errno.EPERM:
            why = f"This account may not write in {error.filename or path}."
        case errno.EROFS:
            why = f"{path} lies on a read-only file system."
        case errno.ENOSPC | errno.EDQUOT:
            return disk_full(path)
        case errno.ENOTDIR | errno.EEXIST:
            why = f"{error.filename or path} is a file where a directory is needed."
        case _:
            why = f"{path} cannot be used: {error.strerror or error}."
    return StorageUnusable(why, remedy=way_out)


def disk_full(path: Path) -> StorageUnusable:
    """Say that the disk is full, and how much room is left."""
    with suppress(OSError):
        free = shutil.disk_usage(path).free // 2**20
        return StorageUnusable(
            f"The disk that holds {path} is full: {free} MB are free.",
            remedy="Make room on it, or move the data directory to a larger disk and name it in "
            "TOWNCLERK_DATA_DIR; what was committed is safe.",
            free_megabytes=free,
        )
    return StorageUnusable(f"The disk that holds {path} is full.", remedy="Make room on it.")


def socket_dir(instance: Instance) -> Path:
    """Return a private directory whose socket path is short enough, making it if needed.

    The name follows from the instance alone, so that every process finds the same one.

    Raises:
        StorageUnusable: Somebody else made a directory of that name.
    """
    own = instance.root / "run"
    if len(os.fsencode(own / SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX:
        own.mkdir(exist_ok=True)
        place = own
    else:
        mark = hashlib.blake2s(os.fsencode(instance.root.resolve()), digest_size=6).hexdigest()
        place = Path("/tmp") / f"townclerk-{instance.account.uid}-{mark}"  # noqa: S108 - the owner is checked below
        with suppress(FileExistsError):
            place.mkdir()
            instance.account.own(place)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), instance.account.uid}:
        raise StorageUnusable(
            f"{place}, where the database's socket belongs, was made by another account.",
            remedy=f"Remove {place}, or choose a TOWNCLERK_DATA_DIR with a shorter path.",
        )
    instance.account.own(place)
    place.chmod(0o700)
    return place


def sockets_work(directory: Path) -> bool:
    """Tell whether unix sockets can be made here; some shared folders of containers refuse."""
    if not hasattr(socket, "AF_UNIX"):
        return False
    probe = directory / "probe"
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(probe))
        except OSError:
            return False
        finally:
            probe.unlink(missing_ok=True)
    return True


def _check_reach(root: Path, account: Account) -> None:
    """Refuse a directory that the server's account cannot reach, naming what is in the way."""
    if not account.switch:
        return
    for directory in reversed(root.parents):
        found = directory.stat()
        if found.st_uid == account.uid:
            may_pass = found.st_mode & stat.S_IXUSR
        elif found.st_gid == account.gid:
            may_pass = found.st_mode & stat.S_IXGRP
        else:
            may_pass = found.st_mode & stat.S_IXOTH
        if not may_pass:
            raise StorageUnusable(
                f"The account {account.name}, which runs the database because PostgreSQL "
                f"refuses to run as root, cannot pass through {directory}.",
                remedy=f"Allow it with `chmod o+x {directory}`, or choose another "
                "TOWNCLERK_DATA_DIR such as /var/lib/townclerk, or start as an ordinary user.",
            )
