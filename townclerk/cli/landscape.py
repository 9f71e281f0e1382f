"""`townclerk landscape`: register and list systems, data sets, interfaces, reference components."""

from pathlib import Path
from typing import Annotated

import typer

from registry import landscape
from schemas.landscape_kinds import ElementKind
from townclerk.cli import (
    landscape_changes,
    landscape_drawing,
    landscape_export,
    landscape_files,
    landscape_models,
    landscape_questions,
)
from townclerk.cli.documents import read_document
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next
from townclerk.cli.people import By, account

app = typer.Typer(
    help="What the municipality runs, and how it hangs together.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
landscape_models.add_to(app)
landscape_changes.add_to(app)
landscape_files.add_to(app)
landscape_export.add_to(app)
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
    *,
    reason: Annotated[str, typer.Option(help="Why; it stays with the change-set.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Register a landscape file: new URNs are added, known ones brought up to date."""
    draft = landscape.commands.read_landscape(read_document(file))
    with opened_town(), unit_of_work() as db:
        landscape.commands.ensure_own_elements(db)
        done = landscape.commands.register(
            db,
            draft,
            proposer=by or account(),
            reason=reason or f"Landscape file {file.name}.",
        )
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
