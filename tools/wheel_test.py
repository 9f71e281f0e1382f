"""Install the built wheel as a stranger would, run the demonstration, and judge its report.

Builds the wheel, installs it with the newest versions its metadata allows into an empty
environment, runs `townclerk demo --once --json` there, and checks what came out.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FLOORS = {"schemas", "connectors", "registry", "flows", "townclerk"}
KEYS = {
    "sources",
    "records_read",
    "records_landed",
    "quarantined",
    "customers",
    "pairs",
    "systems",
    "data_sets",
    "interfaces",
    "lineage_edges",
    "seconds",
}


def main() -> None:
    """Build, install, run, judge."""
    with tempfile.TemporaryDirectory(prefix="townclerk-wheel-") as place:
        scratch = Path(place)
        scratch.chmod(0o755)
        wheel = build(scratch)
        check_content(wheel)
        python = install(wheel, scratch / "environment")
        check_report(*run_demo(python, scratch))


def build(scratch: Path) -> Path:
    """Return the built wheel."""
    run([sys.executable, "-m", "build", "--wheel", "--outdir", str(scratch), str(ROOT)])
    (wheel,) = scratch.glob("*.whl")
    return wheel


def check_content(wheel: Path) -> None:
    """The wheel holds our five packages, their data, and nothing else."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names} - {
        name.split("/")[0] for name in names if ".dist-info/" in name
    }
    assert tops == FLOORS, tops
    for floor in FLOORS:
        assert f"{floor}/py.typed" in names, floor


def install(wheel: Path, environment: Path) -> Path:
    """Install with pip and the newest versions the metadata allows."""
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    run([str(python), "-m", "pip", "install", "--quiet", str(wheel)])
    return python


def run_demo(python: Path, scratch: Path) -> tuple[dict[str, Any], str]:
    """Run the demonstration outside the checkout; return report and standard error."""
    done = subprocess.run(
        [str(python.parent / "townclerk"), "demo", "--once", "--json"],
        cwd=scratch,
        env={**os.environ, "TOWNCLERK_DATA_DIR": str(scratch / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stderr.write(done.stderr)
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout[-2000:]}"
    return json.loads(done.stdout), done.stderr


def check_report(report: dict[str, Any], errors: str) -> None:
    """The report is complete and plausible, and nothing warned."""
    assert report.keys() >= KEYS, KEYS - report.keys()
    assert len(report["sources"]) >= 5, report["sources"]
    assert set(report["sources"].values()) == {"Completed"}, report["sources"]
    assert report["records_read"] > report["customers"] > 0
    assert report["records_landed"] + report["quarantined"] == report["records_read"]
    assert report["pairs"]["f1"] > 0.5, report["pairs"]
    for word in ("Traceback", "Warning", "WARNING"):
        assert word not in errors, word
    sys.stdout.write(json.dumps(report) + "\nwheel test: 1 passed, 0 failed\n")


def run(command: list[str]) -> None:
    """Run a step that must succeed."""
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
