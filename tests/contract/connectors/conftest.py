"""Servers that close with the test."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.connectors.servers import Answer, Reply, Server


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    """Starts servers; every one is closed after the test."""
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def canary(serve: Callable[[Answer], Server]) -> Server:
    """A server that nobody may ever connect to."""
    return serve(lambda _: Reply.json({"items": [], "next": None}))
