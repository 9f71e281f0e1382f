"""Thousands of generated questions, for every set of scopes, through both executors."""

import os
import random
from collections.abc import Iterator

import pytest

from benchmarks.figures import Figure, keep
from registry.api.schema import schema
from registry.storage.database import close_database, open_database
from registry.storage.embedded import EmbeddedPostgres
from tests.conftest import fresh_database
from tests.integration.api.both import SCOPES, compared, settled
from tests.integration.api.generated import Generator, Known

pytestmark = pytest.mark.skipif(
    os.environ.get("TOWNCLERK_CONFORMANCE") != "1", reason="run by `make conformance`"
)
SEEDS = 8
QUESTIONS = 250  # per seed; each is asked with every set of scopes


@pytest.fixture(scope="module")
def agreed() -> list[int]:
    """The seeds whose questions were all answered the same."""
    return []


@pytest.fixture(scope="module")
def known(postgres_server: EmbeddedPostgres) -> Iterator[Known]:
    """The town, and what one can ask for in it."""
    with fresh_database(postgres_server) as url:
        open_database(url, pool_size=2)
        yield settled()
        close_database()


# graphql-core leaves the siblings of a refused field where they stand.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_both_executors_answer_the_same(known: Known, agreed: list[int], seed: int) -> None:
    generator = Generator(schema.graph, seed=100 + seed, known=known)
    order = random.Random(seed)
    for _ in range(QUESTIONS):
        question = generator.question()
        for scopes in order.sample(SCOPES, len(SCOPES)):
            compared(question, scopes)
    agreed.append(seed)
    keep("graphql_same_answers", figures(len(agreed) * QUESTIONS), "make conformance")


def figures(count: int) -> list[Figure]:
    """Return what has been found so far, so that a stopped run tells no more than it did."""
    how = (
        f"made from the schema; each asked for {len(SCOPES)} sets of scopes through the compiler "
        "and through the plain executor, data and errors compared"
    )
    return [
        Figure("operations answered the same by both executors", count, "", ">= 2000", how),
        Figure("comparisons, one per set of scopes", count * len(SCOPES), "", "", how),
    ]
