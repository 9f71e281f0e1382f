"""Tables as towns keep them: other languages, encodings, titles above, no kind, wrong endings."""

import datetime
import io

import pytest
import xlsxwriter

from registry.landscape.exchange.formats import Format, load_bytes
from registry.landscape.exchange.municipal import kind_of_element
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.spellings import Reading
from registry.landscape.lifecycle import Lifecycle, lifecycle_of
from registry.landscape.questions.model_graph import graph_of_model
from registry.landscape.questions.portfolio import Portfolio, portfolio
from registry.landscape.questions.profiles import fact, says_yes

DUTCH = (
    "Applicatie;Leverancier;Eigenaar;Levensfase;Persoonsgegevens\nZaken;Acme;Loket;In gebruik;ja\n"
)
GERMAN = (
    "sep=;\nAnwendung;Hersteller;Fachbereich;Lebenszyklus;Personenbezogene Daten\n"
    "Bürgerbüro;Acme;Amt;im Einsatz;wahr\n"
)
FRENCH = (
    "Nom de l'application,Fournisseur,Propriétaire,Cycle de vie,Données personnelles\n"
    "État civil,Acme,Mairie,en service,oui\n"
)
ENGLISH = "\n\nName\tVendor\tOwner\tStatus\tPII\nCases\tAcme\tDesk\tin use\tyes\n"


def systems(data: bytes, file: str = "portfolio.csv") -> Portfolio:
    return portfolio(graph_of_model(load_bytes(data, file=file).model))


@pytest.mark.parametrize("text", [DUTCH, GERMAN, FRENCH, ENGLISH])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_portfolio_is_understood_in_four_languages_and_encodings(
    text: str, encoding: str
) -> None:
    found = systems(text.encode(encoding))
    [system] = found.systems
    assert fact(found.own, system, "supplier") == "Acme"
    assert fact(found.own, system, "owner") in {"Loket", "Amt", "Mairie", "Desk"}
    assert lifecycle_of(fact(found.own, system, "lifecycle")) is Lifecycle.LIVE
    assert says_yes(fact(found.own, system, "personal_data"))


def test_a_workbook_with_a_title_above_its_header_keeps_its_days() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as workbook:
        sheet = workbook.add_worksheet("Overzicht")
        sheet.write(0, 0, "Applicaties van de gemeente")
        sheet.write_row(2, 0, ["Naam applicatie", "Einddatum"])
        sheet.write(3, 0, "Zaken")
        day = workbook.add_format({"num_format": "dd-mm-yyyy"})
        sheet.write_datetime(3, 1, datetime.date(2027, 1, 31), day)
    found = systems(out.getvalue(), "portfolio.zip")
    assert fact(found.own, found.systems[0], "ends") == "2027-01-31"


def test_rows_that_say_no_kind_are_systems_and_the_guess_is_told() -> None:
    loaded = load_bytes(b"name,owner\nCases,Desk\n", file="x.csv")
    assert [one.rule for one in loaded.findings] == ["kind_assumed"]
    said = Reading(kind="data_set", columns={"owner": "description"})
    loaded = load_bytes(b"name,owner\nCases,Desk\n", file="x.csv", reading=said)
    [element] = loaded.model.elements.values()
    assert kind_of_element(loaded.model, element) == "data_set"
    assert (element.documentation[0].text, loaded.findings) == ("Desk", [])


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Applicatie", "system"),
        ("ApplicationComponent", "application_component"),
        ("business process", "business_process"),
        ("Leverancier", "supplier"),
        ("Datensatz", "data_set"),
        ("AndJunction", "junction"),
    ],
)
def test_kinds_are_known_by_the_words_people_use(word: str, kind: str) -> None:
    model = load_bytes(f"name,kind\nX,{word}\n".encode(), file="x.csv").model
    assert [kind_of_element(model, one) for one in model.elements.values()] == [kind]


def test_the_content_decides_and_not_the_ending() -> None:
    assert load_bytes(DUTCH.encode(), file="model.xml").format is Format.CSV
    with pytest.raises(ModelFileRefused, match="file is empty"):
        load_bytes(b" \n", file="model.csv")


def test_an_inventory_in_the_laws_own_words_keeps_an_agencys_own_columns() -> None:
    text = (
        "Current system vendor,Current system product,Statement of the system's purpose,"
        '"Categories, modules, or layers of data",Department that is primary custodian,'
        "How frequently system data is collected,How frequently system data is updated,Remark\n"
        "Acme,Permits,Permits,Names,Planning,Daily,Weekly,old\n"
    )
    loaded = load_bytes(text.encode(), file="x.csv")
    assert loaded.format is Format.INVENTORY
    system = next(e for e in loaded.model.elements.values() if e.name == "Permits")
    assert [p.value for p in system.properties][-4:] == ["Names", "Daily", "Weekly", "old"]
    assert systems(b"name,vendor,owner,lifecycle\nA,B,C,live\n").systems
