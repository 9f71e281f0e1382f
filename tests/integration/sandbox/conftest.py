"""A small running city for all tests of this folder; a new one where a test needs trouble."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import make_reachable_dir
from townclerk.sandbox.running import RunningCity, running_city

PEOPLE = 300
SEED = 4


@pytest.fixture(scope="session")
def city_folder() -> Iterator[Path]:
    """The folder of the running city."""
    made = make_reachable_dir()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def city(city_folder: Path) -> Iterator[RunningCity]:
    """A city of 300 people whose sources answer."""
    with running_city(city_folder, people=PEOPLE, seed=SEED, token_seconds=600) as running:
        yield running
