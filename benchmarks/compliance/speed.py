"""Time warm checks of large documents against adr-logius and spectral:oas, as JSON.

    python benchmarks/compliance/speed.py [FILE …]

Each document is checked in this process after one small document has warmed it; CPU seconds are
user plus system, memory is the peak of the process so far.
"""

import gzip
import json
import os
import resource
import sys
import time
from pathlib import Path

from registry.compliance import engine
from registry.compliance.rulesets import load
from registry.compliance.subject import Subject

BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("TOWNCLERK_TEST_DATA", BESIDE)) / "interfaces"
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


def read(name: str) -> bytes:
    path = DATA / "corpus" / name
    if path.exists():
        return path.read_bytes()
    return gzip.decompress(path.with_name(name + ".gz").read_bytes())


def main() -> None:
    rule_sets = [
        load(DATA / "rulesets" / "adr-logius" / "linter.yaml"),
        load("spectral:oas"),
    ]
    for _ in range(2):
        for rule_set in rule_sets:
            engine.check(read("burgershop.yaml"), rule_set, source="burgershop.yaml")
    report = []
    for name in sys.argv[1:] or FILES:
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
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
