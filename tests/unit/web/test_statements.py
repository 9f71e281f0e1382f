"""The first page asks the database a fixed number of questions, however large the town is."""

from typing import Any

import psycopg
import pytest

from registry.web.overview import landscape_picture, overview, system_page
from tests.factories import a_relationship, a_source, a_sync_run, an_element, an_interface
from tests.unit.web.town import fill_town

STATEMENTS_MAX = 12


class Counting(psycopg.Cursor[Any]):
    """Counts what is asked."""

    asked = 0

    def execute(self, *args: Any, **kwargs: Any) -> "Counting":
        type(self).asked += 1
        return super().execute(*args, **kwargs)


def statements(db: psycopg.Connection, page: Any, *given: Any) -> int:
    Counting.asked, db.cursor_factory = 0, Counting
    page(db, *given)
    db.cursor_factory = psycopg.Cursor
    return Counting.asked


def grow(db: psycopg.Connection) -> None:
    """Add systems, each with an interface that is read and one that is used."""
    for number in range(60):
        system = an_element(db)
        interface = an_interface(db)
        a_relationship(db, kind="composition", source_id=system.id, target_id=interface.id)
        a_sync_run(db, source_id=a_source(db, key=f"s{number}", interface_id=interface.id).id)
        a_relationship(db, kind="serving", source_id=interface.id, target_id=system.id)


@pytest.mark.parametrize("page", [overview, landscape_picture])
def test_a_larger_town_needs_no_more_statements(db: psycopg.Connection, page: Any) -> None:
    fill_town(db)
    before = statements(db, page)
    grow(db)
    assert statements(db, page) == before <= STATEMENTS_MAX


def test_a_system_with_many_neighbours_needs_no_more_statements(db: psycopg.Connection) -> None:
    fill_town(db)
    urn = "urn:townclerk:system:crm"
    before = statements(db, system_page, urn)
    grow(db)
    row = db.execute("SELECT id FROM element WHERE urn = %s", [urn]).fetchone()
    assert row
    for (interface,) in db.execute("SELECT id FROM element WHERE kind = 'interface'").fetchall():
        db.execute(
            "DELETE FROM relationship WHERE source_id = %s AND target_id = %s", [interface, row[0]]
        )
        a_relationship(db, kind="serving", source_id=interface, target_id=row[0])
    assert statements(db, system_page, urn) == before <= STATEMENTS_MAX
