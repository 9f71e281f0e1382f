"""The comparison itself: a planted change of each sort is found, and layout is not a change."""

from collections.abc import Callable
from typing import Any

import pytest

from registry.landscape.exchange.archi_reader import read_archi
from registry.landscape.exchange.compare import Scope, differences, shared_scope
from registry.landscape.exchange.compare_xml import DIFFERENCES_MAX, xml_differences
from registry.landscape.exchange.model import Folder, Model, Residue, Text
from registry.landscape.exchange.opengroup_reader import read_exchange
from tests.unit.landscape.exchange.samples import ARCHI, EXCHANGE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Permits &amp;", "Permit &amp;"),
        ('<name xml:lang="nl">Vergun', '<name xml:lang="de">Vergun'),
        ("  blanks kept  ", " blanks kept  "),
        ("<value/>", "<value>x</value>"),
        (">Desk 1<", ">Desk 2<"),
        ('<property propertyDefinitionRef="p-empty"><value/></property>', ""),
        ('accessType="ReadWrite"', 'accessType="Read"'),
        ('isDirected="true"', ""),
        ('target="id-r1"', 'target="id-permits"'),
        ('xsi:type="OrJunction"', 'xsi:type="AndJunction"'),
        ('odd:colour="blue"', 'odd:colour="red"'),
        ("<odd:deep>kept</odd:deep>", ""),
        ('<item identifierRef="id-permits"/>', ""),
        ('x="20" y="30"', 'x="20" y="31"'),
        ('r="0" g="128"', 'r="0" g="129"'),
        ('style="bold italic"', 'style="bold"'),
        ('<bendpoint x="80" y="150"/>', ""),
        ('<connection identifier="id-c2" xsi:type="Line" source="id-n3" target="id-c1"/>', ""),
        ('type="date"', 'type="string"'),
        ("<schemaversion>1.1", "<schemaversion>1.2"),
        ('<allowedElementType type="Node"/>', ""),
        ('version="7"', 'version="8"'),
    ],
)
def test_a_planted_change_is_found_in_the_xml_and_in_the_model(old: str, new: str) -> None:
    assert old in EXCHANGE
    changed = EXCHANGE.replace(old, new, 1)
    assert xml_differences(EXCHANGE.encode(), changed.encode())
    assert differences(read_exchange(EXCHANGE.encode()), read_exchange(changed.encode()))


def test_two_children_in_another_order_are_a_change() -> None:
    first, second = '<item identifierRef="id-permits"/>', '<item identifier="f-inner">'
    start = EXCHANGE.index(first)
    end = EXCHANGE.index("</item>", start) + len("</item>")
    block = EXCHANGE[start:end]
    moved = block.replace(first, "").lstrip() + first
    changed = EXCHANGE.replace(block, moved)
    assert second in moved
    assert xml_differences(EXCHANGE.encode(), changed.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('version="7" odd:mark="a &lt; b"', 'odd:mark="a &lt; b" version="7"'),
        ("\n  ", "\n\t\t  "),
        ("odd:", "strange:"),
        ("<elements>", "<!-- nothing --><elements>"),
        ('"id-desk" xsi:type="BusinessRole"', "'id-desk' xsi:type='BusinessRole'"),
    ],
)
def test_layout_is_no_change(old: str, new: str) -> None:
    changed = EXCHANGE.replace(old, new)
    if "strange" in new:
        changed = changed.replace("xmlns:odd", "xmlns:strange")
    found = xml_differences(EXCHANGE.encode(), changed.encode())
    assert [d for d in found if "documentation" not in d.where and "text()" not in d.where] == []


def test_lists_of_differences_end() -> None:
    many = "".join(f"<a b='{number}'/>" for number in range(2 * DIFFERENCES_MAX))
    found = xml_differences(
        f"<m>{many}</m>".encode(), f"<m>{many.replace('b=', 'c=')}</m>".encode()
    )
    assert len(found) == DIFFERENCES_MAX


def plant_offset(model: Model) -> None:
    model.views["id-v"].connections[0].offsets = ((1, 2, 3, 4),)


def plant_residue(model: Model) -> None:
    model.views["id-v"].residue = Residue(model.dialect, (("connectionRouterType", "1"),))


def plant_special(model: Model) -> None:
    model.elements["650"].specialisations = ()


def plant_folder(model: Model) -> None:
    model.trees[0].append(Folder(id="new", names=(Text("New"),)))


def plant_picture(model: Model) -> None:
    model.attachments["images/a"] = b"1"


def plant_removal(model: Model) -> None:
    del model.relationships["id-r3"]


def plant_addition(model: Model) -> None:
    model.views["id-v"].nodes.append(model.views["id-sketch"].nodes[0])


@pytest.mark.parametrize(
    "plant",
    [
        *(plant_offset, plant_residue, plant_special, plant_folder, plant_picture),
        *(plant_removal, plant_addition),
    ],
)
def test_a_change_planted_in_a_model_is_found(plant: Callable[[Model], Any]) -> None:
    left, right = read_archi(ARCHI.encode()), read_archi(ARCHI.encode())
    assert differences(left, right) == []
    plant(right)
    assert differences(left, right)
    assert differences(right, left)


def test_a_scope_leaves_out_what_it_says() -> None:
    left, right = read_archi(ARCHI.encode()), read_archi(ARCHI.encode())
    plant_residue(right)
    plant_special(right)
    assert differences(left, right, shared_scope(str)) == []
    right.views["id-v"].nodes[0].x = 7
    assert differences(left, right, shared_scope(str, positions=False)) == []
    assert differences(left, right, Scope(styles=False))


def test_a_difference_says_where_and_what() -> None:
    left, right = read_archi(ARCHI.encode()), read_archi(ARCHI.encode())
    right.elements["650"].names = (Text("Licences"),)
    (found,) = differences(left, right)
    assert found.where == "element[650].names"
    assert "Permits" in str(found)
    assert "Licences" in str(found)
