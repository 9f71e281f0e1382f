"""Charts say what was measured, and those in the docs are of the figures that are kept."""

import json
import re
from xml.etree import ElementTree

import pytest

from benchmarks.charts import LABELS, SIZE, Chart, Row, draw
from benchmarks.figures import DRAWINGS, RESULTS, Figure
from benchmarks.pictures import DRAWN, PICTURES

SVG = "{http://www.w3.org/2000/svg}"


def places(picture: str) -> dict[str, float]:
    """Return how far along the axis each round mark stands, by what it says."""
    return {
        mark.findtext(f"{SVG}title", ""): (float(mark.get("cx", 0)) - LABELS) / SIZE
        for mark in ElementTree.fromstring(picture).iter(f"{SVG}circle")
        if mark.find(f"{SVG}title") is not None
    }


def test_marks_stand_where_the_axis_says() -> None:
    rows = [Row("a", {"ours": 5.0}), Row("b", {"ours": 10.0}), Row("none", {})]
    assert places(draw(Chart("t", "s", rows, "alt"))) == {"ours: 5": 0.5, "ours: 10": 1.0}


def test_steps_of_ten_stand_at_one_distance() -> None:
    rows = [Row("a", {"ours": 0.01}), Row("b", {"ours": 0.1}), Row("c", {"ours": 1.0})]
    found = places(draw(Chart("t", "s", rows, "alt", log=True)))
    assert list(found.values()) == pytest.approx([0.0, 0.5, 1.0], abs=0.001)


def test_names_from_anywhere_are_only_text() -> None:
    picture = draw(Chart("<script>", "&", [Row('"><g>', {"<b>": 1.0, "c": 2.0}, 1.5)], "<x>"))
    texts = {text.text for text in ElementTree.fromstring(picture).iter(f"{SVG}text")}
    assert {"<script>", "&", '"><g>', "<b>", "promised"} <= texts


@pytest.mark.parametrize("suite", PICTURES)
def test_a_picture_is_of_the_figures_that_are_kept(suite: str) -> None:
    figures = json.loads((RESULTS / f"{suite}.json").read_text())["figures"]
    chart = PICTURES[suite](figures)
    assert (DRAWINGS / f"{suite}.svg").read_text() == draw(chart)
    shown = {value for row in chart.rows for value in row.values.values()}
    kept = {figure["value"] for figure in figures}
    kept |= {value for figure in figures for value in figure.get("beside", {}).values()}
    assert shown
    assert shown <= kept | {value * 1000 for value in kept}, "in seconds or milliseconds"


def test_every_picture_of_a_suite_is_on_the_page() -> None:
    page = (RESULTS.parents[1] / "docs" / "reference" / "figures.md").read_text()
    files = set(re.findall(r"!\[[^\]]+\]\(\.\./pictures/([^)]+)\)", page))
    assert files == {f"{suite}.svg" for suite in PICTURES} | {file for file, _ in DRAWN.values()}
    assert all((DRAWINGS / file).is_file() for file in files)


def test_what_stood_beside_is_kept_where_there_was_anything() -> None:
    alone = Figure("a", 1.0, "s", "", "")
    assert "beside" not in alone.as_dict()
    assert Figure("a", 1.0, "s", "", "", {"other": 2.0}).as_dict()["beside"] == {"other": 2.0}
