"""Other people's programs in Node: fetched by `make conformance`, or found where they are."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.storage.database import Database, close_database, open_database
from registry.storage.embedded import EmbeddedPostgres
from tests.conftest import POOL_SIZE, fresh_database

PACKAGES = (
    "@apollo/client@4.3.8",
    "@graphql-inspector/core@6",
    "@urql/core@5",
    "@urql/exchange-persisted@4",
    "graphql@16.11.0",
    "graphql-http@1.23.1",
    "graphql-ws@6.4.2",
    "rxjs@7",
    "ws@8",
)
INSTALL_SECONDS_MAX = 300
SECONDS_MAX = 120

RunNode = Callable[..., Any]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the npm packages, or a skip that says how to get them."""
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
        timeout=INSTALL_SECONDS_MAX,
    )
    return place


@pytest.fixture(scope="session")
def run_node(packages: Path) -> RunNode:
    """Run one of the scripts beside this file; return the JSON it prints."""

    def run(script: str, *arguments: object) -> Any:
        done = subprocess.run(
            ["node", Path(__file__).with_name(script), packages, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def shared_database(postgres_server: EmbeddedPostgres) -> Iterator[Database]:
    """One open database for all tests of a file."""
    with fresh_database(postgres_server) as url:
        yield open_database(url, pool_size=POOL_SIZE)
        close_database()
