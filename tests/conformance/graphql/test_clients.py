"""Three real clients ask a running Townclerk: httpx in Python, urql and Apollo in Node.

Each asks with variables, turns pages, meets every member of a change's union, and sends a document
by its hash; graphql-ws follows a subscription. It needs Node and npm packages; see conftest.py.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.figures import Figure, keep
from registry.settings import Settings
from registry.storage.database import unit_of_work
from tests.conformance.graphql.conftest import RunNode
from tests.factories import an_element
from townclerk.serving import serving

NAMES = [f"System {number}" for number in range(1, 6)]
NO_PREFECT = "http://127.0.0.1:9/prefect/api"
CHANGES = [
    {"__typename": "ElementRetired", "urn": "urn:test:system:1", "validatedOnly": True},
    {"__typename": "Conflict", "code": "stale_revision", "currentRevision": 1},
    {"__typename": "NotFound", "code": "unknown_name"},
]
PAGE = """query Page($first: Int, $after: String) {
  systems(first: $first, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture
def url(database: object, tmp_path: Path) -> Iterator[str]:
    """The address of a demonstration with five systems."""
    with unit_of_work() as db:
        for number, name in enumerate(NAMES, 1):
            an_element(db, urn=f"urn:test:system:{number}", name=name)
    settings = Settings(
        data_dir=tmp_path,
        port=0,
        PREFECT_API_URL=NO_PREFECT,  # type: ignore[call-arg] # pydantic takes the alias
    )
    with serving(settings, demo=True) as address:
        yield f"{address}/graphql"


def without_remedies(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    assert all(answer.pop("remedy", "some") for answer in answers)
    return answers


def test_clients_in_node_are_answered_as_they_expect(url: str, run_node: RunNode) -> None:
    told = run_node("clients.mjs", url)
    answered = 0
    for client in ("urql", "apollo"):
        found = told[client]
        assert found["pages"] == NAMES, client
        assert without_remedies(found["changes"]) == CHANGES, client
        assert found["hashed"] == [1, 2], client
        answered += 1
    # By hash first; then, as it is not known yet, once with the document; from then on by hash.
    assert told["urql"]["sent"] == [False, True, False]
    assert told["apollo"]["sent"] == [False, True, False]
    begun, followed = told["graphqlWs"]["events"]
    assert begun["change"] == "MISSED"
    assert followed == {"change": "REGISTERED", "count": 1, "urns": ["urn:test:followed"]}
    assert told["graphqlWs"]["refused"] == "invalid_input"
    keep_figure("urql, Apollo and graphql-ws in Node", answered + 1, 3)


def test_a_client_in_python_is_answered_too(url: str) -> None:
    names: list[str] = []
    after = None
    with httpx.Client() as client:
        while True:
            body = {"query": PAGE, "variables": {"first": 2, "after": after}}
            page = client.post(url, json=body).json()["data"]["systems"]
            names += [node["name"] for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
    assert names == NAMES
    keep_figure("httpx in Python", 1, 1)


def keep_figure(clients: str, count: int, promised: int) -> None:
    """Keep that clients were answered as they expect."""
    how = "pages, variables, members of a change's union, hashes, events: as each client can"
    name = f"clients answered: {clients}"
    suite = f"graphql_clients_{'python' if promised == 1 else 'node'}"
    keep(suite, [Figure(name, count, "", f">= {promised}", how)], "make conformance")
