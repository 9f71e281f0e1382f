"""`townclerk token`: who may ask over the network."""

from datetime import timedelta
from typing import Annotated

import typer

from registry import access
from registry.settings import settings
from registry.storage.database import unit_of_work
from registry.storage.running import running_database
from schemas.access import Scope
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

app = typer.Typer(
    help="API tokens: made once, shown once, kept as keyed hashes.", no_args_is_help=True
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[list[Scope], typer.Option(help="What it opens; repeat for more.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is valid.")] = 90,
    as_json: AsJson = False,  # an option of the command line
) -> None:
    """Make a token and show it this once."""
    with running_database(settings()), unit_of_work() as db:
        text = access.commands.create_token(
            db, settings(), name=name, scopes=scope, lifetime=timedelta(days=days)
        )
    if as_json:
        print_json({"name": name, "token": text})
        return
    typer.echo(text)
    say("This is the only time the token is shown.")
    say_next("send it as `Authorization: Bearer …`")


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:  # an option of the command line
    """List tokens: names, scopes and dates; never the tokens."""
    with running_database(settings()), unit_of_work() as db:
        rows = access.queries.list_tokens(db)
    if as_json:
        print_json([row.__dict__ for row in rows])
        return
    print_table(
        "Tokens",
        ("name", "scopes", "expires", "last used", "revoked"),
        (
            (row.name, " ".join(row.scopes), row.expires_at, row.last_used_at, row.revoked_at)
            for row in rows
        ),
    )


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Name of the token.")],
    as_json: AsJson = False,  # an option of the command line
) -> None:
    """Withdraw a token at once."""
    with running_database(settings()), unit_of_work() as db:
        access.commands.revoke_token(db, name)
    if as_json:
        print_json({"revoked": name})
    else:
        say(f"Token {name!r} opens nothing any more.")
