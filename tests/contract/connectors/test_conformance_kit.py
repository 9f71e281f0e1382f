"""The kit catches every sort of bug that was planted, and lets an honest connector pass."""

import pytest

from connectors.sdk.conformance.checking import Outcome, check_connector, conformance_test, judge
from connectors.sdk.conformance.rules import RULES
from tests.contract.connectors.careless import BUGS, AfternoonRig

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
