"""Unpacks folders, zip and tar files from strangers into memory, within limits.

Nothing is ever written to disk, and no link is followed.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath

from registry.landscape.exchange.refusals import FileTooLarge, ModelFileRefused

# GEMMA's coArchi folder has 10,000 files of 13 MB in all; ten times that is a large country.
FILES_MAX = 100_000
FILE_BYTES_MAX = 20_000_000
TOTAL_BYTES_MAX = 200_000_000
ARCHIVE_BYTES_MAX = 100_000_000
# XML shrinks to a tenth; a file that shrinks to a hundredth was made to burst.
RATIO_MAX = 100
# Small archives may shrink as they like: they cannot burst anything.
RATIO_FREE_BYTES = 5_000_000
PATH_CHARACTERS_MAX = 1_000
# Folders nest ten deep; each level costs a call of ours, of which Python allows a thousand.
DEPTH_MAX = 100
# A folder on disk may hold much else beside the model, but whoever names a whole disk erred.
VISITED_MAX = 500_000

# What zipfile and tarfile raise for damaged or outlandish archives; a runtime error stands for a
# way of packing they do not know, a value error for a name or a place that cannot be.
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)

_Wanted = Callable[[str], bool]


class _Basket:
    """Takes in files one by one and stops at the limits."""

    def __init__(self, file: str, packed_bytes: int | None) -> None:
        self.file, self.packed = file, packed_bytes
        self.files: dict[str, bytes] = {}
        self.count = self.total = 0

    def admit(self, name: str, size: int) -> str:
        """Return the safe name of a file that may come in."""
        self.count += 1
        self.total += size
        if self.count > FILES_MAX:
            raise FileTooLarge(f"it holds more than {FILES_MAX:,} files.", file=self.file)
        if size > FILE_BYTES_MAX:
            raise FileTooLarge(
                f"{name!r} in it has {size:,} bytes; at most {FILE_BYTES_MAX:,} are read.",
                file=self.file,
                thing=name,
            )
        burst = self.packed is not None and self.total > max(
            RATIO_FREE_BYTES, RATIO_MAX * self.packed
        )
        if self.total > TOTAL_BYTES_MAX or burst:
            raise FileTooLarge(f"unpacked it has more than {self.total:,} bytes.", file=self.file)
        return self.safe(name)

    def safe(self, name: str) -> str:
        """Return a name that stays inside the archive."""
        path = PurePosixPath(name)
        outside = path.is_absolute() or ".." in path.parts or ":" in name or "\\" in name
        if len(path.parts) > DEPTH_MAX or len(name) > PATH_CHARACTERS_MAX:
            raise FileTooLarge(f"its folders nest deeper than {DEPTH_MAX}.", file=self.file)
        if outside or "\0" in name or not path.parts:
            raise ModelFileRefused(
                f"it holds a file called {name[:100]!r}, which would land outside of it.",
                file=self.file,
                thing=name[:100],
                remedy="Do not trust this file; ask whoever made it for a clean one.",
            )
        if str(path) in self.files:
            raise ModelFileRefused(f"it holds {name!r} twice.", file=self.file, thing=name)
        return str(path)


def unpack_folder(folder: Path, wanted: _Wanted) -> dict[str, bytes]:
    """Return the wanted files below a folder, by path.

    Raises:
        ModelFileRefused: A link lies below it, which could lead anywhere or in circles.
        FileTooLarge: One of the limits above is passed.
    """
    basket = _Basket(folder.name, None)
    for visited, (path, name) in enumerate(_walk(folder, folder)):
        if visited >= VISITED_MAX or name.count("/") >= DEPTH_MAX:
            raise FileTooLarge("too much lies below this folder.", file=folder.name)
        if path.is_symlink():
            raise ModelFileRefused(
                f"{name!r} is a link; only plain files and folders are read.",
                file=folder.name,
                thing=name,
            )
        if path.is_file() and wanted(name):
            basket.files[basket.admit(name, path.stat().st_size)] = path.read_bytes()
    return basket.files


def _walk(folder: Path, top: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.iterdir()):
        if path.name == ".git":
            continue
        yield path, path.relative_to(top).as_posix()
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, top)


def unpack(data: bytes, wanted: _Wanted, *, file: str) -> dict[str, bytes]:
    """Return the wanted files of a zip or tar file, by path.

    Raises:
        ModelFileRefused: Neither zip nor tar, damaged, locked, or a name or link that leads out.
        FileTooLarge: One of the limits above is passed.
    """
    if len(data) > ARCHIVE_BYTES_MAX:
        raise FileTooLarge(
            f"it has {len(data):,} bytes; at most {ARCHIVE_BYTES_MAX:,} are read.", file=file
        )
    basket = _Basket(file, len(data))
    try:
        if data[:4] == b"PK\x03\x04":
            _unzip(data, wanted, basket)
        else:
            _untar(data, wanted, basket)
    except DAMAGED as error:
        raise ModelFileRefused(
            f"it is no zip or tar file, or a damaged one: {error}.", file=file
        ) from error
    return basket.files


def _unzip(data: bytes, wanted: _Wanted, basket: _Basket) -> None:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for entry in archive.infolist():
            if entry.flag_bits & 1:
                raise ModelFileRefused("it is locked with a password.", file=basket.file)
            name = basket.admit(entry.filename, entry.file_size)
            if not entry.is_dir() and wanted(name):
                with archive.open(entry) as opened:
                    basket.files[name] = opened.read(FILE_BYTES_MAX)


def _untar(data: bytes, wanted: _Wanted, basket: _Basket) -> None:
    with tarfile.open(fileobj=BytesIO(data), mode="r|*") as archive:
        for entry in archive:
            name = basket.admit(entry.name, entry.size)
            if not (entry.isfile() or entry.isdir()):
                raise ModelFileRefused(
                    f"it holds a link or device called {name!r}.", file=basket.file, thing=name
                )
            if entry.isfile() and wanted(name):
                opened = archive.extractfile(entry)
                if opened is not None:
                    basket.files[name] = opened.read()


def gunzip(data: bytes, *, file: str) -> bytes:
    """Return what a gzip file holds, if that is not suspiciously much.

    Raises:
        ModelFileRefused: Damaged.
        FileTooLarge: It unpacks to more than TOTAL_BYTES_MAX or RATIO_MAX times its size.
    """
    limit = min(TOTAL_BYTES_MAX, max(RATIO_FREE_BYTES, RATIO_MAX * len(data)))
    try:
        found = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(data, limit + 1)
    except zlib.error as error:
        raise ModelFileRefused(f"it is a damaged gzip file: {error}.", file=file) from error
    if len(found) > limit:
        raise FileTooLarge(f"unpacked it has more than {limit:,} bytes.", file=file)
    return found


def pack_zip(files: dict[str, bytes]) -> bytes:
    """Return files as a zip file; the same files give the same bytes."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return out.getvalue()
