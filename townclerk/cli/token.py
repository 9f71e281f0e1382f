"""`townclerk token`: who may ask over the network."""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from registry import access
from schemas.access import Scope
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

app = typer.Typer(
    help="API tokens: made once, shown once, kept as keyed hashes.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[list[Scope], typer.Option(help="What it opens; repeat for more.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is valid.")] = 90,
    as_json: AsJson = False,
) -> None:
    """Make a token and show it this once."""
    with opened_town() as chosen, unit_of_work() as db:
        text = access.commands.create_token(
            db, chosen, name=name, scopes=scope, lifetime=timedelta(days=days)
        )
    if as_json:
        print_json({"name": name, "token": text, "scopes": sorted(scope), "days": days})
        return
    sys.stdout.write(text + "\n")
    say("This is the only time the token is shown.")
    say_next("send it as `Authorization: Bearer …`; `townclerk token revoke` withdraws it")


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List tokens: names, scopes and dates; never the tokens."""
    with opened_town(), unit_of_work() as db:
        rows = access.queries.list_tokens(db)
    if as_json:
        print_json(rows)
        return
    print_table(
        "Tokens",
        ("name", "scopes", "expires", "last used", "revoked"),
        (
            (row.name, " ".join(row.scopes), row.expires_at, row.last_used_at, row.revoked_at)
            for row in rows
        ),
    )
    if rows:
        say_next("`townclerk token revoke NAME` withdraws one that is not used any more")
    else:
        say("There are no tokens yet, so nobody is answered over the network.")
        say_next("`townclerk token create NAME --scope landscape:read`")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Name of the token.")],
    as_json: AsJson = False,
) -> None:
    """Withdraw a token at once."""
    with opened_town(), unit_of_work() as db:
        access.commands.revoke_token(db, name)
    if as_json:
        print_json({"revoked": name})
        return
    say(f"Token {name!r} opens nothing any more.")
    say_next("`townclerk token list` shows those that still do")
