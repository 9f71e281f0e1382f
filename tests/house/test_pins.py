"""The versions that hold today stand in the wheel's metadata, because pip reads nothing else."""

import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
BOUNDS = {
    "graphene": ">=3.4,<4",
    "strawberry-graphql": ">=0.327,<0.330",
    "graphql-core": ">=3.2,<3.3",
    "prefect": ">=3.8,<4",
    "fastapi": "<0.151",
}


def requirements() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {r.name: r for r in map(Requirement, project["dependencies"])}


def test_the_bounds_that_keep_an_install_alive_are_in_the_metadata() -> None:
    declared = requirements()
    for name, bound in BOUNDS.items():
        assert set(bound.split(",")) <= set(str(declared[name].specifier).split(",")), name


def test_what_is_installed_lies_within_the_bounds() -> None:
    for name, requirement in requirements().items():
        assert requirement.specifier.contains(Version(version(name)), prereleases=True), name


def test_the_lock_holds_a_hash_for_every_package() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        blocks = lock.read_text().replace("\\\n", " ").splitlines()
        bare = [line for line in blocks if "==" in line and "--hash=sha256:" not in line]
        assert not bare, (lock.name, bare[:3])


def test_the_lock_names_no_host() -> None:
    """A town installs from its own mirror; see docs/decisions/0004."""
    for lock in (ROOT / "requirements").glob("*.lock"):
        assert "://" not in lock.read_text(), lock.name
