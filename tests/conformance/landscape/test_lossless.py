"""Real reference architectures go in and come out without a single difference."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from registry.landscape.exchange import archive, coarchi
from registry.landscape.exchange.archi import DEFAULTS
from registry.landscape.exchange.archi_reader import read_archi
from registry.landscape.exchange.archi_writer import write_archi
from registry.landscape.exchange.check import check
from registry.landscape.exchange.compare import EVERYTHING, differences, shared_scope
from registry.landscape.exchange.compare_xml import xml_differences
from registry.landscape.exchange.formats import Format, load, load_bytes, save
from registry.landscape.exchange.opengroup_reader import read_exchange
from registry.landscape.exchange.opengroup_writer import exchange_id, write_exchange
from registry.landscape.metamodel import Strictness
from tests.unit.landscape.exchange.samples import ARCHI, EXCHANGE_2

Bytes = Callable[[str], bytes]
Place = Callable[[str], Path]

OLDER_FILES = [
    "gemma/GEMMA-2019-12-06.xml.gz",
    "gemma/GEMMA-2020-12-12.xml.gz",
    "gemma/GEMMA-2023-12-19.xml.gz",
    "gemma/GEMMA-2025-10-11.xml.gz",
    "gemma-ggm/GEMMA-GGM-2025-07-02.xml.gz",
]
NEWEST_FILE = "gemma/GEMMA-2026-06-30.xml.gz"
EXCHANGE_FILES = [
    NEWEST_FILE,
    *(pytest.param(name, marks=pytest.mark.heavy) for name in OLDER_FILES),
]
ARCHI_FILES = [
    "archimate/Archisurance.archimate",
    pytest.param("gemma/GEMMA-2026-06-30.archimate.gz", marks=pytest.mark.heavy),
]
COARCHI = "gemma/GEMMA-grafico-2026-06-30.tar.gz"


@pytest.fixture(scope="module")
def schema(reference_data: Place) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(reference_data("xsd/archimate3_Diagram.xsd")))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXCHANGE_FILES)
def test_exchange_xml_survives_and_is_valid(
    name: str, reference_bytes: Bytes, schema: etree.XMLSchema
) -> None:
    data = reference_bytes(name)
    written = write_exchange(read_exchange(data, file=name))
    assert xml_differences(data, written) == []
    assert schema.validate(etree.fromstring(written)), schema.error_log
    assert write_exchange(read_exchange(written)) == written


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHI_FILES)
def test_archis_file_survives(name: str, reference_bytes: Bytes) -> None:
    data = reference_bytes(name)
    written = write_archi(read_archi(data, file=name))
    assert xml_differences(data, written, defaults=DEFAULTS, grouped=True) == []


@pytest.mark.heavy  # tests/unit/landscape/exchange asks the same of a small folder
def test_a_coarchi_folder_survives_byte_for_byte(reference_bytes: Bytes) -> None:
    files = archive.unpack(reference_bytes(COARCHI), coarchi.wanted, file=COARCHI)
    written = coarchi.write_coarchi(coarchi.read_coarchi(files))
    assert len(files) == 9_911
    assert files.keys() == written.keys()
    assert [name for name in files if files[name] != written[name]] == []


@pytest.mark.heavy
def test_the_folder_and_the_file_say_the_same(reference_data: Place) -> None:
    scope = shared_scope(str, order=False)
    folder = load(reference_data(COARCHI))
    file = load(reference_data("gemma/GEMMA-2026-06-30.archimate.gz"))
    assert (folder.format, file.format) == (Format.COARCHI, Format.ARCHI)
    assert differences(folder.model, file.model, scope) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHI_FILES)
def test_what_both_formats_hold_survives_there_and_back(
    name: str, reference_bytes: Bytes, schema: etree.XMLSchema
) -> None:
    model = read_archi(reference_bytes(name), file=name)
    written = write_exchange(model, language="nl")
    assert schema.validate(etree.fromstring(written)), schema.error_log
    there = read_exchange(written)
    assert differences(model, there, shared_scope(exchange_id)) == []
    back = read_archi(write_archi(there))
    assert differences(there, back, shared_scope(exchange_id, order=False)) == []


@pytest.mark.heavy  # tests/unit/landscape/exchange/test_tables.py asks the same of a small model
@pytest.mark.parametrize("format_", [Format.CSV, Format.XLSX])
def test_elements_and_relationships_survive_as_tables(
    format_: Format, reference_bytes: Bytes
) -> None:
    model = read_archi(reference_bytes("gemma/GEMMA-2026-06-30.archimate.gz"))
    suffix = "zip" if format_ is Format.CSV else "xlsx"
    back = load_bytes(save(model, format_), file=f"gemma.{suffix}").model
    model.views.clear()
    assert differences(model, back, shared_scope(str, folders=False)) == []


def test_a_table_of_the_municipal_data_model_is_read(reference_data: Place) -> None:
    loaded = load(reference_data("gemma-ggm/GEMMA-GGM_Beleidsdomeinen.csv"))
    assert loaded.model.counts()["elements"] == 49
    assert {element.concept for element in loaded.model.elements.values()} == {"Grouping"}


@pytest.mark.parametrize("model", [ARCHI, EXCHANGE_2])
def test_what_comes_from_other_formats_is_valid(model: str, schema: etree.XMLSchema) -> None:
    written = write_exchange(load_bytes(model.encode(), file="own.xml").model)
    assert schema.validate(etree.fromstring(written)), schema.error_log


def test_gemma_is_whole_and_allowed(reference_bytes: Bytes) -> None:
    model = read_exchange(reference_bytes("gemma/GEMMA-2026-06-30.xml.gz"))
    assert model.counts() == {
        "elements": 3_006,
        "relationships": 6_257,
        "views": 357,
        "nodes": 15_175,
        "connections": 13_540,
        "folders": 289,
        "property_definitions": 85,
    }
    assert check(model, strictness=Strictness.STRICT) == []


def test_reading_twice_gives_the_same_model(reference_bytes: Bytes) -> None:
    data = reference_bytes("gemma-ggm/GEMMA-GGM-2025-07-02.xml.gz")
    assert differences(read_exchange(data), read_exchange(data), EVERYTHING) == []
