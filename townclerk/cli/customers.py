"""`townclerk customers`: the master view from the command line."""

from typing import Annotated

import typer

from registry import customers
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

app = typer.Typer(
    help="One record for each customer, merged from the sources.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command(name="list")
def list_(
    search: Annotated[str | None, typer.Option(help="Part of the name.")] = None,
    as_json: AsJson = False,
) -> None:
    """List customers by name, the first two hundred."""
    with opened_town(), unit_of_work() as db:
        rows = customers.queries.list_customers(db, search=search)
    if as_json:
        print_json(rows)
        return
    print_table(
        "Customers",
        ("name", "kind", "records", "id"),
        ((row.display_name, row.kind, row.record_count, row.id) for row in rows),
    )
    if rows:
        say_next("`townclerk up` shows each of them in your browser, with the records behind it")
    elif search:
        say("No customer has this in the name.")
        say_next("`townclerk customers list` shows the first two hundred of all")
    else:
        say("There are no customers yet.")
        say_next("`townclerk sync run` reads the sources")


@app.command()
def rematch(
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train a new model from the records of today.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Link all records anew and merge them into customers."""
    with opened_town(), unit_of_work() as db:
        report = customers.commands.rematch(db, retrain=retrain or None)
    if as_json:
        print_json(report)
        return
    say(
        f"{report.records} records are {report.customers} customers: {report.pairs} pairs were "
        f"compared and {report.links} linked in {sum(report.seconds.values()):.1f} s."
    )
    say_next("`townclerk customers list`")
