"""The published audit of GraphQL over HTTP, by its authors' own program: all 61 checks pass.

It needs Node and npm packages. `make conformance` fetches them into a temporary directory;
TOWNCLERK_NODE_PACKAGES names a directory that already has them in `node_modules`.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from benchmarks.figures import Figure, keep
from registry.api.schema import graphql_app
from tests.conformance.graphql.conftest import RunNode
from tests.integration.api.asking import EVERY_SCOPE, Door

CHECKS = 61


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
def test_graphql_over_http_is_spoken_as_the_specification_says(run_node: RunNode) -> None:
    with listening() as url:
        results = run_node("audit.mjs", url)
    failed = [result for result in results if result["status"] != "ok"]
    how = "npm graphql-http's audit of GraphQL over HTTP, against a running server"
    passed = len(results) - len(failed)
    figure = Figure(f"audit, of {CHECKS} checks", passed, "", f">= {CHECKS}", how)
    keep("graphql_audit", [figure], "make conformance")
    assert not failed, json.dumps(failed, indent=2)
    assert len(results) == CHECKS
