"""coArchi's folder: the same objects as Archi's file, one per file, byte for byte stable."""

from pathlib import Path

import pytest

from registry.landscape.exchange.archi_reader import read_archi
from registry.landscape.exchange.coarchi import read_coarchi, write_coarchi
from registry.landscape.exchange.compare import Scope, differences
from registry.landscape.exchange.formats import Format, load, load_bytes, save, save_folder
from registry.landscape.exchange.model import Element, Text
from registry.landscape.exchange.refusals import ModelFileRefused
from tests.unit.landscape.exchange.samples import ARCHI

MODEL = read_archi(ARCHI.encode())
FILES = write_coarchi(MODEL)


def test_a_folder_says_the_same_as_the_file() -> None:
    assert differences(MODEL, read_coarchi(FILES), Scope(order=False)) == []


def test_writing_a_folder_twice_gives_the_same_bytes() -> None:
    assert write_coarchi(read_coarchi(FILES)) == FILES


def test_an_object_is_laid_out_as_coarchi_does() -> None:
    assert FILES["model/application/id-records"[:17] + "/DataObject_id-records.xml"] == (
        b"<archimate:DataObject\n"
        b'    xmlns:archimate="http://www.archimatetool.com/archimate"\n'
        b'    name="Records"\n'
        b'    id="id-records"/>\n'
    )


def test_a_folder_on_disk_and_its_zip_load_alike(tmp_path: Path) -> None:
    assert save_folder(MODEL, tmp_path) == len(FILES)
    assert differences(load(tmp_path).model, MODEL, Scope(order=False)) == []
    loaded = load_bytes(save(MODEL, Format.COARCHI), file="town.zip")
    assert loaded.format is Format.COARCHI
    assert differences(loaded.model, MODEL, Scope(order=False)) == []


def test_only_what_changed_is_written_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    save_folder(MODEL, tmp_path)
    model = load(tmp_path).model
    assert save_folder(model, tmp_path) == 0
    model.elements["id-records"].names = (Text("Files"),)
    assert save_folder(model, tmp_path) == 1
    del model.views["id-sketch"]
    model.views["id-v"].nodes = [n for n in model.views["id-v"].nodes if n.id != "m1"]
    for _, folder in model.folders():
        folder.items = [item for item in folder.items if item != "id-sketch"]
    assert save_folder(model, tmp_path) == 2
    assert not list(tmp_path.rglob("SketchModel*"))


def test_pictures_beside_the_model_come_along() -> None:
    model = read_coarchi({**FILES, "images/a.png": b"1"})
    assert model.attachments == {"images/a.png": b"1"}
    assert write_coarchi(model)["images/a.png"] == b"1"


@pytest.mark.parametrize("name", ["../../evil", "a/b", "..", ".git", "C:x", "a\\b", "", "x?", "a."])
def test_an_id_that_would_lead_out_of_the_folder_is_not_written(name: str, tmp_path: Path) -> None:
    hostile = read_archi(ARCHI.encode())
    hostile.elements[name] = Element(id=name, concept="Node")
    with pytest.raises(ModelFileRefused, match="cannot be the name of a file"):
        save_folder(hostile, tmp_path / "here")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../evil.png", "images/../../evil.png", "/evil.png"])
def test_a_picture_that_would_land_outside_is_not_written(name: str, tmp_path: Path) -> None:
    hostile = read_archi(ARCHI.encode())
    hostile.attachments[name] = b"1"
    with pytest.raises(ModelFileRefused, match="cannot be the name of a file"):
        save_folder(hostile, tmp_path / "here")
    assert not list(tmp_path.iterdir())


def test_a_folder_without_its_file_is_refused() -> None:
    files = {name: data for name, data in FILES.items() if name != "model/application/folder.xml"}
    with pytest.raises(ModelFileRefused, match=r"'model/application' has no folder\.xml"):
        read_coarchi(files)


def test_a_broken_object_names_its_file() -> None:
    broken = {**FILES, "model/other/Junction_id-or.xml": b"<archimate:Junction"}
    with pytest.raises(ModelFileRefused, match=r"model/other/Junction_id-or\.xml, line 1"):
        read_coarchi(broken)


def test_an_id_in_two_files_names_the_first() -> None:
    twice = {**FILES, "model/other/Copy.xml": FILES["model/other/Junction_id-or.xml"]}
    with pytest.raises(ModelFileRefused, match=r"'id-or' is taken already, in model/other/Copy"):
        read_coarchi(twice)
