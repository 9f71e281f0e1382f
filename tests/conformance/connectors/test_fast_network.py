"""The faster network keeps every promise that the tests of hostile sources ask for."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import clean_environment

ROOT = Path(__file__).parents[3]
SUITES = ("hostile_server", "http_borders", "rest_faults", "rest_paging", "signing_in", "tls")
OTHERWISE = "an_announced_huge_body_is_not_even_begun"
"""Broken off at once, such an answer is tried again here, and refused by httpx."""


@pytest.mark.heavy
@pytest.mark.parametrize("suite", SUITES)
def test_a_hostile_source_is_borne_by_the_faster_network_as_well(suite: str) -> None:
    pytest.importorskip("pyreqwest", reason="the extra `fast` is not installed")
    asked = [f"tests/contract/connectors/test_{suite}.py", "-q", "-k", f"not {OTHERWISE}"]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *asked],
        cwd=ROOT,
        env=clean_environment(TOWNCLERK_FAST_HTTP="1"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:]
