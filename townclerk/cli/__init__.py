"""The command line: one module per noun; a command imports the heavy parts it needs."""

import sys
import warnings

import typer

from schemas.errors import TownclerkError
from townclerk.cli import (
    backup,
    customers,
    demo,
    doctor,
    landscape,
    quarantine,
    serve,
    sync,
    token,
)
from townclerk.cli.output import messages, print_error

INTERRUPTED = 130  # 128 + SIGINT, as shells expect

app = typer.Typer(
    name="townclerk",
    help="The register of a town's systems, data sets and interfaces, and the hub that brings its "
    "customers' records into one master view.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(demo.demo)
app.command()(serve.up)
app.command()(serve.worker)
app.command(name="prefect-server")(serve.prefect_server)
app.command()(doctor.doctor)
app.command()(backup.backup)
app.command()(backup.restore)
app.add_typer(landscape.app, name="landscape")
app.add_typer(sync.app, name="sync")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(customers.app, name="customers")
app.add_typer(token.app, name="token")


def main() -> None:
    """Run the command line and end with its exit code.

    0 ok, 1 findings or failure, 2 usage, 3 configuration, 4 unreachable, 5 partial, 130 interrupt.
    """
    if not sys.warnoptions:
        # Warnings of libraries are for us, and our tests turn them into errors.
        warnings.simplefilter("ignore")
    try:
        app()
    except TownclerkError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        messages.print("Stopped; the next run goes on where this one was.")
        sys.exit(INTERRUPTED)
