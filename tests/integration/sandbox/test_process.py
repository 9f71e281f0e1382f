"""The city as a program: its one line, its quick end, its modest memory."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

# Without its care a stop waits a minute for an open line, and longer for a town half made.
STOP_SECONDS_MAX = 20.0
START_SECONDS_MAX = 60

PEAK_MEMORY = """
import resource, sys
from pathlib import Path
from townclerk.sandbox.city import build
manifest = build(Path(sys.argv[1]), people=int(sys.argv[2]), seed=1)
kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(kib / 1024 if sys.platform == "linux" else kib / 2**20)
"""


@contextmanager
def program(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start the city; kill it if the test did not end it."""
    arguments = ["--people", "150", "--seed", "1", "--dir", str(folder), *options]
    process = subprocess.Popen(
        [sys.executable, "-m", "townclerk.sandbox", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=START_SECONDS_MAX)


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    facts: dict[str, Any] = json.loads(process.stdout.readline())
    return facts


def finish(process: subprocess.Popen[str]) -> tuple[float, str]:
    """Wait for the end; return how long it took and what the program complained of."""
    begun = time.monotonic()
    assert process.stderr is not None
    process.wait(timeout=START_SECONDS_MAX)
    return time.monotonic() - begun, process.stderr.read()


def test_one_line_names_every_source_and_closing_the_input_ends_it(reachable_dir: Path) -> None:
    with program(reachable_dir) as process:
        facts = ready(process)
        assert set(facts) == {"sources", "people", "records"}
        assert set(facts["sources"]) == {
            "crm",
            "library",
            "permits",
            "taxes",
            "waste",
            "parking",
        }
        assert facts["people"] == 150
        assert httpx.get(facts["sources"]["crm"]["base_url"] + "/openapi.json").is_success
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        seconds, complaints = finish(process)
        assert process.returncode == 0
        assert process.stdout.read() == ""
        assert complaints == ""
        assert seconds < STOP_SECONDS_MAX
        process.stdin = None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quickly_with_a_client_on_the_line(
    reachable_dir: Path, number: signal.Signals
) -> None:
    with program(reachable_dir) as process:
        facts = ready(process)
        with httpx.Client(base_url=facts["sources"]["library"]["base_url"]) as client:
            client.get("/swagger.json")  # the connection stays open
            process.send_signal(number)
            seconds, complaints = finish(process)
        assert process.returncode == 0
        assert complaints == ""
        assert seconds < STOP_SECONDS_MAX


def test_no_database_server_is_left_behind(reachable_dir: Path) -> None:
    with program(reachable_dir) as process:
        ready(process)
        pid_file = reachable_dir / "taxes" / "postgres" / "data" / "postmaster.pid"
        server = int(pid_file.read_text().splitlines()[0])
        process.terminate()
        finish(process)
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def test_a_second_start_keeps_the_town_and_its_secrets(reachable_dir: Path) -> None:
    counts = []
    secrets = []
    for _ in range(2):
        with program(reachable_dir) as process:
            counts.append(ready(process)["records"])
            secrets.append((reachable_dir / "secrets" / "crm.secret").read_text())
            process.terminate()
            finish(process)
    assert counts[0] == counts[1]
    assert secrets[0] == secrets[1]


def test_two_cities_do_not_share_a_folder(reachable_dir: Path) -> None:
    with program(reachable_dir) as first:
        ready(first)
        with program(reachable_dir) as second:
            error = ready(second)["error"]
            assert error["code"] == "misconfigured"
            assert error["remedy"]
            assert finish(second)[1] == ""
            assert second.returncode == 3
        first.terminate()
        finish(first)


def test_an_impossible_wish_is_told_in_one_line(reachable_dir: Path) -> None:
    with program(reachable_dir, "--people", "0") as process:
        assert ready(process)["error"]["code"] == "invalid_input"
        assert finish(process)[1] == ""
        assert process.returncode == 2


def test_it_stops_while_the_town_is_still_being_made(reachable_dir: Path) -> None:
    with program(reachable_dir, "--people", "1000000") as process:
        while not (reachable_dir / "city.new" / "store.sqlite").exists():
            time.sleep(0.05)
            assert process.poll() is None
        time.sleep(1.0)
        process.terminate()
        seconds, complaints = finish(process)
        assert process.returncode == 0
        assert complaints == ""
        assert seconds < STOP_SECONDS_MAX
    assert not (reachable_dir / "city.new").exists()


def test_a_town_fifty_times_as_large_needs_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for people in (1000, 50_000):
        done = subprocess.run(
            [sys.executable, "-c", PEAK_MEMORY, str(tmp_path / str(people)), str(people)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(float(done.stdout))
    assert peaks[1] - peaks[0] < 50, f"MiB at the peak: {peaks}"
