"""`townclerk customers`: the master view from the command line."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from registry import customers
from registry.settings import settings
from townclerk.cli import match_models, settling, stewarding, truths, viewing
from townclerk.cli.files import read_text
from townclerk.cli.opening import opened_town, quiet_logs, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

Engine = customers.pairing.Engine
EngineChosen = Annotated[Engine, typer.Option(help="What finds and compares pairs of records.")]
SparkMaster = Annotated[
    str | None,
    typer.Option(help="Where Spark runs: local[2], spark://HOST:PORT, yarn.", metavar="MASTER"),
]
COLUMNS_FILE_BYTES_MAX = 64 * 1024  # a line per role and column

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
        unit_of_work() as db,
    ):
        report = customers.commands.rematch(
            db, retrain=retrain or None, version=version, pairing=pairing
        )
    if as_json:
        print_json(report)
        return
    say(
        f"{report.records} records are {report.customers} customers: {report.pairs} pairs were "
        f"compared and {report.links} linked in {sum(report.seconds.values()):.1f} s."
    )
    say_next("`townclerk customers list --purpose service`")


class OwnKeys(StrEnum):
    """What the keys of one source tell about its rows."""

    AUTO = "auto"
    DISTINCT = "distinct"
    REPEATS = "repeats"


KeysChosen = Annotated[
    OwnKeys,
    typer.Option(help="Whether a source has anybody twice: `distinct` says no, `repeats` yes."),
]


@app.command()
def link(
    files: Annotated[list[Path], typer.Argument(help="CSV or Parquet; one or several.")],
    *,
    out: Annotated[Path, typer.Option(help="CSV of linked pairs to write.")],
    columns: Annotated[
        Path | None, typer.Option(help="YAML: `role: column`, or a list of columns, or null.")
    ] = None,
    clusters: Annotated[Path | None, typer.Option(help="CSV to write: id, cluster.")] = None,
    key: Annotated[
        str | None,
        typer.Option("--id", help="Column that names the rows; `row` numbers them.", metavar="COL"),
    ] = None,
    all_pairs: Annotated[
        bool, typer.Option("--all-pairs", help="Write every pair that was weighed.")
    ] = False,
    between_only: Annotated[
        bool, typer.Option("--between-only", help="Write only pairs of two different files.")
    ] = False,
    own_keys: KeysChosen = OwnKeys.AUTO,
    engine: EngineChosen = Engine.DUCKDB,
    spark_master: SparkMaster = None,
    as_json: AsJson = False,
) -> None:
    """Link the rows of any tables that describe one customer; needs no hub and no database."""
    quiet_logs(settings())
    chosen = customers.roles.read_choices(_text_of(columns)) if columns else {}
    with customers.pairing.open_pairing(engine, spark_master) as pairing:
        found = customers.link_files.link_files(
            files,
            out,
            chosen=chosen,
            key=key,
            clusters=clusters,
            all_pairs=all_pairs,
            between_only=between_only,
            own_keys={OwnKeys.DISTINCT: True, OwnKeys.REPEATS: False}.get(own_keys),
            pairing=pairing,
        )
    if as_json:
        print_json(found)
        return
    for name, roles in found.roles.items():
        print_table(
            f"{name}: rows are named by {found.keys[name]}",
            ("column", "taken for", "because of"),
            (
                *((role.column, role.role, role.reason) for role in roles),
                *((column, "not used", "") for column in found.ignored[name]),
            ),
        )
    told = [f"{name} has nobody twice: none of its rows are linked" for name in found.distinct]
    for warning in (*told, *found.warnings):
        say(f"Note: {warning}.")
    say(
        f"{found.records} rows are {found.clusters} customers: {found.pairs} pairs were weighed,"
        f" {found.links} written, in {sum(found.seconds.values()):.1f} s."
    )
    say_next("a file for --columns with `role: column` lines, where a column was taken wrongly")


def _text_of(file: Path) -> str:
    return read_text(file, bytes_max=COLUMNS_FILE_BYTES_MAX)
