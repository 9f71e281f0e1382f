"""A database of another release is told as such, on every way in, with what to run."""

from pathlib import Path

import psycopg
import pytest

from flows.edges import without_values
from registry.customers.asking.purposes import list_purposes
from registry.storage import migrate
from registry.storage.connecting import connect
from registry.storage.database import close_database, open_database, unit_of_work
from registry.storage.revisions import demand_release, lacking
from schemas.errors import DatabaseIncomplete, DatabaseNewer, DatabaseOlder
from tests.integration.api.asking import ask
from tests.unit.web.town import Client, demo_app

OLDER = "0011"  # before purposes were kept, and before stewards asked workers for matching
NEEDED = migrate.newest()


@pytest.fixture
def older_url(postgres_url: str) -> str:
    """A database as an older release left it."""
    with connect(postgres_url, autocommit=True) as db:
        db.execute("DROP SCHEMA public CASCADE")
        db.execute("CREATE SCHEMA public")
    migrate.upgrade(postgres_url, to=OLDER)
    return postgres_url


def test_every_way_in_says_that_the_database_is_older_and_what_migrates_it(
    older_url: str, tmp_path: Path
) -> None:
    open_database(older_url, pool_size=2)
    try:
        with pytest.raises(DatabaseOlder) as refused, without_values(), unit_of_work() as db:
            list_purposes(db)
        told = refused.value
        assert (told.facts["revision"], told.facts["needed"]) == (OLDER, NEEDED)
        assert f"revision {OLDER}" in told.what
        assert f"revision {NEEDED}" in told.what
        assert "`townclerk migrate`" in told.remedy
        client = Client(demo_app(tmp_path))
        for accepted in ("text/html", "application/json"):
            page = client.get("/customers", headers={"Accept": accepted})
            assert page.status_code == 503
            assert told.code in page.text
            assert told.what in page.text
            assert "townclerk migrate" in page.text
        for question in ("{ purposes { key } }", "{ matchRequests { state } }"):
            (error,) = ask(question)["errors"]
            assert error["extensions"]["code"] == told.code
            assert error["message"] == told.what
            assert "townclerk migrate" in error["extensions"]["remedy"]
    finally:
        close_database()
    assert migrate.upgrade(older_url)


def test_a_compiled_question_says_so_too(older_url: str) -> None:
    open_database(older_url, pool_size=2)
    try:
        (error,) = ask("{ interfaceProbes { nodes { state } } }")["errors"]
        assert error["extensions"]["code"] == "database_older"
    finally:
        close_database()


def test_a_database_that_lost_a_table_is_told_what_is_gone(postgres_url: str) -> None:
    open_database(postgres_url, pool_size=2)
    try:
        with unit_of_work() as db:
            db.execute("DROP TABLE purpose CASCADE")
            db.execute("ALTER TABLE live_model DROP COLUMN unread")
            assert lacking(db) == ["live_model.unread", "purpose"]
        lacks = r"lacks live_model\.unread, purpose"
        with pytest.raises(DatabaseIncomplete, match=lacks), unit_of_work() as db:
            list_purposes(db)
    finally:
        close_database()


@pytest.mark.parametrize(
    ("broken", "gone"),
    [
        # The migrations to come touch the first, and not the others.
        ("DROP TABLE live_model", "live_model"),
        ("DROP TABLE api_token CASCADE", "api_token"),
        ("ALTER TABLE customer DROP COLUMN display_name CASCADE", "customer.display_name"),
        (
            "DROP TABLE live_model, api_token, sync_run, change_set, customer, element CASCADE",
            "api_token, change_set, customer, element, live_model and more",
        ),
    ],
)
def test_an_older_database_that_lost_a_table_is_not_migrated_half_way(
    older_url: str, broken: str, gone: str
) -> None:
    with connect(older_url) as db:
        db.execute(broken.encode())
        before = lacking(db)
    open_database(older_url, pool_size=2)
    try:
        for way in (migrate.upgrade, demand_release):
            with pytest.raises(DatabaseIncomplete) as refused:
                way(older_url)
            assert refused.value.what.endswith(f" at revision {OLDER}, but it lacks {gone}.")
        with pytest.raises(DatabaseIncomplete), unit_of_work() as db:
            list_purposes(db)
    finally:
        close_database()
    assert migrate.current(older_url) == OLDER
    with connect(older_url) as db:
        assert lacking(db) == before


def test_a_mistake_of_ours_stays_one(postgres_url: str) -> None:
    open_database(postgres_url, pool_size=2)
    try:
        with pytest.raises(psycopg.errors.UndefinedTable), unit_of_work() as db:
            db.execute("SELECT FROM nowhere")
    finally:
        close_database()


def test_a_newer_database_says_which_revision_it_is_at(postgres_url: str) -> None:
    with connect(postgres_url) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseNewer, match=f"9999.*{NEEDED}"):
        migrate.upgrade(postgres_url)


def test_an_account_that_may_not_change_tables_is_told_who_may(older_url: str) -> None:
    with connect(older_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE serves LOGIN")
        admin.execute("GRANT USAGE ON SCHEMA public TO serves")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO serves")
        try:
            with pytest.raises(DatabaseOlder, match="permission denied") as refused:
                migrate.upgrade(f"{older_url}&options=-c%20role%3Dserves")
            assert f"revision {OLDER}" in refused.value.what
            assert "the account that owns the tables" in refused.value.remedy
        finally:
            admin.execute("DROP OWNED BY serves")
            admin.execute("DROP ROLE serves")
