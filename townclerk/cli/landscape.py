"""`townclerk landscape`: register and list systems, data sets, interfaces, reference components."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer
import yaml

from registry import landscape
from schemas.errors import InvalidInput
from schemas.landscape import ElementKind
from townclerk.cli import landscape_drawing, landscape_files, landscape_questions
from townclerk.cli.files import read_text
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

FILE_BYTES_MAX = 64 * 1024 * 1024  # a whole national reference architecture has 16 MB
ALIAS = re.compile(r"(?m)(?:^|[\s\[{,:-])\*[^\s*]")  # what may be an alias; the parser knows

app = typer.Typer(
    help="What the municipality runs, and how it hangs together.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
landscape_files.add_to(app)
landscape_questions.add_to(app)
landscape_drawing.add_to(app)


@app.command(name="list")
def list_(
    kind: Annotated[ElementKind | None, typer.Option(help="Only this kind.")] = None,
    search: Annotated[str | None, typer.Option(help="Part of the name.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what is registered, by name."""
    with opened_town(), unit_of_work() as db:
        rows = landscape.queries.list_elements(db, kind, search=search)
    if as_json:
        print_json(rows)
        return
    print_table(
        "Landscape", ("kind", "name", "urn"), ((row.kind, row.name, row.urn) for row in rows)
    )
    if rows:
        say_next("`townclerk up` and open the landscape in your browser")
    elif kind or search:
        say("Nothing that is registered fits.")
        say_next("`townclerk landscape list` shows all")
    else:
        say("Nothing is registered yet.")
        say_next("`townclerk landscape register FILE.yaml`, or `townclerk demo` for a filled town")


@app.command()
def register(
    file: Annotated[Path, typer.Argument(help="YAML or JSON with `elements` and `relationships`.")],
    as_json: AsJson = False,
) -> None:
    """Register a landscape file: new URNs are added, known ones brought up to date."""
    draft = landscape.commands.read_landscape(_read(file))
    with opened_town(), unit_of_work() as db:
        landscape.commands.ensure_own_elements(db)
        done = landscape.commands.register(db, draft)
    if as_json:
        print_json(done)
        return
    say(f"{done.elements} elements and {done.relationships} relationships added or changed.")
    say_next("`townclerk landscape list`; `townclerk sync add FILE.yaml` connects an interface")


@app.command()
def generate(
    elements: Annotated[int, typer.Option(help="How many elements.")] = 100_000,
    relationships: Annotated[int, typer.Option(help="How many relationships.")] = 400_000,
    seed: Annotated[int, typer.Option(help="Another seed makes another landscape.")] = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Add to a landscape that is already there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fill an empty database with a made-up landscape, for load tests."""
    from registry.landscape.generate import generate as fill

    with opened_town(), unit_of_work() as db:
        landscape.commands.ensure_own_elements(db)
        done = fill(db, elements=elements, relationships=relationships, seed=seed, force=force)
    if as_json:
        print_json(done)
        return
    say(f"{done.elements} elements and {done.relationships} relationships added.")
    say_next("`townclerk up` and open the landscape in your browser")


def _read(file: Path) -> object:
    """Return the data of a YAML or JSON file.

    Raises:
        InvalidInput: The file cannot be read, or is neither YAML nor JSON.
    """
    text = read_text(file, bytes_max=FILE_BYTES_MAX)
    try:
        # Every JSON is YAML, but a large one is read twenty times faster as what it is.
        return json.loads(text) if text.lstrip().startswith(("{", "[")) else _read_yaml(file, text)
    except json.JSONDecodeError as error:
        raise _unreadable(file, error.lineno, error.msg) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unreadable(file, line, error.problem or "not YAML") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _unreadable(
            file, 1, "it holds a date, a character or a depth that is not allowed"
        ) from error


def _read_yaml(file: Path, text: str) -> object:
    """Read YAML without aliases: nested, a few of them expand to gigabytes."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # written in C where it was built
    if ALIAS.search(text):
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise _unreadable(file, line, "aliases are not allowed here")
    return yaml.load(text, Loader=loader)  # noqa: S506  # both loaders are the safe ones


def _unreadable(file: Path, line: int, problem: str) -> InvalidInput:
    return InvalidInput(
        f"{file}, line {line}: this is not readable as YAML or JSON: {problem}.",
        remedy="Mend that line; docs/how-to/connect-a-system.md shows a whole file.",
        line=line,
    )
