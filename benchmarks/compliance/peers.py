"""Beside Spectral 6 and Redocly from npm, in the same run: the same findings, and the time.

npm installs both into a temporary folder; TOWNCLERK_NPM names a folder that has them already.
Without npm there is nothing to compare and the suite is empty.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.compliance.identity import DATA, counted, ours, read, split_outside
from benchmarks.figures import Figure
from registry.compliance.rulesets import load
from registry.compliance.subject import Subject

PACKAGES = ("@stoplight/spectral-cli@6", "@redocly/cli@2")
TIMED = ("burgershop.yaml", "openklant-klantinteracties.yaml", "openzaak-zaken.yaml")
COMPARED = (*TIMED, "bag-individuele-bevragingen.yaml", "openzaak-besluiten.yaml", "openeo.yaml",
            "vng-catalogi-api-src.yaml", "osv-petstore-32.yaml")  # fmt: skip
SECONDS_MAX = 240


def installed(folder: Path) -> Path | None:
    """Return the folder with the programs of both peers."""
    known = os.environ.get("TOWNCLERK_NPM")
    place = Path(known) if known else folder
    if not known:
        if shutil.which("npm") is None:
            return None
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES]
        subprocess.run(command, cwd=folder, check=True, timeout=600)
    return place / "node_modules" / ".bin"


def cpu_of(
    command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> tuple[float, bytes]:
    """Run a program; return user plus system seconds and what it wrote."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=SECONDS_MAX, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return round(used, 2), done.stdout


def spectral(programs: Path, name: str, folder: Path) -> tuple[float, list[Any]]:
    """Return CPU seconds and findings of Spectral's command line with spectral:oas."""
    options = ["--ruleset", "oas.yaml", "--format", "json", "--quiet", "--fail-severity", "error"]
    command = [str(programs / "spectral"), "lint", name, *options]
    seconds, output = cpu_of(command, folder)
    text = output.decode()
    found = json.loads(text[text.index("[") : text.rindex("]") + 1]) if "[" in text else []
    return seconds, [[f["code"], f["severity"], f["path"], f["message"], f["range"]] for f in found]


def run() -> list[Figure]:
    """Compare findings and time; start of the process included and excluded."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        programs = installed(folder)
        if programs is None or not DATA.is_dir():
            return []
        (folder / "oas.yaml").write_text("extends: spectral:oas\n")
        for name in COMPARED:
            (folder / name).write_bytes(read(name))
        return _compare(programs, folder)


def _compare(programs: Path, folder: Path) -> list[Figure]:
    rule_set = load("spectral:oas")
    equal = different = outside = 0
    figures: list[Figure] = []
    for name in COMPARED:
        theirs_seconds, theirs = spectral(programs, name, folder)
        subject = Subject(read(name), name)
        mine, expected = counted(ours(subject, rule_set)), counted(theirs)
        missing, extra = expected - mine, mine - expected
        outside += split_outside(missing, extra)
        equal += sum((mine & expected).values())
        different += sum((missing + extra).values())
        if name in TIMED:
            figures += _timed(programs, folder, name, theirs_seconds)
    how = (
        f"spectral:oas on {len(COMPARED)} documents, code, severity, path, message and range; "
        f"{outside} more differ only in words about files that we refuse to fetch"
    )
    figures.insert(0, Figure("findings equal to Spectral's in this run", equal, "", "", how))
    figures.insert(1, Figure("findings that differ in this run", different, "", "<= 0", how))
    return figures


def _timed(programs: Path, folder: Path, name: str, spectral_seconds: float) -> list[Figure]:
    (folder / "redocly.yaml").write_text("extends: [recommended]\n")
    redocly, _ = cpu_of([str(programs / "redocly"), "lint", name, "--format", "json"], folder)
    program = Path(sys.executable).parent / "townclerk"
    command = [str(program), "interfaces", "check", name, "--ruleset", "spectral:oas"]
    # With bytecode, as pip installs it: the first run writes what this tree may lack.
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    cpu_of(command, folder, environment)
    mine, _ = cpu_of(command, folder, environment)
    rule_set = load("spectral:oas")
    content = read(name)
    began = time.process_time()
    ours(Subject(content, name), rule_set)
    warm = round(time.process_time() - began, 3)
    size = f"{len(content) / 1000:,.0f} kB"
    beside = f"Spectral {spectral_seconds} s, Redocly {redocly} s, start included"
    return [
        Figure(f"{name}, {size}: structure and spectral:oas, start included", mine, "s CPU", "",
               beside),
        Figure(f"{name}, {size}: spectral:oas, warm", warm, "s CPU", "", beside),
    ]  # fmt: skip
