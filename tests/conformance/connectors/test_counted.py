"""What connectors bear, counted: faults, hostile answers, planted bugs and inferred lists."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.figures import Figure, keep
from tests.contract.connectors.careless import BUGS
from tests.contract.connectors.hostile import QUICK, SLOW
from tests.integration.sync.test_faults import FAULTS
from tests.servers import clean_environment
from tests.unit.connectors.generate.test_against_the_truth import judged_lists, needs_corpus

ROOT = Path(__file__).parents[3]
SUITES = {
    "integration/sync/test_faults.py": "test_a_fault_loses_nothing_and_deletes_nobody",
    "contract/connectors/test_hostile_server.py": "test_a_hostile_answer_costs_one_error",
    "chaos/connectors/test_slow_and_huge.py": "test_a_slow_or_huge_answer_is_bounded",
    "contract/connectors/test_conformance_kit.py": "test_a_planted_bug_breaks_its_rule",
}


def passed(report: Path) -> dict[str, int]:
    """Return how many cases of each test passed."""
    found = dict.fromkeys(SUITES.values(), 0)
    for case in ElementTree.parse(report).iter("testcase"):
        name = next((one for one in found if case.get("name", "").startswith(one)), None)
        if name is not None and len(case) == 0:
            found[name] += 1
    return found


@pytest.mark.heavy
@pytest.mark.timeout(1200)
def test_faults_hostile_answers_and_planted_bugs_are_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    asked = [f"tests/{suite}" for suite in SUITES]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "", f"--junit-xml={report}", *asked],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    faults, quick, slow, bugs = passed(report).values()
    how = "`make conformance`; each against a real server on loopback"
    figures = [
        Figure("injected faults borne, once and lasting", faults / 2, "faults", ">= 12", how),
        Figure("ways of a hostile server borne", quick + slow, "ways", ">= 40", how),
        Figure("planted bugs that the kit catches", bugs, "bugs", f">= {len(BUGS)}", how),
    ]
    keep("connectors_faults", figures, "make conformance")
    assert done.returncode == 0, done.stdout[-3000:]
    assert (faults, quick + slow) == (2 * len(FAULTS), len(QUICK) + len(SLOW))


@needs_corpus
@pytest.mark.heavy
def test_the_share_of_lists_inferred_right_is_counted() -> None:
    count, wrong = judged_lists()

    how = f"{count} list endpoints with declared paging in real documents, by hand"
    right = 100 * (1 - len(wrong) / count)
    keep(
        "connectors_generator",
        [Figure("lists right without an edit", right, "%", ">= 95", how)],
        "make conformance",
    )
    assert count >= 38
