"""Our findings against Spectral's own, on a fast part of the shared corpus."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from registry.compliance import engine
from registry.compliance.rulesets import RuleSet, load

BESIDE = Path(__file__).parents[3].parent / "shared" / "data"
DATA = Path(os.environ.get("TOWNCLERK_TEST_DATA", BESIDE)) / "interfaces"
BYTES_MAX = 300_000  # larger documents belong to benchmarks/compliance/identity.py
OUTSIDE = ("FetchError: ", "ENOENT: ")  # words of Spectral's network and disk, not of a rule

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the corpus is not among the test data; set TOWNCLERK_TEST_DATA"
)
RULE_SETS = {
    "oas": "spectral:oas",
    "adr": str(DATA / "rulesets" / "adr-logius" / "linter.yaml"),
    "haalcentraal": str(DATA / "rulesets" / "haal-centraal" / "spectral.yml"),
}


def golden(name: str) -> dict[str, Any]:
    with gzip.open(DATA / "spectral-findings" / f"{name}.json.gz") as file:
        found: dict[str, Any] = json.load(file)
    return found


def small_documents() -> list[str]:
    files = sorted(DATA.glob("corpus/*.*")) if DATA.is_dir() else []
    return [
        path.name
        for path in files
        if path.suffix in (".json", ".yaml") and path.stat().st_size < BYTES_MAX
    ] or ["absent"]


def counted(findings: list[Any]) -> Counter[str]:
    lines: Counter[str] = Counter()
    for code, severity, path, message, place, *_ in findings:
        outside = code == "invalid-ref" and (
            message.startswith(OUTSIDE) or "lies outside this document" in message
        )
        words = "outside" if outside else message
        lines[json.dumps([code, severity, [str(name) for name in path], words, place])] += 1
    return lines


@pytest.fixture(scope="module", params=RULE_SETS)
def compared(request: pytest.FixtureRequest) -> tuple[RuleSet, dict[str, Any]]:
    return load(RULE_SETS[request.param]), golden(request.param)


@pytest.mark.parametrize("name", small_documents())
def test_findings_equal_spectrals(name: str, compared: tuple[RuleSet, dict[str, Any]]) -> None:
    rule_set, expected = compared
    if name not in expected:
        pytest.skip("Spectral's findings for this document were not recorded")
    content = (DATA / "corpus" / name).read_bytes()

    found = engine.check(content, rule_set, source=name)

    if isinstance(expected[name], dict):
        crashes = [finding for finding in found if finding.code == "engine-error"]
        assert crashes, "where Spectral's run ended, a finding must say which rule and where"
        return
    mine = [[f.code, int(f.severity), list(f.path), f.message, f.range.as_dict()] for f in found]
    assert counted(mine) == counted(expected[name])
