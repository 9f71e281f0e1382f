"""How the embedded PostgreSQL is set up: its first making, its address, who may connect.

Only the accounts of this machine that own the data may connect, and the kernel vouches for them
(peer authentication over a unix socket in a private directory). Where unix sockets do not work,
the server listens on 127.0.0.1 alone and asks for a random password.
"""

import os
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from registry.storage.account import names_let_in
from registry.storage.instance import (
    Instance,
    disk_full,
    socket_dir,
    sockets_work,
)
from registry.storage.programs import Programs
from schemas.errors import StorageUnusable

PORT = 5432  # names the socket file; nothing listens on the network
OWNER = "townclerk"
INITDB_SECONDS_MAX = 300

# Durable, in UTC, and silent about statements and values: they hold people's data.
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_min_messages": "log",  # statements that fail are their caller's matter
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
    "unix_socket_permissions": "0700",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server listens: a socket directory, or a port of 127.0.0.1 with a password."""

    socket_dir: Path | None
    port: int = PORT
    password: str = ""

    def url(self, database: str) -> str:
        """Return the libpq URL of one database."""
        name = quote(database, safe="")
        if self.socket_dir is not None:
            host = quote(str(self.socket_dir), safe="")
            return f"postgresql://{OWNER}@/{name}?host={host}&port={self.port}"
        return f"postgresql://{OWNER}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{name}"

    def moved_to(self, socket_dir: str, port: int) -> "Endpoint":
        """Return the address a running server told us."""
        return replace(self, socket_dir=Path(socket_dir) if socket_dir else None, port=port)


def choose_endpoint(instance: Instance) -> Endpoint:
    """Return where a server of this instance listens."""
    password = _password(instance)
    directory = socket_dir(instance)
    if sockets_work(directory):
        return Endpoint(directory, password=password)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Endpoint(None, port=probe.getsockname()[1], password=password)


def make_cluster(instance: Instance, programs: Programs) -> None:
    """Make a new, empty PostgreSQL directory; it appears whole or not at all.

    Raises:
        StorageUnusable: initdb failed; says why.
    """
    unfinished = instance.root / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    instance.account.own(unfinished)
    try:
        made = subprocess.run(
            [
                programs.path("initdb"),
                f"--pgdata={unfinished}",
                f"--username={OWNER}",
                f"--pwfile={instance.root / 'password'}",
                "--auth-local=peer",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
                *_locale_options(programs.major),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=instance.root,
            env=server_environment(),
            timeout=INITDB_SECONDS_MAX,
            **instance.account.popen_options(),
        )
        if made.returncode != 0:
            raise _why_not(instance, made.stderr + made.stdout)
        unfinished.rename(instance.data)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_version(instance: Instance, programs: Programs) -> None:
    """Refuse a data directory that these programs cannot open.

    Raises:
        StorageUnusable: Another major version wrote it.
    """
    written_by = (instance.data / "PG_VERSION").read_text().strip()
    if written_by != str(programs.major):
        raise StorageUnusable(
            f"The database in {instance.data} was made by PostgreSQL {written_by}, and the "
            f"programs in {programs.bin_dir} are version {programs.major}.",
            remedy=f"Go on with version {written_by} by naming its bin directory in "
            "TOWNCLERK_POSTGRES_BIN. To move up: dump with that version's pg_dump and restore "
            "into a new TOWNCLERK_DATA_DIR, or run pg_upgrade with both bin directories.",
            data_version=written_by,
            program_version=str(programs.major),
        )


def write_access_rules(instance: Instance, endpoint: Endpoint) -> None:
    """Write who may connect; done at every start, so that no old rule stays open."""
    if endpoint.socket_dir is not None:
        access = "local all all peer map=townclerk\n"
    else:
        access = "host all all 127.0.0.1/32 scram-sha-256\n"
    accounts = "".join(f'townclerk "{name}" {OWNER}\n' for name in names_let_in(instance.account))
    for name, text in (("access.conf", access), ("accounts.conf", accounts)):
        path = instance.root / name
        path.write_text(text)
        path.chmod(0o600)
        instance.account.own(path)


def server_command(instance: Instance, programs: Programs, endpoint: Endpoint) -> list[str]:
    """Return the command line of the server; postgresql.conf may tune everything not named here."""
    settings = SETTINGS | {
        "hba_file": str(instance.root / "access.conf"),
        "ident_file": str(instance.root / "accounts.conf"),
        "unix_socket_directories": str(endpoint.socket_dir or ""),
        "listen_addresses": "" if endpoint.socket_dir else "127.0.0.1",
        "port": str(endpoint.port),
    }
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return [programs.path("postgres"), "-D", str(instance.data), *options]


def server_environment() -> dict[str, str]:
    """Return a plain environment: PG variables of the caller must not reach the server."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _locale_options(major: int) -> list[str]:
    """Return options for code point order in UTF-8, the same on every machine."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C"]


def _password(instance: Instance) -> str:
    """Return the password of this instance, made once; only the TCP way ever asks for it."""
    path = instance.root / "password"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
        instance.account.own(path)
    return path.read_text().strip()


def _why_not(instance: Instance, said: str) -> StorageUnusable:
    if "No space left on device" in said:
        return disk_full(instance.root)
    errors = [line for line in said.splitlines() if "error:" in line or "FATAL" in line]
    reason = (errors or said.splitlines() or ["initdb ended without a word"])[-1].strip()
    return StorageUnusable(f"The database in {instance.data} cannot be made: {reason}")
