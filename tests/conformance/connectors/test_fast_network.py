"""The faster network keeps every promise that the tests of hostile sources ask for.

The extra is put into a folder of its own for these tests, where it is not installed already.
"""

import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.servers import clean_environment

ROOT = Path(__file__).parents[3]
SUITES = ("hostile_server", "http_borders", "rest_faults", "rest_paging", "signing_in", "tls")
OTHERWISE = "an_announced_huge_body_is_not_even_begun"
"""Broken off at once, such an answer is tried again here, and refused by httpx."""

INSTALL_SECONDS_MAX = 300


@pytest.fixture(scope="module")
def extra(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder for the module search path that holds what the extra `fast` asks for."""
    if find_spec("pyreqwest"):
        return ""
    place = tmp_path_factory.mktemp("fast")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["optional-dependencies"]["fast"]
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(place)]
    try:
        subprocess.run(
            [*command, *wanted], check=True, capture_output=True, timeout=INSTALL_SECONDS_MAX
        )
    except (OSError, subprocess.SubprocessError):
        pytest.skip(f"not to be had here: {', '.join(wanted)}")
    return str(place)


@pytest.mark.heavy
@pytest.mark.timeout(600)
@pytest.mark.parametrize("suite", SUITES)
def test_a_hostile_source_is_borne_by_the_faster_network_as_well(suite: str, extra: str) -> None:
    asked = [f"tests/contract/connectors/test_{suite}.py", "-q", "-k", f"not {OTHERWISE}"]
    path = os.pathsep.join(filter(None, (extra, os.environ.get("PYTHONPATH", ""))))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *asked],
        cwd=ROOT,
        env=clean_environment(TOWNCLERK_FAST_HTTP="1", PYTHONPATH=path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:]
