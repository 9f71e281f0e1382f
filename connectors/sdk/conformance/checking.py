"""Judge a connector by every rule of the kit, for the command line and for pytest."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from connectors.sdk.conformance.rigs import Rig
from connectors.sdk.conformance.rules import RULES, Broken, NotJudged, Rule


class Outcome(StrEnum):
    """How a rule came out."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_JUDGED = "not judged"


class Verdict(NamedTuple):
    """What the kit says about one rule."""

    rule: str
    words: str
    outcome: Outcome
    why: str


def judge(rule: Rule, rig: Rig) -> Verdict:
    """Judge one rule."""
    try:
        rule.judge(rig)
    except Broken as broken:
        return Verdict(rule.name, rule.words, Outcome.BROKEN, str(broken))
    except NotJudged as reason:
        return Verdict(rule.name, rule.words, Outcome.NOT_JUDGED, str(reason))
    return Verdict(rule.name, rule.words, Outcome.KEPT, "")


def check_connector(rig: Rig, rules: Sequence[Rule] = RULES) -> list[Verdict]:
    """Judge a connector by every rule.

    Args:
        rig: Plays its source.
        rules: The rules to judge it by.

    Returns:
        One verdict per rule, in the kit's order.
    """
    return [judge(rule, rig) for rule in rules]


def assert_kept(rule: Rule, rig: Rig) -> None:
    """Fail the running pytest test where a rule is broken; skip it where it cannot be judged."""
    import pytest

    verdict = judge(rule, rig)
    if verdict.outcome is Outcome.NOT_JUDGED:
        pytest.skip(verdict.why)
    assert verdict.outcome is Outcome.KEPT, f"{verdict.words}: {verdict.why}"


def conformance_test(make_rig: Callable[[], Rig]) -> Any:
    """Return a pytest test with one case per rule.

        test_my_connector_keeps_its_word = conformance_test(MyRig)

    Args:
        make_rig: Makes the rig; called once per rule.
    """
    import pytest

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
    def test_rule(rule: Rule) -> None:
        assert_kept(rule, make_rig())

    return test_rule
