"""The parts of docker-compose.yml as plain processes: same commands, own ports and directories."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[3]
COMPOSE = PROJECT / "docker-compose.yml"
HEALTHY_SECONDS_MAX = 90


def compose_file() -> dict[str, Any]:
    """Return the compose file as data; merge keys are resolved."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return found


class Part:
    """One service as a process.

    Args:
        name: As in the compose file.
        swaps: What differs on this machine: ports, host names, directories.
        log: File for its standard error.
    """

    def __init__(self, name: str, swaps: dict[str, str], log: Path) -> None:
        self.name = name
        self._swaps = swaps
        self._service = compose_file()["services"][name]
        self.log = log
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "TOWNCLERK_"))},
            **{k: self._here(v) for k, v in self._service.get("environment", {}).items()},
        }
        if self._service["secrets"]:
            self.environment["TOWNCLERK_SECRETS_DIR"] = self._here("/run/secrets")
        self.environment.pop("DATABASE_URL", None)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the service's own command."""
        with self.log.open("w") as errors:
            self.process = subprocess.Popen(
                self._command(self._service["command"]),
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def run(self, *command: str) -> str:
        """Run a command as `docker compose exec` would, and return its standard output."""
        done = subprocess.run(
            self._command(list(command)),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait_healthy(self) -> None:
        """Wait until the service's own health check passes."""
        check = self._service["healthcheck"]["test"]
        assert check[0] == "CMD"
        deadline = time.monotonic() + HEALTHY_SECONDS_MAX
        while subprocess.run(
            self._command(check[1:]), env=self.environment, capture_output=True, check=False
        ).returncode:
            assert self.process
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.3)

    def stop(self) -> float:
        """Send SIGTERM; return the seconds it took to end."""
        assert self.process
        begun = time.monotonic()
        self.process.terminate()
        self.process.communicate(timeout=30)
        return time.monotonic() - begun

    def _command(self, words: list[str]) -> list[str]:
        programs = {"townclerk": [sys.executable, "-m", "townclerk"], "python": [sys.executable]}
        program = programs.get(words[0], [words[0]])
        return [*program, *(self._here(word) for word in words[1:])]

    def _here(self, text: str) -> str:
        for there, here in self._swaps.items():
            text = text.replace(there, here)
        return text
