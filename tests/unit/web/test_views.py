"""Architecture views as pictures: all kinds, odd coordinates, hostile words, readable text."""

import pytest
from lxml import etree

from registry.landscape.exchange.model import Connection, Element, Node, Style, Text, View
from registry.landscape.metamodel import CONCEPTS, RELATIONSHIP
from registry.landscape.questions.plotted import PlotBy
from registry.landscape.questions.portfolio import portfolio
from registry.web.draw.plotting import Compliance, draw_plotted
from registry.web.draw.text import width_px
from registry.web.draw.view_shapes import readable_on
from registry.web.draw.view_text import SIZE_MIN, fit_block
from registry.web.draw.views import ViewOptions, draw_view
from schemas.landscape_kinds import RelationshipKind
from tests.unit.landscape.questions.town import Draft, a_box, a_whole_town

SVG = "{http://www.w3.org/2000/svg}"


def drawn(draft: Draft, view: View, options: ViewOptions | None = None) -> etree._Element:
    return etree.fromstring(draw_view(draft.model, view, options))


def a_view(*nodes: Node, lines: list[Connection] | None = None) -> View:
    return View(id="v", names=(Text("View"),), nodes=[*nodes], connections=lines or [])


@pytest.mark.parametrize("concept", sorted(set(CONCEPTS) - {RELATIONSHIP}))
def test_every_concept_has_a_shape_a_name_and_a_definition(concept: str) -> None:
    draft = Draft()
    draft.model.elements["e"] = Element(
        id="e", concept=concept, names=(Text("Name"),), documentation=(Text("What it is"),)
    )
    root = drawn(draft, a_view(a_box("n", "e", 0)))
    [box] = [g for g in root.iter(f"{SVG}g") if g.get("class") == "n"]
    assert box.get("tabindex") == "0", "reached by keyboard"
    assert "Name. What it is" in box.find(f"{SVG}title").text, "said on hover"


@pytest.mark.parametrize("kind", list(RelationshipKind))
@pytest.mark.parametrize("access", [None, "Read", "ReadWrite"])
def test_every_relationship_is_drawn_and_told(kind: RelationshipKind, access: str | None) -> None:
    draft = Draft()
    for name in ("One", "Two"):
        draft.add("system", name)
    key = draft.relate("id-one", kind, "id-two", access=access)
    line = Connection(id="l", kind="relationship", relationship=key, source="a", target="b")
    root = drawn(draft, a_view(a_box("a", "id-one", 0), a_box("b", "id-two", 300), lines=[line]))
    [title] = [e.text for e in root.findall(f".//{SVG}g[@class='r']//{SVG}title")]
    assert title == kind


def test_notes_groups_links_to_views_and_pictures_that_are_absent_are_drawn() -> None:
    draft = Draft()
    draft.model.views["other"] = View(id="other", names=(Text("Other view"),))
    nodes = [
        Node(id="1", kind="note", labels=(Text("A note\nof two lines"),), x=0, y=0),
        Node(id="2", kind="group", labels=(Text("A group"),), x=0, y=90, width=300, height=200),
        Node(id="3", kind="view", views=("other",), x=0, y=300),
        Node(id="4", kind="DiagramModelImage", x=0, y=400),
        Node(id="5", kind="element", element="gone", x=0, y=500),
    ]
    text = "".join(drawn(draft, a_view(*nodes)).itertext())
    for words in ("A note", "of two lines", "A group", "Other view", "(picture)"):
        assert words in text


def test_what_lies_left_of_and_above_the_corner_is_in_sight() -> None:
    draft = Draft()
    draft.add("system", "Far")
    root = drawn(draft, a_view(a_box("n", "id-far", -500)))
    left, top, width, height = map(float, root.get("viewBox").split())
    assert left <= -500
    assert top <= -10
    assert left + width >= -370
    assert height >= 60


def test_a_line_may_end_on_a_line_and_one_that_ends_nowhere_is_left_out() -> None:
    draft = Draft()
    for name in ("One", "Two", "Three"):
        draft.add("system", name)
    lines = [
        Connection(id="l3", kind="line", source="l3", target="a"),
        Connection(id="l2", kind="line", source="c", target="l1"),
        Connection(id="l1", kind="line", source="a", target="b"),
        Connection(id="l4", kind="line", source="a", target="gone"),
    ]
    boxes = [a_box(key, f"id-{name}", 200 * n) for n, (key, name) in
             enumerate((("a", "one"), ("b", "two"), ("c", "three")))]  # fmt: skip
    root = drawn(draft, a_view(*boxes, lines=lines))
    assert len(root.findall(f".//{SVG}g[@class='r']")) == 2


