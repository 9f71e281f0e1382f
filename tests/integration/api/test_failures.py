"""Failures of our own: masked, logged once under the correlation id, never in SQL's words."""

import logging

import psycopg
import pytest

from registry.storage.database import Database, close_database, open_database, unit_of_work
from tests import factories
from tests.integration.api.asking import CORRELATION, ask, refusal

SECRET_WORDS = ("select", "from ", "psycopg", "traceback", "display_name", "keyerror", "waterdorp")


def break_customers(rows: int) -> None:
    """Leave customers whose provenance is missing, as no release of ours writes them."""
    with unit_of_work() as db:
        for _ in range(rows):
            factories.a_customer(db, attrs={"city": "Waterdorp"}, provenance={})


@pytest.mark.usefixtures("database")
def test_an_unforeseen_failure_is_masked_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with unit_of_work() as db:
        # A type without an order: every column is there, so it is no other release's table.
        db.execute("DROP INDEX ix_customer_display_name")
        db.execute("ALTER TABLE customer ALTER display_name TYPE json USING to_json(display_name)")
    with caplog.at_level(logging.ERROR):
        answer = ask("{ a: customers { nodes { id } } b: customers { nodes { id } } }")
    for error in answer["errors"]:
        assert error["extensions"]["code"] == "internal_error"
        assert error["extensions"]["correlationId"] == CORRELATION
        assert error["extensions"]["remedy"]
        assert not any(word in error["message"].lower() for word in SECRET_WORDS)
    records = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(records) == 1
    assert records[0].__dict__["correlation_id"] == CORRELATION
    assert records[0].name == "townclerk.api"


@pytest.mark.usefixtures("database")
def test_a_broken_row_breaks_its_page_without_repeating_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    break_customers(rows=50)
    answer = ask("{ customers { nodes { displayName values { value } } } }")
    assert len(answer.get("errors", [])) <= 20
    for each in answer.get("errors", []):
        assert not any(word in each["message"].lower() for word in SECRET_WORDS)
    assert not [message for message in caplog.messages if "Waterdorp" in message]


def test_a_database_that_is_gone_is_told_without_its_address(postgres_url: str) -> None:
    database: Database = open_database(postgres_url, pool_size=2)
    database.pool.close()
    try:
        error = refusal("{ systems { totalCount } }")
    finally:
        close_database()
    assert error["code"] in {"database_unreachable", "misconfigured"}
    assert psycopg.conninfo.conninfo_to_dict(postgres_url)["host"] not in error["message"]


@pytest.mark.usefixtures("database")
def test_a_wrong_question_names_the_place() -> None:
    error = ask("{ systems { nodes { colour } } }")["errors"][0]
    assert "colour" in error["message"]
    assert error["locations"] == [{"line": 1, "column": 21}]
    assert error["extensions"]["code"] == "invalid_input"
