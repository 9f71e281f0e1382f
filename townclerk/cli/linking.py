"""`townclerk customers link`: rows of any tables, without a hub and without a database."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from registry.customers import link_files as linked
from registry.customers import pairing as pairs
from registry.customers.tables.roles import read_choices
from registry.settings import settings
from townclerk.cli.files import EncodingChosen, read_text
from townclerk.cli.opening import quiet_logs
from townclerk.cli.output import AsJson, many, print_json, print_table, say, say_next

Engine = pairs.Engine
EngineChosen = Annotated[Engine, typer.Option(help="What finds and compares pairs of records.")]
SparkMaster = Annotated[
    str | None,
    typer.Option(help="Where Spark runs: local[2], spark://HOST:PORT, yarn.", metavar="MASTER"),
]
IGNORED_SHOWN = 20  # columns without a meaning; a survey has hundreds
COLUMNS_FILE_BYTES_MAX = 64 * 1024  # a line per role and column


class OwnKeys(StrEnum):
    """What the keys of one source tell about its rows."""

    AUTO = "auto"
    DISTINCT = "distinct"
    REPEATS = "repeats"


KeysChosen = Annotated[
    OwnKeys,
    typer.Option(help="Whether a source has anybody twice: `distinct` says no, `repeats` yes."),
]


def link(
    files: Annotated[list[Path], typer.Argument(help="CSV or Parquet; one or several.")],
    *,
    out: Annotated[Path, typer.Option(help="CSV of linked pairs to write.")],
    columns: Annotated[
        Path | None, typer.Option(help="YAML: `role: column`, or a list of columns, or null.")
    ] = None,
    clusters: Annotated[Path | None, typer.Option(help="CSV to write: id, cluster.")] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--id",
            help="Column that names the rows, once for each file's own; `row` numbers them.",
            metavar="COL",
        ),
    ] = None,
    encoding: EncodingChosen = None,
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
    chosen = read_choices(_text_of(columns)) if columns else {}
    with pairs.open_pairing(engine, spark_master) as pairing:
        found = linked.link_files(
            files,
            out,
            chosen=chosen,
            key=key,
            encoding=encoding,
            clusters=clusters,
            all_pairs=all_pairs,
            between_only=between_only,
            own_keys={OwnKeys.DISTINCT: True, OwnKeys.REPEATS: False}.get(own_keys),
            pairing=pairing,
        )
    if as_json:
        print_json(found)
        return
    _tell(found)


def _tell(found: linked.FileLinked) -> None:
    """Tell a person what columns were taken for, what was odd, and what came of it."""
    for name, roles in found.roles.items():
        print_table(
            f"{name}: rows are named by {found.keys[name]}",
            ("column", "taken for", "because of"),
            (
                *((role.column, role.role, role.reason) for role in roles),
                *((column, "not used", "") for column in found.ignored[name][:IGNORED_SHOWN]),
            ),
        )
        if (more := len(found.ignored[name]) - IGNORED_SHOWN) > 0:
            say(f"{name}: {more} more column{'s are' if more > 1 else ' is'} not used.")
    told = [f"{name} has nobody twice: none of its rows are linked" for name in found.distinct]
    for warning in (*told, *found.warnings):
        say(f"Note: {warning}.")
    say(
        f"{many(found.records, 'row is', 'rows are')} {many(found.clusters, 'customer')}:"
        f" {many(found.pairs, 'pair was', 'pairs were')} weighed,"
        f" {found.links} written, in {sum(found.seconds.values()):.1f} s."
    )
    say_next("a file for --columns with `role: column` lines, where a column was taken wrongly")


def _text_of(file: Path) -> str:
    return read_text(file, bytes_max=COLUMNS_FILE_BYTES_MAX)


def add_to(app: typer.Typer) -> None:
    """Add this command to `townclerk customers`."""
    app.command()(link)
