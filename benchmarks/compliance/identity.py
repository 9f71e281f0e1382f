"""Compare our findings with Spectral's own, file by file and rule set by rule set, as JSON.

    python benchmarks/compliance/identity.py [--sets oas,adr,…] [--files a.yaml,…] [--show 20]

TOWNCLERK_TEST_DATA names the folder with interfaces/{corpus,rulesets,spectral-findings}; the OWASP
rule set is JavaScript and must be exported first (export_ruleset.mjs, TOWNCLERK_OWASP_RULESET).
Exit code 1 when a finding differs whose difference is not explained.
"""

import argparse
import gzip
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from registry.compliance import engine
from registry.compliance.rulesets import RuleSet, load
from registry.compliance.subject import Subject

BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("TOWNCLERK_TEST_DATA", BESIDE)) / "interfaces"
OWASP = Path(os.environ.get("TOWNCLERK_OWASP_RULESET", "owasp.json"))
OUTSIDE = ("FetchError: ", "ENOENT: ")  # words of Spectral's network and disk, not of a rule


def rule_set_path(name: str) -> Path | str:
    known: dict[str, Path | str] = {
        "oas": "spectral:oas",
        "adr": DATA / "rulesets" / "adr-logius" / "linter.yaml",
        "haalcentraal": DATA / "rulesets" / "haal-centraal" / "spectral.yml",
        "owasp": OWASP,
    }
    return known[name]


def golden(name: str) -> dict[str, Any]:
    with gzip.open(DATA / "spectral-findings" / f"{name}.json.gz") as file:
        found: dict[str, Any] = json.load(file)
    return found


def read(name: str) -> bytes:
    path = DATA / "corpus" / name
    if path.exists():
        return path.read_bytes()
    return gzip.decompress(path.with_name(name + ".gz").read_bytes())


def ours(document: Subject, rule_set: RuleSet) -> list[Any]:
    return [
        [
            finding.code,
            int(finding.severity),
            list(finding.path),
            finding.message,
            finding.range.as_dict(),
        ]
        for finding in engine.check_subject(document, rule_set)
    ]


def counted(findings: list[Any]) -> Counter[str]:
    return Counter(
        json.dumps([f[0], f[1], [str(step) for step in f[2]], f[3], f[4]], sort_keys=True)
        for f in findings
    )


def without_message(text: str) -> str:
    code, severity, path, _message, place = json.loads(text)
    return json.dumps([code, severity, path, place], sort_keys=True)


def split_outside(missing: Counter[str], extra: Counter[str]) -> int:
    """Take out pairs that differ only in words about an outside file; return how many."""
    outside = 0
    for theirs in list(missing):
        code, _, _, message, _ = json.loads(theirs)
        if code != "invalid-ref" or not message.startswith(OUTSIDE):
            continue
        twin = next((e for e in extra if without_message(e) == without_message(theirs)), None)
        if twin is not None:
            outside += 1
            del missing[theirs], extra[twin]
    return outside


def compare(document: Subject, rule_set: RuleSet, expected: Any) -> dict[str, Any]:
    began = time.process_time()
    found = ours(document, rule_set)
    seconds = time.process_time() - began
    errors = sum(1 for finding in found if finding[0] == "engine-error")
    if isinstance(expected, dict):
        return {"spectral_crashed": expected["error"], "found": len(found), "engine_errors": errors}
    mine, theirs = counted(found), counted(expected)
    missing, extra = theirs - mine, mine - theirs
    outside = split_outside(missing, extra)
    in_order = [f[:4] for f in found] == [[*f[:2], [str(s) for s in f[2]], f[3]] for f in expected]
    return {
        "equal": sum((theirs & mine).values()),
        "outside_words": outside,
        "missing": sum(missing.values()),
        "extra": sum(extra.values()),
        "same_order": in_order,
        "seconds": round(seconds, 3),
        "differences": {"missing": sorted(missing), "extra": sorted(extra)},
    }


def compare_sets(
    names: Sequence[str], wanted: Collection[str] = (), show: int = 5
) -> dict[str, Any]:
    """Compare every file under every rule set; totals and differences by rule set."""
    report: dict[str, Any] = {}
    for name in names:
        if name == "owasp" and not OWASP.exists():
            sys.stderr.write("owasp left out; set TOWNCLERK_OWASP_RULESET\n")
            continue
        rule_set = load(rule_set_path(name))
        files = {
            file: compare(Subject(read(file), file), rule_set, expected)
            for file, expected in golden(name).items()
            if not wanted or file in wanted
        }
        for result in files.values():
            for side, shown in result.get("differences", {}).items():
                result["differences"][side] = shown[:show]
        report[name] = {"totals": _totals(list(files.values())), "files": files}
    return report


def _totals(results: list[dict[str, Any]]) -> dict[str, int]:
    compared = [result for result in results if "equal" in result]
    keys = ("equal", "outside_words", "missing", "extra")
    totals = {key: sum(result[key] for result in compared) for key in keys}
    totals["spectral_crashed"] = len(results) - len(compared)
    totals["other_order"] = sum(1 for result in compared if not result["same_order"])
    return totals


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default="oas,adr,haalcentraal,owasp")
    parser.add_argument("--files", default="")
    parser.add_argument("--show", type=int, default=5)
    options = parser.parse_args()
    wanted = set(filter(None, options.files.split(",")))
    report = compare_sets(options.sets.split(","), wanted, options.show)
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return int(any(r["totals"]["missing"] or r["totals"]["extra"] for r in report.values()))


if __name__ == "__main__":
    sys.exit(main())
