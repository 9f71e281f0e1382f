"""The how-to pages of connectors: their files load and read what they say, their extras exist."""

import re
import tomllib
from pathlib import Path

import pytest

from connectors.sdk.conformance.checking import Outcome, check_connector
from connectors.sdk.conformance.rigs import find_rig
from connectors.sdk.conformance.rules import RULES
from connectors.sdk.load import load_connector_file

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "docs/how-to").glob("*.md"))
EXAMPLES = [
    pytest.param(text, id=f"{page.stem} {number}")
    for page in PAGES
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL))
    if text.startswith(("connector:", "#")) and "\nstreams:" in text
]
SAME_SET = [rule for rule in RULES if rule.name == "page-size"]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_reads_its_source_whole(text: str) -> None:
    spec = load_connector_file(text, name="example.yaml")

    for stream in spec.streams:
        (verdict,) = check_connector(find_rig(spec, stream), SAME_SET)
        assert verdict.outcome is Outcome.KEPT, verdict.why


def test_every_extra_that_is_named_exists() -> None:
    said = [*PAGES, *(ROOT / "docs/reference").glob("*.md"), *(ROOT / "connectors").rglob("*.py")]
    named = {
        extra for page in said for extra in re.findall(r"townclerk\[(\w+)\]", page.read_text())
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert named - set(project["optional-dependencies"]) == set()
