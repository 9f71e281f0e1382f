"""The directory of one embedded PostgreSQL instance: what lies where, and who holds it.

    <data dir>/postgres/
        data/                PostgreSQL's own directory
        run/                 the socket, where its path is short enough
        programs/            a copy of the server programs, only where its account needs one
        access.conf          who may connect (pg_hba), written at every start
        accounts.conf        which accounts of the machine they are (pg_ident)
        password             for the TCP way only
        server.log           what the server says; statements and values are never logged
        start.lock           held while somebody starts or stops the server
        users.lock           held shared by every process that uses the server
        server.lock          held by the server itself and its children

Locks are flock(2): the kernel lets go of them when a process dies, however it dies. That the
server holds one itself tells a living server from a stale process number without guessing.
`data` and `run` belong to the account that runs the server. Where we are root the rest stays
root's, because that account must not be able to lead root's writes astray with a link.
"""

import fcntl
import hashlib
import os
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from registry.storage.account import Account, choose_account
from registry.storage.causes import unusable
from schemas.errors import StorageUnusable

# sun_path of the smallest common Unix (macOS) is 104 bytes with the closing zero.
SOCKET_PATH_BYTES_MAX = 103
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_CHARACTERS_NOT = frozenset(",\"'@\\")  # libpq and the server split and unquote at these
LOCK_POLL_SECONDS = 0.02
SAFE = os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Instance:
    """Paths of one instance, the account that runs its server and the owner of its other files."""

    root: Path
    account: Account
    owner: tuple[int, int]

    @property
    def data(self) -> Path:
        """PostgreSQL's own directory."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.root / "server.log"

    def open(self, name: str, flags: int, mode: int = 0o600) -> int:
        """Open one of our files, made if absent, and return its descriptor."""
        descriptor = os.open(self.root / name, flags | os.O_CREAT | SAFE, mode)
        if self.account.switch:
            os.fchown(descriptor, *self.owner)
        return descriptor

    def write(self, name: str, text: str) -> None:
        """Write a file that the server reads; it appears whole or not at all."""
        unfinished = f"{name}.unfinished"
        (self.root / unfinished).unlink(missing_ok=True)
        with os.fdopen(self.open(unfinished, os.O_WRONLY | os.O_EXCL), "wb", buffering=0) as file:
            file.write(text.encode())
            if self.account.switch:
                os.fchmod(file.fileno(), 0o644)
        (self.root / unfinished).replace(self.root / name)

    @contextmanager
    def starting_or_stopping(self, seconds: float) -> Iterator[None]:
        """Keep every other process from starting or stopping this server meanwhile."""
        descriptor = self.open("start.lock", os.O_RDWR)
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
    root = data_dir.expanduser() / "postgres"
    try:
        root = root.resolve()
        account = choose_account(root / "data")
        with suppress(FileExistsError):
            root.parent.mkdir(parents=True)
            root.parent.chmod(0o711 if account.switch else 0o700)
        root.mkdir(exist_ok=True)
        found = root.stat()
        _check_owner(root, found.st_uid, account)
        root.chmod(0o711 if account.switch and found.st_uid != account.uid else 0o700)
        with tempfile.TemporaryFile(dir=root) as probe:
            probe.write(b"can we write here?")
    except OSError as error:
        raise unusable(error, root) from error
    _check_reach(root, account)
    return Instance(root, account, (found.st_uid, found.st_gid))


def socket_dir(instance: Instance) -> Path:
    """Return a private directory whose socket path is short enough, making it if needed.

    The name follows from the instance alone, so that every process finds the same one.

    Raises:
        StorageUnusable: Somebody else made a directory of that name.
    """
    place = instance.root / "run"
    too_long = len(os.fsencode(place / SOCKET_NAME)) > SOCKET_PATH_BYTES_MAX
    if too_long or not SOCKET_CHARACTERS_NOT.isdisjoint(str(place)):
        mark = hashlib.blake2s(os.fsencode(instance.root), digest_size=6).hexdigest()
        place = Path("/tmp") / f"townclerk-{instance.account.uid}-{mark}"  # noqa: S108  # its owner is checked below
    with suppress(FileExistsError):
        place.mkdir(mode=0o700)
        instance.account.own(place)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != instance.account.uid:
        raise StorageUnusable(
            f"{place}, where the database's socket belongs, was made by another account.",
            remedy=f"Remove {place}, or choose a TOWNCLERK_DATA_DIR with a shorter path.",
        )
    place.chmod(0o700)
    return place


def remove_outside_socket_dir(instance: Instance, place: Path) -> None:
    """Leave no empty directory in /tmp behind a stopped server."""
    if instance.root not in place.parents:
        with suppress(OSError):
            place.rmdir()


def sockets_work(directory: Path) -> bool:
    """Tell whether unix sockets can be made here; some shared folders of containers refuse."""
    probe = directory / "probe"
    probe.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(probe))
        except OSError:
            return False
        finally:
            probe.unlink(missing_ok=True)
    return True


def _check_owner(root: Path, uid: int, account: Account) -> None:
    """Refuse a directory that a third party could have prepared for us."""
    if uid not in {os.geteuid(), account.uid}:
        raise StorageUnusable(
            f"{root} belongs to another account (number {uid}).",
            remedy="Start Townclerk as that account, or choose another TOWNCLERK_DATA_DIR.",
        )


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
