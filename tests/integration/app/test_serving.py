"""Starting and stopping for real: a process of its own, Prefect mounted, signals and ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.runtime import ZOMBIE_AUTOMATION, clock_token
from registry.settings import Settings
from registry.storage.embedded import EmbeddedPostgres
from schemas.errors import Misconfigured, PortInUse
from townclerk.serving import address_of, bind

TOWN = Path(__file__).with_name("town.py")
# What hangs would hold a stop for a minute; a busy machine may need more than an operator waits.
STOP_SECONDS_MAX = 30.0
SETTLE_SECONDS_MAX = 60.0
FLOW = """
import asyncio, json, sys
from pathlib import Path
from flows.runtime import use_prefect
from registry.settings import Settings
from registry.storage.embedded import EmbeddedPostgres
use_prefect(Settings(data_dir=Path(sys.argv[1])), api_url=sys.argv[2])
from prefect import flow, task
@task
async def chunk(number): return number
@flow
async def sync(): return sum([await chunk(n) for n in range(3)])
assert asyncio.run(sync()) == 3
"""


def clean_environment() -> dict[str, str]:
    """An operator's shell, without what other tests may have left for Prefect."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "TOWNCLERK_"))}


class Town:
    """A running server."""

    def __init__(self, data_dir: Path, database: str, *, demo: bool) -> None:
        facts = json.dumps({"data_dir": str(data_dir), "database": database, "demo": demo})
        self.process = subprocess.Popen(
            [sys.executable, str(TOWN), facts],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            pytest.fail(self.process.communicate()[1])
        self.ready: dict[str, Any] = json.loads(line)

    def stop(self, number: int = signal.SIGTERM) -> tuple[float, dict[str, Any], str]:
        """Send a signal; return seconds, last words and standard error."""
        begun = time.monotonic()
        self.process.send_signal(number)
        out, errors = self.process.communicate(timeout=STOP_SECONDS_MAX * 2)
        return time.monotonic() - begun, json.loads(out or "{}"), errors


@pytest.fixture
def town(reachable_dir: Path, own_postgres: EmbeddedPostgres) -> Iterator[Callable[..., Town]]:
    """Start towns; kill those a test leaves behind."""
    running: list[Town] = []

    def start(*, demo: bool = True) -> Town:
        running.append(Town(reachable_dir, own_postgres.url, demo=demo))
        return running[-1]

    yield start
    for left in running:
        if left.process.poll() is None:
            left.process.kill()
            left.process.communicate()


@contextmanager
def a_slow_request(url: str) -> Iterator[list[int]]:
    """Keep a request open that takes longer than any stop may; yield the status it gets."""
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(httpx.get(f"{url}/systems/slow", timeout=70).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.5)  # until it has arrived
    yield statuses
    thread.join()


def automations(town: Town) -> list[str]:
    answer = httpx.post(f"{town.ready['prefect_api']}/automations/filter", json={}, timeout=20)
    return [rule["name"] for rule in answer.json()]


def double_the_automation(town: Town) -> None:
    """Do what two workers do that start at the same moment."""
    api = f"{town.ready['prefect_api']}/automations"
    (rule,) = httpx.post(f"{api}/filter", json={}, timeout=20).json()
    copied = {name: rule[name] for name in ("name", "description", "trigger", "actions")}
    assert httpx.post(f"{api}/", json=copied, timeout=20).status_code == 201
    assert automations(town) == [ZOMBIE_AUTOMATION] * 2


def wait_for_one_automation(town: Town) -> None:
    """The hub looks to it beside its first answers."""
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while automations(town) != [ZOMBIE_AUTOMATION]:
        assert time.monotonic() < deadline, automations(town)
        time.sleep(0.1)


@pytest.mark.slow
def ours(errors: str) -> list[str]:
    """Lines that are not uvicorn's or Prefect's word of a task that our stop cut short."""
    theirs = ("Cancel 1 running task", '"logger": "docket.dependencies"')
    return [line for line in errors.splitlines() if not any(mark in line for mark in theirs)]


def test_a_whole_life_with_prefect_inside(town: Callable[..., Town], reachable_dir: Path) -> None:
    running = town()
    url = running.ready["url"]
    health = httpx.get(f"{url}/health", timeout=20).json()
    assert health["parts"]["prefect"] == {"status": "ok", "what": "the scheduler answers"}
    assert health["status"] == "ok"

    page = httpx.get(f"{url}/prefect/", headers={"Accept": "text/html"}, follow_redirects=True)
    assert page.status_code == 200
    assert "<html" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert httpx.get(f"{url}/prefect/ui-settings").json()["api_url"] == "/prefect/api"
    view = httpx.get(f"{url}/prefect/api/collections/views/aggregate-worker-metadata")
    assert "prefect" in view.json()
    assert httpx.get(f"{url}/prefect/api/collections/views/demo-flows").status_code == 404

    flow = subprocess.run(
        [sys.executable, "-c", FLOW, str(reachable_dir), running.ready["prefect_api"]],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(),
    )
    assert (flow.returncode, flow.stdout, flow.stderr) == (0, "", "")
    runs = httpx.post(f"{running.ready['prefect_api']}/flow_runs/filter", json={}).json()
    assert [run["state"]["type"] for run in runs] == ["COMPLETED"]
    assert automations(running) == [ZOMBIE_AUTOMATION]
    double_the_automation(running)

    with a_slow_request(url) as statuses:
        seconds, last_words, errors = running.stop()
    assert statuses == [503]
    assert seconds < STOP_SECONDS_MAX
    assert running.process.returncode == 0
    assert last_words["cleaned_up"] is True
    assert ours(errors) == []
    foreign = [spoken for spoken in last_words["spoken_to"] if not spoken.startswith("/")]
    assert set(foreign) <= {"127.0.0.1"}

    again = town()
    wait_for_one_automation(again)
    seconds, _, errors = again.stop(signal.SIGINT)
    assert seconds < STOP_SECONDS_MAX
    assert ours(errors) == []


@pytest.mark.slow
def test_only_our_own_flows_and_token_holders_reach_prefect(
    town: Callable[..., Town], reachable_dir: Path
) -> None:
    running = town(demo=False)
    api = running.ready["prefect_api"]
    assert httpx.post(f"{api}/flows/filter", json={}).status_code == 401
    assert httpx.get(f"{running.ready['url']}/prefect/").status_code == 401
    ours = {"Authorization": f"Bearer {clock_token(Settings(data_dir=reachable_dir))}"}
    assert httpx.post(f"{api}/flows/filter", json={}, headers=ours).status_code == 200
    elsewhere = httpx.get(f"{running.ready['url']}/landscape", headers=ours)
    assert elsewhere.status_code == 401
    flow = subprocess.run(
        [sys.executable, "-c", FLOW, str(reachable_dir), api],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(),
    )
    assert (flow.returncode, flow.stderr) == (0, "")
    assert httpx.get(f"{running.ready['url']}/health").json()["status"] == "ok"
    seconds, _, errors = running.stop()
    assert seconds < STOP_SECONDS_MAX
    assert errors == ""


def test_a_port_that_another_program_has_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)):
            bind("127.0.0.1", port)


def test_a_port_we_have_taken_cannot_be_taken_again() -> None:
    with bind("127.0.0.1", 0) as first, pytest.raises(PortInUse):
        bind("127.0.0.1", first.getsockname()[1])


def test_a_port_is_free_again_at_once() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
    bind("127.0.0.1", port).close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "256.256.256.256"])
def test_an_address_that_is_not_ours_is_a_matter_of_settings(host: str) -> None:
    with pytest.raises(Misconfigured):
        bind(host, 0)


def test_the_address_is_one_this_machine_can_open() -> None:
    with bind("0.0.0.0", 0) as everywhere, bind("::1", 0) as six:
        assert address_of(everywhere).url.startswith("http://127.0.0.1:")
        assert address_of(six).url.startswith("http://[::1]:")
        assert address_of(six).prefect_api.endswith("/prefect/api")
