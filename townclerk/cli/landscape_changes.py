"""`townclerk landscape changes, upsert, history`: proposals, tables, taking back, and the past."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from registry.landscape.changes import decide, scenarios, sets
from registry.landscape.changes.listing import changes_made
from registry.landscape.changes.plan import ChangeDraft
from registry.landscape.changes.table import drafts_of
from registry.landscape.changes.undo import undo as take_back
from registry.landscape.changes.versions import versions_of
from registry.landscape.exchange.tables import Table, read_csv, read_xlsx
from registry.landscape.metamodel import Strictness
from schemas.changes import ChangeState
from schemas.errors import InvalidInput
from townclerk.cli.documents import read_document
from townclerk.cli.files import read_bytes
from townclerk.cli.landscape_deciding import (
    Choices,
    InScenario,
    Mode,
    Prefer,
    Reason,
    ValidateOnly,
    counted,
    show_differences,
    sides_of,
    tell_decided,
)
from townclerk.cli.landscape_scenarios import scenario
from townclerk.cli.models import print_answer, show
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_table, say, say_next
from townclerk.cli.people import By, account

TABLE_BYTES_MAX = 100_000_000  # as the readers of tables

Key = Annotated[UUID, typer.Argument(help="The change-set, as `changes list` shows it.")]

changes = typer.Typer(
    help="Change-sets: proposed, approved, undone.", no_args_is_help=True, rich_markup_mode=None
)


class ChangesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of changes holds."""

    changes: list[ChangeDraft]
    reason: str = ""


