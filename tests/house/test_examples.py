"""What docs show must be true: queries validate, connector files load, commands exist."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from townclerk.cli import command_line

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def test_every_query_in_the_docs_fits_the_schema() -> None:
    schema = build_schema((ROOT / "schemas/contracts/registry.graphql").read_text())
    shown = [
        (page, text)
        for page in PAGES
        for language, text in FENCE.findall(page.read_text())
        if language == "graphql"
    ]
    assert shown
    for page, text in shown:
        wrong = validate(schema, parse(text))
        assert not wrong, (page.name, [error.message for error in wrong])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_the_docs_exists(page: Path) -> None:
    root = command_line()
    groups = dict(root.commands)
    for words in re.findall(r"`(?:\S*/)?townclerk ([a-z][a-z -]*)", page.read_text()):
        first, *rest = words.split()
        assert first in groups, (first, page.name)
        inner = getattr(groups[first], "commands", None)
        if inner is not None and rest and not rest[0].startswith("-"):
            assert rest[0] in inner, (words, page.name)
