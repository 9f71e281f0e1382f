"""`townclerk landscape import, models, releases, worklist, settle`: models of the register."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from registry.landscape.changes.scenarios import find_scenario
from registry.landscape.exchange.model import Model
from registry.landscape.metamodel import Strictness
from registry.landscape.models import releases as room
from registry.landscape.models import work
from registry.landscape.models.fetch import fetch_model, list_models, strictness_of
from registry.landscape.models.report import Report, Tally
from registry.landscape.queries import find_element
from schemas.errors import InvalidInput
from townclerk.cli.models import (
    RowColumns,
    RowKind,
    end_of,
    print_answer,
    read_model,
    table_reading,
)
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_table, say, say_next
from townclerk.cli.people import By, account

# What of a report a person wants to see, the most urgent first.
TO_LOOK_AT = ("conflict", "retired", "ambiguous", "removed", "moved")
LISTED_MAX = 40  # of a report on a screen; --json prints all

Day = Annotated[
    datetime | None,
    typer.Option("--valid-from", formats=["%Y-%m-%d"], help="Since when it holds; else now."),
]
ModelKey = Annotated[str, typer.Option("--model", help="Short name in the register, e.g. gemma.")]
Mode = Annotated[
    Strictness | None,
    typer.Option(help="What forbidden relationships meet; else as for its last release, or warn."),
]
Reason = Annotated[str, typer.Option(help="Why; it stays with the change-set.")]

releases = typer.Typer(
    help="Releases of models: taken in, taken back.", no_args_is_help=True, rich_markup_mode=None
)


def import_(
    file: Annotated[Path, typer.Argument(help="A model file or coArchi folder.")],
    *,
    model: ModelKey = "",
    mode: Mode = None,
    release: Annotated[str | None, typer.Option(help="As people call it; else its day.")] = None,
    valid_from: Day = None,
    reason: Reason = "",
    by: By = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Tell what would be done, and do nothing.")
    ] = False,
    kind: RowKind = None,
    columns: RowColumns = None,
    as_json: AsJson = False,
) -> None:
    """Take a whole model in: the first time new, later as a release that keeps every mapping."""
    key = model or _key_of(file)
    with opened_town():
        with unit_of_work() as db:
            strictness = mode or strictness_of(db, key) or Strictness.WARN
        reading = table_reading(kind, columns)
        loaded = read_model(file, strictness=strictness, reading=reading)
        source = room.Source(
            key=key,
            file=file.name,
            file_hash=room.hash_of(file.read_bytes()) if file.is_file() else b"",
            release=release,
            valid_from=valid_from.replace(tzinfo=UTC) if valid_from else None,
            strictness=strictness,
            proposer=by or account(),
            reason=reason,
        )
        with unit_of_work() as db:
            report = room.take_in(db, loaded, source, preview=preview)
    if as_json:
        print_answer({"report": report, "findings": loaded.findings})
        return
    for finding in loaded.findings[:LISTED_MAX]:
        say(f"line {finding.line}: {finding.what}")
    _show(report)


def _key_of(file: Path) -> str:
    """Return a key made of a file's name, as far as one can be made."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in file.name.partition(".")[0])
    return plain.lower().strip("-")[:32] or "model"


def _show(report: Report) -> None:
    sorts = {
        "elements": report.elements,
        "relationships": report.relationships,
        "views": report.views,
    }
    title = f"{report.key}, release {report.release}"
    counts = (
        (word, *(getattr(tally, word) for tally in sorts.values()))
        for word in Tally.__struct_fields__
    )
    print_table(title, ("", *sorts), counts)
    rows = sorted(
        (one for one in report.listed if one.table == "element" and one.what in TO_LOOK_AT),
        key=lambda one: TO_LOOK_AT.index(one.what),
    )
    told = [(one.what, one.name, _both(one.fields)) for one in rows[:LISTED_MAX]]
    if told:
        print_table("To look at", ("what", "element", "ours and theirs"), told)
    if len(rows) > LISTED_MAX:
        say(f"{len(rows) - LISTED_MAX:,} more; --json prints all.")
    if report.preview:
        say("Nothing was changed: this was a preview.")
        say_next("the same command without --preview takes it in")
    elif not report.rows_changed:
        say("Nothing was changed: the register says the same already.")
    elif report.work_items:
        say(f"{report.work_items:,} mappings of ours lead to what this release removed.")
        say_next("`townclerk landscape worklist`")
    else:
        say_next(f"`townclerk landscape releases rollback {report.key}` takes it back")


def _both(fields: dict[str, list[Any]]) -> str:
    return "; ".join(f"{name}: {ours!r}, {theirs!r}" for name, (ours, theirs) in fields.items())


def models(as_json: AsJson = False) -> None:
    """List the models of the register."""
    with opened_town(), unit_of_work() as db:
        rows = list_models(db)
    if as_json:
        print_answer(rows)
        return
    shown = [(m.key, m.name, m.elements, m.relationships, m.views, m.valid_from) for m in rows]
    columns = ("key", "name", "elements", "relationships", "views", "since")
    print_table("Models", columns, shown)
    say_next("`townclerk landscape import FILE --model KEY` takes one in")


