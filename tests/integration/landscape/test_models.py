"""Whole models: stored without loss, released without losing who is who, taken back whole."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from registry.landscape.exchange.compare import differences
from registry.landscape.exchange.formats import Format, Loaded, load
from registry.landscape.exchange.model import (
    Dialect,
    Element,
    Folder,
    Model,
    Node,
    Property,
    PropertyDefinition,
    Relationship,
    Text,
    View,
)
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.models import work
from registry.landscape.models.fetch import fetch_model, list_models
from registry.landscape.models.releases import (
    ReleaseRefused,
    Source,
    list_releases,
    roll_back,
    take_in,
)
from registry.landscape.models.report import Report
from schemas.errors import Conflict, UnknownName
from schemas.landscape_kinds import RelationshipKind
from tests.factories import a_relationship, a_source, an_element

FILES = sorted((Path(__file__).parents[2] / "unit/landscape/exchange/models").iterdir())
NOTHING = {"elements": 0, "relationships": 0, "views": 0}


def year(number: int) -> datetime:
    return datetime(number, 1, 1, tzinfo=UTC)


def an(name: str, key: str | None = None, object_id: str | None = None) -> Element:
    properties = (Property("p1", (Text(object_id),)),) if object_id else ()
    return Element(
        id=key or f"id-{name}",
        names=(Text(name, "nl"),),
        concept="ApplicationComponent",
        properties=properties,
    )


def serves(source: Element, target: Element) -> Relationship:
    return Relationship(
        id=f"id-{source.id}-{target.id}",
        kind=RelationshipKind.SERVING,
        source=source.id,
        target=target.id,
    )


def a_model(*elements: Element, relationships: Sequence[Relationship] = ()) -> Loaded:
    """A small model: its elements in one folder, all of them on one view."""
    view = View(
        id="id-view",
        names=(Text("All"),),
        nodes=[Node(id=f"n-{e.id}", kind="element", element=e.id, x=1, y=2) for e in elements],
    )
    ids: list[Folder | str] = [element.id for element in elements]
    model = Model(
        id="id-model",
        names=(Text("Reference"),),
        dialect=Dialect.EXCHANGE,
        elements={element.id: element for element in elements},
        relationships={one.id: one for one in relationships},
        views={view.id: view},
        trees=[[Folder(id="", names=(Text("Applications"),), items=ids)]],
        property_definitions={"p1": PropertyDefinition(id="p1", names=(Text("Object ID"),))},
    )
    return Loaded(model, Format.EXCHANGE, [])


def take(
    db: psycopg.Connection, loaded: Loaded, *, at: int | None = None, preview: bool = False
) -> Report:
    source = Source(
        key="ref",
        file="ref.xml",
        file_hash=b"",
        release=str(at),
        valid_from=year(at) if at else None,
        proposer="architect",
    )
    return take_in(db, loaded, source, preview=preview)


def decided(outcome: work.Outcome, to: UUID | None = None) -> work.Decision:
    return work.Decision(outcome=outcome, to=to, by="anna")


def identities(db: psycopg.Connection) -> dict[str, UUID]:
    return dict(db.execute("SELECT name, id FROM element WHERE model_id IS NOT NULL").fetchall())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_model_comes_back_as_it_was_taken_in(db: psycopg.Connection, file: Path) -> None:
    take(db, load(file))

    assert differences(load(file).model, fetch_model(db, "ref")) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_same_file_twice_changes_no_row(db: psycopg.Connection, file: Path) -> None:
    first = take(db, load(file))
    again = take(db, load(file))

    assert first.rows_changed > 0
    assert (again.rows_changed, again.change_set_id) == (0, None)
    assert len(list_releases(db)) == 1


def test_an_element_keeps_its_identity_whatever_its_file_calls_it(db: psycopg.Connection) -> None:
    take(db, a_model(an("A"), an("B", object_id="7"), an("C")), at=2020)
    before = identities(db)

    report = take(db, a_model(an("A"), an("B2", "other", "7"), an("C", "new-id")), at=2021)

    after = identities(db)
    assert (after["A"], after["B2"], after["C"]) == (before["A"], before["B"], before["C"])
    assert (report.elements.kept, report.elements.moved, report.elements.added) == (1, 2, 0)


def test_two_of_one_name_are_told_and_not_guessed(db: psycopg.Connection) -> None:
    take(db, a_model(an("Twin", "one"), an("Twin", "two")), at=2020)

    report = take(db, a_model(an("Twin", "three"), an("Twin", "four")), at=2021)

    assert (report.elements.ambiguous, report.elements.added, report.elements.removed) == (2, 2, 2)
    assert {one.name for one in report.listed if one.what == "ambiguous"} == {"Twin"}


def test_every_release_can_be_asked_for_by_its_day(db: psycopg.Connection) -> None:
    a, b, c = an("A"), an("B"), an("C")
    releases = {
        2020: lambda: a_model(a, b, relationships=[serves(a, b)]),
        2022: lambda: a_model(c, a, relationships=[serves(a, c), serves(a, a)]),
        2024: lambda: a_model(an("A", "new"), b),
    }
    for day, release in releases.items():
        take(db, release(), at=day)

    for day, release in releases.items():
        for moment in (year(day), year(day + 1)):
            assert differences(release().model, fetch_model(db, "ref", as_of=moment)) == []
    with pytest.raises(UnknownName, match="2019"):
        fetch_model(db, "ref", as_of=year(2019))


def test_a_preview_tells_everything_and_changes_nothing(db: psycopg.Connection) -> None:
    take(db, a_model(an("A"), an("B")), at=2020)

    report = take(db, a_model(an("A", "moved"), an("C")), at=2021, preview=True)

    assert (report.elements.moved, report.elements.added, report.elements.removed) == (1, 1, 1)
    assert {(one.what, one.name) for one in report.listed if one.table == "element"} == {
        ("moved", "A"),
        ("removed", "B"),
    }
    assert differences(a_model(an("A"), an("B")).model, fetch_model(db, "ref")) == []
    assert len(list_releases(db)) == 1


def test_a_release_is_taken_back_by_one_command(db: psycopg.Connection) -> None:
    take(db, a_model(an("A"), an("B")), at=2020)
    before = identities(db)
    take(db, a_model(an("A", "moved"), an("C")), at=2021)
    take(db, a_model(an("D")), at=2022)

    roll_back(db, "ref", proposer="architect")
    roll_back(db, "ref", proposer="architect")

    assert identities(db) == before
    for moment in (None, year(2020), year(2021), year(2022), year(2023)):
        found = fetch_model(db, "ref", as_of=moment)
        assert differences(a_model(an("A"), an("B")).model, found) == []
    assert [release.name for release in list_releases(db) if not release.rolled_back_at] == ["2020"]


def test_ours_that_hang_on_what_is_gone_become_work(db: psycopg.Connection) -> None:
    take(db, a_model(an("A"), an("B")), at=2020)
    ours = an_element(db, name="Ours")
    gone = identities(db)["B"]
    mapping = a_relationship(
        db, kind=RelationshipKind.SPECIALIZATION, source_id=ours.id, target_id=gone
    )

    report = take(db, a_model(an("A"), an("Other")), at=2021)

    [item] = work.worklist(db)
    assert (report.work_items, report.elements.retired) == (1, 1)
    assert (item.gone_name, item.own_name, item.relationship_id) == ("B", "Ours", mapping.id)
    assert differences(a_model(an("A"), an("Other")).model, fetch_model(db, "ref")) == []

    work.settle(db, item.id, decided(work.Outcome.MAPPED, to=identities(db)["Other"]))

    assert db.execute(
        "SELECT target_id FROM relationship WHERE id = %s", (mapping.id,)
    ).fetchone() == (identities(db)["Other"],)
    assert work.worklist(db) == []
    assert db.execute("SELECT count(*) FROM element WHERE id = %s", (gone,)).fetchone() == (0,)
    with pytest.raises(Conflict, match="settled"):
        work.settle(db, item.id, decided(work.Outcome.KEPT))


def test_taking_a_release_back_keeps_mappings_to_what_it_brought(db: psycopg.Connection) -> None:
    take(db, a_model(an("A")), at=2020)
    take(db, a_model(an("A"), an("New")), at=2021)
    ours = a_relationship(db, source_id=an_element(db).id, target_id=identities(db)["New"])

    roll_back(db, "ref", proposer="architect")

    [item] = work.worklist(db)
    assert (item.gone_name, item.relationship_id) == ("New", ours.id)
    assert differences(a_model(an("A")).model, fetch_model(db, "ref")) == []


def test_what_an_architect_changed_survives_the_next_release(db: psycopg.Connection) -> None:
    take(db, a_model(an("A"), an("B")), at=2020)
    db.execute("UPDATE element SET name = 'Our A', attrs = '{\"owner\": \"IT\"}' WHERE name = 'A'")
    db.execute("UPDATE element SET name = 'Our B' WHERE name = 'B'")

    assert take(db, a_model(an("A"), an("B"))).rows_changed == 0
    report = take(db, a_model(an("A"), an("Their B", "id-B")))

    told = [(one.name, one.fields) for one in report.listed if one.what == "conflict"]
    assert told == [("Our B", {"name": ["Our B", "Their B"]})]
    found = fetch_model(db, "ref")
    assert {element.name for element in found.elements.values()} == {"Our A", "Our B"}
    assert found.values(found.elements["id-A"], "owner") == ["IT"]


def test_a_change_since_stops_a_roll_back_with_both_values(db: psycopg.Connection) -> None:
    take(db, a_model(an("A")), at=2020)
    take(db, a_model(an("A2", "id-A")), at=2021)
    db.execute("UPDATE element SET name = 'Ours', attrs = '{\"owner\": \"IT\"}'")

    with pytest.raises(Conflict, match="name") as told:
        roll_back(db, "ref", proposer="architect")

    [clash] = told.value.facts["conflicts"]
    assert (clash["field"], clash["theirs"], clash["ours"]) == ("name", "Ours", "A")


@pytest.mark.parametrize(
    ("day", "words"), [(2100, "has not come yet"), (2019, "would change what came before")]
)
def test_a_release_out_of_time_is_refused(db: psycopg.Connection, day: int, words: str) -> None:
    take(db, a_model(an("A")), at=2020)

    with pytest.raises(ReleaseRefused, match=words):
        take(db, a_model(an("B")), at=day)


@pytest.mark.parametrize("key", ["", "Ref", "a b", "x" * 33, "-a"])
def test_a_key_that_cannot_stand_in_a_urn_is_refused(db: psycopg.Connection, key: str) -> None:
    with pytest.raises(ReleaseRefused, match="key"):
        take_in(db, a_model(), Source(key=key, file="", file_hash=b""))


@pytest.mark.parametrize("odd", ["\0", "a\0", "\ud800", "\\\0"])
def test_a_character_that_cannot_be_kept_names_its_object(db: psycopg.Connection, odd: str) -> None:
    with pytest.raises(ModelFileRefused, match="'id-odd' holds a character") as told:
        take(db, a_model(an("A"), an(odd, "id-odd")))
    assert told.value.thing == "id-odd"


def test_six_letters_that_only_look_like_a_nul_are_kept(db: psycopg.Connection) -> None:
    take(db, a_model(an("\\u0000", "id-a")))

    assert fetch_model(db, "ref").elements["id-a"].name == "\\u0000"


@pytest.mark.parametrize("name", ["", "   ", "x" * 1000, "é\n\U0001f600"])
def test_any_other_name_is_kept_as_it_is(db: psycopg.Connection, name: str) -> None:
    take(db, a_model(an(name, "id-" + "y" * 3000)))

    assert [element.name for element in fetch_model(db, "ref").elements.values()] == [name]


def test_a_release_that_fails_half_way_changes_nothing(db: psycopg.Connection) -> None:
    take(db, a_model(an("A"), an("B")), at=2020)
    a_source(db, interface_id=identities(db)["B"])

    with pytest.raises(Conflict, match="source still uses"), db.transaction():
        take(db, a_model(an("A2", "id-A")), at=2021)

    assert differences(a_model(an("A"), an("B")).model, fetch_model(db, "ref")) == []
    assert len(list_releases(db)) == 1


def test_a_model_that_was_never_taken_in_is_told(db: psycopg.Connection) -> None:
    with pytest.raises(UnknownName, match="'none'"):
        fetch_model(db, "none")
    with pytest.raises(UnknownName, match="'none'"):
        roll_back(db, "none", proposer="architect")
    assert list_models(db) == []
