"""Time warm checks of large documents against adr-logius and spectral:oas, as JSON.

    python -m benchmarks.compliance.speed [FILE …]

Each document is checked in this process after one small document has warmed it; CPU seconds are
user plus system, memory is the peak of the process so far.
"""

import json
import resource
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.compliance.identity import DATA, read
from registry.compliance import engine
from registry.compliance.rulesets import load
from registry.compliance.subject import Subject

FILES = (
    "burgershop.yaml", "openzaak-zaken.yaml", "stripe-vacuum.yaml", "openai.json",
    "github-api.json",
)  # fmt: skip
LIMITS = {
    "burgershop.yaml": 0.02,
    "openzaak-zaken.yaml": 0.5,
    "stripe-vacuum.yaml": 2.0,
    "openai.json": 3.0,
    "github-api.json": 10.0,
}


def measure(names: Sequence[str]) -> list[dict[str, Any]]:
    """Check documents warm; CPU seconds, counts and the peak memory so far."""
    rule_sets = [
        load(DATA / "rulesets" / "adr-logius" / "linter.yaml"),
        load("spectral:oas"),
    ]
    for _ in range(2):
        for rule_set in rule_sets:
            engine.check(read("burgershop.yaml"), rule_set, source="burgershop.yaml")
    report = []
    for name in names:
        content = read(name)
        began = time.process_time()
        subject = Subject(content, name)
        parsed = time.process_time()
        counts = [len(engine.check_subject(subject, rule_set)) for rule_set in rule_sets]
        ended = time.process_time()
        report.append(
            {
                "file": name,
                "bytes": len(content),
                "parse_seconds": round(parsed - began, 4),
                "check_seconds": round(ended - parsed, 4),
                "total_seconds": round(ended - began, 4),
                "limit_seconds": LIMITS.get(name),
                "findings": counts,
                "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    return report


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1:] or FILES), indent=1) + "\n")
