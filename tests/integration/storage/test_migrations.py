"""Migrations make exactly the tables that the schemas describe, and only ever add."""

import importlib
import pkgutil
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import schemas
from registry.storage import migrate
from registry.storage.connecting import connect
from registry.storage.revisions import lacking
from schemas.base import metadata, uuid7
from schemas.errors import DatabaseUnreachable, Misconfigured
from tests import customer_factories
from tests.servers import in_database

for module in pkgutil.iter_modules(schemas.__path__, "schemas."):
    if not module.ispkg:
        importlib.import_module(module.name)

SCRIPTS = ScriptDirectory(str(Path(schemas.__file__).parent / "migrations"))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]
OLD = [pytest.param(revision, marks=pytest.mark.heavy) for revision in REVISIONS[:-2]]


@pytest.fixture
def empty_url(postgres_url: str) -> str:
    """A database that no migration has touched."""
    with connect(postgres_url, autocommit=True) as db:
        db.execute("DROP SCHEMA public CASCADE")
        db.execute("CREATE SCHEMA public")
    return postgres_url


def differences(url: str) -> list[Any]:
    """Return what alembic would change to make the database what the models say."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connect(url), poolclass=NullPool
    )
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))


def catalogue(url: str) -> list[tuple[Any, ...]]:
    """Return every column, constraint and index with its definition and comment."""
    with connect(url) as db:
        columns = db.execute(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
            "   a.attidentity, col_description(c.oid, a.attnum), obj_description(c.oid)"
            " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0"
            " ORDER BY 1, a.attnum"
        ).fetchall()
        rules = db.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
            "   AND contype <> 'n' ORDER BY 1, 2"
        ).fetchall()
        indexes = db.execute(
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " ORDER BY 1, 2"
        ).fetchall()
    return [*columns, *rules, *indexes]


def test_the_migrated_database_is_what_the_models_say(postgres_url: str) -> None:
    assert differences(postgres_url) == []


def test_the_migrated_database_is_what_the_models_would_make(
    postgres_url: str, empty_url: str
) -> None:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connect(empty_url), poolclass=NullPool
    )
    metadata.create_all(engine)
    made_by_models = catalogue(empty_url)
    metadata.drop_all(engine)
    migrate.upgrade(empty_url)
    without_alembics_own = [row for row in catalogue(empty_url) if row[0] != "alembic_version"]
    assert without_alembics_own == made_by_models


def test_every_table_is_described(postgres_url: str) -> None:
    with connect(postgres_url) as db:
        rows = db.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'r' AND obj_description(oid) IS NULL AND relname <> 'alembic_version'"
        ).fetchall()
    assert rows == []


def test_an_empty_database_lacks_every_migration_and_then_none(empty_url: str) -> None:
    assert migrate.current(empty_url) is None
    assert migrate.pending(empty_url) == REVISIONS
    assert migrate.upgrade(empty_url) == REVISIONS
    assert migrate.current(empty_url) == REVISIONS[-1]
    assert migrate.pending(empty_url) == []
    assert migrate.upgrade(empty_url) == []


def test_every_revision_leads_to_the_next(empty_url: str) -> None:
    for revision in REVISIONS:
        assert migrate.upgrade(empty_url, to=revision) == [revision]
        assert migrate.current(empty_url) == revision
    assert differences(empty_url) == []


@pytest.mark.parametrize("released", [*OLD, *REVISIONS[-2:]])
def test_every_released_revision_can_be_brought_up_to_date(empty_url: str, released: str) -> None:
    migrate.upgrade(empty_url, to=released)
    assert migrate.current(empty_url) == released
    with connect(empty_url) as db:
        absent = set(lacking(db))
    to_come = migrate.added_by(migrate.pending(empty_url))
    assert absent <= to_come
    assert {name for name in to_come if not absent & {name, name.partition(".")[0]}} == set()
    migrate.upgrade(empty_url)
    assert differences(empty_url) == []


def test_two_processes_may_migrate_at_the_same_moment(empty_url: str) -> None:
    done: list[list[str]] = []
    workers = [
        threading.Thread(target=lambda: done.append(migrate.upgrade(empty_url))) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(done) == [[], [], REVISIONS]


def test_a_database_of_a_newer_release_is_left_alone(postgres_url: str) -> None:
    with connect(postgres_url) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    for ask in (migrate.pending, migrate.upgrade):
        with pytest.raises(Misconfigured, match="9999") as refused:
            ask(postgres_url)
        assert "newer Townclerk" in refused.value.remedy


def test_a_migration_that_fails_changes_nothing(empty_url: str) -> None:
    with connect(empty_url) as db:
        db.execute("CREATE TABLE sync_run (in_the_way int)")
    with pytest.raises(Misconfigured, match="already exists"):
        migrate.upgrade(empty_url)
    with connect(empty_url) as db:
        tables = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchall() == [("sync_run",)]


def test_a_database_that_is_not_there_is_told(postgres_url: str) -> None:
    for ask in (migrate.pending, migrate.upgrade, migrate.current):
        with pytest.raises(DatabaseUnreachable):
            ask(in_database(postgres_url, "nowhere"))


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_migration_only_adds(revision: str) -> None:
    script = SCRIPTS.get_revision(revision)
    text = Path(script.path).read_text()
    assert "It only adds" in text
    # A rule may be lifted: rows that kept it are still right, and no value is lost.
    for lifted in ("op.drop_constraint(", "DROP NOT NULL"):
        text = text.replace(lifted, "")
    for word in ("drop_", "rename_", "DROP ", "alter_column", "create_all"):
        assert word not in text, f"{script.path} must not {word}"


def test_every_migration_has_one_name_and_one_line_of_descent() -> None:
    assert len(SCRIPTS.get_heads()) == 1
    for number, revision in enumerate(REVISIONS, start=1):
        assert revision == f"{number:04d}"
        assert f"_{revision}_" in Path(SCRIPTS.get_revision(revision).path).name


def test_migrating_needs_no_right_beyond_the_own_database(postgres_url: str) -> None:
    with connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE plain LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
        name = admin.info.dbname
        try:
            admin.execute(
                psycopg.sql.SQL("ALTER DATABASE {} OWNER TO plain").format(
                    psycopg.sql.Identifier(name)
                )
            )
            admin.execute("DROP SCHEMA public CASCADE")
            admin.execute("CREATE SCHEMA public AUTHORIZATION plain")
            url = f"{postgres_url}&options=-c%20role%3Dplain"
            assert migrate.upgrade(url) == REVISIONS
            assert differences(url) == []
        finally:
            admin.execute("REASSIGN OWNED BY plain TO townclerk")
            admin.execute("DROP OWNED BY plain")
            admin.execute("DROP ROLE plain")


def test_the_source_of_each_value_becomes_each_source_with_its_values(empty_url: str) -> None:
    migrate.upgrade(empty_url, to="0025")
    crm = {"record_id": 1, "data_set_id": "a", "changed_at": None, "rule": "only_value"}
    tax = {**crm, "record_id": 2, "changed_at": "2026-01-01T00:00:00Z"}
    agreed = {**tax, "rule": "all_agree"}
    customer = uuid7()
    with connect(empty_url) as db:
        before = {"phone": crm, "address": tax, "initials": crm, "email": agreed}
        for provenance, revision in ((before, 1), ({}, 2)):
            kept = {"provenance": provenance, "revision": revision}
            customer_factories.a_customer_version(db, customer_id=customer, **kept)
            customer_factories.a_customer(db, **kept)
    migrate.upgrade(empty_url)
    with connect(empty_url) as db:
        for table in ("customer", "customer_version"):
            assert db.execute(f"SELECT provenance FROM {table} ORDER BY revision").fetchall() == [
                (
                    {
                        "sources": [
                            {**crm, "values": ["initials", "phone"]},
                            {**agreed, "values": ["email"]},
                            {**tax, "values": ["address"]},
                        ]
                    },
                ),
                ({"sources": []},),
            ]
