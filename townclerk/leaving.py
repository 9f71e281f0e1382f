"""End a process whose work is done, without taking the interpreter apart piece by piece.

Prefect leaves daemon threads behind that still run while the interpreter is taken apart; what they
hold keeps DuckDB's module alive, and its binding then prints pages of warnings about leaks. Ending
the process after all clean-up has run loses nothing.
"""

import atexit
import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """Run all clean-up handlers, write out what is buffered, and end the process."""
    atexit._run_exitfuncs()  # noqa: SLF001  # there is no public name; what sys.exit would run, too
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
