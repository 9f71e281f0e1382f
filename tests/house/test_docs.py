"""Docs are part of the product: complete, up to date, and without dead links."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
STEPS_MAX = 5


def write_docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "tools" / "write_docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["write_docs"] = module
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    for page, text in write_docs().pages().items():
        assert page.read_text() == text, f"run `make docs`: {page.relative_to(ROOT)}"


def test_no_two_errors_share_a_code() -> None:
    module = write_docs()
    module.errors()
    codes = [error.code for error in set(module.subclasses(module.TownclerkError))]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text)
    dead = [link for link in links if not (page.parent / link).exists()]
    assert not dead


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_the_code_cites_exists() -> None:
    cited = {
        (path, found)
        for floor in ("schemas", "connectors", "registry", "flows", "townclerk")
        for path in (ROOT / floor).rglob("*.py")
        for found in re.findall(r"docs/[\w./-]+\w", path.read_text())
    }
    missing = [
        f"{path.relative_to(ROOT)} cites {found}"
        for path, found in sorted(cited)
        if not list(ROOT.glob(found + "*"))
    ]
    assert not missing


def test_adding_a_thing_takes_at_most_five_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    recipes = re.split(r"^## ", text, flags=re.MULTILINE)
    for recipe in (part for part in recipes if part.startswith("Add ")):
        steps = re.findall(r"^\d\. `([^`]+)`", recipe, flags=re.MULTILINE)
        assert len(steps) <= STEPS_MAX, recipe.splitlines()[0]
        assert all((ROOT / step).exists() for step in steps), recipe.splitlines()[0]
