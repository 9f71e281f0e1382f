"""The past: kept by triggers whatever writes, asked by `_at`, and free for who asks the present."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from schemas.changes import ScenarioChange
from schemas.landscape_kinds import RelationshipKind
from tests.factories import a_relationship, an_element
from tests.landscape_factories import a_scenario, a_scenario_change, a_stored_view

TABLES = ("element", "relationship", "stored_view", "architecture_model")


def day(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


def says(db: psycopg.Connection, since: datetime) -> None:
    """Let the changes that follow hold in the world since that day."""
    db.execute("SELECT set_config('townclerk.valid_from', %s, true)", (since.isoformat(),))


def names_at(
    db: psycopg.Connection, moment: datetime | None, scenario: UUID | None = None
) -> set[str]:
    rows = db.execute("SELECT name FROM element_at(%s, %s)", (moment, scenario)).fetchall()
    return {row[0] for row in rows}


def test_every_change_can_be_asked_for_by_its_day(db: psycopg.Connection) -> None:
    key = an_element(db, name="born 2020", valid_from=day(2020)).id
    says(db, day(2022))
    db.execute("UPDATE element SET name = 'renamed 2022' WHERE id = %s", (key,))
    says(db, day(2024))
    db.execute("DELETE FROM element WHERE id = %s", (key,))

    assert [names_at(db, day(year)) for year in (2019, 2020, 2021, 2022, 2023, 2024)] == [
        set(),
        {"born 2020"},
        {"born 2020"},
        {"renamed 2022"},
        {"renamed 2022"},
        set(),
    ]
    assert names_at(db, None) == set()


def test_a_change_nobody_dated_holds_from_now(db: psycopg.Connection) -> None:
    key = an_element(db, name="old").id
    before = db.execute("SELECT clock_timestamp()").fetchone()
    db.execute("UPDATE element SET name = 'new' WHERE id = %s", (key,))

    assert before is not None
    assert (names_at(db, before[0]), names_at(db, None)) == ({"old"}, {"new"})


def test_an_update_that_changes_nothing_leaves_no_trace(db: psycopg.Connection) -> None:
    key = an_element(db).id
    db.execute("UPDATE element SET name = name WHERE id = %s", (key,))

    assert db.execute("SELECT count(*) FROM element_history").fetchone() == (0,)
    assert db.execute("SELECT revision FROM element WHERE id = %s", (key,)).fetchone() == (1,)


def test_what_hangs_on_a_removed_element_keeps_its_past_too(db: psycopg.Connection) -> None:
    relationship = a_relationship(db, kind=RelationshipKind.FLOW, valid_from=day(2020))
    says(db, day(2021))
    db.execute("DELETE FROM element WHERE id = %s", (relationship.source_id,))

    assert db.execute("SELECT count(*) FROM relationship").fetchone() == (0,)
    assert db.execute("SELECT kind FROM relationship_at(%s, NULL)", (day(2020),)).fetchall() == [
        ("flow",)
    ]


def test_what_was_known_then_differs_from_what_is_known_now(db: psycopg.Connection) -> None:
    key = an_element(db, name="as first written", valid_from=day(2020)).id
    written = db.execute("SELECT clock_timestamp()").fetchone()
    assert written is not None
    says(db, day(2020))
    db.execute("UPDATE element SET name = 'as corrected' WHERE id = %s", (key,))

    def known_at(moment: datetime) -> list[tuple[str]]:
        return db.execute(
            "SELECT name FROM element_known_at(%s, %s)", (day(2021), moment)
        ).fetchall()

    assert names_at(db, day(2021)) == {"as corrected"}
    assert known_at(written[0]) == [("as first written",)]
    assert known_at(day(2100)) == [("as corrected",)]


def test_a_correction_of_the_past_withdraws_what_never_held(db: psycopg.Connection) -> None:
    key = an_element(db, name="first", valid_from=day(2020)).id
    for year, name in ((2022, "second"), (2024, "third")):
        says(db, day(year))
        db.execute("UPDATE element SET name = %s WHERE id = %s", (name, key))
    before = db.execute("SELECT clock_timestamp()").fetchone()
    assert before is not None
    says(db, day(2021))
    db.execute("UPDATE element SET name = 'corrected' WHERE id = %s", (key,))

    years = (2020, 2021, 2022, 2024)
    assert [names_at(db, day(year)) for year in years] == [{"first"}, *[{"corrected"}] * 3]
    known = [
        db.execute("SELECT name FROM element_known_at(%s, %s)", (day(year), before[0])).fetchall()
        for year in years
    ]
    assert known == [[("first",)], [("first",)], [("second",)], [("third",)]]


def test_a_removal_in_the_past_withdraws_what_came_after(db: psycopg.Connection) -> None:
    key = an_element(db, name="first", valid_from=day(2020)).id
    says(db, day(2022))
    db.execute("UPDATE element SET name = 'second' WHERE id = %s", (key,))
    says(db, day(2021))
    db.execute("DELETE FROM element WHERE id = %s", (key,))

    found = [names_at(db, day(year)) for year in (2020, 2021, 2022, 2023)]
    assert found == [{"first"}, set(), set(), set()]


@pytest.mark.parametrize("table", TABLES)
def test_a_scope_returns_exactly_the_columns_of_its_table(
    db: psycopg.Connection, table: str
) -> None:
    current, scoped, past = (
        [column.name for column in db.execute(f"SELECT * FROM {source}").description or ()]
        for source in (table, f"{table}_at(NULL, NULL)", f"{table}_history")
    )
    assert scoped == current
    assert past == ["version_id", *current, "valid_to", "recorded_to", "ended_by", "withdrawn_at"]


def test_asking_for_the_present_by_the_scope_reads_the_table_alone(db: psycopg.Connection) -> None:
    key = an_element(db).id
    plan = "\n".join(
        row[0]
        for row in db.execute(
            f"EXPLAIN (COSTS OFF) SELECT name FROM element_at(NULL, NULL) WHERE id = '{key}'"
        )
    )
    assert "Index Cond: (id = " in plan
    assert "history" not in plan
    assert "scenario" not in plan


def plan_change(
    db: psycopg.Connection, scenario: UUID, key: UUID, **given: object
) -> ScenarioChange:
    return a_scenario_change(
        db, scenario_id=scenario, object_id=key, **{"action": "change", **given}
    )


def test_a_scenario_lays_its_changes_over_whatever_the_base_says(db: psycopg.Connection) -> None:
    scenario = a_scenario(db).id
    an_element(db, name="stays")
    renamed, gone = (an_element(db, name=name).id for name in ("old name", "gone"))
    plan_change(db, scenario, renamed, patch={"name": "new name"}, attrs={"owner": "Parks"})
    plan_change(db, scenario, gone, action="remove")
    new = {
        "id": str(UUID(int=7)),
        "urn": "urn:test:new",
        "kind": "system",
        "name": "new",
        "description": "",
        "attrs": {},
        "revision": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "changed_at": "2026-01-01T00:00:00Z",
        "valid_from": "2026-01-01T00:00:00Z",
    }
    plan_change(db, scenario, UUID(int=7), action="add", patch=new)
    db.execute(
        "UPDATE element SET description = 'the base moved on', attrs = %s WHERE id = %s",
        ({"lifecycle": "active"}, renamed),
    )

    assert names_at(db, None, scenario) == {"stays", "new name", "new"}
    assert names_at(db, None) == {"stays", "old name", "gone"}
    assert db.execute(
        "SELECT description, attrs FROM element_at(NULL, %s) WHERE id = %s", (scenario, renamed)
    ).fetchone() == ("the base moved on", {"lifecycle": "active", "owner": "Parks"})


def test_a_scenario_can_be_asked_on_an_earlier_base(db: psycopg.Connection) -> None:
    scenario = a_scenario(db).id
    key = an_element(db, name="2020", description="then", valid_from=day(2020)).id
    says(db, day(2022))
    db.execute("UPDATE element SET name = '2022', description = 'now' WHERE id = %s", (key,))
    plan_change(db, scenario, key, patch={"name": "planned"})

    assert db.execute(
        "SELECT name, description FROM element_at(%s, %s)", (day(2021), scenario)
    ).fetchall() == [("planned", "then")]


def test_a_view_has_a_past_as_well(db: psycopg.Connection) -> None:
    view = a_stored_view(db, name="first", valid_from=day(2020))
    says(db, day(2021))
    db.execute("UPDATE stored_view SET name = 'second' WHERE id = %s", (view.id,))

    assert db.execute("SELECT name FROM stored_view_at(%s, NULL)", (day(2020),)).fetchall() == [
        ("first",)
    ]
