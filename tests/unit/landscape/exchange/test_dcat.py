"""Catalogues in DCAT: complete or refused, and the same in Turtle and JSON-LD."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from registry.landscape.exchange.dcat import CatalogueIncomplete, Profile, missing
from registry.landscape.exchange.dcat_writer import write_json_ld, write_turtle
from registry.landscape.exchange.model import Text
from registry.landscape.exchange.rdf import Iri
from schemas.errors import InvalidInput
from tests.unit.landscape.exchange.catalogue import CATALOG, DATASET, SERVICE, bare_catalog


def test_a_complete_catalogue_lacks_nothing() -> None:
    assert missing(CATALOG, Profile.DCAT_AP_NL) == []


def test_a_bare_catalogue_is_enough_for_the_european_profile_only() -> None:
    bare = bare_catalog()
    assert missing(bare, Profile.DCAT_AP) == []
    with pytest.raises(CatalogueIncomplete, match="dcat-ap-nl demands") as caught:
        write_turtle(bare, Profile.DCAT_AP_NL)
    gaps = caught.value.facts["missing"]
    assert "https://city.example/data/bare: access_rights" in gaps
    assert "https://city.example/data/bare/csv: license" in gaps


def test_what_every_profile_demands_is_demanded() -> None:
    dataset = structs.replace(DATASET, title=())
    catalog = structs.replace(CATALOG, datasets=(dataset,))
    with pytest.raises(CatalogueIncomplete, match="title"):
        write_json_ld(catalog, Profile.DCAT_AP)


@pytest.mark.parametrize(
    "address", ["", "no scheme", "data/1", "http://a b", "http://a/<x>", 'http://a/"', "http://a\n"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="no absolute address"):
        Iri(address)
    service = structs.replace(SERVICE, endpoint_url=address or " ")
    with pytest.raises(InvalidInput):
        write_turtle(structs.replace(CATALOG, services=(service,)), Profile.DCAT_AP)


def test_json_ld_names_its_classes() -> None:
    document = json.loads(write_json_ld(CATALOG, Profile.DCAT_AP_NL))
    types = [node["@type"][0] for node in document["@graph"]]
    assert types[:4] == ["dcat:Catalog", "dcat:Dataset", "dcat:Distribution", "dcat:DataService"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_title_survives_as_json_ld(title: str) -> None:
    dataset = structs.replace(DATASET, title=(Text(title, "en"),))
    catalog = structs.replace(CATALOG, datasets=(dataset,))
    document = json.loads(write_json_ld(catalog, Profile.DCAT_AP))
    assert document["@graph"][1]["dct:title"] == [{"@value": title, "@language": "en"}]


@settings(max_examples=25)  # the independent reader is slow
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_title_survives_as_turtle(title: str) -> None:
    rdflib = pytest.importorskip("rdflib", reason="rdflib comes with pySHACL")
    dataset = structs.replace(bare_catalog().datasets[0], title=(Text(title, "en"),))
    catalog = structs.replace(bare_catalog(), datasets=(dataset,))
    graph = rdflib.Graph().parse(data=write_turtle(catalog, Profile.DCAT_AP), format="turtle")
    titles = graph.objects(rdflib.URIRef(dataset.iri), rdflib.DCTERMS.title)
    assert [str(found) for found in titles] == [title]
