"""`townclerk secret`: what sources want to hear from us, sealed under a key of this machine."""

import sys
from typing import Annotated

import typer
from pydantic import SecretStr

from registry.access import secrets
from schemas.errors import InvalidInput
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, many, print_json, print_table, say, say_next

app = typer.Typer(
    help="Secrets of sources, sealed in the database under a key that is never in it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

Name = Annotated[str, typer.Argument(help="As in `secret: store:NAME` of a connector file.")]


@app.command()
def key(as_json: AsJson = False) -> None:
    """Make a key for TOWNCLERK_SECRETS_KEY; it is shown this once and kept nowhere."""
    made = secrets.new_key()
    if as_json:
        print_json({"key": made})
        return
    sys.stdout.write(made + "\n")
    say_next("keep it where this machine's secrets lie, and never in the database or its backups")


@app.command(name="set")
def set_(name: Name, as_json: AsJson = False) -> None:
    """Keep a secret that is typed, or piped into standard input; never an argument."""
    if sys.stdin.isatty():
        value = typer.prompt("Secret", hide_input=True, err=True)
    else:
        value = sys.stdin.read(secrets.VALUE_BYTES_MAX + 1).strip()
    if not name or len(name) > secrets.NAME_CHARACTERS_MAX:
        raise InvalidInput(f"A name has 1 to {secrets.NAME_CHARACTERS_MAX} characters.")
    with opened_town() as chosen, unit_of_work() as db:
        secrets.keep_secret(db, chosen, name, SecretStr(value))
    if as_json:
        print_json({"name": name, "kept": True})
        return
    say(f"{name} is kept.")
    say_next(f'write `secret: "store:{name}"` into the connector file')


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List names and dates; never a secret."""
    with opened_town(), unit_of_work() as db:
        rows = secrets.list_secrets(db)
    if as_json:
        print_json([row._asdict() for row in rows])
        return
    print_table("Secrets", ("name", "sealed with key", "changed"), rows)


@app.command()
def rotate(as_json: AsJson = False) -> None:
    """Seal anew with TOWNCLERK_SECRETS_KEY what TOWNCLERK_SECRETS_KEY_OLD still opens."""
    with opened_town() as chosen, unit_of_work() as db:
        count = secrets.rotate_secrets(db, chosen)
    if as_json:
        print_json({"sealed": count})
        return
    say(f"{many(count, 'secret is', 'secrets are')} sealed anew; the old key can go.")


@app.command()
def forget(name: Name, as_json: AsJson = False) -> None:
    """Forget a secret."""
    with opened_town(), unit_of_work() as db:
        secrets.forget_secret(db, name)
    if as_json:
        print_json({"name": name, "kept": False})
        return
    say(f"{name} is forgotten.")
