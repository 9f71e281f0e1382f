"""Write the reference pages that can be read off the code: commands, settings, errors.

`make docs` writes them; `tests/house/test_docs.py` fails when they are out of date.
"""

import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_args, get_origin

import twins
import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.core import TyperGroup, TyperOption

from connectors.sdk.connector import ENTRY_POINT_GROUP
from connectors.sdk.json_schema import connector_schema
from registry.settings import Settings, variable_of
from schemas.errors import TownclerkError
from townclerk.cli.index import Later, command_line

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
FLOORS = ("schemas", "connectors", "registry", "flows", "townclerk")
CONTEXT = typer.Context(command_line())
GENERATED = "<!-- Written by `make docs` from the code; edit the code. -->\n"


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {
        REFERENCE / "commands.md": commands(),
        REFERENCE / "settings.md": settings(),
        REFERENCE / "errors.md": errors(),
        REFERENCE / "same-by-graphql.md": same_by_graphql(),
        ROOT / "schemas" / "contracts" / "connector.schema.json": connector_files(),
    }


def same_by_graphql() -> str:
    """Put commands beside the fields of GraphQL that do the same."""
    leaves = [path for path, _ in walk(command_line(), "townclerk")]
    return twins.page(leaves).replace("{generated}", GENERATED)


def connector_files() -> str:
    """Return the JSON Schema of connector files of our own kinds."""
    own = (
        point.name
        for point in entry_points(group=ENTRY_POINT_GROUP)
        if point.value.startswith("connectors.")
    )
    return json.dumps(connector_schema(tuple(sorted(set(own)))), indent=2) + "\n"


