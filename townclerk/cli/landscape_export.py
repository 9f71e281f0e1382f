"""`townclerk landscape export`: a landscape as a file of any format, with what the file lacks."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from registry.landscape.exchange.dcat import Profile
from registry.landscape.exchange.formats import Format, csv_files, load, save, save_folder
from registry.landscape.exchange.inventory import inventory_table
from registry.landscape.exchange.losses import Loss, losses
from registry.landscape.exchange.model import Model
from registry.landscape.exchange.tables import write_csv
from registry.landscape.questions.portfolio_model import portfolio_model
from registry.landscape.questions.suppliers import system_entries
from townclerk.cli.files import UnwritableFile
from townclerk.cli.models import (
    File,
    RowColumns,
    RowKind,
    asked_landscape,
    asked_portfolio,
    print_answer,
    read_model,
    show_counts,
    table_reading,
    write_bytes,
)
from townclerk.cli.output import AsJson, say, say_next
from townclerk.cli.publishing import JSON_SUFFIXES, published, read_publication


class Target(StrEnum):
    """What a landscape can be written as."""

    EXCHANGE = "exchange"
    ARCHI = "archi"
    COARCHI = "coarchi"
    CSV = "csv"
    XLSX = "xlsx"
    INVENTORY = "sb272"
    DCAT_AP = "dcat-ap"
    DCAT_AP_NL = "dcat-ap-nl"


CATALOGUES = {Target.DCAT_AP: Profile.DCAT_AP, Target.DCAT_AP_NL: Profile.DCAT_AP_NL}
# Where to, if nobody says; coarchi is a folder.
DEFAULT_OUT = {
    Target.EXCHANGE: "landscape.xml",
    Target.ARCHI: "landscape.archimate",
    Target.COARCHI: "landscape-coarchi",
    Target.CSV: "landscape-csv",
    Target.XLSX: "landscape.xlsx",
    Target.INVENTORY: "systems.csv",
    Target.DCAT_AP: "catalogue.ttl",
    Target.DCAT_AP_NL: "catalogue.ttl",
}
ELEMENTS_FILE = "elements.csv"
StoredModel = Annotated[
    str | None, typer.Option("--model", help="A model of the register by its short name.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="With --model: as of this day."),
]
InScenario = Annotated[
    str | None, typer.Option("--scenario", help="With --model: with this scenario's changes.")
]
Language = Annotated[str, typer.Option(help="Language of words that carry none.")]


def export(
    file: File = None,
    *,
    to: Annotated[Target, typer.Option(help="The format.")] = Target.EXCHANGE,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to; for coarchi and csv a folder, or a name.zip."),
    ] = None,
    language: Language = "en",
    publication: Annotated[
        Path | None,
        typer.Option(help="TOML with publisher, contact and licence, for dcat-ap and dcat-ap-nl."),
    ] = None,
    stored: StoredModel = None,
    as_of: AsOf = None,
    in_scenario: InScenario = None,
    kind: RowKind = None,
    columns: RowColumns = None,
    as_json: AsJson = False,
) -> None:
    """Write a landscape in another format, or publish its data sets as a DCAT catalogue.

    A FILE is written whole, and so is a model of the register by --model. Without either it is
    the hub's own systems and what belongs to them. What the format cannot hold is listed: the
    file that was written is read again and compared.
    """
    target = out or Path(DEFAULT_OUT[to])
    lost: list[Loss] = []
    if to in CATALOGUES:
        told = read_publication(publication)
        with asked_landscape(file) as graph:
            data, counts = published(
                graph, CATALOGUES[to], told, is_json=target.suffix in JSON_SUFFIXES
            )
        write_bytes(target, data)
    elif to is Target.INVENTORY:
        with asked_portfolio(file, None, None) as found:
            entries = system_entries(found)
        counts = {"systems": len(entries)}
        write_bytes(target, write_csv(inventory_table(entries)))
    else:
        if stored:
            model = _stored(stored, as_of, in_scenario)
        elif file is not None:
            model = read_model(file, reading=table_reading(kind, columns)).model
        else:
            with asked_portfolio(None, None, None) as found:
                model = portfolio_model(found)
        counts = _saved(model, Format(to), target, language)
        lost = losses(model, load(_first_file(target, to)).model)
    if as_json:
        print_answer({"file": str(target), "format": to, "counts": counts, "losses": lost})
        return
    _tell(target, to, counts, lost)


def _stored(key: str, as_of: datetime | None, in_scenario: str | None) -> Model:
    from townclerk.cli.landscape_models import stored_model

    return stored_model(key, as_of, in_scenario)


def _saved(model: Model, format_: Format, out: Path, language: str) -> dict[str, int]:
    """Write a model: formats of several files into a folder, unless a zip file is named."""
    try:
        if format_ is Format.COARCHI and not out.suffix:
            out.mkdir(parents=True, exist_ok=True)
            return {**model.counts(), "files_changed": save_folder(model, out)}
        if format_ is Format.CSV and out.suffix.lower() != ".zip":
            return {**model.counts(), "bytes": _save_tables(model, out)}
    except OSError as error:
        raise UnwritableFile(f"{out} cannot be written: {error.strerror}.") from error
    data = save(model, format_, language=language)
    write_bytes(out, data)
    return {**model.counts(), "bytes": len(data)}


def _save_tables(model: Model, out: Path) -> int:
    """Write Archi's three tables into a folder, or beside each other where a CSV file is named."""
    files = csv_files(model)
    if out.suffix.lower() != ".csv":
        out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        _table_file(out, name).write_bytes(data)
    return sum(map(len, files.values()))


def _table_file(out: Path, name: str) -> Path:
    return out.with_name(f"{out.stem}-{name}") if out.suffix.lower() == ".csv" else out / name


def _first_file(out: Path, to: Target) -> Path:
    """Return what to read: of three tables beside each other, any."""
    return (
        _table_file(out, ELEMENTS_FILE)
        if out.suffix.lower() == ".csv" and to is Target.CSV
        else out
    )


def _tell(out: Path, to: Target, counts: dict[str, int], lost: list[Loss]) -> None:
    say(f"{out} is written as {to}.")
    show_counts(counts)
    for one in lost:
        say(f"Not held by {to}: {one.lost:,} of {one.there:,} {one.what}.")
    if to in CATALOGUES:
        say_next("let your data portal harvest the file")
    elif to is Target.INVENTORY:
        say("The inventory holds systems only, with the seven things the law asks for.")
        say_next("publish it; `townclerk landscape completeness` lists what is missing")
    else:
        say_next(f"`townclerk landscape check {out}` reads it again")


def add_to(app: typer.Typer) -> None:
    """Add export to the landscape's commands."""
    app.command(name="export")(export)
