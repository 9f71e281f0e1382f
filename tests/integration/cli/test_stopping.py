"""Whoever stops a command stops its database server, too, whichever way they take."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.integration.cli.conftest import townclerk

STOP_SECONDS_MAX = 10.0
START_SECONDS_MAX = 60.0


def server_runs(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "data" / "postmaster.pid").exists()


@pytest.mark.parametrize(
    ("number", "shell_ignores_ctrl_c"),
    [
        (signal.SIGINT, False),
        (signal.SIGHUP, False),
        (signal.SIGTERM, False),
        (signal.SIGTERM, True),  # as in the background of a shell
    ],
)
def test_a_signal_ends_a_command_cleanly(
    reachable_dir: Path, number: signal.Signals, *, shell_ignores_ctrl_c: bool
) -> None:
    # Nobody ever writes into this file, so the command waits for it with the server running.
    os.mkfifo(reachable_dir / "never")
    # Children inherit what is ignored, also what whoever started the tests ignored.
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN if shell_ignores_ctrl_c else signal.SIG_DFL)
    process = townclerk(
        "restore", str(reachable_dir / "never"), "--json", data_dir=reachable_dir / "data"
    )
    for one, handler in before.items():
        signal.signal(one, handler)
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server_runs(reachable_dir / "data") and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    assert process.poll() is None
    begun = time.monotonic()
    process.send_signal(number)
    out, errors = process.communicate(timeout=STOP_SECONDS_MAX * 2)

    assert time.monotonic() - begun < STOP_SECONDS_MAX
    assert process.returncode == 128 + number
    assert '"code": "interrupted"' in out
    assert "Traceback" not in errors
    assert not server_runs(reachable_dir / "data")
