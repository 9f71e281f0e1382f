"""How far a matching run is, told on standard error while its command waits for it."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from registry.customers.live.progress import Step, Tell
from townclerk.cli.output import is_terminal, messages, say


@contextmanager
def telling(*, as_json: bool) -> Iterator[Tell]:
    """Tell each step of a run as it ends: a line for people, or a line of JSON for programs.

    Standard output stays the answer's alone. A terminal shows besides that the run is alive.

    Args:
        as_json: Whether the command answers in JSON.
    """
    begun = time.monotonic()

    def tell(step: Step, done: int) -> None:
        seconds = time.monotonic() - begun
        if as_json:
            told = {"step": step.value, "done": done, "seconds": round(seconds, 3)}
            sys.stderr.write(json.dumps(told) + "\n")
            sys.stderr.flush()
        else:
            say(f"{seconds:7.1f} s  {done:>13,} {step.words}")

    if as_json or not is_terminal():
        yield tell
        return
    with messages().status("Matching…"):
        yield tell
