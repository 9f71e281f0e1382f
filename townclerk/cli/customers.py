"""`townclerk customers`: the master view from the command line."""

from typing import Annotated

import typer

from registry import customers
from townclerk.cli import linking, match_models, settling, stewarding, truths, viewing
from townclerk.cli.following import telling
from townclerk.cli.linking import Engine, EngineChosen, SparkMaster
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, many, print_json, say, say_next

app = typer.Typer(
    help="One record for each customer, merged from the sources.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

app.command(name="list")(viewing.list_)
for _command in (
    viewing.find,
    viewing.show,
    viewing.around,
    viewing.history,
    viewing.changes,
    viewing.doubts,
    viewing.events,
    viewing.acknowledge,
    viewing.purposes,
    viewing.purpose,
    viewing.erase,
    stewarding.review,
    stewarding.why,
    stewarding.compare,
    stewarding.decide,
    stewarding.undo,
    stewarding.decisions,
    stewarding.sample,
    stewarding.judge,
    stewarding.train,
    match_models.models,
    match_models.reject,
    truths.import_truth,
    settling.survivorship,
    settling.settle,
    settling.own_keys,
    settling.settle_keys,
    settling.undo_keys,
):
    app.command()(_command)


@app.command()
def rematch(
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train a new model from the records of today.")
    ] = False,
    version: Annotated[
        str | None, typer.Option(help="Put a model that `train` kept in force.", metavar="HASH")
    ] = None,
    engine: EngineChosen = Engine.DUCKDB,
    spark_master: SparkMaster = None,
    as_json: AsJson = False,
) -> None:
    """Link all records anew and merge them into customers."""
    with (
        opened_town(),
        customers.pairing.open_pairing(engine, spark_master) as pairing,
        telling(as_json=as_json) as tell,
        unit_of_work() as db,
    ):
        report = customers.commands.rematch(
            db, retrain=retrain or None, version=version, pairing=pairing, tell=tell
        )
    if as_json:
        print_json(report)
        return
    say(
        f"{many(report.records, 'record is', 'records are')}"
        f" {many(report.customers, 'customer')}: {many(report.pairs, 'pair was', 'pairs were')} "
        f"compared and {report.links:,} linked in {sum(report.seconds.values()):.1f} s."
    )
    say_next("`townclerk customers list --purpose service`")


linking.add_to(app)
