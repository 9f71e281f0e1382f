"""`townclerk customers import-truth`: take over what another system knew of customers."""

import getpass
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from registry import customers
from registry.customers.live.cross_reference import TruthReport
from registry.customers.tables.truth_shapes import ShapeName as Shape
from registry.customers.tables.truth_tables import TruthTable
from townclerk.cli.files import EncodingChosen, read_bytes, read_text
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, many, print_json, print_table, say, say_next
from townclerk.cli.viewing import Actor

JSON_START_BYTES = 1024  # a mark, blanks and the first sign
SourceColumn = Annotated[
    str | None, typer.Option(help="Column of the data set's name.", metavar="COL")
]
KeyColumn = Annotated[str | None, typer.Option(help="Column of the record's key.", metavar="COL")]
GoldenColumn = Annotated[
    str | None, typer.Option(help="Column of the id both had there.", metavar="COL")
]
DataSet = Annotated[str | None, typer.Option("--data-set", help="All lines are of this data set.")]
ShapeChosen = Annotated[
    Shape | None, typer.Option(help="How lines say it; default is what names and keys tell.")
]
AtLeast = Annotated[float | None, typer.Option(help="From which score on a pair is one customer.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would come of it; nothing is kept.")
]


def import_truth(
    file: Annotated[
        Path,
        typer.Argument(help="CSV or Parquet of who is one customer; or Splink settings, JSON."),
    ],
    *,
    source: SourceColumn = None,
    key: KeyColumn = None,
    golden: GoldenColumn = None,
    data_set: DataSet = None,
    shape: ShapeChosen = None,
    at_least: AtLeast = None,
    encoding: EncodingChosen = None,
    dry_run: DryRun = False,
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")] = (
        "taken over from an earlier system"
    ),
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Take over links and ids of another system, or look what of a Splink model we have too."""
    if _is_json(file):
        _show_splink(file, as_json=as_json)
        return
    given = {"source": source, "key": key, "golden": golden}
    with opened_town(), unit_of_work() as db:
        table = customers.truth_tables.read_truth(
            db,
            file,
            roles={role: name for role, name in given.items() if name},
            source=data_set,
            shape=shape,
            at_least=at_least,
            encoding=encoding,
        )
        with db.transaction(force_rollback=dry_run):
            report = customers.cross_reference.import_truth(
                db,
                table.rows,
                pairs=table.pairs,
                actor=actor or getpass.getuser(),
                reason=reason,
            )
    if as_json:
        print_json({**asdict(report), "read_as": table.told, "notes": table.warnings})
        return
    _tell(table, report, dry_run=dry_run)


def _tell(table: TruthTable, report: TruthReport, *, dry_run: bool) -> None:
    """Tell a person how a table was read and what came of it."""
    say(f"The table was read as {table.told}.")
    for note in (*table.warnings, *_notes_on(report)):
        say(f"Note: {note}.")
    linked = "would be linked" if dry_run else ("is" if report.links == 1 else "are") + " linked"
    say(
        f"Of {many(report.rows, 'line')}, {many(report.records, 'record')} of ours:"
        f" {many(report.links, 'pair')} {linked} from now on,"
        f" {many(report.ids, 'earlier id leads', 'earlier ids lead')} to a customer."
    )
    if dry_run:
        say_next("the same command without --dry-run does it")
    else:
        say_next("`townclerk customers decisions`, `townclerk customers find ID --purpose service`")


def _notes_on(report: TruthReport) -> Iterator[str]:
    """Yield what of a table came to nothing, and what stands above it."""
    for name in report.unknown_sources:
        yield f"no data set is called {name}"
    for count, one, several in (
        (report.unknown_records, "key is of no record here", "keys are of no record here"),
        (
            report.unclear_records,
            "key is in several data sets; say in which, with a column or --data-set",
            "keys are in several data sets; say in which, with a column or --data-set",
        ),
        (
            report.contradictions,
            "record has two ids in the table, and counts for nothing",
            "records have two ids in the table, and count for nothing",
        ),
        (
            report.placeholders,
            "group has too many records to be one customer",
            "groups have too many records to be one customer",
        ),
        (
            report.mixed,
            "pair is a person and an organisation, and no customer",
            "pairs are a person and an organisation, and no customer",
        ),
        (
            report.kept,
            "pair was decided on before; that decision stays",
            "pairs were decided on before; those decisions stay",
        ),
        (
            report.divided,
            "id is several customers still, and leads to the largest",
            "ids are several customers still, and lead to the largest",
        ),
    ):
        if count:
            yield many(count, one, several)


def _is_json(file: Path) -> bool:
    """Tell a settings file by how it begins, since its name may say anything."""
    start = read_bytes(file, bytes_max=JSON_START_BYTES, cut=True)
    return file.suffix.lower() == ".json" or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _show_splink(file: Path, *, as_json: bool) -> None:
    text = read_text(file, bytes_max=customers.splink_settings.FILE_BYTES_MAX)
    with opened_town(), unit_of_work() as db:
        found = customers.splink_settings.beside_ours(db, text)
    if as_json:
        print_json(found)
        return
    print_table(
        "Levels we have too",
        ("column", "their level", "their bits", "our level", "our bits"),
        ((one.column, one.level, one.bits, one.ours, one.our_bits) for one in found.mapped),
    )
    print_table(
        "Lost",
        ("column", "their level or rule", "their bits", "why"),
        ((one.column, one.level, one.bits, one.lost) for one in found.lost),
    )
    say("Nothing was changed: our weights are learnt from your records, without labels.")
    say_next("`townclerk customers train`")
