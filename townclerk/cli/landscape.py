"""`townclerk landscape`: register and list systems, data sets, interfaces, reference components."""

from pathlib import Path
from typing import Annotated

import typer
import yaml

from registry import landscape
from registry.settings import settings
from registry.storage.database import unit_of_work
from registry.storage.running import running_database
from schemas.errors import InvalidInput
from schemas.landscape import ElementKind
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

FILE_BYTES_MAX = 64 * 1024 * 1024  # a whole national reference architecture has 16 MB

app = typer.Typer(
    help="What the municipality runs, and how it hangs together.", no_args_is_help=True
)


@app.command(name="list")
def list_(
    kind: Annotated[ElementKind | None, typer.Option(help="Only this kind.")] = None,
    search: Annotated[str | None, typer.Option(help="Part of the name.")] = None,
    as_json: AsJson = False,  # an option of the command line
) -> None:
    """List what is registered, by name."""
    with running_database(settings()), unit_of_work() as db:
        rows = landscape.queries.list_elements(db, kind, search=search)
    if as_json:
        print_json([row.__dict__ for row in rows])
        return
    print_table(
        "Landscape", ("kind", "name", "urn"), ((row.kind, row.name, row.urn) for row in rows)
    )
    if rows:
        say_next("`townclerk up` and open the landscape in your browser")
    else:
        say("Nothing is registered yet.")
        say_next("`townclerk landscape register FILE.yaml`, or `townclerk demo` for a filled town")


@app.command()
def register(
    file: Annotated[Path, typer.Argument(help="YAML or JSON with `elements` and `relationships`.")],
    as_json: AsJson = False,  # an option of the command line
) -> None:
    """Register a landscape file: new URNs are added, known ones brought up to date."""
    draft = landscape.commands.read_landscape(_read(file))
    with running_database(settings()), unit_of_work() as db:
        landscape.commands.ensure_own_elements(db)
        done = landscape.commands.register(db, draft)
    if as_json:
        print_json(done.__dict__)
        return
    say(f"{done.elements} elements and {done.relationships} relationships added or changed.")
    say_next("`townclerk landscape list`")


def _read(file: Path) -> object:
    """Return the data of a YAML or JSON file.

    Raises:
        InvalidInput: The file is missing, too large or not YAML.
    """
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise InvalidInput(f"{file} is larger than {FILE_BYTES_MAX} bytes")
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"{file} is not YAML or JSON: {str(error)[:300]}") from error
