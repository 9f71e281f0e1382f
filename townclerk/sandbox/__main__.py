"""Run the sandbox city: `python -m townclerk.sandbox --people 1000 --seed 1 --dir DIR`.

Prints one line of JSON when every source answers, and stops when its standard input closes, on
SIGTERM or on Ctrl-C. On an error the line is {"error": {"code", "what", "remedy"}} instead.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from schemas.errors import TownclerkError
from townclerk.sandbox.city import PEOPLE_MAX, SEED_MAX, Stopped
from townclerk.sandbox.running import running_city
from townclerk.sandbox.servers.crm import TOKEN_SECONDS
from townclerk.sandbox.servers.faults import FaultKind, parse_fault


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the city until asked to stop; return the exit code."""
    options = _parser().parse_args(arguments)
    # Broken connections are part of the game (see faults); only a person's own mistakes are told.
    logging.basicConfig(level=logging.CRITICAL)
    stop, closed = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(
        target=_watch_input, args=(stop, closed), name="parent-watch", daemon=True
    ).start()
    try:
        with running_city(
            options.dir,
            people=options.people,
            seed=options.seed,
            faults=[parse_fault(text) for text in options.fault],
            token_seconds=options.token_seconds,
            stop=stop,
        ) as city:
            _say(city.as_dict())
            stop.wait()
    except Stopped:
        if closed.is_set():  # somebody put it into the background: it would seem to fail unsaid
            sys.stderr.write("Stopped before it began: standard input is closed; keep it open.\n")
        return 0
    except TownclerkError as error:
        _say({"error": error.as_dict()})
        return error.exit_code
    return 0


def _watch_input(stop: threading.Event, closed: threading.Event) -> None:
    """Set both when standard input closes: whoever started us is gone, however it went."""
    with suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    closed.set()
    stop.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m townclerk.sandbox",
        description="Source systems of an invented town, over real protocols, on this machine.",
    )
    parser.add_argument(
        "--people", type=int, default=1000, help=f"inhabitants, at most {PEOPLE_MAX:,}"
    )
    parser.add_argument("--seed", type=int, default=1, help=f"0 to {SEED_MAX}")
    parser.add_argument("--dir", type=Path, required=True, help="folder the city lives in")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="SOURCE:KIND[:EVERY]",
        help=f"let a web source fail at every third request; kinds: {', '.join(FaultKind)}",
    )
    parser.add_argument(
        "--token-seconds", type=float, default=TOKEN_SECONDS, help="lifetime of the CRM's tokens"
    )
    return parser


def _say(facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
