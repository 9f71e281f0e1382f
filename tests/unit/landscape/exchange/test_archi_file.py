"""Archi's own file: what goes in comes out, alone and by way of the exchange format."""

import io
import zipfile

from registry.landscape.exchange.archi import DEFAULTS
from registry.landscape.exchange.archi_reader import read_archi
from registry.landscape.exchange.archi_writer import write_archi
from registry.landscape.exchange.compare import differences, shared_scope
from registry.landscape.exchange.compare_xml import xml_differences
from registry.landscape.exchange.formats import Format, load_bytes, save
from registry.landscape.exchange.opengroup_reader import read_exchange
from registry.landscape.exchange.opengroup_writer import exchange_id, write_exchange
from tests.unit.landscape.exchange.samples import ARCHI, EXCHANGE

MODEL = read_archi(ARCHI.encode())


def test_every_corner_of_the_format_survives() -> None:
    written = write_archi(MODEL)
    assert xml_differences(ARCHI.encode(), written, defaults=DEFAULTS, grouped=True) == []


def test_writing_twice_gives_the_same_bytes() -> None:
    once = write_archi(MODEL)
    assert write_archi(read_archi(once)) == once


def test_access_junctions_and_specialisations_are_understood() -> None:
    assert MODEL.relationships["id-r1"].access == "ReadWrite"
    assert MODEL.relationships["id-r2"].access == "Write"
    assert MODEL.elements["id-or"].concept == "OrJunction"
    assert MODEL.specialisations["pr1"].name == "Suite"
    assert MODEL.elements["650"].specialisations == ("pr1",)


def test_places_count_from_the_views_corner() -> None:
    places = {n.id: (n.x, n.y) for n in MODEL.views["id-v"].all_nodes()}
    assert places["g1"] == (-30, 20)
    assert places["o1"] == (-20, 30)
    assert MODEL.views["id-v"].connections[0].bendpoints == ((267, 163),)


def test_fonts_colours_and_opacity_are_understood() -> None:
    style = next(n for n in MODEL.views["id-v"].all_nodes() if n.id == "o1").style
    assert style.fill == (0, 255, 0, 50)
    assert (style.font.name, style.font.size, style.font.style) == ("Segoe UI", "12", "bold italic")


def test_the_way_through_the_exchange_format_keeps_what_both_can_hold() -> None:
    there = read_exchange(write_exchange(MODEL, language="en"))
    assert differences(MODEL, there, shared_scope(exchange_id)) == []
    back = read_archi(write_archi(there))
    assert differences(there, back, shared_scope(exchange_id, order=False, folders=False)) == []


def test_an_exchange_model_opens_in_archi_with_its_folders() -> None:
    model = read_exchange(EXCHANGE.encode())
    there = read_archi(write_archi(model))
    found = differences(model, there, shared_scope(exchange_id, order=False, folders=False))
    assert found == []
    assert [folder.kind for folder in there.trees[0]] == [
        *("strategy", "business", "application", "technology", "motivation"),
        *("implementation_migration", "other", "relations", "diagrams"),
    ]
    paths = {path for path, _ in there.folders()}
    assert ("Application", "Inner") in paths


def test_a_model_with_pictures_travels_as_zip() -> None:
    model = read_archi(ARCHI.encode())
    model.attachments = {"images/map.png": b"\x89PNG"}
    packed = save(model, Format.ARCHI)
    with zipfile.ZipFile(io.BytesIO(packed)) as made:
        assert sorted(made.namelist()) == ["images/map.png", "model.xml"]
    loaded = load_bytes(packed, file="town.archimate")
    assert loaded.format is Format.ARCHI
    assert loaded.model.attachments == model.attachments
