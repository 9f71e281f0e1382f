"""A Singer tap that other people wrote, killed in the middle, and we with it: nothing is lost.

The tap reads a source day by day and tells a state after each; it is installed into an environment
of its own. What a kill leaves is read on from the last state, and nobody is withdrawn.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk.load import load_connector_file
from registry.storage.database import Database
from schemas.errors import GiveUp
from schemas.records import Cursor, Page
from tests.conformance.connectors.test_servers_of_others import environment
from tests.contract.connectors.servers import Reply, Request, Server, keys, read_all, source_of
from tests.integration.sync.test_engine import Crm, count
from tests.servers import clean_environment

pytestmark = pytest.mark.heavy
TAP = ("tap-rest-api>=0.2.22,<0.3",)
DAYS, EACH = 6, 7
PEOPLE = [
    {"id": day * EACH + one, "name": f"Name {one}", "at": f"2026-01-{day + 1:02}T12:00:00"}
    for day in range(DAYS)
    for one in range(EACH)
]
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"}, "name": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
    },
}  # fmt: skip
READ_ON = """
import asyncio, json, sys
from connectors.singer import SingerConnector
from tests.contract.connectors.servers import source_of
from tests.conformance.connectors.test_taps_of_others import file_of
async def read():
    source = source_of(file_of(sys.argv[1], sys.argv[2]), sys.argv[1])
    async for page in SingerConnector(source).read("customers", None):
        told = [[one.value["id"] for one in page.records], page.cursor.position]
        print(json.dumps(told), flush=True)
        await asyncio.sleep(0.3)
asyncio.run(read())
"""


@pytest.fixture(scope="module")
def taps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("taps")
    environment(place / "tap-rest-api", TAP)
    (place / "schema").mkdir()
    (place / "schema/people.json").write_text(json.dumps(SCHEMA))
    return place


@pytest.fixture(autouse=True)
def known(taps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNCLERK_TAPS_DIR", str(taps))


def by_day(request: Request) -> Reply:
    """Answer with the people of some days."""
    first, end = request.query["from"], request.query["to"]
    return Reply.json([one for one in PEOPLE if first <= str(one["at"]) < end])


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server(by_day)
    yield found
    found.close()


def stream_of(url: str, taps: str) -> dict[str, Any]:
    """Return the stream of a connector file for the tap."""
    return {
        "tap": "tap-rest-api",
        "stream": "people",
        "config": {
            "url": f"{url}/people?from={{start_datetime}}&to={{end_datetime}}",
            "streams": "people", "schema_dir": f"{taps}/schema", "datetime_keys": {"people": "at"},
            "start_datetime": "2026-01-01T00:00:00",
            "end_datetime": f"2026-01-0{DAYS + 1}T00:00:00",
            "datetime_format": "%Y-%m-%dT%H:%M:%S", "window_size_hours": 24,
            "items_per_page": 100, "auth_method": "no_auth",
        },
        "size": 1,
        "key": "id",
        "map": {"kind": "'person'", "family_name": "name"},
    }  # fmt: skip


def file_of(url: str, taps: str) -> str:
    """Return a connector file for the tap, as JSON, which is YAML too."""
    streams = {"customers": stream_of(url, taps)}
    return json.dumps({"connector": "crm", "kind": "singer", "streams": streams})


def pages_of(url: str, taps: str, cursor: Cursor | None, into: Any = None) -> list[Page]:
    """Read the tap from a cursor."""
    return read_all(source_of(file_of(url, taps), url), cursor=cursor, into=into)


def kill_the_tap() -> None:
    """Kill every child of this process that is a tap, as the kernel does when memory ends."""
    listed = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    for child in {int(one) for file in listed for one in file.read_text().split()}:
        if b"tap-rest-api" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(child, signal.SIGKILL)


def killing(day: int) -> Callable[[Request], Reply]:
    """Answer, but kill the tap once when it asks for a day."""
    killed = list[bool]()

    def answer(request: Request) -> Reply:
        if not killed and request.query["from"].startswith(f"2026-01-{day:02}"):
            killed.append(True)
            kill_the_tap()
        return by_day(request)

    return answer


def test_the_tap_is_read_day_by_day(server: Server, taps: Path) -> None:
    pages = pages_of(server.url, str(taps), None)
    assert keys(pages) == [one["id"] for one in PEOPLE]
    assert len([page for page in pages if page.records]) == DAYS


@pytest.mark.parametrize("day", [1, 3, DAYS])
def test_a_killed_tap_is_no_end_and_goes_on_from_its_last_state(
    server: Server, taps: Path, day: int
) -> None:
    server.answer = killing(day)
    before = list[Page]()
    with pytest.raises(GiveUp, match="exit code -9"):
        pages_of(server.url, str(taps), None, before)
    assert not any(page.last for page in before)

    after = pages_of(server.url, str(taps), before[-1].cursor if before else None)

    assert {*keys(before), *keys(after)} == {one["id"] for one in PEOPLE}
    assert len(keys(after)) <= len(PEOPLE) - (day - 1) * EACH + EACH, "it begins where it stood"


def test_we_are_killed_and_go_on_from_the_last_page_that_was_kept(
    server: Server, taps: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", READ_ON, server.url, str(taps)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
        env=clean_environment(TOWNCLERK_TAPS_DIR=str(taps)),
    )  # fmt: skip
    assert process.stdout is not None
    kept = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.kill()
    process.communicate()

    after = pages_of(server.url, str(taps), Cursor(position=kept[-1][1]))

    before = [number for numbers, _ in kept for number in numbers]
    assert sorted({*before, *keys(after)}) == [one["id"] for one in PEOPLE]
    assert len(before) < len(PEOPLE)


@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
def test_a_sync_whose_tap_is_killed_withdraws_nobody(
    database: Database, server: Server, taps: Path
) -> None:
    crm = Crm()
    url = server.url
    stream = {**stream_of(url, str(taps)), "data_set": "urn:test:data_set:people"}
    crm.file |= {"kind": "singer", "streams": {"people": stream}}
    load_connector_file(json.dumps(crm.file), name="crm.yaml")
    try:
        crm.register()
        assert crm.sync().state == "completed"
        for day in (2, 4, DAYS):
            server.answer = killing(day)
            with pytest.raises(GiveUp, match="exit code -9"):
                crm.sync()
        server.answer = by_day
        assert crm.sync().state == "completed"
    finally:
        crm.server.close()

    assert count("SELECT count(*) FROM landed_record") == len(PEOPLE)
    assert count("SELECT coalesce(sum(records_withdrawn), 0) FROM sync_run") == 0
