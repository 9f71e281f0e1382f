"""A newcomer's first command: a whole town, from nothing to a report, twice."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers import clean_environment

COMMAND = [sys.executable, "-m", "townclerk", "demo", "--json", "--people"]
SECONDS_MAX = 240
ROOT = Path(__file__).parents[3]


# Python runs this at the start of every process; the hook hears of each look-up and connection.
LISTENER = """
import os, sys
def hear(event, arguments):
    if event == "socket.getaddrinfo":
        name = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        name = arguments[1][0]
    else:
        return
    name = name.decode() if isinstance(name, bytes) else name
    if name not in (None, "", "127.0.0.1", "::1", "localhost"):
        with open(os.environ["CALLS_HEARD"], "a") as heard:
            heard.write(f"{event} {name}\\n")
sys.addaudithook(hear)
"""


def environment(place: Path) -> dict[str, str]:
    return clean_environment(TOWNCLERK_DATA_DIR=str(place), TOWNCLERK_POOL_SIZE="4")


def overheard(place: Path) -> dict[str, str]:
    """Return variables that make every Python process write down its calls to other hosts."""
    (place / "listener").mkdir()
    (place / "listener" / "sitecustomize.py").write_text(LISTENER)
    return {"PYTHONPATH": str(place / "listener"), "CALLS_HEARD": str(place / "calls")}


def demo_once(place: Path, variables: dict[str, str]) -> tuple[dict[str, Any], str]:
    done = subprocess.run(
        [*COMMAND, "1000", "--once"],
        env=environment(place) | variables,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout), done.stderr


def worked_examples_of_the_docs() -> dict[str, list[list[str]]]:
    """Return the tables of docs/explanation/matching.md by the pair of records they explain."""
    text = (ROOT / "docs/explanation/matching.md").read_text(encoding="utf-8")
    found = {}
    for pair, table in re.findall(r"<!-- (\S+ \S+) -->\n((?:\|.*\n)+)", text):
        rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
        found[pair] = rows[2:]
    assert found
    return found


def worked_examples(place: Path) -> dict[str, list[list[str]]]:
    """Ask the town that the demo left behind for what the docs show of it."""
    town = environment(place)
    found = {}
    for pair in worked_examples_of_the_docs():
        command = [sys.executable, "-m", "townclerk", "customers", "why", *pair.split(), "--json"]
        said = subprocess.run(command, env=town, capture_output=True, text=True, check=True)
        found[pair] = [
            [
                step["field"],
                step["level"],
                *(f"{step[f'over_{rival}_bits']:+.1f}" for rival in ("household", "stranger")),
                f"{step['bits']:+.1f}",
                f"{step['weight_bits']:.1f}",
            ]
            for step in json.loads(said.stdout)["steps"]
        ]
    return found


def test_the_listener_hears_what_it_is_there_for(reachable_dir: Path) -> None:
    """Nothing is sent: the event alone is raised."""
    variables = overheard(reachable_dir)
    call = "import sys; sys.audit('socket.getaddrinfo', 'elsewhere.example', 80, 0, 0, 0)"
    subprocess.run([sys.executable, "-c", call], env={**os.environ, **variables}, check=True)

    assert "elsewhere.example" in (reachable_dir / "calls").read_text()


@pytest.mark.slow
def test_the_report_is_whole_and_a_second_run_finds_the_same_town(reachable_dir: Path) -> None:
    variables = overheard(reachable_dir)
    first, said = demo_once(reachable_dir, variables)
    second, _ = demo_once(reachable_dir, variables)

    assert set(first["sources"].values()) == {"Completed"}
    assert len(first["sources"]) >= 5
    assert first["records_landed"] + first["quarantined"] == first["records_read"]
    assert first["pairs"]["f1"] > 0.9
    assert first["lineage_edges"] == 9 + 6  # of nine streams, and of six interfaces
    unwanted = ("Traceback", "Warning", "leaked", '"level": "warning"', '"level": "error"')
    assert not any(word in said for word in unwanted), said
    assert not (reachable_dir / "calls").exists(), (reachable_dir / "calls").read_text()
    unchanged = ("records_landed", "quarantined", "customers", "pairs", "systems", "lineage_edges")
    assert {key: second[key] for key in unchanged} == {key: first[key] for key in unchanged}
    assert worked_examples(Path(first["directory"])) == worked_examples_of_the_docs()


@pytest.mark.slow
def test_the_town_is_served_until_somebody_stops_it(reachable_dir: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "1000", "--port", "0"],
        env=environment(reachable_dir),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as town:
        assert town.stdout
        lines = []
        while not lines or lines[-1] != "}\n":
            lines.append(town.stdout.readline())
        url = json.loads("".join(lines))["url"]
        try:
            page = httpx.get(url, timeout=20)
            assert page.status_code == 200
            assert "Harbour CRM" in page.text
            foreign = httpx.get(url, headers={"Host": "evil.example"}, timeout=20)
            assert foreign.status_code == 421
            answer = httpx.post(
                f"{url}/graphql",
                json={"query": "{ customers(first: 1) { nodes { displayName } } }"},
                timeout=20,
            )
            assert answer.json()["data"]["customers"]["nodes"]
        finally:
            begun = time.monotonic()
            town.send_signal(signal.SIGTERM)
            town.wait(20)
        assert time.monotonic() - begun < 10
