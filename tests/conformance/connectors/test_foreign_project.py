"""The kit judges a connector in a project that is not ours: the wheel, pytest, and nothing else.

The project is the one that docs/how-to/write-a-connector.md describes, installed as a package.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.sdk.conformance.rules import RULES
from tests.contract.connectors.test_conformance_kit import KOALA_FILE, PAGE
from tests.servers import clean_environment

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[3]
PROJECT = """
[project]
name = "koala"
version = "1.0"
dependencies = ["townclerk"]
{points}
[build-system]
requires = ["setuptools>=70"]
build-backend = "setuptools.build_meta"
[tool.setuptools]
py-modules = ["koala", "koala_rig"]
"""


def do(*words: str | Path) -> None:
    """Run a step of the preparation; where it cannot be done, the test is skipped."""
    try:
        subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"cannot be prepared here: {words[0]}: {type(error).__name__}")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a foreign project with an environment of its own."""
    place = tmp_path_factory.mktemp("foreign")
    uv, environment = Path(sys.executable).with_name("uv"), place / "v"
    do(uv, "build", "--quiet", "--wheel", "--out-dir", place, ROOT)
    (wheel,) = place.glob("townclerk-*.whl")
    do(uv, "venv", "--quiet", "--python", sys.executable, environment)
    install = [uv, "pip", "install", "--quiet", "--python", environment / "bin/python"]
    do(*install, "-r", ROOT / "requirements/run.lock")
    do(*install, "--no-deps", wheel)
    do(*install, "pytest>=8,<10")
    code, points, rig = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (place / "koala.py").write_text(code)
    (place / "koala_rig.py").write_text(rig)
    (place / "pyproject.toml").write_text(PROJECT.format(points=points))
    (place / "library.yaml").write_text(KOALA_FILE)
    do(*install, "--no-deps", place)
    return place


def pytest_in(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in the foreign project, with its own environment alone."""
    return subprocess.run(
        [project / "v/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=project, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_kit_judges_a_connector_of_somebody_else(project: Path) -> None:
    done = pytest_in(project, "--connectors", "library.yaml")

    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(RULES) - 1} passed, 1 skipped" in done.stdout  # it signs in nowhere


def test_a_short_page_taken_for_the_end_is_caught(project: Path) -> None:
    installed = project / "koala.py"  # which stands before the installed one for `python -m`
    honest = installed.read_text()
    careless = honest.replace("if follow is None", "if len(opened.records) < spec.size")
    assert careless != honest
    installed.write_text(careless)
    try:
        done = pytest_in(project, "--connectors", "library.yaml")
    finally:
        installed.write_text(honest)

    assert done.returncode == 1, done.stdout[-3000:]
    assert "faults" in done.stdout


def test_the_command_judges_it_as_well(project: Path) -> None:
    done = subprocess.run(
        [project / "v/bin/townclerk", "connector", "check", "library.yaml", "--json"],
        cwd=project, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    assert '"broken": 0' in done.stdout
