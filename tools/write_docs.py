"""Write the reference pages that can be read off the code: commands, settings, errors.

`make docs` writes them; `tests/house/test_docs.py` fails when they are out of date.
"""

import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import typer
from pydantic_core import PydanticUndefined

from registry.settings import Settings
from schemas.errors import TownclerkError
from townclerk.cli import app

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
FLOORS = ("schemas", "connectors", "registry", "flows", "townclerk")
GENERATED = "<!-- Written by `make docs` from the code; edit the code. -->\n"


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {
        REFERENCE / "commands.md": commands(),
        REFERENCE / "settings.md": settings(),
        REFERENCE / "errors.md": errors(),
    }


def commands() -> str:
    """Describe every command with its options."""
    root = typer.main.get_command(app)
    parts = ["# Commands\n", GENERATED, EXIT_CODES]
    for path, command in walk(root, "townclerk"):
        parts.append(f"## `{path}`\n\n{(command.help or '').strip()}\n")
        rows = [
            f"| `{' '.join(parameter.opts) if option else parameter.human_readable_name}` "
            f"| {getattr(parameter, 'help', '') or ''}{default(parameter)} |"
            for parameter in command.params
            for option in [isinstance(parameter, click.Option)]
            if parameter.name != "help"
        ]
        if rows:
            parts.append("| Argument | Meaning |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every leaf command with its full name."""
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            if not name.startswith("--"):
                yield from walk(command.commands[name], f"{path} {name}")
    else:
        yield path, command


def default(parameter: click.Parameter) -> str:
    """Say a default that tells something."""
    value = parameter.default
    return "" if value in (None, False) or callable(value) else f" Default: {value}."


def settings() -> str:
    """Describe every setting with its environment variable."""
    rows = []
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"TOWNCLERK_{name.upper()}")
        value = field.default
        shown = "" if value in (None, PydanticUndefined) else f"`{value}`"
        rows.append(f"| `{variable}` | {field.description} | {shown} |")
    return "\n".join(
        [
            "# Settings\n",
            GENERATED,
            (
                "Set them as environment variables, or as files of the same name in the directory "
                "that `TOWNCLERK_SECRETS_DIR` names (default `/run/secrets`), where containers mount "
                "secrets.\n"
            ),
            "| Variable | Meaning | Default |\n|---|---|---|",
            *rows,
            "",
        ]
    )


def errors() -> str:
    """Describe every error by its code."""
    for floor in FLOORS:
        package = importlib.import_module(floor)
        for module in pkgutil.walk_packages(package.__path__, f"{floor}."):
            if ".versions" not in module.name and not module.name.endswith((".env", "__main__")):
                importlib.import_module(module.name)
    known = sorted(set(subclasses(TownclerkError)), key=lambda error: error.code)
    parts = [
        "# Errors\n",
        GENERATED,
        (
            "Every error says what happened, why, and how to fix it. Codes never change, so scripts "
            "can rely on them: they stand in `--json` output under `error.code` and in GraphQL under "
            "`extensions.code`.\n"
        ),
    ]
    for error in known:
        summary = (error.__doc__ or "").strip().splitlines()[0]
        parts.append(
            f"## `{error.code}`\n\n{summary}\n\n"
            f"- **How to fix:** {error.remedy}\n- **Exit code:** {error.exit_code}\n"
        )
    return "\n".join(parts)


def subclasses(base: type[TownclerkError]) -> Iterator[type[TownclerkError]]:
    """Yield an error class and everything below it, ours only."""
    yield base
    for child in base.__subclasses__():
        if child.__module__.split(".")[0] in FLOORS:
            yield from subclasses(child)


EXIT_CODES = """All commands take `--json`: standard output then carries one JSON document, and
everything else goes to standard error. Exit codes: 0 done, 1 findings or a failure, 2 wrong usage,
3 configuration, 4 something cannot be reached, 5 done in part, 130 interrupted.
"""


if __name__ == "__main__":
    os.environ.setdefault("COLUMNS", "100")
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{page.relative_to(ROOT)}\n")
