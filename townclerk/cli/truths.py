"""`townclerk customers import-truth`: take over what another system knew of customers."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from registry import customers
from townclerk.cli.files import read_text
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next
from townclerk.cli.viewing import Actor


def import_truth(
    file: Annotated[
        Path, typer.Argument(help="CSV of source, key and id; or Splink settings (.json).")
    ],
    *,
    source: Annotated[
        str | None, typer.Option(help="Column of the data set's name.", metavar="COL")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Column of the record's key.", metavar="COL")
    ] = None,
    golden: Annotated[
        str | None, typer.Option(help="Column of the id both had there.", metavar="COL")
    ] = None,
    data_set: Annotated[
        str | None, typer.Option("--data-set", help="All lines are of this data set.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")] = (
        "taken over from an earlier system"
    ),
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Take over links and ids of another system, or look what of a Splink model we have too."""
    if file.suffix.lower() == ".json":
        _show_splink(file, as_json=as_json)
        return
    text = read_text(file, bytes_max=customers.cross_reference.FILE_BYTES_MAX)
    given = {"source": source, "key": key, "golden": golden}
    rows = customers.cross_reference.read_table(
        text, roles={role: name for role, name in given.items() if name}, source=data_set
    )
    with opened_town(), unit_of_work() as db:
        report = customers.cross_reference.import_truth(
            db, rows, actor=actor or getpass.getuser(), reason=reason
        )
    if as_json:
        print_json(report)
        return
    say(
        f"{report.records} of {report.rows} lines are about records we have: {report.links} pairs"
        f" are linked from now on, and {report.ids} earlier ids lead to a customer."
    )
    if report.kept:
        say(f"{report.kept} pairs were decided on before; those decisions stay.")
    if report.divided:
        say(f"{report.divided} ids are several customers still, and lead to the largest.")
    for name in report.unknown_sources:
        say(f"Note: no data set is called {name}.")
    for count, what in (
        (report.unknown_records, "records are not here"),
        (report.contradictions, "records have two ids in the table, and count for nothing"),
        (report.placeholders, "ids have too many records to be one customer"),
    ):
        if count:
            say(f"Note: {count} {what}.")
    say_next("`townclerk customers decisions`, `townclerk customers find ID --purpose service`")


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
