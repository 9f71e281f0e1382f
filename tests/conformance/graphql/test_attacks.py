"""The twelve attacks of tests/contract/api, counted among the figures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import Figure, keep

pytestmark = pytest.mark.skipif(
    os.environ.get("TOWNCLERK_CONFORMANCE") != "1", reason="run by `make conformance`"
)
ROOT = Path(__file__).parents[3]
ATTACKS = 12
OUTCOME = re.compile(r"(PASSED|FAILED|ERROR) \S+::test_([0-9]+)_")
SECONDS_MAX = 600


def test_all_twelve_attacks_fail() -> None:
    command = ["-m", "pytest", "tests/contract/api/test_twelve_attacks.py", "-q", "-rA"]
    done = subprocess.run(
        [sys.executable, *command, "-p", "no:cacheprovider"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    stood: dict[str, bool] = {}
    for line in done.stdout.splitlines():
        if found := OUTCOME.match(line):
            how, number = found.groups()
            stood[number] = stood.get(number, True) and how == "PASSED"
    figure = Figure(
        f"attacks that fail, of {ATTACKS}",
        sum(stood.values()),
        "",
        f">= {ATTACKS}",
        "what scanners of GraphQL servers try, against the demonstration on PostgreSQL 15 and 18",
    )
    keep("graphql_attacks", [figure], "make conformance")
    assert sum(stood.values()) == ATTACKS
