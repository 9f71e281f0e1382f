"""`townclerk interfaces evidence`: prove what was checked, when, and what was found."""

from pathlib import Path
from typing import Annotated

import typer

from townclerk.cli.files import write_bytes
from townclerk.cli.output import AsJson, many, print_json, print_table, say, say_next

NOT_VERIFIED = 1  # exit code

app = typer.Typer(
    help="Prove what was checked, when, and what was found.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command(name="list")
def list_(
    urn: Annotated[str | None, typer.Argument(help="Only of this interface.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the newest checks."""
    from registry.compliance import queries
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        rows = queries.list_checks(db, urn)
    if as_json:
        print_json([row.record | {"hash": row.hash} for row in rows])
        return
    cells = (
        (
            row.number, row.checked_at, row.kind, row.interface_urn, row.score, row.actor,
            row.hash[:16],
        )
        for row in rows
    )  # fmt: skip
    columns = ("number", "checked", "of", "interface", "score", "by", "hash")
    print_table("Evidence", columns, cells)


@app.command()
def head(as_json: AsJson = False) -> None:
    """Print number and hash of the newest record, to be written down elsewhere."""
    from registry.compliance import queries
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        number, digest = queries.chain_head(db)
    if as_json:
        print_json({"number": number, "hash": digest})
        return
    print_table("Head", ("number", "hash"), [(number, digest)])


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="The zip file to write.")],
    urns: Annotated[
        list[str] | None, typer.Option("--interface", help="Only documents and findings of these.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the evidence with documents, findings and a verifier into one file."""
    from registry.compliance import archive, queries
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        content = archive.export(db, urns)
        number, digest = queries.chain_head(db)
    write_bytes(out, content)
    if as_json:
        print_json({"file": str(out), "records": number, "head": digest})
        return
    say(f"{many(number, 'record is', 'records are')} in {out}; the last has the hash {digest}.")
    say_next(f"`townclerk interfaces evidence verify {out} --head {digest[:16]}…`")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A file that `evidence export` wrote.")],
    known_head: Annotated[
        str | None, typer.Option("--head", help="Hash of the last record, from elsewhere.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify an evidence file; needs no database."""
    import json
    import zipfile

    from registry.compliance import verifier
    from schemas.errors import InvalidInput

    try:
        wrong = verifier.verify(str(file), known_head)
    except (OSError, KeyError, TypeError, json.JSONDecodeError, zipfile.BadZipFile) as error:
        raise InvalidInput(f"{file} cannot be read as evidence: {error}.") from error
    if as_json:
        print_json({"verified": not wrong, "wrong": wrong})
    else:
        for line in wrong:
            say(f"WRONG: {line}")
        say("NOT verified." if wrong else "Verified: records, documents and findings are whole.")
    if wrong:
        raise typer.Exit(NOT_VERIFIED)
