"""`townclerk quarantine`: the records we could not use, and why."""

from typing import Annotated

import typer

from registry import intake
from registry.settings import settings
from registry.storage.database import unit_of_work
from registry.storage.running import running_database
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

app = typer.Typer(
    help="Records that could not be used, with rule and reason.", no_args_is_help=True
)


@app.command(name="list")
def list_(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    as_json: AsJson = False,  # an option of the command line
) -> None:
    """List refused records, newest first; values of customers are not shown."""
    with running_database(settings()), unit_of_work() as db:
        rows = intake.queries.list_quarantine(db, source_key=source)
    if as_json:
        print_json([row.__dict__ for row in rows])
        return
    if not rows:
        say("Quarantine is empty.")
        return
    print_table(
        "Quarantine, newest first",
        ("source", "stream", "key", "rule", "path", "reason"),
        ((row.source_key, row.stream, row.key, row.rule, row.path, row.reason) for row in rows),
    )
    say_next(
        "mend the record at its source or the connector file, then `townclerk sync run SOURCE`"
    )
