"""The kit catches every sort of bug that was planted, and lets an honest connector pass."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.sdk.conformance.checking import Outcome, check_connector, conformance_test, judge
from connectors.sdk.conformance.rules import RULES
from tests.contract.connectors.careless import BUGS, AfternoonRig
from tests.servers import clean_environment

BY_NAME = {rule.name: rule for rule in RULES}

test_a_connector_in_python_keeps_its_word = conformance_test(AfternoonRig)


@pytest.mark.parametrize(("bug", "rule"), BUGS.items(), ids=list(BUGS))
def test_a_planted_bug_breaks_its_rule(bug: str, rule: str) -> None:
    verdict = judge(BY_NAME[rule], AfternoonRig(bug))

    assert verdict.outcome is Outcome.BROKEN, verdict
    assert verdict.why


def test_every_rule_has_a_bug_that_breaks_it() -> None:
    assert {rule.name for rule in RULES} == set(BUGS.values())


def test_a_report_has_a_verdict_for_every_rule_in_order() -> None:
    verdicts = check_connector(AfternoonRig(), RULES[:2])

    assert [verdict.rule for verdict in verdicts] == [rule.name for rule in RULES[:2]]


PAGE = Path(__file__).parents[3] / "docs/how-to/write-a-connector.md"
KOALA_FILE = """
connector: library
kind: koala
interface: urn:t:interface:library
streams:
  patrons: {data_set: urn:t:data_set:library, key: number, map: {kind: "'person'"}}
"""


def test_the_connector_of_the_how_to_is_found_and_judged_by_pytest(tmp_path: Path) -> None:
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    code, points, rig = blocks
    (tmp_path / "koala.py").write_text(code)
    (tmp_path / "koala_rig.py").write_text(rig)
    package = tmp_path / "koala-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: koala\nVersion: 1.0\n")
    wanted = re.sub(r'project.entry-points."(.*?)"', r"\1", points).replace('"', "")
    (package / "entry_points.txt").write_text(wanted)
    (tmp_path / "library.yaml").write_text(KOALA_FILE)

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--connectors",
            "library.yaml",
            "-q",
            "-p",
            "no:cacheprovider",
        ],
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert f"{len(RULES) - 1} passed, 1 skipped" in done.stdout  # it signs in nowhere
