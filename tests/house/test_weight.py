"""The connector half stays light: few packages are there for nothing but reading sources."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
HALVES = ("connectors", "registry", "flows", "townclerk", "schemas")
MODULES = {"python-calamine": "python_calamine", "pyyaml": "yaml"}
ADDED_MAX = 4
IMPORT = re.compile(r"^\s*(?:from|import)\s+(\w+)", re.MULTILINE)


def test_the_connector_half_adds_four_packages_at_most() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {Requirement(text).name for text in project["dependencies"]}
    imported = {
        half: {
            module
            for page in (ROOT / half).rglob("*.py")
            for module in IMPORT.findall(page.read_text())
        }
        for half in HALVES
    }
    others = set().union(*(imported[half] for half in HALVES if half != "connectors"))
    alone = {
        package
        for package in wanted
        if (module := MODULES.get(package, package.replace("-", "_"))) in imported["connectors"]
        and module not in others
    }

    assert len(alone) <= ADDED_MAX, sorted(alone)
