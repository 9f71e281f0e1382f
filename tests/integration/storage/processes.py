"""Other processes that share a server, and ways to look at a server and to end it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.storage.postmaster import read_postmaster_file

PROJECT = Path(__file__).parents[3]
WAIT_SECONDS_MAX = 60

# What a process that shares the server does: start, say where, wait for a line, stop.
SHARER = """
import sys
from pathlib import Path
from registry.storage.embedded import EmbeddedPostgres
from schemas.errors import TownclerkError
try:
    server = EmbeddedPostgres.start(
        Path(sys.argv[1]), bin_dir=Path(sys.argv[2]) if sys.argv[2] else None
    )
except TownclerkError as error:
    print("refused", error.code, error.what, "|", error.remedy, flush=True)
    raise SystemExit(error.exit_code)
print(server.url, flush=True)
sys.stdin.readline()
server.stop()
print("stopped", flush=True)
"""


@dataclass
class Sharer:
    """Another process that holds a share in a server."""

    process: subprocess.Popen[str]

    def line(self) -> str:
        """Return the next line it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        """Let it stop its share and end."""
        answer, _ = self.process.communicate("\n", timeout=WAIT_SECONDS_MAX)
        assert answer.strip() == "stopped"

    def kill(self) -> None:
        """End it without a chance to clean up; one that has ended is no trouble."""
        self.process.kill()
        self.process.wait(WAIT_SECONDS_MAX)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def begin_sharer(
    data_dir: Path, bin_dir: Path | None = None, user: str | int | None = None
) -> Sharer:
    """Start a process that shares the server of a directory, as another user if one is named."""
    python = sys.executable if user is None else python_for(user)
    options: dict[str, Any] = {} if user is None else as_user(user)
    return Sharer(
        subprocess.Popen(
            [python, "-c", SHARER, str(data_dir), str(bin_dir or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(import_path())},
            **options,
        )
    )


def import_path() -> list[str]:
    """Return where another interpreter of the same version finds us and what we need."""
    return [str(PROJECT), *(path for path in sys.path if path.endswith("site-packages"))]


def as_user(name: str | int) -> dict[str, Any]:
    """Return the options of subprocess that run a program as another user; needs root."""
    if os.geteuid() != 0:
        pytest.skip("only root can start a process as another user")
    return {"user": name, "group": "nogroup", "extra_groups": []}


def python_for(user: str | int) -> str:
    """Return an interpreter of our version that the user can run; root's own is out of reach."""
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    check = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in (sys.executable, f"/usr/bin/python{wanted}"):
        try:
            answer = subprocess.run(
                [candidate, "-c", check],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                **as_user(user),
            )
        except OSError:
            continue
        if answer.stdout.strip() == wanted:
            return candidate
    pytest.skip(f"{user} can run no Python {wanted}")


def server_pid(data_dir: Path) -> int:
    """Return the number of the running server's process."""
    found = read_postmaster_file(data_dir / "postgres" / "data")
    assert found is not None
    return found.pid


def server_runs(data_dir: Path) -> bool:
    """Tell whether a server has left its number behind."""
    return (data_dir / "postgres" / "data" / "postmaster.pid").exists()


def kill_server(data_dir: Path) -> None:
    """End the server as a power failure would, as far as its memory is concerned."""
    os.kill(server_pid(data_dir), signal.SIGKILL)


Share = Callable[..., Sharer]
