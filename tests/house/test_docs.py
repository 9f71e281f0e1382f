"""Docs are part of the product: complete, up to date, and without dead links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import clean_environment

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
STEPS_MAX = 5


def test_generated_pages_are_up_to_date_and_no_two_errors_share_a_code() -> None:
    """In a process of its own: it imports every module, and no other test may see that."""
    done = subprocess.run(
        [sys.executable, "tools/write_docs.py", "--check"],
        cwd=ROOT,
        env=clean_environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text)
    dead = [link for link in links if not (page.parent / link).exists()]
    assert not dead


def _anchor(heading: str) -> str:
    """Return what a heading is called in a link, as forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_a_heading_find_it(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for file, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*\.md)?#([^)\s]+)\)", text):
        meant = page.parent / file if file else page
        headings = re.findall(r"^#+ (.+)$", meant.read_text(), flags=re.MULTILINE)
        assert anchor in map(_anchor, headings), (page.name, file, anchor)


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
