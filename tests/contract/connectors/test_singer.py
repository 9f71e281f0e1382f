"""Singer taps: programs of other people, in environments of their own."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk.cursors import next_scan
from connectors.singer import TapMissing
from schemas.errors import GiveUp, InvalidConnectorFile, RetryLater, SourceTrouble
from tests.contract.connectors.servers import keys, read_all, source_of

FILE = """
connector: crm
kind: singer
interface: urn:t:interface:crm
timeout_seconds: {seconds}
streams:
  customers:
    data_set: urn:t:data_set:crm
    tap: {tap}
    stream: people
    config: {{start: 2020, api: "https://example.org"}}
    secrets: {{key: "env:TAP_KEY"}}
    size: 1
    {more}
    key: id
    map: {{kind: "'person'"}}
"""
HEAD = f"""#!{sys.executable} -IS
import json, os, sys, time
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
def say(**message): print(json.dumps(message), flush=True)
def person(number): say(type="RECORD", stream="people", record={{"id": number}})
"""


@pytest.fixture(autouse=True)
def taps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOWNCLERK_TAPS_DIR", str(tmp_path))
    monkeypatch.setenv("TAP_KEY", "t4p-s3cr3t")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ours")
    return tmp_path


def install(taps: Path, body: str, name: str = "tap-crm") -> None:
    program = taps / name / "bin" / name
    program.parent.mkdir(parents=True)
    program.write_text(HEAD + body)
    program.chmod(0o755)


def source(more: str = "discover: false", tap: str = "tap-crm", seconds: int = 60) -> Any:
    return source_of(FILE.format(tap=tap, more=more, seconds=seconds), "https://example.org")


def test_a_tap_sees_its_configuration_and_nothing_of_ours(taps: Path) -> None:
    seen = taps / "seen"
    install(
        taps,
        f"config = open(options['--config']).read()\n"
        f"mode = oct(os.stat(options['--config']).st_mode)\n"
        f"open({str(seen)!r}, 'w').write(json.dumps([config, mode, dict(os.environ), sys.argv]))\n"
        "say(type='SCHEMA', stream='people', schema={})\nperson(1)\n",
    )

    assert keys(read_all(source())) == [1]

    config, mode, environment, arguments = json.loads(seen.read_text())
    assert json.loads(config) == {"start": 2020, "api": "https://example.org", "key": "t4p-s3cr3t"}
    assert mode.endswith("600")
    assert set(environment) <= {"PATH", "HOME", "LANG", "TZ", "LC_CTYPE"}
    assert "t4p-s3cr3t" not in str(arguments)
    assert not list(Path(environment["HOME"]).parent.glob(Path(environment["HOME"]).name))


def test_the_catalog_is_asked_for_and_one_stream_chosen(taps: Path) -> None:
    install(
        taps,
        "if '--discover' in sys.argv:\n"
        "    print(json.dumps({'streams': [{'stream': 'other'}, {'tap_stream_id': 'people',"
        " 'metadata': [{'breadcrumb': ['properties', 'id'], 'metadata': {'x': 1}}]}]}, indent=2))\n"
        "    sys.exit()\n"
        "[chosen] = json.load(open(options['--catalog']))['streams']\n"
        "assert all(one['metadata']['selected'] for one in chosen['metadata'])\n"
        "assert [] in [one['breadcrumb'] for one in chosen['metadata']]\n"
        "person(7)\n",
    )

    assert keys(read_all(source(""))) == [7]


def test_the_last_state_starts_the_next_run_where_the_file_says_so(taps: Path) -> None:
    install(
        taps,
        "at = json.load(open(options['--state']))['at'] if '--state' in options else 0\n"
        "say(type='SCHEMA', stream='people', schema={})\n"
        "for n in range(at, at + 2):\n    person(n); say(type='STATE', value={'at': n + 1})\n",
    )
    more = "discover: false\n    incremental: true"

    first = read_all(source(more))
    second = read_all(source(more), cursor=next_scan(first[-1].cursor))
    anew = read_all(source(), cursor=next_scan(read_all(source())[-1].cursor))

    assert (keys(first), keys(second), keys(anew)) == ([0, 1], [2, 3], [0, 1])


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        ("person(1); sys.exit(3)", GiveUp),
        ("person(1); print('not a message')", GiveUp),
        ("person(1); print('{\"type\": \"RECORD\"', end='')", RetryLater),
        ("person(1); os.kill(os.getpid(), 9)", GiveUp),
        ("say(type='SCHEMA', stream='other', schema={})", GiveUp),
        ("say(type='BATCH', stream='people')", GiveUp),
        ("print('{\"type\": \"' + 'x' * 17_000_000 + '\"}')", GiveUp),
        ("print('[' * 100_000)", GiveUp),
        ("say(type='STATE', value='x' * 2_000_000)", GiveUp),
    ],
)
def test_a_tap_that_fails_never_looks_like_one_that_is_finished(
    taps: Path, body: str, trouble: type[SourceTrouble]
) -> None:
    install(taps, body)
    pages: list[Any] = []

    with pytest.raises(trouble):
        read_all(source(), into=pages)

    assert not any(page.last for page in pages)


def test_a_tap_that_falls_silent_is_stopped_and_left_for_later(taps: Path) -> None:
    install(taps, "time.sleep(600)")

    with pytest.raises(RetryLater, match="said nothing"):
        read_all(source(seconds=1))


def test_what_a_tap_started_ends_with_it(taps: Path) -> None:
    child = taps / "child"
    install(
        taps,
        "import subprocess\n"
        "kid = subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL)\n"
        f"open({str(child)!r}, 'w').write(str(kid.pid))\n"
        "person(1)\nsys.exit(3)\n",
    )

    with pytest.raises(GiveUp):
        read_all(source())

    state = Path(f"/proc/{child.read_text()}/stat")
    deadline = time.monotonic() + 20  # a kill is carried out when the kernel comes to it
    while lives(state) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not lives(state)


def lives(state: Path) -> bool:
    try:
        return state.read_text().split()[2] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_records_that_cannot_be_read_are_refused_one_by_one(taps: Path) -> None:
    install(taps, "person(1)\nsay(type='RECORD', stream='people', record=[3])\nperson(2)\n")

    pages = read_all(source())

    assert keys(pages) == [1, 2]
    assert [bad.rule for page in pages for bad in page.rejected] == ["record_not_object"]


@pytest.mark.parametrize("tap", ["../../bin/sh", "/bin/sh", "TAP", "tap crm", ""])
def test_a_file_cannot_name_a_program_of_its_own(tap: str) -> None:
    with pytest.raises(InvalidConnectorFile):
        source(tap=repr(tap))


def test_a_tap_that_is_not_installed_is_named(taps: Path) -> None:
    with pytest.raises(TapMissing, match="tap-none"):
        read_all(source(tap="tap-none"))
    assert not list(taps.iterdir())


def test_a_tap_that_shouts_its_secret_blocks_nothing_and_is_not_repeated(
    taps: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install(
        taps,
        "key = json.load(open(options['--config']))['key']\n"
        "for _ in range(3000): sys.stderr.write(('failed with ' + key + ' ') * 20 + chr(10))\n"
        "person(1)\n"  # before its schema
        "say(type='SCHEMA', stream='people', schema={})\n"
        "say(type='ACTIVATE_VERSION', stream='people', version=7)\n"
        "say(type='METRIC', value=3)\nperson(2)\nsys.exit(5)\n",
    )
    pages: list[Any] = []

    with pytest.raises(GiveUp, match="exit code 5") as caught, caplog.at_level("DEBUG"):
        read_all(source(), into=pages)

    assert "t4p-s3cr3t" not in f"{caught.value.as_dict()} {caplog.text}"
    assert keys(pages) in ([], [1, 2])


def test_what_a_tap_no_longer_tells_waits_for_a_steward_unless_the_file_says_otherwise() -> None:
    def vanished(more: str) -> str:
        return str(source(more).spec.streams["customers"].vanished)

    assert vanished("discover: false") == "hold"
    assert vanished("vanished: withdraw") == "withdraw"
