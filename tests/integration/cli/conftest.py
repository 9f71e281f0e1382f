"""The command line in this process, on a real database, and in processes of its own."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.settings import settings
from townclerk.cli import run
from townclerk.logs import LogHandler

# One kind of server is enough for how a command speaks; the storage tests cover both.
on_one_server = pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)

Ask = Callable[..., tuple[int, Any, str]]


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Take back what commands have settled for Prefect in their own process, which is ours."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def ask(
    own_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reachable_dir: Path,
) -> Iterator[Ask]:
    """Run a command here: ask("landscape", "list", SETTING=…) gives code, JSON and stderr."""
    for name in list(os.environ):
        if name.startswith(("TOWNCLERK_", "PREFECT_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("TOWNCLERK_DATA_DIR", str(reachable_dir))

    def one(*words: str, **environment: str) -> tuple[int, Any, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        code = run([*words, "--json"])
        said = capsys.readouterr()
        # Whoever reads customers leaves a line in the log; everything else there is a mistake.
        told = [line for line in said.err.splitlines(True) if "townclerk.reads" not in line]
        return code, json.loads(said.out), "".join(told)

    yield one
    settings.cache_clear()
    root = logging.getLogger()
    for handler in [known for known in root.handlers if isinstance(known, LogHandler)]:
        root.removeHandler(handler)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(False)


@pytest.fixture
def town(ask: Ask, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The same, on a fresh database."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("TOWNCLERK_POOL_SIZE", "2")
    return ask


def townclerk(*words: str, data_dir: Path, **options: Any) -> subprocess.Popen[str]:
    """Start `townclerk WORDS` in a process of its own, with an operator's clean shell."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TOWNCLERK_", "PREFECT_"))}
    clean.pop("DATABASE_URL", None)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "townclerk", *words],
        env={**clean, "TOWNCLERK_DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
