"""The file of a backup: a plain tar with pg_dump's archive and the proof of what it must hold.

`tar tf` and `pg_restore` can read it without us. It is written in one pass, straight from
pg_dump, so that a backup needs no room but its own; it appears whole or not at all.
"""

import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from schemas.errors import TownclerkError

FORMAT = 1
DUMP = "townclerk.dump"
PROOF = "proof.json"
PROOF_BYTES_MAX = 1024 * 1024  # a line per table; ours has fewer than a hundred
BLOCK_BYTES = 1024 * 1024


class BackupFailed(TownclerkError):
    """A backup could not be written, or does not hold what it must."""

    code = "backup_failed"
    remedy = "The message names the step; look at free space and rights of the directory first."


@dataclass(frozen=True)
class TableProof:
    """Rows of one table, and the sum of their hashes, which does not depend on their order."""

    rows: int
    checksum: str


@dataclass(frozen=True)
class Proof:
    """What a backup holds: its migration, and for each table rows and checksum."""

    format: int
    migration: str
    taken_at: str
    tables: dict[str, TableProof]
    dump_sha256: str

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())


def write_archive(
    file: Path, dump: Callable[[Callable[[bytes], None]], None], prove: Callable[[str], Proof]
) -> Proof:
    """Write the file, readable by its owner alone.

    Args:
        file: Where to; replaced at the very end.
        dump: Given a function that takes bytes, writes pg_dump's archive through it.
        prove: Given the archive's SHA-256, returns the proof.

    Raises:
        BackupFailed: The file cannot be written; nothing of it is left.
    """
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            proof = _write(target, dump, prove)
            target.flush()
            os.fsync(target.fileno())
        unfinished.rename(file)
        _sync_directory(file.parent)
    except OSError as error:
        raise BackupFailed(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return proof


def _write(
    target: BinaryIO,
    dump: Callable[[Callable[[bytes], None]], None],
    prove: Callable[[str], Proof],
) -> Proof:
    """Leave room for the first header, whose size is known only when pg_dump has ended."""
    target.write(bytes(tarfile.BLOCKSIZE))
    digest = hashlib.sha256()

    def take(block: bytes) -> None:
        digest.update(block)
        target.write(block)

    dump(take)
    bytes_dumped = target.tell() - tarfile.BLOCKSIZE
    proof = prove(digest.hexdigest())
    target.write(bytes(-bytes_dumped % tarfile.BLOCKSIZE))
    document = msgspec.json.format(msgspec.json.encode(proof))
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(_member(PROOF, len(document)), BytesIO(document))
    target.seek(0)
    target.write(_member(DUMP, bytes_dumped).tobuf(tarfile.GNU_FORMAT))
    return proof


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


@contextmanager
def opened_archive(file: Path) -> Iterator[tuple[Proof, IO[bytes]]]:
    """Open a backup whose archive is what its proof says; yield the proof and the archive.

    Raises:
        BackupFailed: It cannot be read, is no backup of ours, or is damaged.
    """
    try:
        with file.open("rb") as source, tarfile.open(fileobj=source, mode="r:") as tar:
            proof_file, dump_file = tar.extractfile(PROOF), tar.extractfile(DUMP)
            if proof_file is None or dump_file is None:
                raise _stranger(file)
            proof = msgspec.json.decode(proof_file.read(PROOF_BYTES_MAX), type=Proof)
            if proof.format != FORMAT:
                raise BackupFailed(
                    f"{file} was written by another release of Townclerk.",
                    remedy="Restore it with that release, then upgrade.",
                )
            if _sha256(dump_file) != proof.dump_sha256:
                raise BackupFailed(
                    f"{file} is damaged: its archive differs from its proof.",
                    remedy="Fetch it again from where you keep it, or take an older backup.",
                )
            dump_file.seek(0)
            yield proof, dump_file
    except OSError as error:
        raise BackupFailed(f"{file} cannot be read: {error.strerror or error}.") from error
    except (KeyError, msgspec.MsgspecError, tarfile.TarError) as error:
        raise _stranger(file) from error


def _sha256(source: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _stranger(file: Path) -> BackupFailed:
    return BackupFailed(
        f"{file} is not a backup of ours, or its end is missing.",
        remedy="Name a file that `townclerk backup` has written, and compare its size.",
    )


def _sync_directory(folder: Path) -> None:
    """Make the new name last, too, where the system has a way to say so."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
