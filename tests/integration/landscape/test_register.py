"""Registering a landscape: all or nothing, the same twice changes nothing, faults are named."""

import psycopg
import pytest

from registry.landscape import commands, queries
from schemas.errors import InvalidInput, UnknownName
from schemas.landscape import ElementDraft, ElementKind, LandscapeDraft, RelationshipKind

SYSTEM = {"urn": "urn:town:system:a", "kind": "system", "name": "A"}
DATA = {"urn": "urn:town:data_set:d", "kind": "data_set", "name": "D"}
ACCESS = {"kind": "access", "source": SYSTEM["urn"], "target": DATA["urn"]}


def register(db: psycopg.Connection, *elements: object, relations: object = ()) -> object:
    document = {"elements": list(elements), "relationships": list(relations)}  # type: ignore[call-overload]
    return commands.register(db, commands.read_landscape(document))


def test_a_landscape_is_registered_whole(db: psycopg.Connection) -> None:
    done = register(db, SYSTEM, DATA, relations=[ACCESS])

    assert done == commands.Registered(elements=2, relationships=1)
    assert queries.count_by_kind(db)[ElementKind.SYSTEM] == 1


def test_the_same_landscape_twice_changes_nothing(db: psycopg.Connection) -> None:
    register(db, SYSTEM, DATA, relations=[ACCESS])

    assert register(db, SYSTEM, DATA, relations=[ACCESS]) == commands.Registered(0, 0)


def test_a_change_raises_the_revision(db: psycopg.Connection) -> None:
    register(db, SYSTEM)

    register(db, {**SYSTEM, "name": "Renamed"})

    found = queries.find_element(db, SYSTEM["urn"])
    assert (found.name, found.revision) == ("Renamed", 2)


def test_a_relationship_to_nowhere_is_named(db: psycopg.Connection) -> None:
    with pytest.raises(UnknownName, match="urn:town:data_set:d"):
        register(db, SYSTEM, relations=[ACCESS])


def test_an_element_cannot_change_its_kind(db: psycopg.Connection) -> None:
    register(db, SYSTEM)

    with pytest.raises(InvalidInput, match="cannot become"):
        register(db, {**SYSTEM, "kind": "interface"})


def test_a_urn_that_stands_twice_is_named(db: psycopg.Connection) -> None:
    with pytest.raises(InvalidInput, match="urn:town:system:a"):
        register(db, SYSTEM, SYSTEM)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"elements": [{"urn": "no urn", "kind": "system", "name": "x"}]},
        {"elements": [{**SYSTEM, "kind": "spaceship"}]},
        {"elements": [{**SYSTEM, "name": ""}]},
        {"elements": [{**SYSTEM, "colour": "red"}]},
        {"elements": "many"},
        None,
    ],
)
def test_a_document_of_another_shape_is_refused_with_its_place(document: object) -> None:
    with pytest.raises(InvalidInput, match="not as it should be"):
        commands.read_landscape(document)


def test_pages_by_name_meet_every_element_once(db: psycopg.Connection) -> None:
    many = [
        ElementDraft(urn=f"urn:town:system:{n}", kind=ElementKind.SYSTEM, name=f"S{n % 7}")
        for n in range(50)
    ]
    commands.register(db, LandscapeDraft(elements=many))

    seen: list[str] = []
    after = None
    while page := queries.list_elements(db, ElementKind.SYSTEM, after=after, limit=8):
        seen += [row.urn for row in page]
        after = (page[-1].name, page[-1].id)

    assert sorted(seen) == sorted(draft.urn for draft in many)


def test_a_search_takes_signs_as_they_are(db: psycopg.Connection) -> None:
    register(db, SYSTEM, {**SYSTEM, "urn": "urn:town:system:b", "name": "100% _wild_"})

    assert [row.name for row in queries.list_elements(db, search="0% _W")] == ["100% _wild_"]


def test_neighbours_come_in_one_statement_for_all(db: psycopg.Connection) -> None:
    register(db, SYSTEM, DATA, relations=[ACCESS])
    system = queries.find_element(db, SYSTEM["urn"])

    found = queries.neighbours(db, [system.id], queries.DATA_SETS_OF)

    assert [row.urn for row in found[system.id]] == [DATA["urn"]]
    assert queries.relationships_of(db, [system.id], end="source")[0].kind == (
        RelationshipKind.ACCESS
    )


@pytest.mark.parametrize("end", ["\n", " ", "\n\n"])
def test_a_urn_ends_where_it_ends(end: str) -> None:
    with pytest.raises(InvalidInput, match="urn"):
        commands.read_landscape({"elements": [{**SYSTEM, "urn": SYSTEM["urn"] + end}]})
