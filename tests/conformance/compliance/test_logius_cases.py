"""Logius' own 26 test cases of the Dutch API Design Rules: same findings, line by line."""

import os
import re
from pathlib import Path

import pytest

from registry.compliance import engine
from registry.compliance.document import Document
from registry.compliance.messages import dotted
from registry.compliance.rulesets import RuleSet, load
from registry.compliance.subject import Subject

BESIDE = Path(__file__).parents[3].parent / "shared" / "data"
DATA = Path(os.environ.get("TOWNCLERK_TEST_DATA", BESIDE)) / "interfaces"
RULES = DATA / "rulesets" / "adr-logius"
LINE = re.compile(r"\s+(\d+):(\d+)\s+(error|warning|information|hint)\s+(\S+)\s+(.*)$")
WORDS = ("error", "warning", "information", "hint")

pytestmark = pytest.mark.skipif(
    not RULES.is_dir(), reason="the rule sets are not among the test data; set TOWNCLERK_TEST_DATA"
)


def cases() -> list[str]:
    return sorted(folder.name for folder in RULES.glob("testcases/*")) or ["absent"]


@pytest.fixture(scope="module")
def rule_set() -> RuleSet:
    return load(RULES / "linter.yaml")


def test_there_are_twenty_six_cases() -> None:
    assert len(cases()) == 26


@pytest.mark.parametrize("case", cases())
def test_logius_case_gives_the_expected_lines(case: str, rule_set: RuleSet) -> None:
    folder = RULES / "testcases" / case
    expected = sorted(
        " ".join(match.groups()).split()
        for line in (folder / "expected-output.txt").read_text("utf-8").splitlines()
        if (match := LINE.match(line))
    )
    content = (folder / "openapi.json").read_bytes()
    # Logius runs Spectral's command line, which reads JSON as YAML.
    subject = Subject.of(Document(content, "openapi.json", syntax="yaml"))

    found = engine.check_subject(subject, rule_set)

    # Logius recorded its lines before Spectral 6.16 knew OpenAPI 3.2.
    lines = sorted(
        f"{f.range.start.line + 1} {f.range.start.character + 1} {WORDS[f.severity]} "
        f"{f.code} {f.message.replace(', OpenAPI 3.2.x]', ']')} {dotted(f.path)}".split()
        for f in found
    )
    assert lines == expected
