"""`townclerk demo` as a figure sees it: a town in an empty data directory, watched to its end."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import TreeWatch

Report = dict[str, Any]


def watched_demo(
    *options: str, seconds_max: float, look: Callable[[Path], Report] = lambda _: {}
) -> Report:
    """Run the demonstration once.

    Args:
        options: Further options of the command.
        seconds_max: When a run that is stuck is given up, in seconds.
        look: What else to read from the data directory before it is gone.

    Returns:
        The command's own report, peak memory in MiB (`own_mib` of the hub, `tree_mib` of all
        processes), `cpu_seconds` of all, and what `look` found.
    """
    with tempfile.TemporaryDirectory(prefix="townclerk-bench-") as place:
        os.chmod(place, 0o755)  # noqa: PTH101  # root's database account must pass through
        process = subprocess.Popen(
            [sys.executable, "-m", "townclerk", "demo", "--once", "--json", *options],
            env={**os.environ, "TOWNCLERK_DATA_DIR": place},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with TreeWatch(process.pid) as watch:
            output, _ = process.communicate(timeout=seconds_max)
        seen = look(Path(place))
    return {
        **json.loads(output),
        **seen,
        "own_mib": watch.peak_own_mib,
        "tree_mib": watch.peak_mib,
        "cpu_seconds": watch.cpu_seconds,
    }
