"""`townclerk documents`: GraphQL documents that may be asked by their hash."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from registry.access.documents import DocumentRow, list_documents, trust_document, withdraw_document
from schemas.access import Scope
from schemas.errors import InvalidInput
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

app = typer.Typer(
    help="GraphQL documents that an administrator has approved, asked for by their hash.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command()
def trust(
    files: Annotated[list[Path], typer.Argument(help="Files with one GraphQL document each.")],
    scope: Annotated[
        Scope | None, typer.Option(help="What who asks must hold, beside the fields' own scopes.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Approve documents, byte for byte as clients send or hash them; all or none."""
    texts = [(file.stem[:120], _read(file)) for file in files]
    with opened_town(), unit_of_work() as db:
        by = getpass.getuser()
        rows = [trust_document(db, text, name=name, scope=scope, by=by) for name, text in texts]
    if as_json:
        print_json([_shown(row) for row in rows])
        return
    _print(rows)
    say_next("TOWNCLERK_GRAPHQL_DOCUMENTS=trusted answers these and nothing else")


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List the documents that are trusted."""
    with opened_town(), unit_of_work() as db:
        rows = list_documents(db)
    if as_json:
        print_json([_shown(row) for row in rows])
        return
    _print(rows)
    say_next("`townclerk documents trust FILE` approves one")


@app.command()
def withdraw(
    document: Annotated[str, typer.Argument(help="Its hash, or its name.")],
    as_json: AsJson = False,
) -> None:
    """Trust a document no longer; servers forget it within ten seconds."""
    with opened_town(), unit_of_work() as db:
        gone = withdraw_document(db, document)
    if as_json:
        print_json({"withdrawn": gone})
        return
    say(f"{gone} trusted documents withdrawn.")
    say_next("`townclerk documents list` shows those that are left")


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeError) as error:
        raise InvalidInput(f"{file} cannot be read as text in UTF-8.") from error


def _shown(row: DocumentRow) -> dict[str, object]:
    return {name: value for name, value in vars(row).items() if name != "text"}


def _print(rows: list[DocumentRow]) -> None:
    print_table(
        "Trusted documents",
        ("name", "hash", "scope", "by", "since"),
        ((row.name, row.hash, row.scope, row.registered_by, row.registered_at) for row in rows),
    )
