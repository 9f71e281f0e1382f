"""Questions on whole reference architectures: the figures that are known of them come out."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from registry.landscape.exchange.dcat import Profile
from registry.landscape.exchange.dcat_writer import write_turtle
from registry.landscape.exchange.formats import Format, load, load_bytes, save
from registry.landscape.exchange.model import Model
from registry.landscape.questions.catalogue import Publication, catalogue
from registry.landscape.questions.changes import changes, fate_counts
from registry.landscape.questions.gaps import gaps
from registry.landscape.questions.model_graph import graph_of_model
from registry.landscape.questions.obligations import obligations, role_counts
from registry.landscape.questions.plotted import plot
from registry.landscape.questions.portfolio import portfolio
from registry.landscape.questions.portfolio_model import portfolio_model
from registry.web.draw.plotting import draw_plotted
from registry.web.draw.views import draw_view
from tests.conformance.landscape.test_dcat_shapes import DUTCH, EUROPEAN, judge
from tests.unit.landscape.questions.town import Draft, a_whole_town

GEMMA, GEMMA_ARCHI = "gemma/GEMMA-2026-06-30.xml.gz", "gemma/GEMMA-2026-06-30.archimate.gz"
TELLING = Publication(
    base="https://town.example",
    title="Data of the town",
    publisher="Town",
    publisher_iri="https://town.example/id/town",
    contact="Data desk",
    contact_email="data@town.example",
    license="http://creativecommons.org/publicdomain/zero/1.0/",
    language="en",
)


@pytest.fixture(scope="module")
def gemma(reference_data: Callable[[str], Path]) -> Model:
    return load(reference_data(GEMMA_ARCHI)).model


def test_gemma_has_313_mandatory_and_432_recommended_obligations(gemma: Model) -> None:
    found = portfolio(graph_of_model(gemma))
    counts = role_counts(obligations(found))
    assert (counts["mandatory"], counts["recommended"], counts["unclear"]) == (313, 432, 1)
    assert (len(found.components), counts["components"]) == (171, 150)
    assert gaps(found).counts()["gap"] == 171


def test_all_views_are_drawn_as_readable_xml_with_every_element(gemma: Model) -> None:
    for view in gemma.views.values():
        root = etree.fromstring(draw_view(gemma, view))
        shown = [node for node in view.all_nodes() if node.element in gemma.elements]
        assert len(root.findall(".//{*}g[@class='n']")) == len(shown), view.name


def a_portfolio(gemma: Model) -> Draft:
    """One system in each reference component."""
    draft = Draft()
    for element in gemma.elements.values():
        if "Referentiecomponent" in gemma.values(element, "GEMMA type"):
            draft.add("system", f"Our {element.name}", reference_component=element.name)
    return draft


def test_a_system_in_each_component_is_plotted_everywhere_and_exported(gemma: Model) -> None:
    found = portfolio(a_portfolio(gemma).graph, graph_of_model(gemma))
    assert gaps(found).counts()["gap"] == 0
    shown = [view for view in gemma.views.values() if plot(view, gemma, found)]
    assert len(shown) == 181
    for view in shown:
        assert "Our " in draw_plotted(gemma, view, found)
    written = save(portfolio_model(found, views_of=gemma), Format.EXCHANGE)
    again = load_bytes(written, file="portfolio.xml")
    assert again.findings == []
    assert len(again.model.views) == 181


def test_a_portfolio_is_valid_by_the_published_schema(
    gemma: Model, reference_data: Callable[[str], Path]
) -> None:
    found = portfolio(a_portfolio(gemma).graph, graph_of_model(gemma))
    written = save(portfolio_model(found, views_of=gemma), Format.EXCHANGE)
    schema = etree.XMLSchema(etree.parse(reference_data("xsd/archimate3_Diagram.xsd")))
    schema.assertValid(etree.fromstring(written))


@pytest.mark.parametrize(
    ("old", "new", "known"),
    [
        pytest.param("2019-12-06", "2020-12-12", 1840, marks=pytest.mark.heavy),
        pytest.param("2020-12-12", "2023-12-19", 1700, marks=pytest.mark.heavy),
        pytest.param("2023-12-19", "2025-10-11", 2610, marks=pytest.mark.heavy),
        ("2025-10-11", "2026-06-30", 3006),
    ],
)
def test_releases_are_known_again_though_their_ids_are_not(
    old: str, new: str, known: int, reference_data: Callable[[str], Path]
) -> None:
    models: list[Any] = [
        load(reference_data(f"gemma/GEMMA-{day}.xml.gz")).model for day in (old, new)
    ]
    fates = fate_counts(changes(*models))["element"]
    assert fates["kept"] + fates["changed"] + fates["moved"] >= known


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("shapes", [*EUROPEAN, *DUTCH[:3]])
def test_a_published_landscape_passes_both_profiles(
    shapes: str, reference_data: Callable[[str], Path]
) -> None:
    made = catalogue(a_whole_town().graph, TELLING, today=date(2026, 11, 22))
    written = write_turtle(made, Profile.DCAT_AP_NL)
    conforms, words = judge(written, "turtle", reference_data(f"dcat/{shapes}"))
    assert conforms, words
