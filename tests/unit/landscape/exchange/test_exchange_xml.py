"""The Model Exchange File Format: what goes in comes out, and old models become new ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.landscape.exchange.compare_xml import xml_differences
from registry.landscape.exchange.model import Dialect, Element, Model, Text
from registry.landscape.exchange.opengroup_reader import read_exchange
from registry.landscape.exchange.opengroup_writer import write_exchange
from registry.landscape.exchange.refusals import ModelFileRefused
from tests.unit.landscape.exchange.samples import EXCHANGE, EXCHANGE_2, element, exchange

MODEL = read_exchange(EXCHANGE.encode())
PROPERTY = '<property propertyDefinitionRef="p"'
LABEL = '<node identifier="n" xsi:type="Label" x="1"'
LINE = '<connection identifier="c" xsi:type="Line"'
COLOUR = '<color r="1" g="1" b="1"/>'


def test_every_corner_of_the_format_survives() -> None:
    assert xml_differences(EXCHANGE.encode(), write_exchange(MODEL)) == []


def test_writing_twice_gives_the_same_bytes() -> None:
    once = write_exchange(MODEL)
    assert write_exchange(read_exchange(once)) == once


def test_names_keep_their_languages_and_blanks() -> None:
    permits = MODEL.elements["id-permits"]
    assert permits.names == (Text('Permits & "licences"', "en"), Text("Vergunningen", "nl"))
    assert permits.documentation[0].text == "  blanks kept  "


def test_a_key_given_twice_and_an_empty_value_survive() -> None:
    permits = MODEL.elements["id-permits"]
    assert MODEL.values(permits, "Owner") == ["Desk 1", "Desk 2"]
    assert MODEL.values(permits, "Empty") == [""]


def test_a_relationship_may_end_on_a_relationship() -> None:
    watches = MODEL.relationships["id-r2"]
    assert (watches.kind, watches.target, watches.directed) == ("association", "id-r1", True)
    assert MODEL.relationships["id-r1"].access == "ReadWrite"
    assert MODEL.relationships["id-r4"].strength == "++"


def test_folders_keep_their_order_also_without_names_and_ids() -> None:
    application, nameless, views = MODEL.trees[0]
    assert (application.name, nameless.name, views.name) == ("Application", "", "Views")
    assert application.items[0] == "id-permits"
    assert application.items[1].id == "f-inner"


def test_a_drawing_keeps_nesting_styles_and_lines_without_relationship() -> None:
    view = MODEL.views["id-view"]
    assert [node.id for node in view.all_nodes()] == ["id-n0", "id-n1", "id-n2", "id-n3", "id-n4"]
    assert view.nodes[0].style.fill == (255, 255, 255, 50)
    assert view.nodes[0].style.font.style == "bold italic"
    assert view.nodes[3].kind == "view"
    assert [line.kind for line in view.connections] == ["relationship", "line"]
    assert view.connections[0].bendpoints == ((80, 150), (150, 220))


@pytest.mark.parametrize(
    "odd",
    [
        '<name xml:lang="en" odd="1">E</name>',
        "<name>E<b/></name>",
        '<name>E</name><documentation odd="1"/>',
        '<name>E</name><x:any xmlns:x="urn:x" a="1">t<x:b/>u</x:any>',
        "<name>E</name><unknown/><documentation>d</documentation>",
        f'<name>E</name><properties>{PROPERTY} odd="1"><value>v</value></property></properties>',
        f'<name>E</name><properties odd="1">{PROPERTY}/></properties>',
        f'<name>E</name><properties>{PROPERTY}><value a="1">v</value></property><z/></properties>',
    ],
)
def test_xml_we_do_not_know_stays_where_it_was(odd: str) -> None:
    data = exchange(f'<elements><element identifier="e" xsi:type="Node">{odd}</element></elements>')
    assert xml_differences(data, write_exchange(read_exchange(data))) == []


@pytest.mark.parametrize(
    "node",
    [
        '<node identifier="n" xsi:type="Label" x="007" y="-3" w="1.5" h=""/>',
        '<node identifier="n" xsi:type="Odd"/>',
        f'{LABEL}><style odd="1"/></node>',
        f'{LABEL}><style><fillColor r="1" g="2" b="300" a="x"/></style></node>',
        f"{LABEL}><style><font>{COLOUR}{COLOUR}</font></style></node>",
        f'{LABEL}><viewRef ref="v" odd="1"/></node>',
        f'{LABEL}/>{LINE}><bendpoint x="1" y="2" z="3"/><bendpoint x="4" y="5"/></connection>',
    ],
)
def test_drawings_we_cannot_fully_hold_stay_word_for_word(node: str) -> None:
    data = exchange(
        f'<views><diagrams><view identifier="v" xsi:type="Diagram"><name>V</name>{node}</view>'
        "</diagrams></views>"
    )
    assert xml_differences(data, write_exchange(read_exchange(data))) == []


def test_members_of_lists_that_we_do_not_know_survive() -> None:
    data = exchange(
        f'<elements odd="1">{element("a")}<x xmlns="urn:x"/></elements>'
        '<relationships odd="2"/><organizations odd="3"><item/><y xmlns="urn:y"/></organizations>'
        '<views odd="4"><diagrams odd="5"/></views>',
        attributes='odd="0"',
    )
    lists = frozenset({"relationships", "diagrams"})
    found = xml_differences(data, write_exchange(read_exchange(data)), lists=lists)
    assert [
        str(difference) for difference in found if "relationships" not in difference.where
    ] == []


def test_a_second_folder_tree_stays_apart() -> None:
    data = exchange(
        '<organizations a="1"><item/><x xmlns="urn:x"/></organizations>'
        '<organizations b="2"><item/><y xmlns="urn:y"/></organizations>'
    )
    assert xml_differences(data, write_exchange(read_exchange(data))) == []


def test_archimate_2_becomes_archimate_3() -> None:
    model = read_exchange(EXCHANGE_2.encode())
    assert model.dialect is Dialect.EXCHANGE_2
    assert {e.id: e.concept for e in model.elements.values()} == {
        "id-net": "CommunicationNetwork",
        "id-mail": "TechnologyService",
        "id-app": "ApplicationComponent",
        "id-j": "AndJunction",
    }
    assert [r.kind for r in model.relationships.values()] == ["serving", "realization"]
    assert model.elements["id-net"].name == "Backbone"
    assert model.values(model.elements["id-mail"], "In use") == ["yes"]
    view = model.views["id-v"]
    assert [(n.kind, n.element) for n in view.all_nodes()] == [
        ("group", None),
        ("element", "id-mail"),
        ("element", "id-app"),
    ]
    assert view.connections[0].bendpoints == ((5, 6),)
    again = read_exchange(write_exchange(model))
    assert again.counts() == model.counts()


def test_ids_that_xml_does_not_admit_get_a_prefix_and_negative_places_move_into_view() -> None:
    model = Model(id="1", dialect=Dialect.TABLES)
    model.elements["7a b"] = Element(id="7a b", concept="Node")
    written = write_exchange(model).decode()
    assert 'identifier="id-7a_b"' in written
    assert '<name xml:lang="en"></name>' in written


def test_ids_that_would_become_the_same_stay_apart() -> None:
    model = Model(id="m", dialect=Dialect.TABLES)
    for thing in ("1 a", "1_a", "id-1_a"):
        model.elements[thing] = Element(id=thing, concept="Node", names=(Text(thing),))
    back = read_exchange(write_exchange(model))
    assert [element.name for element in back.elements.values()] == ["1 a", "1_a", "id-1_a"]
    assert "id-1_a" in back.elements
    assert back.elements["id-1_a"].name == "id-1_a"


def test_a_character_xml_cannot_carry_is_refused() -> None:
    model = Model(id="m", dialect=Dialect.TABLES, names=(Text("a\x00b"),))
    with pytest.raises(ModelFileRefused, match=r"U\+0000"):
        write_exchange(model)


XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from('\t\n\r&<>"')
)


@given(XML_TEXT)
def test_any_text_survives(text: str) -> None:
    model = Model(id="m", dialect=Dialect.EXCHANGE, version=text, names=(Text(text, "en"),))
    back = read_exchange(write_exchange(model))
    assert back.names == (Text(text, "en"),)
    assert back.version == text
