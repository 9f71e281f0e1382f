"""The published audit of GraphQL over HTTP, by its authors' own program: all 61 checks pass.

It needs Node and the npm packages named below. `make conformance` fetches them into a temporary
directory; TOWNCLERK_NODE_PACKAGES names a directory that already has them in `node_modules`.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from registry.api.schema import graphql_app
from tests.integration.api.asking import EVERY_SCOPE, Door

PACKAGES = ("graphql-http@1.23.1", "graphql@16.11.0")
CHECKS = 61
AUDIT = Path(__file__).with_name("audit.mjs")
SECONDS_MAX = 120


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the audit's npm packages, or a skip that says how to get them."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    given = os.environ.get("TOWNCLERK_NODE_PACKAGES")
    if given:
        return Path(given)
    if os.environ.get("TOWNCLERK_CONFORMANCE") != "1":
        pytest.skip("`make conformance` fetches the npm packages this needs")
    place = tmp_path_factory.mktemp("packages")
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES],
        cwd=place,
        check=True,
        capture_output=True,
        timeout=SECONDS_MAX,
    )
    return place


@contextmanager
def listening() -> Iterator[str]:
    """Serve the API on a free port of this machine, to whoever asks."""
    config = uvicorn.Config(
        Door(graphql_app(), EVERY_SCOPE), port=0, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    ready = threading.Event()
    startup = server.startup

    async def tell_when_ready(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        ready.set()

    server.startup = tell_when_ready  # type: ignore[method-assign] # uvicorn has no event for it
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(20)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.usefixtures("database")
def test_graphql_over_http_is_spoken_as_the_specification_says(packages: Path) -> None:
    with listening() as url:
        done = subprocess.run(
            ["node", str(AUDIT), str(packages), url],
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS_MAX,
        )
    results = json.loads(done.stdout)
    failed = [result for result in results if result["status"] != "ok"]
    assert not failed, json.dumps(failed, indent=2)
    assert len(results) == CHECKS
