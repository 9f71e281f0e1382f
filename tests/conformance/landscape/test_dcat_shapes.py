"""Our catalogues pass the SHACL shapes of both profiles, in both notations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry.landscape.exchange.dcat import Catalog, Profile
from registry.landscape.exchange.dcat_writer import write_json_ld, write_turtle
from tests.unit.landscape.exchange.catalogue import CATALOG, bare_catalog

pyshacl = pytest.importorskip("pyshacl", reason="pySHACL is a development dependency")
rdflib = pytest.importorskip("rdflib", reason="rdflib comes with pySHACL")
rdf_compare = pytest.importorskip("rdflib.compare", reason="rdflib comes with pySHACL")
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning"),
]

EUROPEAN = ["dcat-ap-3.0.1-shapes.ttl", "dcat-ap-3.0.1-range.ttl"]
DUTCH = [
    "dcat-ap-nl-SHACL.ttl",
    "dcat-ap-nl-SHACL-klassebereik.ttl",
    "dcat-ap-nl-SHACL-klassebereik-codelijsten.ttl",
    "dcat-ap-nl-SHACL-aanbevolen.ttl",
]
NOTATIONS: dict[str, Callable[[Catalog, Profile], str]] = {
    "turtle": write_turtle,
    "json-ld": write_json_ld,
}


def judge(written: str, notation: str, shapes: Path) -> tuple[bool, str]:
    data: Any = rdflib.Graph().parse(data=written, format=notation)
    conforms, _, words = pyshacl.validate(data, shacl_graph=rdflib.Graph().parse(shapes))
    return conforms, words


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("shapes", [*EUROPEAN, *DUTCH])
def test_a_full_catalogue_passes_both_profiles(
    shapes: str, notation: str, reference_data: Callable[[str], Path]
) -> None:
    written = NOTATIONS[notation](CATALOG, Profile.DCAT_AP_NL)
    conforms, words = judge(written, notation, reference_data(f"dcat/{shapes}"))
    assert conforms, words


@pytest.mark.parametrize("shapes", EUROPEAN)
def test_a_bare_catalogue_passes_the_european_profile(
    shapes: str, reference_data: Callable[[str], Path]
) -> None:
    written = write_turtle(bare_catalog(), Profile.DCAT_AP)
    conforms, words = judge(written, "turtle", reference_data(f"dcat/{shapes}"))
    assert conforms, words


def test_the_judge_finds_what_is_missing(reference_data: Callable[[str], Path]) -> None:
    written = write_turtle(bare_catalog(), Profile.DCAT_AP)
    conforms, _ = judge(written, "turtle", reference_data("dcat/dcat-ap-nl-SHACL.ttl"))
    assert not conforms


def test_both_notations_say_the_same(reference_data: Callable[[str], Path]) -> None:
    graphs = [
        rdflib.Graph().parse(data=write(CATALOG, Profile.DCAT_AP_NL), format=notation)
        for notation, write in NOTATIONS.items()
    ]
    assert rdf_compare.isomorphic(*graphs)
