"""Core statements run on a psycopg connection with their values kept apart from the text."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import bindparam, delete, func, text, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlmodel import col, select

from registry.storage.statements import insert_row, run
from schemas.landscape import Element, ElementKind
from tests.factories import a_landed_record, a_sync_run, an_api_token, an_element

HOSTILE = "O'Brien\\ %s %(name)s :name ; DROP TABLE element; -- \u202e \U0001f3db"


def test_a_row_comes_back_as_it_was_inserted(db: psycopg.Connection) -> None:
    row = an_element(
        db, name=HOSTILE, description="", attrs={"a": [1, None, {"b": "é"}], HOSTILE: HOSTILE}
    )
    found = run(db, select(Element).where(col(Element.id) == row.id)).fetchall()
    assert found == [tuple(getattr(row, name) for name in Element.model_fields)]


def test_an_id_that_the_database_gives_is_set_on_the_object(db: psycopg.Connection) -> None:
    first, second = a_landed_record(db), a_landed_record(db)
    assert isinstance(first.id, int)
    assert isinstance(second.id, int)
    assert second.id > first.id


def test_missing_values_are_stored_as_null(db: psycopg.Connection) -> None:
    run_row = a_sync_run(db, error=None, finished_at=None)
    found = db.execute(
        "SELECT error IS NULL, finished_at IS NULL FROM sync_run WHERE id = %s", [run_row.id]
    ).fetchone()
    assert found == (True, True)


def test_arrays_and_bytes_come_back_as_they_were(db: psycopg.Connection) -> None:
    token = an_api_token(db, scopes=["a,b", '"', "", "é"], token_hash=bytes(range(256)))
    found = db.execute(
        "SELECT scopes, token_hash FROM api_token WHERE id = %s", [token.id]
    ).fetchone()
    assert found == (["a,b", '"', "", "é"], bytes(range(256)))


def test_a_list_of_values_becomes_as_many_parameters(db: psycopg.Connection) -> None:
    rows = [an_element(db, name=name) for name in ("a", HOSTILE, "c")]
    statement = (
        select(Element.name)
        .where(col(Element.name).in_(["a", HOSTILE]))
        .order_by(col(Element.name).desc())
    )
    assert run(db, statement).fetchall() == [("a",), (HOSTILE,)]
    assert run(db, select(Element.name).where(col(Element.name).in_([]))).fetchall() == []
    assert len(rows) == 3


def test_updates_deletes_and_counts_tell_how_many_rows(db: psycopg.Connection) -> None:
    row = an_element(db, name="before")
    changed = run(db, update(Element).where(col(Element.id) == row.id).values(name="after"))
    assert changed.rowcount == 1
    assert run(db, select(func.count()).select_from(Element)).fetchone() == (1,)
    assert run(db, delete(Element).where(col(Element.name) == "after")).rowcount == 1


def test_a_conflict_clause_is_understood(db: psycopg.Connection) -> None:
    row = an_element(db, urn="urn:test:one", name="old")
    values = row.model_dump() | {"name": "new"}
    statement = postgres_insert(Element).values(**values)
    statement = statement.on_conflict_do_update(
        index_elements=["urn"], set_={"name": statement.excluded.name}
    )
    run(db, statement)
    assert run(db, select(Element.name)).fetchall() == [("new",)]


def test_plain_text_with_bound_values_is_understood(db: psycopg.Connection) -> None:
    statement = text("SELECT :word || '%', '100%'").bindparams(bindparam("word", HOSTILE))
    assert run(db, statement).fetchone() == (HOSTILE + "%", "100%")


def test_a_moment_with_its_zone_comes_back_in_utc(db: psycopg.Connection) -> None:
    moment = datetime(2026, 11, 21, 22, 30, 0, 123456, tzinfo=UTC)
    row = an_element(db, created_at=moment)
    found = run(db, select(Element.created_at).where(col(Element.id) == row.id)).fetchone()
    assert found == (moment,)


def test_a_row_that_breaks_a_constraint_is_refused_by_name(db: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as refused, db.transaction():
        an_element(db, name="")
    assert refused.value.diag.constraint_name == "ck_element_name_not_empty"
    with pytest.raises(psycopg.errors.ForeignKeyViolation) as broken, db.transaction():
        a_sync_run(db, source_id=UUID(int=1))
    assert broken.value.diag.constraint_name == "fk_sync_run_source_id"


def test_nothing_is_committed_by_itself(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as ours, psycopg.connect(postgres_url) as theirs:
        insert_row(ours, Element(urn="urn:test:x", kind=ElementKind.SYSTEM, name="x"))
        assert theirs.execute("SELECT count(*) FROM element").fetchone() == (0,)
        ours.rollback()
