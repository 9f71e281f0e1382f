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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from registry.storage.account import names_let_in
from registry.storage.causes import not_started
from registry.storage.instance import Instance, socket_dir, sockets_work
from registry.storage.programs import Programs
from registry.storage.sizes import sizes
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
    "log_checkpoints": "off",
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


def choose_endpoint(instance: Instance) -> Endpoint:
    """Return where a server of this instance is going to listen."""
    directory = socket_dir(instance)
    if sockets_work(directory):
        return Endpoint(directory)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Endpoint(None, probe.getsockname()[1], read_password(instance))


def make_cluster(instance: Instance, programs: Programs) -> None:
    """Make a new, empty PostgreSQL directory; it appears whole or not at all.

    Raises:
        StorageUnusable: initdb failed; says why.
    """
    unfinished = instance.root / "data.unfinished"
    password = instance.root / "password.unfinished"
    try:
        for locale in _locales(programs.major):
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            instance.write(password.name, read_password(instance))
            password.chmod(0o600)
            for path in (unfinished, password):
                instance.account.own(path)
            said = _initdb(instance, programs, unfinished, password, locale)
            if said is None:
                _write_sizes(unfinished)
                unfinished.rename(instance.data)
                return
            if "invalid locale" not in said:
                break
        raise not_started(
            f"The database in {instance.data} cannot be made",
            said or "",
            path=instance.root,
            log=instance.log,
        )
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        password.unlink(missing_ok=True)


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
        instance.write("access.conf", "local all all peer map=townclerk\n")
    else:
        instance.write("access.conf", "host all all 127.0.0.1/32 scram-sha-256\n")
    names = names_let_in(instance.account)
    instance.write("accounts.conf", "".join(f'townclerk "{name}" {OWNER}\n' for name in names))


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


def read_password(instance: Instance) -> str:
    """Return the password of this instance, made once; only the TCP way ever asks for it."""
    with os.fdopen(instance.open("password", os.O_RDWR), "rb+", buffering=0) as file:
        password = file.read().decode().strip()
        if not password:
            password = secrets.token_urlsafe(32)
            file.write(password.encode())
    return password


def _initdb(
    instance: Instance, programs: Programs, data: Path, password: Path, locale: list[str]
) -> str | None:
    """Run initdb; return None when it worked, else what it said."""
    made: subprocess.CompletedProcess[str] = subprocess.run(
        [
            programs.path("initdb"),
            f"--pgdata={data}",
            f"--username={OWNER}",
            f"--pwfile={password}",
            "--auth-local=peer",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--data-checksums",
            *locale,
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
    if made.returncode == 0:
        return None
    said = made.stdout + made.stderr
    log = os.fdopen(instance.open("server.log", os.O_WRONLY | os.O_APPEND), "wb", buffering=0)
    with log, suppress(OSError):  # a full disk must not hide what initdb says about it
        log.write(said.encode())
    return said


def _write_sizes(data: Path) -> None:
    """Add what fits this machine to the settings of a new server; the last line of a name holds."""
    lines = "".join(f"{name} = {value}\n" for name, value in sizes(data).items())
    file = os.open(data / "postgresql.conf", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(file, "w", encoding="ascii") as conf:
        conf.write(f"\n# For the machine this was made on; change them as you see fit.\n{lines}")


def _locales(major: int) -> list[list[str]]:
    """Return initdb's locale options, best first: code point order, letters of all of Unicode.

    From 17 on PostgreSQL brings such a locale along; before, the machine may lack it.
    """
    if major >= 17:
        return [["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]]
    return [["--locale=C", f"--lc-ctype={name}"] for name in ("C.UTF-8", "en_US.UTF-8", "C")]
