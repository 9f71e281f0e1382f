"""What docs show must be true: queries validate, commands exist and take what they are given."""

import re
import shlex
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from townclerk.cli import command_line

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


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


# A line of a block that is a command; settings may stand before it and a remark behind it.
SHOWN = re.compile(r"^\s*(?:[A-Z_]+=\S+ )*(?:\$ )?(?:\S*/)?townclerk ([a-z].*?)(?:\s+#.*)?$")


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name != "commands.md"],  # generated, with [OPTIONS] for all
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_command_in_a_block_takes_what_it_is_given(page: Path) -> None:
    text = page.read_text()
    blocks = [body for _, body in FENCE.findall(text)]
    lines = [line for block in blocks for line in block.splitlines()]
    lines += [line for line in text.splitlines() if line.startswith("    ")]
    root = command_line()
    for found in filter(None, map(SHOWN.match, lines)):
        command, words = root, shlex.split(re.split(r" [|>] | && ", found[1])[0])
        while inner := getattr(command, "commands", None):
            assert (words or [""])[0] in inner, found[0]
            command = inner[words.pop(0)]
        with command.make_context(command.name, words):
            pass  # a wrong option, choice or number of arguments raises, with the reason
