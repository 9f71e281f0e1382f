"""Hostile documents and rule sets: how long, how much memory, and whether anything leaves.

Each runs in a process of its own, with the municipal profile, spectral:oas and the structure check.
"""

import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure

SECONDS_MAX = 1.0
MEGABYTES_MAX = 200
HEAD = 'openapi: 3.0.3\ninfo: {title: t, version: "1"}\npaths: {}\n'


def alias_bomb() -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    return "\n".join(lines)


def reference_chain() -> str:
    schemas = "".join(
        f"    S{i}: {{$ref: '#/components/schemas/S{i + 1}'}}\n" for i in range(20_000)
    )
    return HEAD + "components:\n  schemas:\n" + schemas


def wide_cycle() -> str:
    refs = ", ".join(f"p{i}: {{$ref: '#/components/schemas/S{i}'}}" for i in range(60))
    schemas = "".join(f"    S{i}: {{type: object, properties: {{{refs}}}}}\n" for i in range(60))
    return HEAD + "components:\n  schemas:\n" + schemas


def outside(address: str) -> Callable[[], str]:
    return lambda: HEAD + f"components: {{schemas: {{A: {{$ref: '{address}'}}}}}}\n"


CASES: dict[str, Callable[[], str]] = {
    "alias bomb": alias_bomb,
    "20,000 open brackets": lambda: "[" * 20_000,
    "20,000 nested brackets": lambda: "[" * 20_000 + "]" * 20_000,
    "20,000 nested braces": lambda: "{a: " * 20_000,
    "100 MB of lines": lambda: "a: b\n" * 20_000_000,
    "reference to itself": lambda: (
        HEAD + "components: {schemas: {A: {$ref: '#/components/schemas/A'}}}"
    ),
    "reference to the whole": lambda: HEAD + "components: {schemas: {A: {$ref: '#'}}}",
    "chain of 20,000 references": reference_chain,
    "60 schemas that all use each other": wide_cycle,
    "tabs": lambda: HEAD + "\tx: 1\n",
    "20,000 duplicate keys": lambda: HEAD + "x-a:\n" + "  k: 1\n" * 20_000,
    "20,000 keys that are no text": lambda: (
        HEAD + "x-a:\n" + "".join(f"  {i}: 1\n" for i in range(20_000))
    ),
    "null everywhere": lambda: (
        HEAD.replace("{}", "{/a: {get: null, parameters: null}, /b: null}")
        + "components: null\nservers: null\ntags: [null]\nsecurity: null\n"
    ),
    "numbers beyond 64 bits": lambda: HEAD + "x-a: [" + "9" * 5_000 + ", 1e999999, -1e99999]\n",
    "catastrophic pattern": lambda: (
        HEAD
        + "components: {schemas: {A: {type: string, pattern: '^(a+)+$', default: '"
        + "a" * 40
        + "!'}}}\n"
    ),
    "20,000 unknown keys": lambda: HEAD + "".join(f"k{i}: 1\n" for i in range(19_000)),
    "200,000 unknown keys": lambda: HEAD + "".join(f"k{i}: 1\n" for i in range(200_000)),
    "reference to a file": outside("file:///etc/passwd"),
    "reference to the metadata address": outside("http://169.254.169.254/latest/meta-data"),
    "long line of a million signs": lambda: HEAD + "x-a: '" + "ab " * 350_000 + "'\n",
}
RULE_SETS = {
    "rule set that extends itself": "extends: [./self.yaml]\nrules: {}\n",
    "rule set with a catastrophic pattern": (
        "rules: {r: {given: $.info.title, then: {function: pattern,"
        " functionOptions: {match: '^(t+)+$'}}}}\n"
    ),
}


def measure(name: str) -> dict[str, float]:
    """Check one case in this process; CPU seconds and megabytes beyond what loading takes."""
    from registry.compliance.checking import check_document
    from registry.compliance.rulesets import load
    from townclerk.cli import OBJECTS_BETWEEN_COLLECTIONS

    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)  # as every command does
    content = b""
    with tempfile.TemporaryDirectory() as folder:
        rule_sets = [load("spectral:oas"), load("townclerk:municipal")]
        check_document(HEAD.encode(), "warm.yaml", rule_sets)
        if name in RULE_SETS:
            place = Path(folder) / "self.yaml"
            place.write_text(RULE_SETS[name])
            rule_sets.append(load(place))
            content = HEAD.replace("title: t", f"title: {'t' * 60}!").encode()
        else:
            content = CASES[name]().encode()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        began = time.process_time()
        one = check_document(content, "x.yaml", rule_sets)
        seconds = time.process_time() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "seconds": round(seconds, 3), "megabytes": after - before, "findings": len(one.judged),
    }  # fmt: skip


def run() -> list[Figure]:
    """Measure every case in a process of its own."""
    figures = []
    for name in [*CASES, *RULE_SETS]:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.compliance.bad_input", name],
            capture_output=True, text=True, check=True, timeout=300,
        )  # fmt: skip
        found = json.loads(done.stdout)
        how = (
            f"{found['findings']} findings; {found['megabytes']} MB beyond the program itself, "
            f"at most {MEGABYTES_MAX}"
        )
        figures.append(Figure(name, found["seconds"], "s CPU", f"<= {SECONDS_MAX}", how))
    return figures


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1])) + "\n")
