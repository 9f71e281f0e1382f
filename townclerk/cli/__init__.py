"""The command line: one module per noun, imported when one of its commands runs."""

import gc
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from schemas.errors import InvalidInput, TownclerkError
from townclerk.cli.index import command_line
from townclerk.cli.output import messages, print_error
from townclerk.cli.stopping import INTERRUPTED, gently_stopped, stopped_by_signal
from townclerk.leaving import leave

__all__ = ["command_line", "main", "run"]


OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Of objects that modules and documents are made of, none is garbage; Python looks every 700."""


class Interrupted(TownclerkError):
    """Somebody stopped a command before it was done."""

    code = "interrupted"
    remedy = "Start it again when you like; it goes on from there."
    exit_code = INTERRUPTED


class WrongUsage(InvalidInput):
    """The command line was not understood."""

    code = "wrong_usage"
    remedy = "`townclerk --help` lists the commands, and each of them has a `--help` of its own."


def main() -> None:
    """Run the command line and end with its exit code.

    0 ok, 1 findings or failure, 2 usage, 3 configuration, 4 unreachable, 5 partial, 130 stopped
    by Ctrl-C, 143 stopped by SIGTERM.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    if not sys.warnoptions:
        # Warnings of libraries are for us, and our tests turn them into errors.
        warnings.simplefilter("ignore")
    with gently_stopped():
        code = run(sys.argv[1:])
    leave(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; what went wrong has been told by then.

    Args:
        arguments: As written after `townclerk`.
    """
    as_json = "--json" in arguments
    try:
        code = command_line()(
            args=list(arguments or ["--help"]), prog_name="townclerk", standalone_mode=False
        )
    except typer.TyperException as error:
        return _tell_usage(error, as_json=as_json)
    except TownclerkError as error:
        print_error(error, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the outermost edge: people get words, not a trace
        return _tell_fault(error, as_json=as_json)
    if code == INTERRUPTED:
        stopped = Interrupted("Stopped before the end; what was committed is safe.")
        print_error(stopped, as_json=as_json)
        return stopped_by_signal() or stopped.exit_code
    return int(code or 0)


def _tell_usage(error: typer.TyperException, *, as_json: bool) -> int:
    """Say what was written wrongly; a group without a command answers with its help."""
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context else "townclerk"
    what = error.format_message().replace("Value error, ", "")
    if what.startswith("Usage:"):
        if not as_json:
            messages().print(what, markup=False)
            return WrongUsage.exit_code
        what = "A command is missing."
    remedy = f"`{path} --help` shows what can be written."
    print_error(WrongUsage(what, remedy=remedy), as_json=as_json)
    return WrongUsage.exit_code


def _tell_fault(error: Exception, *, as_json: bool) -> int:
    """Log where a fault of ours is, without words that may quote values, and say so."""
    import logging

    from townclerk.answers import InternalError
    from townclerk.logs import JsonLines

    record = logging.LogRecord(
        "townclerk", logging.ERROR, "", 0, "a command failed", None, (type(error), error, None)
    )
    sys.stderr.write(JsonLines().format(record) + "\n")
    fault = InternalError(
        f"Townclerk itself has failed with {type(error).__name__}.",
        remedy="Try again; if it stays, report it with the line above, which holds no customer's "
        "data.",
    )
    print_error(fault, as_json=as_json)
    return fault.exit_code
