"""Fixtures for tests of the embedded server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.storage.processes import Sharer, begin_sharer
from tests.servers import SERVERS, programs_of


@pytest.fixture(params=list(SERVERS))
def bin_dir(request: pytest.FixtureRequest) -> Path | None:
    """The programs of every kind of server; None is the wheel's."""
    return programs_of(request.param)


@pytest.fixture
def share() -> Iterator[Callable[..., Sharer]]:
    """Start processes that share a server: share(data_dir, bin_dir, user="nobody")."""
    started: list[Sharer] = []

    def begin(data_dir: Path, bin_dir: Path | None = None, user: str | int | None = None) -> Sharer:
        started.append(begin_sharer(data_dir, bin_dir, user))
        return started[-1]

    yield begin
    for sharer in started:
        sharer.kill()