@changes.command()
def propose(
    file: Annotated[Path, typer.Argument(help="YAML or JSON with `changes` and `reason`.")],
    *,
    reason: Reason = "",
    in_scenario: InScenario = None,
    mode: Mode = Strictness.STRICT,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Write down what you want to change; nothing changes until somebody approves it."""
    try:
        asked = msgspec.convert(read_document(file), ChangesFile)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{file}: {error}.") from error
    with opened_town(), unit_of_work() as db:
        key = decide.propose(
            db,
            asked.changes,
            proposer=by or account(),
            reason=reason or asked.reason,
            scenario=scenarios.open_for_plans(db, in_scenario) if in_scenario else None,
            strictness=mode,
        )
        counts = sets.find_change_set(db, key).counts
    if as_json:
        print_answer({"change_set": key, "counts": counts})
        return
    say(f"Proposed: {counted(counts)}.")
    say_next(f"`townclerk landscape changes approve {key}`")


@changes.command(name="list")
def list_changes(
    state: Annotated[ChangeState | None, typer.Option(help="Only what stands so.")] = None,
    as_json: AsJson = False,
) -> None:
    """List change-sets, newest first."""
    with opened_town(), unit_of_work() as db:
        rows = sets.list_change_sets(db, state=state)
    if as_json:
        print_answer(rows)
        return
    shown = [(r.id, r.state, r.reason, f"{r.proposer}, {r.reviewer or '-'}") for r in rows]
    columns = ("change-set", "state", "reason", "proposer, reviewer")
    print_table("Change-sets", columns, shown)
    say_next("`townclerk landscape changes undo CHANGE-SET` takes an applied one back")


@changes.command(name="show")
def show_changes(key: Key, as_json: AsJson = False) -> None:
    """Show what a change-set changed, or would change: each field before and after."""
    with opened_town(), unit_of_work() as db:
        row, rows = sets.find_change_set(db, key), changes_made(db, key)
    if as_json:
        print_answer({"change_set": row, "differences": rows})
        return
    show_differences(f"{row.state}: {row.reason}", rows)
    say(f"Proposed by {row.proposer}, decided by {row.reviewer or 'nobody else'}.")
    if row.state == ChangeState.PROPOSED:
        say_next(f"`townclerk landscape changes approve {key}`, by somebody else")


@changes.command()
def approve(
    key: Key,
    *,
    reason: Reason = "",
    prefer: Prefer = None,
    choose: Choices = None,
    validate_only: ValidateOnly = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Make what somebody else's change-set plans, on top of whatever others did since."""
    sides = sides_of(prefer, choose)
    with opened_town() as chosen, unit_of_work() as db:
        verdict = decide.Verdict(
            reviewer=by or account(), decision=reason, own_too=chosen.self_approval
        )
        done = decide.approve(db, key, verdict, sides=sides, validate_only=validate_only)
    tell_decided(done, validate_only=validate_only, as_json=as_json)


@changes.command()
def reject(key: Key, *, reason: Reason = "", by: By = "", as_json: AsJson = False) -> None:
    """Turn a proposed change-set down."""
    with opened_town(), unit_of_work() as db:
        decide.reject(db, key, decide.Verdict(reviewer=by or account(), decision=reason))
    if as_json:
        print_answer({"change_set": key, "state": ChangeState.REJECTED})
        return
    say("Rejected; nothing was changed.")


@changes.command()
def undo(key: Key, *, reason: Reason = "", by: By = "", as_json: AsJson = False) -> None:
    """Take an applied change-set back; what others did to other fields stays."""
    with opened_town(), unit_of_work() as db:
        done = take_back(db, key, proposer=by or account(), reason=reason)
    if as_json:
        print_answer(done)
        return
    say(f"Undone: {done.restored} back, {done.changed_back} changed back, {done.taken_out} out.")
    say_next(f"`townclerk landscape changes undo {done.change_set_id}` undoes that again")


def upsert(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with a row per element.")],
    *,
    reason: Reason = "",
    in_scenario: InScenario = None,
    mode: Mode = Strictness.STRICT,
    prefer: Prefer = None,
    validate_only: ValidateOnly = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Bring elements or relationships up to a table: known URNs change, new ones are added.

    Columns: urn, kind, name, description; or kind, source, target. All others are attributes; an
    empty cell leaves what is there. Every wrong row is told, and then nothing is changed.
    """
    drafts = [draft for table in _tables(file) for draft in drafts_of(table)]
    with opened_town(), unit_of_work() as db:
        done = decide.make(
            db,
            drafts,
            proposer=by or account(),
            reason=reason or f"Table {file.name}.",
            purpose="table",
            scenario=scenarios.open_for_plans(db, in_scenario) if in_scenario else None,
            strictness=mode,
            sides=sides_of(prefer, None),
            validate_only=validate_only,
        )
    tell_decided(done, validate_only=validate_only, as_json=as_json)


def _tables(file: Path) -> Iterable[Table]:
    data = read_bytes(file, bytes_max=TABLE_BYTES_MAX)
    if file.suffix.lower() == ".xlsx":
        return read_xlsx(data, file=file.name).values()
    return [read_csv(data, file=file.name)]


def history(
    urn: Annotated[str, typer.Argument(help="URN of the element; also of one that is gone.")],
    as_json: AsJson = False,
) -> None:
    """Show all versions of an element: since when each held, when we learnt it, who and why."""
    with opened_town(), unit_of_work() as db:
        rows = versions_of(db, urn)
    if as_json:
        print_answer(rows)
        return
    shown = [
        (one.valid_from, one.valid_to, one.recorded_from, one.withdrawn_at, one.proposer,
         one.reason, "; ".join(f"{n}: {v[0]!r} to {v[1]!r}" for n, v in one.fields.items() if v))
        for one in rows
    ]  # fmt: skip
    columns = ("held from", "held to", "learnt", "withdrawn", "by", "why", "what changed")
    show(rows[0].name, columns, shown)
    say_next("`townclerk landscape diff --from DAY` shows everything that changed since a day")


def add_to(app: typer.Typer) -> None:
    """Add the commands on changes to the landscape's commands."""
    app.command(name="upsert")(upsert)
    app.command(name="history")(history)
    app.add_typer(changes, name="changes")
    app.add_typer(scenario, name="scenario")
