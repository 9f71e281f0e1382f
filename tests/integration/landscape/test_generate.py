"""Made-up landscapes for load tests: the size asked for, plausible, and the same per seed."""

import psycopg
import pytest

from registry.landscape.commands import ensure_own_elements
from registry.landscape.generate import FIXED, LOOSE, SHARES, LandscapeNotEmpty, generate
from registry.landscape.metamodel import allowed, concept_of
from registry.landscape.queries import count_by_kind
from schemas.errors import InvalidInput
from schemas.landscape_kinds import ElementKind
from tests import factories


def content(db: psycopg.Connection) -> tuple[list[object], list[object]]:
    return (
        db.execute("SELECT id, urn, kind, name, attrs FROM element ORDER BY urn").fetchall(),
        db.execute(
            "SELECT id, kind, source_id, target_id FROM relationship ORDER BY id"
        ).fetchall(),
    )


def test_as_much_is_made_as_was_asked_for(db: psycopg.Connection) -> None:
    done = generate(db, elements=1000, relationships=4000, seed=1)
    assert (done.elements, done.relationships) == (1000, 4000)
    counts = count_by_kind(db)
    assert sum(counts.values()) == 1000
    assert all(counts[kind] > 0 for kind in (*SHARES, ElementKind.DATA_SET))
    assert db.execute("SELECT count(*) FROM relationship").fetchone() == (4000,)


def test_the_same_seed_makes_the_same_landscape_and_another_seed_another(
    db: psycopg.Connection,
) -> None:
    made = []
    for seed in (7, 7, 8):
        with db.transaction(force_rollback=True):
            generate(db, elements=300, relationships=900, seed=seed)
            made.append(content(db))
    assert made[0] == made[1]
    assert not {row[0] for row in made[0][0]} & {row[0] for row in made[2][0]}  # type: ignore[index] # rows are tuples


def test_only_relationships_that_archimate_allows_are_made() -> None:
    for way in (*FIXED, *LOOSE):
        assert way.kind in allowed(concept_of(way.source), concept_of(way.target)), way


def test_every_interface_has_one_system_and_every_reference_component_one_domain(
    db: psycopg.Connection,
) -> None:
    generate(db, elements=500, relationships=1500, seed=3)
    for kind in (ElementKind.INTERFACE, ElementKind.REFERENCE_COMPONENT):
        odd = db.execute(
            """SELECT count(*) FROM element WHERE kind = %s AND 1 <> (
                   SELECT count(*) FROM relationship
                   WHERE target_id = element.id AND kind = 'composition')""",
            (kind,),
        ).fetchone()
        assert odd == (0,), kind


def test_a_few_are_hubs_and_many_hardly_used(db: psycopg.Connection) -> None:
    generate(db, elements=2000, relationships=8000, seed=1)
    degrees = [
        row[0]
        for row in db.execute(
            """SELECT count(*) FROM relationship JOIN element ON element.id = target_id
               WHERE element.kind = 'data_set' GROUP BY target_id ORDER BY 1 DESC"""
        ).fetchall()
    ]
    assert degrees[0] > 10 * degrees[len(degrees) // 2]


def test_a_database_with_other_elements_is_left_alone_unless_forced(
    db: psycopg.Connection,
) -> None:
    ensure_own_elements(db)
    generate(db, elements=100, relationships=200, seed=1)  # our own elements do not count
    with pytest.raises(LandscapeNotEmpty, match="100 elements"):
        generate(db, elements=100, relationships=200, seed=2)
    generate(db, elements=100, relationships=200, seed=2, force=True)
    with pytest.raises(LandscapeNotEmpty, match="seed 2"):
        generate(db, elements=100, relationships=200, seed=2, force=True)


def test_what_people_registered_is_not_mixed_with_made_up_things(db: psycopg.Connection) -> None:
    factories.an_element(db)
    with pytest.raises(LandscapeNotEmpty, match="1 elements"):
        generate(db, elements=100, relationships=200, seed=1)


@pytest.mark.parametrize(
    ("elements", "relationships"),
    [(0, 0), (-5, 10), (19, 40), (100, 99), (100, 2001), (20, 400), (2_000_000, 2_000_000)],
)
def test_numbers_that_fit_no_landscape_are_refused(
    db: psycopg.Connection, elements: int, relationships: int
) -> None:
    with pytest.raises(InvalidInput), db.transaction():
        generate(db, elements=elements, relationships=relationships, seed=1)
    assert db.execute("SELECT count(*) FROM element").fetchone() == (0,)
