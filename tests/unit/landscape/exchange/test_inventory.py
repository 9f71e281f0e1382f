"""The catalogue of enterprise systems by SB 272: read, kept as a model, and written again."""

import pytest

from registry.landscape.exchange.formats import Format, load_bytes, save
from registry.landscape.exchange.inventory import (
    TITLES,
    SystemEntry,
    inventory_of_model,
    inventory_table,
    model_of_inventory,
    read_inventory,
)
from registry.landscape.exchange.municipal import kind_of_element
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.tables import read_csv, write_csv

ENTRIES = [
    SystemEntry(
        vendor="Acme",
        product="Permits",
        purpose="Permits",
        data="Names, addresses",
        custodian="Planning",
        collected="Daily",
        updated="=Weekly",
    ),
    SystemEntry(vendor="Acme", product="Payments", custodian="Finance"),
    SystemEntry(vendor="Other", product="Permits", custodian="Fire"),
    SystemEntry(vendor="Acme", product="Permits", custodian="Planning"),
]


def test_an_inventory_survives_as_csv() -> None:
    written = write_csv(inventory_table(ENTRIES))
    assert read_inventory(read_csv(written, file="x.csv")) == ENTRIES


def test_an_inventory_survives_as_a_model() -> None:
    model = model_of_inventory(ENTRIES)
    assert inventory_of_model(model) == ENTRIES
    assert [kind_of_element(model, e) for e in model.elements.values()].count("supplier") == 2


def test_an_inventory_is_recognised_and_saved_again() -> None:
    data = write_csv(inventory_table(ENTRIES))
    loaded = load_bytes(data, file="inventory.csv")
    assert loaded.format is Format.INVENTORY
    assert loaded.findings == []
    assert save(loaded.model, Format.INVENTORY) == data


def test_columns_are_found_as_agencies_spell_them() -> None:
    text = "Department,Current System Vendor,System Name,System Purpose\nPolice,V,P,Why\n"
    assert read_inventory(read_csv(text.encode(), file="x.csv")) == [
        SystemEntry(vendor="V", product="P", purpose="Why", custodian="Police")
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [("Product\nP\n", "column for the vendor"), ("Vendor,Product\nV,\n", "line 2: .* no product")],
)
def test_what_the_law_cannot_do_without_is_demanded(text: str, words: str) -> None:
    with pytest.raises(ModelFileRefused, match=words):
        read_inventory(read_csv(text.encode(), file="x.csv"))


def test_the_law_lists_seven_things() -> None:
    assert len(TITLES) == 7


def test_a_plain_table_with_vendors_is_no_inventory() -> None:
    data = b"name,kind,vendor,product\nPermits,system,Acme,P\n"
    assert load_bytes(data, file="systems.csv").format is Format.CSV