def commands() -> str:
    """Describe every command with its arguments and options."""
    leaves = list(walk(command_line(), "townclerk"))
    parts = ["# Commands\n", GENERATED, ABOUT_COMMANDS, index(leaves)]
    for path, command in leaves:
        usage = " ".join([path, *(f"`{piece}`" for piece in usage_of(command))])
        parts.append(f"## {path}\n\n    {usage.replace('`', '')}\n\n{prose(command.help)}\n")
        rows = [row(parameter) for parameter in command.params if parameter.name != "help"]
        parts.append("| Argument or option | Meaning |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def index(leaves: list[tuple[str, Any]]) -> str:
    """List the commands with their first sentence."""
    rows = [
        f"| [`{path}`](#{path.replace(' ', '-')}) | {prose(command.help).splitlines()[0]} |"
        for path, command in leaves
    ]
    return "| Command | What it does |\n|---|---|\n" + "\n".join(rows) + "\n"


def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every leaf command with its full name, in the order of `townclerk --help`."""
    if isinstance(command, Later):
        command = command.load()
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from walk(child, f"{path} {name}")
    else:
        yield path, command


def usage_of(command: Any) -> list[str]:
    """Return what is written after the name of a command."""
    arguments = [p for p in command.params if not isinstance(p, TyperOption)]
    required = [p for p in command.params if isinstance(p, TyperOption) and p.required]
    return [
        *(argument(p) for p in arguments),
        *(f"{p.opts[0]} {value(p)}" for p in required),
        "[OPTIONS]",
    ]


def row(parameter: Any) -> str:
    """Describe one argument or option as a row of a table."""
    if isinstance(parameter, TyperOption):
        written = (
            parameter.opts[0] if parameter.is_flag else f"{parameter.opts[0]} {value(parameter)}"
        )
    else:
        written = argument(parameter)
    return f"| `{written}` | {parameter.help}{choices(parameter)}{default(parameter)} |"


def argument(parameter: Any) -> str:
    """Write an argument as usage lines do."""
    name = str(parameter.name).upper()
    if parameter.nargs == -1:
        name += "..."
    return name if parameter.required else f"[{name}]"


def value(parameter: Any) -> str:
    """Return the word that stands for an option's value."""
    return str(parameter.name).upper()


def choices(parameter: Any) -> str:
    """List the words that an option takes, where there is a list; Typer shows them as `<a|b>`."""
    shown = str(parameter.display_type(CONTEXT)).strip("<>").removeprefix("list[").strip("]")
    words = shown.split("|") if "|" in shown else []
    return f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""


def default(parameter: Any) -> str:
    """Say a default that tells something."""
    found = parameter.default
    return "" if found is None or found is False or callable(found) else f" Default: {found}."


def prose(text: str | None) -> str:
    """Undo the indentation of a docstring."""
    return inspect.cleandoc(text or "")


def settings() -> str:
    """Describe every setting with its environment variable."""
    rows = [
        f"| `{variable_of(name)}` | {field.description} | {allowed(field)} | {shown(field)} |"
        for name, field in Settings.model_fields.items()
    ]
    table = "| Variable | Meaning | Values | Default |\n|---|---|---|---|\n" + "\n".join(rows)
    return f"# Settings\n\n{GENERATED}\n{ABOUT_SETTINGS}\n{table}\n\n{ABOUT_SECRETS}"


def allowed(field: FieldInfo) -> str:
    """Say what a setting may be: its words, or its range."""
    if get_origin(field.annotation) is not None and "Literal" in str(get_origin(field.annotation)):
        return ", ".join(f"`{word}`" for word in get_args(field.annotation))
    bounds = [getattr(rule, "ge", getattr(rule, "le", None)) for rule in field.metadata]
    return " to ".join(str(bound) for bound in bounds if bound is not None)


def shown(field: FieldInfo) -> str:
    """Show a default; one that depends on the machine is told in words."""
    if field.default_factory is not None:
        return "`~/.local/share/townclerk`; for root `/var/lib/townclerk`"
    return "" if field.default in (None, PydanticUndefined) else f"`{field.default}`"


def errors() -> str:
    """Describe every error by its code."""
    for floor in FLOORS:
        package = importlib.import_module(floor)
        for module in pkgutil.walk_packages(package.__path__, f"{floor}."):
            if ".versions" not in module.name and not module.name.endswith((".env", "__main__")):
                importlib.import_module(module.name)
    known = sorted(set(subclasses(TownclerkError)), key=lambda error: error.code)
    parts = ["# Errors\n", GENERATED, ABOUT_ERRORS]
    for error in known:
        summary = prose(error.__doc__).split("\n\n")[0].replace("\n", " ")
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


ABOUT_COMMANDS = """All commands take `--json`: standard output then carries one JSON document,
an error included (`{"error": {"code", "what", "remedy"}}`), and everything else goes to standard
error.

| Exit code | Meaning |
|---|---|
| 0 | done |
| 1 | done with findings, or failed |
| 2 | wrong usage or input |
| 3 | a setting, file or right of this machine is not as it must be |
| 4 | something cannot be reached: a server, or a source |
| 5 | done in part: some sources were read, some not |
| 130, 143 | stopped by Ctrl-C, or by SIGTERM; what was committed is safe |

`townclerk --install-completion` lets your shell complete commands and options.
"""
ABOUT_SETTINGS = """Set them as environment variables, or as files of the same name (in small
letters, too) in the directory that `TOWNCLERK_SECRETS_DIR` names; its default is `/run/secrets`,
where containers mount secrets. An environment variable goes before a file, and an empty one
counts as not set.
"""
ABOUT_SECRETS = """A file that holds a secret should be readable by the account of Townclerk
alone (`chmod 600`); `townclerk doctor` looks at that. Settings of Prefect's own (`PREFECT_...`)
are passed on to it.
"""
ABOUT_ERRORS = """Every error says what happened, why, and how to fix it. Codes never change, so
scripts can rely on them: they stand in `--json` output under `error.code` and in GraphQL under
`extensions.code`.
"""


def check() -> list[str]:
    """Return what is wrong: pages that are out of date, codes that stand twice."""
    wrong = [
        f"run `make docs`: {page.relative_to(ROOT)} is out of date"
        for page, text in pages().items()
        if not page.exists() or page.read_text(encoding="utf-8") != text
    ]
    codes = [error.code for error in set(subclasses(TownclerkError))]
    return wrong + [f"two errors share {code}" for code in sorted(codes) if codes.count(code) > 1]


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit("\n".join(check()) or None)
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{page.relative_to(ROOT)}\n")
