"""Tables: Archi's three, plain ones as people keep them, and workbooks of both."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.landscape.exchange.archi_csv import archi_tables, read_archi_tables
from registry.landscape.exchange.archi_reader import read_archi
from registry.landscape.exchange.compare import differences, shared_scope
from registry.landscape.exchange.formats import Format, load, load_bytes, save
from registry.landscape.exchange.municipal import kind_of_element
from registry.landscape.exchange.opengroup_reader import read_exchange
from registry.landscape.exchange.opengroup_writer import write_exchange
from registry.landscape.exchange.plain_tables import plain_tables, read_plain_tables
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.spellings import Reading
from registry.landscape.exchange.tables import Table, read_csv, write_csv, write_xlsx
from tests.unit.landscape.exchange.samples import ARCHI

MODEL = read_archi(ARCHI.encode())
CONCEPTS_ONLY = shared_scope(str, folders=False)

ELEMENTS = b"""id;Soort;Naam;Omschrijving;map;Leverancier;BBN
s1;system;Zaaksysteem;Zaken;Applicaties/Kern;Acme;2
;data_set;Personen;;Gegevens;;
s3;business-process;Aanvraag;;;;
"""
RELATIONSHIPS = b"""type,van,naar,naam
access,s1,personen,leest
serving-relationship,Zaaksysteem,s3,
"""


@pytest.mark.parametrize("format_", [Format.CSV, Format.XLSX])
def test_archis_tables_keep_all_of_elements_and_relationships(format_: Format) -> None:
    name = "town.xlsx" if format_ is Format.XLSX else "town.zip"
    loaded = load_bytes(save(MODEL, format_), file=name)
    assert loaded.format is format_
    model = read_archi(ARCHI.encode())
    model.views.clear()
    assert differences(model, loaded.model, CONCEPTS_ONLY) == []
    assert loaded.model.specialisations.keys() == {"profile-1"}


def test_three_csv_files_load_by_any_of_them_or_by_their_folder(tmp_path: Path) -> None:
    for table in archi_tables(MODEL):
        (tmp_path / f"town-{table.name}.csv").write_bytes(write_csv(table))
    for path in (tmp_path / "town-relations.csv", tmp_path / "town-elements.csv", tmp_path):
        assert load(path).model.counts()["relationships"] == 3


@pytest.mark.parametrize(
    ("table", "cells", "words"),
    [
        ("elements", ("", "Node", "N", "", ""), "line 2: the row has no ID"),
        ("elements", ("a", "Spaceship", "N", "", ""), "no element called 'Spaceship'"),
        ("relations", ("r", "Odd", "", "", "a", "b", ""), "no relationship called 'Odd'"),
        ("relations", ("r", "FlowRelationship", "", "", "a", "", ""), "lacks its source"),
        ("properties", ("gone", "k", "v"), "belongs to 'gone'"),
    ],
)
def test_a_wrong_row_names_its_line(table: str, cells: tuple[str, ...], words: str) -> None:
    tables = {t.name: Table(t.name, t.columns) for t in archi_tables(MODEL)}
    tables[table].add(*cells)
    with pytest.raises(ModelFileRefused, match=words):
        read_archi_tables(tables)


def test_an_id_used_twice_names_both_lines() -> None:
    tables = {t.name: Table(t.name, t.columns) for t in archi_tables(MODEL)}
    tables["elements"].add("a", "Node", "A", "", "")
    tables["elements"].add("a", "Node", "B", "", "")
    with pytest.raises(ModelFileRefused, match=r"line 3: .* taken already, on line 2"):
        read_archi_tables(tables)


def test_plain_tables_are_understood_in_dutch_and_by_name() -> None:
    model = read_plain_tables(
        read_csv(ELEMENTS, file="elements.csv"), read_csv(RELATIONSHIPS, file="relations.csv")
    )
    system, data, process = model.elements.values()
    assert (system.concept, kind_of_element(model, system)) == ("ApplicationComponent", "system")
    assert kind_of_element(model, data) == "data_set"
    assert process.concept == "BusinessProcess"
    assert model.values(system, "Leverancier") == ["Acme"]
    assert [path for path, _ in model.folders()] == [
        ("Applicaties",),
        ("Applicaties", "Kern"),
        ("Gegevens",),
    ]
    reads, serves = model.relationships.values()
    assert (reads.kind, reads.source, reads.target, reads.name) == (
        "access",
        "s1",
        data.id,
        "leest",
    )
    assert (serves.kind, serves.target) == ("serving", "s3")


def test_the_same_rows_get_the_same_ids_every_time() -> None:
    first, second = (read_plain_tables(read_csv(ELEMENTS, file="e.csv")) for _ in range(2))
    assert differences(first, second) == []


def test_columns_may_be_named_by_whoever_imports() -> None:
    table = read_csv(b"GEMMA-naam,GEMMA-type\nZaak,business-object\n", file="e.csv")
    with pytest.raises(ModelFileRefused, match="no column for the name") as refused:
        read_plain_tables(table)
    assert "'GEMMA-naam', 'GEMMA-type'" in refused.value.remedy
    reading = Reading(columns={"GEMMA-naam": "name", "gemma-type": "kind"})
    model = read_plain_tables(table, reading=reading)
    assert [e.concept for e in model.elements.values()] == ["BusinessObject"]


def test_all_wrong_rows_are_named_at_once() -> None:
    table = read_csv(b"name,kind\nA,system\n,system\nB,spaceship\nA,system\n", file="e.csv")
    with pytest.raises(ModelFileRefused, match=r"line 3: the row has no name \(also lines 4, 5\)"):
        read_plain_tables(table)


def test_an_end_that_means_two_elements_is_refused() -> None:
    elements = read_csv(b"id,name,kind\n1,A,system\n2,A,node\n", file="e.csv")
    relationships = read_csv(b"kind,source,target\nserving,A,2\nserving,1,Z\n", file="r.csv")
    with pytest.raises(ModelFileRefused, match=r"line 2: its source 'A' means 2 .*also lines 3"):
        read_plain_tables(elements, relationships)


def test_plain_tables_survive_as_a_workbook() -> None:
    model = read_plain_tables(
        read_csv(ELEMENTS, file="e.csv"), read_csv(RELATIONSHIPS, file="r.csv")
    )
    packed = write_xlsx(plain_tables(model))
    back = load_bytes(packed, file="town.xlsx").model
    again = read_plain_tables(*plain_tables(back))
    assert differences(back, again, CONCEPTS_ONLY) == []
    assert [kind_of_element(back, e) for e in back.elements.values()] == [
        *("system", "data_set", "business_process")
    ]


def test_a_municipal_kind_survives_the_exchange_format() -> None:
    model = read_plain_tables(read_csv(ELEMENTS, file="e.csv"))
    back = read_exchange(write_exchange(model))
    assert [kind_of_element(back, e) for e in back.elements.values()] == [
        *("system", "data_set", "business_process")
    ]


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


@given(st.lists(st.tuples(CELL, CELL), max_size=5))
@example([("|", "|")])
@example([('"|"', "|\n|")])
def test_any_cells_survive_a_csv_file(rows: list[tuple[str, str]]) -> None:
    table = Table("t", ["a", "b"])
    for cells in rows:
        table.add(*cells)
    back = read_csv(write_csv(table), file="t.csv")
    assert [(r["a"], r["b"]) for r in back.rows] == [cells for cells in rows if any(cells)]


def test_commas_in_a_description_part_no_cells_of_a_semicolon_table() -> None:
    table = read_csv(b"naam;soort;over\nZaken;systeem;a, b, c, d en e\n", file="e.csv")
    assert table.rows[0].cells == {"naam": "Zaken", "soort": "systeem", "over": "a, b, c, d en e"}


def test_an_old_spreadsheets_encoding_is_read() -> None:
    table = read_csv("naam;soort\nBeëdiging;service\n".encode("windows-1252"), file="e.csv")
    assert table.rows[0]["naam"] == "Beëdiging"
