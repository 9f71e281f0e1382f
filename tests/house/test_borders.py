"""Who may import whom: the law of one direction, and libraries that live on one floor only."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_imports_run_one_way() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_connector_sdk_is_light() -> None:
    """Who writes a connector must not wait for Prefect or meet a table."""
    code = (
        "import sys, townclerk.connect;"
        "print([m for m in ('prefect','strawberry','graphene','sqlmodel','sqlalchemy','duckdb')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