def test_a_line_between_a_box_and_the_box_around_it_is_not_drawn_twice() -> None:
    draft = Draft()
    for name in ("Whole", "Part"):
        draft.add("system", name)
    key = draft.relate("id-whole", "composition", "id-part")
    outer = a_box("a", "id-whole", 0)
    outer.children = [a_box("b", "id-part", 10)]
    line = Connection(id="l", kind="relationship", relationship=key, source="a", target="b")
    assert not drawn(draft, a_view(outer, lines=[line])).findall(f".//{SVG}g[@class='r']")


HOSTILE = ["<script>alert(1)</script>\"'&", "\u202egnp.exe", "\0\x1b[31m", "a" * 5000, "", "\ud800"]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_become_harmless_text(words: str) -> None:
    draft = Draft()
    draft.add("system", words, words, key="id-x")
    view = a_view(a_box("n", "id-x", 0), Node(id="m", kind="note", labels=(Text(words),)))
    view.names = view.documentation = (Text(words),)
    root = drawn(draft, view, ViewOptions(href=lambda _element: '/systems/<&">'))
    assert not root.findall(f".//{SVG}script")
    shown = "".join(root.itertext())
    assert not set("\0\x1b\u202e") & set(shown)


def test_words_are_broken_and_made_smaller_before_they_are_cut() -> None:
    lines, size = fit_block("Gegevensdistributiecomponent", 100, 55, 12, keeps_off=True)
    assert "".join(lines).replace("-", "") == "Gegevensdistributiecomponent"
    assert all(width_px(line, size) <= 90 for line in lines)
    lines, size = fit_block("word " * 400, 100, 40, 12, keeps_off=False)
    assert size == SIZE_MIN
    assert lines[-1].endswith("…")
    assert fit_block("", 1, 1, 12, keeps_off=True)[0] == []
    assert fit_block("x", 0, 0, 12, keeps_off=True)[0]


def test_ink_is_white_on_dark_and_dark_on_light() -> None:
    assert readable_on("#000080") == "#ffffff"
    assert readable_on("#ffffb5") != "#ffffff"
    draft = Draft()
    draft.add("system", "Dark")
    box = a_box("n", "id-dark", 0)
    box.style = Style(fill=(0, 0, 80, None))
    assert 'text fill="#ffffff"' in draw_view(draft.model, a_view(box))


@pytest.mark.parametrize("by", list(PlotBy))
def test_systems_stand_in_their_components_with_letter_word_and_legend(by: PlotBy) -> None:
    town = a_whole_town()
    found = portfolio(town.graph)
    svg = draw_plotted(
        town.model,
        town.model.views["id-view"],
        found,
        by=by,
        compliance={"id-caseflow": Compliance.FAILING},
        system_href=lambda key: f"/systems/{key}",
    )
    root = etree.fromstring(svg)
    chips = [e for e in root.iter(f"{SVG}a") if e.get("class", "").startswith("s ")]
    assert {e.get("href") for e in chips} == {f"/systems/id-{n}" for n in
                                              ("caseflow", "oldcase", "groundbook")}  # fmt: skip
    told = " ".join(e.find(f"{SVG}title").text for e in chips)
    expected = {
        PlotBy.LIFECYCLE: "Being phased out",
        PlotBy.OWNER: "Information",
        PlotBy.COMPLIANCE: "Fails",
    }[by]
    assert expected in told
    assert expected in "".join(root.itertext()).replace(told, "")


def test_a_component_that_nothing_fills_in_is_marked() -> None:
    town = a_whole_town()
    town.model.relationships = {
        key: one for key, one in town.model.relationships.items() if one.source != "id-groundbook"
    }
    svg = draw_plotted(town.model, town.model.views["id-view"], portfolio(town.graph))
    assert svg.count('class="unfilled"') == 1
    assert "Nothing fills this in" in svg
