"""The reader's role: made where we may, done without elsewhere, given back after a restore."""

import psycopg
from psycopg import sql

from registry.storage.connecting import connect
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.guarding import READER, can_guard, establish_reader
from registry.storage.migrate import upgrade
from tests.servers import in_database

OWNER = "owner_without_rights"


def own_database(server: EmbeddedPostgres, name: str) -> str:
    """Make an empty database that belongs to somebody who can make no roles; return its address."""
    with connect(in_database(server.url, "postgres"), autocommit=True) as admin:
        if not admin.execute("SELECT FROM pg_roles WHERE rolname = %s", (OWNER,)).rowcount:
            admin.execute(f"CREATE ROLE {OWNER} LOGIN")
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(OWNER)
            )
        )
    return in_database(server.url, name)


def test_the_reader_is_there_after_every_start(db: psycopg.Connection) -> None:
    assert can_guard(db)
    assert establish_reader(db)  # again, and nothing breaks


def test_grants_that_a_restore_left_out_are_given_again(db: psycopg.Connection) -> None:
    db.execute(f"REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM {READER}")
    assert not can_guard(db)
    assert establish_reader(db)


def test_where_we_may_make_no_roles_everything_else_works(
    postgres_server: EmbeddedPostgres,
) -> None:
    url = own_database(postgres_server, "without_rights")
    with connect(url) as db:
        db.execute(f"SET ROLE {OWNER}")
        db.execute("CREATE SCHEMA own")
        db.execute("SET search_path TO own")
        db.execute("CREATE TABLE customer (id int)")
        assert not establish_reader(db)
        assert not can_guard(db)
        db.rollback()
    assert upgrade(url)
    with connect(url) as db:
        assert can_guard(db)  # the server's own account may
