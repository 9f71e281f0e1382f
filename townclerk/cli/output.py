"""How commands speak: data on standard output, everything else on standard error.

With `--json` standard output carries one JSON document and nothing more, so that scripts can
read it. Without, people get tables, and after success the next step.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from schemas.errors import TownclerkError

if TYPE_CHECKING:
    from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


# Where a table goes into a file or another program nothing limits its width; ids stay whole.
PIPED_COLUMNS = 200


@cache
def messages() -> "Console":
    """Return what writes for people on standard error; made when it is first wanted."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def is_terminal() -> bool:
    """Tell whether a person watches standard error, so that progress bars make sense."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def print_json(data: Any) -> None:
    """Print one JSON document; rows become objects, dates and ids become text."""
    sys.stdout.write(json.dumps(data, default=_plain, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def print_bytes(content: bytes) -> None:
    """Print a report as it is, also one that is no text."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table on standard output; values are text, never markup."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", header_style="bold")
    shown = list(rows)
    for place, name in enumerate(columns):
        # An id is copied into the next command, so it stands on one line.
        is_id = any(isinstance(row[place], UUID) for row in shown)
        table.add_column(name, overflow="fold", no_wrap=is_id)
    for row in shown:
        table.add_row(*(escape(_shown(value)) for value in row))
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    Console(highlight=False, width=PIPED_COLUMNS if piped else None).print(table)


def print_version() -> None:
    """Print the release that is installed."""
    sys.stdout.write(f"townclerk {version('townclerk')}\n")


def say(text: str) -> None:
    """Tell a person something on standard error."""
    messages().print(text, markup=False)


def say_next(text: str) -> None:
    """Tell a person the next step."""
    from rich.markup import escape

    messages().print(f"[bold]Next:[/bold] {escape(text)}")


def many(count: int, one: str, several: str = "") -> str:
    """Return a number with its word, as in "1 line" and "2,000 lines"."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def print_error(error: TownclerkError, *, as_json: bool) -> None:
    """Tell what happened, and how to fix it; as JSON on standard output where asked."""
    if as_json:
        print_json({"error": error.as_dict()})
    from rich.markup import escape

    messages().print(f"[bold red]Error[/bold red] ({error.code}): {escape(error.what)}")
    messages().print(f"[bold]How to fix:[/bold] {escape(error.remedy)}")


def _plain(value: Any) -> Any:
    """Turn what JSON does not know into what it knows."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _shown(value: Any) -> str:
    """Write a value for people: moments to the second, control characters made visible."""
    if value is None:
        return ""
    text = f"{value:%Y-%m-%d %H:%M:%S}" if hasattr(value, "hour") else str(value)
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
