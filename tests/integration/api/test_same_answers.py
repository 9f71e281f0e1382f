"""Compiler and plain executor answer the same, whoever asks, whatever is asked."""

import pytest

from registry.api.schema import plans, schema
from registry.storage.database import Database
from tests.integration.api.both import EVERY, SCOPES, compared, settled
from tests.integration.api.generated import Generator, Known

QUESTIONS = 80  # on each kind of server; `make conformance` asks thousands


@pytest.fixture(scope="module")
def known(shared_database: Database) -> Known:
    """The town, and what one can ask for in it."""
    assert shared_database
    return settled()


# graphql-core leaves the siblings of a refused field where they stand.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_generated_questions_are_answered_the_same_by_both(known: Known) -> None:
    generator = Generator(schema.graph, seed=7, known=known)
    answered = 0
    for number in range(QUESTIONS):
        scopes = SCOPES[number // 2 % len(SCOPES)] if number % 2 else EVERY
        answered += not compared(generator.question(), scopes)["errors"]
    assert answered > QUESTIONS * 0.3, "many questions must have an answer to compare"
    assert len(plans) > answered * 0.9, "what has an answer must compile"
