"""Who does something at the command line: named, or else the account that does it."""

import getpass
from typing import Annotated

import typer


def account() -> str:
    """Return the name of the account; a number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


By = Annotated[
    str, typer.Option("--by", help="Who does it; else your account.", show_default=False)
]
