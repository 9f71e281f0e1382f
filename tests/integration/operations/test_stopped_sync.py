"""A sync that is told to stop while its source is slow ends in time, and says so in its row."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk.load import load_connector_file
from registry import intake, landscape
from registry.storage.connecting import connect
from tests.factories import a_data_set, an_interface
from tests.servers import first_row

STOP_SECONDS_MAX = 10.0
ASKED_SECONDS_MAX = 90
CONNECTOR = """connector: slow
kind: rest
interface: urn:test:interface:slow
streams:
  people:
    data_set: urn:test:data_set:slow
    get: /people
    records: "."
    paging: {type: none}
    key: id
    map: {kind: "'person'", family_name: name}
"""


@contextmanager
def a_source_that_never_answers() -> Iterator[tuple[str, threading.Event]]:
    """Serve a source; yield its address, and an event that is set when it was asked."""
    asked, enough = threading.Event(), threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            enough.wait()
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            enough.set()
            server.shutdown()
            thread.join()


def register(url: str, address: str) -> None:
    with connect(url) as db:
        landscape.commands.ensure_own_elements(db)
        attrs = {"base_url": address, "sandbox": True}
        an_interface(db, urn="urn:test:interface:slow", attrs=attrs)
        a_data_set(db, urn="urn:test:data_set:slow")
        spec = load_connector_file(CONNECTOR, name="slow.yaml")
        document = spec.model_dump(mode="json", exclude_none=True)
        intake.commands.register_source(db, key="slow", interface_urn=spec.interface, spec=document)


@pytest.mark.slow
@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
def test_a_stopped_sync_is_cancelled_and_frees_its_source(
    postgres_url: str, reachable_dir: Path
) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TOWNCLERK_", "PREFECT_"))}
    with a_source_that_never_answers() as (address, asked):
        register(postgres_url, address)
        process = subprocess.Popen(
            [sys.executable, "-m", "townclerk", "sync", "run", "slow", "--json"],
            env={**clean, "DATABASE_URL": postgres_url, "TOWNCLERK_DATA_DIR": str(reachable_dir)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert asked.wait(ASKED_SECONDS_MAX)
        begun = time.monotonic()
        process.terminate()
        out, errors = process.communicate(timeout=60)

    assert time.monotonic() - begun < STOP_SECONDS_MAX
    assert process.returncode == 128 + signal.SIGTERM, errors
    assert '"code": "interrupted"' in out
    assert "Traceback" not in errors
    assert first_row(postgres_url, "SELECT state FROM sync_run") == ("cancelled",)
    assert first_row(postgres_url, "SELECT expires_at <= now() FROM lease") == (True,)