@releases.command(name="list")
def list_(
    model: Annotated[str | None, typer.Option("--model", help="Only of this model.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what was taken in, newest first."""
    with opened_town(), unit_of_work() as db:
        rows = room.list_releases(db, model)
    if as_json:
        print_answer(rows)
        return
    shown = [
        (one.model, one.name, one.valid_from, one.applied_at, one.rolled_back_at, one.proposer)
        for one in rows
    ]
    columns = ("model", "release", "holds since", "taken in", "taken back", "by")
    print_table("Releases", columns, shown)
    say_next("`townclerk landscape releases rollback MODEL` takes the newest back")


@releases.command()
def apply(
    file: Annotated[Path, typer.Argument(help="A model file or coArchi folder.")],
    *,
    model: ModelKey,
    mode: Mode = None,
    release: Annotated[str | None, typer.Option(help="As people call it; else its day.")] = None,
    valid_from: Day = None,
    reason: Reason = "",
    by: By = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Tell what would be done, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in a newer release of a model that the register has."""
    with opened_town(), unit_of_work() as db:
        room.latest_release(db, model)
    import_(
        file,
        model=model,
        mode=mode,
        release=release,
        valid_from=valid_from,
        reason=reason,
        by=by,
        preview=preview,
        as_json=as_json,
    )


@releases.command()
def rollback(
    model: Annotated[str, typer.Argument(help="Short name of the model.")],
    *,
    reason: Reason = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Take back the newest release of a model; everything is as it was, mappings included."""
    with opened_town(), unit_of_work() as db:
        taken_back = room.roll_back(db, model, proposer=by or account(), reason=reason)
    if as_json:
        print_answer(taken_back)
        return
    say(f"Release {taken_back.name} of {model} is taken back.")
    say_next("`townclerk landscape releases list` shows what holds now")


def worklist(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is settled already.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List mappings of ours that lead to what a release removed, for somebody to decide."""
    with opened_town(), unit_of_work() as db:
        rows = work.worklist(db, done=everything)
    if as_json:
        print_answer(rows)
        return
    shown = [
        (r.id, r.own_name, r.relationship_kind, r.gone_name, r.suggested_name, r.outcome)
        for r in rows
    ]
    columns = ("item", "ours", "relationship", "leads to what is gone", "suggestion", "outcome")
    print_table("Work list", columns, shown)
    if rows:
        say_next("`townclerk landscape settle ITEM --outcome mapped --to URN`")


class Decision(StrEnum):
    """What to do about an item of the work list."""

    MAPPED = "mapped"
    KEPT = "kept"
    DROPPED = "dropped"


def settle(
    item: Annotated[UUID, typer.Argument(help="The item, as `worklist` shows it.")],
    *,
    outcome: Annotated[
        Decision,
        typer.Option(help="mapped: lead it to --to or the suggestion; kept: leave it; dropped."),
    ],
    to: Annotated[str | None, typer.Option(help="URN of the element to lead to.")] = None,
    reason: Reason = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Decide one item of the work list."""
    if to is not None and outcome is not Decision.MAPPED:
        raise InvalidInput("--to goes with --outcome mapped.")
    with opened_town(), unit_of_work() as db:
        target = find_element(db, to).id if to else None
        decision = work.Decision(
            outcome=work.Outcome(outcome), to=target, by=by or account(), note=reason
        )
        row = work.settle(db, item, decision)
    if as_json:
        print_answer(row)
        return
    say(f"{row.own_name} and {row.gone_name}: {outcome}.")
    say_next("`townclerk landscape worklist` shows what is left")


def postpone(
    item: Annotated[UUID, typer.Argument(help="The item, as `worklist` shows it.")],
    *,
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The day it comes up again.")
    ],
    reason: Reason = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Put an item of the work list off until a day."""
    day = until.replace(tzinfo=UTC)
    with opened_town(), unit_of_work() as db:
        row = work.postpone(db, item, day, by=by or account(), note=reason)
    if as_json:
        print_answer({"item": row.id, "until": day})
        return
    say(f"{row.own_name} and {row.gone_name}: again on {day:%Y-%m-%d}.")
    say_next("`townclerk landscape worklist --all` shows what is put off, too")


def stored_model(key: str, as_of: datetime | None, in_scenario: str | None) -> Model:
    """Return a model of the register, as of a day or with a scenario's changes."""
    with opened_town(), unit_of_work() as db:
        scenario = find_scenario(db, in_scenario).id if in_scenario else None
        return fetch_model(db, key, as_of=end_of(as_of), scenario=scenario)


def add_to(app: typer.Typer) -> None:
    """Add the commands on models to the landscape's commands."""
    app.command(name="import")(import_)
    for command in (models, worklist, settle, postpone):
        app.command(name=command.__name__)(command)
    app.add_typer(releases, name="releases")
