"""`townclerk landscape changes, scenario, upsert`: proposals, plans, tables, and taking back."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer

from registry.landscape.changes import decide, scenarios, sets
from registry.landscape.changes.listing import changes_made
from registry.landscape.changes.merge import Collision, Side, Sides
from registry.landscape.changes.plan import ChangeDraft
from registry.landscape.changes.table import drafts_of
from registry.landscape.changes.undo import undo as take_back
from registry.landscape.exchange.tables import Table, read_csv, read_xlsx
from registry.landscape.metamodel import Strictness
from registry.landscape.models.difference import Difference, Scope, difference
from schemas.changes import ChangeState
from schemas.errors import InvalidInput
from townclerk.cli.documents import read_document
from townclerk.cli.files import read_bytes
from townclerk.cli.models import end_of, print_answer, show
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_table, say, say_next
from townclerk.cli.people import By, account

TABLE_BYTES_MAX = 100_000_000  # as the readers of tables
EXIT_CONFLICTS = 1  # told, with conflicts

Reason = Annotated[str, typer.Option(help="Why; it stays with the change-set.")]
Key = Annotated[UUID, typer.Argument(help="The change-set, as `changes list` shows it.")]
InScenario = Annotated[
    str | None, typer.Option("--scenario", help="Plan it in this scenario; else change the base.")
]
Prefer = Annotated[Side | None, typer.Option(help="Whose value stays where two changed one field.")]
Choices = Annotated[
    list[str] | None,
    typer.Option(
        "--choose", help="For one field: OBJECT:FIELD=plan or OBJECT:FIELD=base; may be repeated."
    ),
]
ValidateOnly = Annotated[
    bool, typer.Option("--validate-only", help="Tell what would come of it, and do nothing.")
]
Mode = Annotated[Strictness, typer.Option(help="strict refuses what ArchiMate forbids.")]

changes = typer.Typer(
    help="Change-sets: proposed, approved, undone.", no_args_is_help=True, rich_markup_mode=None
)
scenario = typer.Typer(
    help="Scenarios: plans over the base.", no_args_is_help=True, rich_markup_mode=None
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
    say(f"Proposed: {_counted(counts)}.")
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
    _tell(done, validate_only=validate_only, as_json=as_json)


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
    _tell(done, validate_only=validate_only, as_json=as_json)


def _tables(file: Path) -> Iterable[Table]:
    data = read_bytes(file, bytes_max=TABLE_BYTES_MAX)
    if file.suffix.lower() == ".xlsx":
        return read_xlsx(data, file=file.name).values()
    return [read_csv(data, file=file.name)]


def _tell(done: decide.Decided, *, validate_only: bool, as_json: bool) -> None:
    if as_json:
        print_answer(done)
    else:
        _show_collisions(done.conflicts)
        say(f"{'Would be' if validate_only else 'Done'}: {_counted(done.counts)}.")
        if validate_only:
            say_next("the same command without --validate-only does it")
        elif done.scenario_id is not None:
            say_next("`townclerk landscape scenario list`, then `scenario show KEY`")
        else:
            say_next(f"`townclerk landscape changes undo {done.change_set_id}` takes it back")
    if validate_only and done.conflicts:
        raise typer.Exit(EXIT_CONFLICTS)


def _show_collisions(conflicts: Iterable[Collision]) -> None:
    rows = [(c.name, c.field, c.before, c.base, c.plan, c.why) for c in conflicts]
    if rows:
        show("Conflicts", ("name", "field", "before", "as it stands", "as planned", "why"), rows)


def _counted(counts: dict[str, Any]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items()) or "nothing"


# ---- Scenarios ----------------------------------------------------------------------------------


@scenario.command(name="open")
def open_(
    key: Annotated[str, typer.Argument(help="Short name, e.g. cloud-2028.")],
    *,
    name: Annotated[str, typer.Option(help="Name as people say it.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Open a scenario, empty."""
    with opened_town(), unit_of_work() as db:
        made = scenarios.open_scenario(db, key, name=name or key, created_by=by or account())
    if as_json:
        print_answer({"scenario": made, "key": key})
        return
    say(f"The scenario {key} is open.")
    say_next(f"`townclerk landscape changes propose FILE --scenario {key}`, then approve it")


@scenario.command(name="list")
def list_scenarios(as_json: AsJson = False) -> None:
    """List scenarios and how much each plans."""
    with opened_town(), unit_of_work() as db:
        rows = scenarios.list_scenarios(db)
    if as_json:
        print_answer(rows)
        return
    shown = [(r.key, r.name, r.adds, r.changes, r.removes, r.created_by, r.merged_at) for r in rows]
    columns = ("key", "name", "adds", "changes", "removes", "by", "merged")
    print_table("Scenarios", columns, shown)
    say_next("`townclerk landscape scenario show KEY`")


@scenario.command(name="show")
def show_scenario(
    key: Annotated[str, typer.Argument(help="The scenario.")], as_json: AsJson = False
) -> None:
    """Show what a scenario makes otherwise than the base."""
    with opened_town(), unit_of_work() as db:
        plan = scenarios.find_scenario(db, key)
        rows = list(difference(db, Scope(), Scope(scenario=plan.id)))
    if as_json:
        print_answer({"scenario": plan, "differences": rows})
        return
    show_differences(f"{plan.name}, beside the base", rows)
    say_next(f"`townclerk landscape scenario merge {key} --validate-only`")


@scenario.command(name="merge")
def merge_scenario(
    key: Annotated[str, typer.Argument(help="The scenario.")],
    *,
    prefer: Prefer = None,
    choose: Choices = None,
    validate_only: ValidateOnly = False,
    reason: Reason = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Make a scenario the base; where the base changed the same, both values are told."""
    sides = sides_of(prefer, choose)
    with opened_town(), unit_of_work() as db:
        done = scenarios.merge_scenario(
            db,
            key,
            by=by or account(),
            reason=reason,
            sides=sides,
            validate_only=validate_only,
        )
    _tell(done, validate_only=validate_only, as_json=as_json)


@scenario.command()
def discard(
    key: Annotated[str, typer.Argument(help="The scenario.")], as_json: AsJson = False
) -> None:
    """Give a scenario up: nobody sees it any more; its change-sets stay in the record."""
    with opened_town(), unit_of_work() as db:
        row = scenarios.discard_scenario(db, key)
    if as_json:
        print_answer({"scenario": row.id, "key": key})
        return
    say(f"{row.name} is given up.")
    say_next("`townclerk landscape scenario list` shows what is still planned")


def sides_of(prefer: Side | None, choose: list[str] | None) -> Sides:
    """Return whose values stay, as the options say.

    Raises:
        InvalidInput: A choice is not OBJECT:FIELD=SIDE.
    """
    choices = {}
    for said in choose or ():
        place, _, side = said.rpartition("=")
        key, _, name = place.partition(":")
        try:
            choices[UUID(key), name] = Side(side)
        except ValueError:
            raise InvalidInput(
                f"--choose {said!r} is no choice.",
                remedy="Write OBJECT:FIELD=plan or =base, as --validate-only --json shows them.",
            ) from None
    return Sides(prefer, choices)


def show_differences(title: str, rows: list[Difference]) -> None:
    """Print differences, one object a line."""
    shown = [
        (one.what, one.table, one.kind, one.name,
         "; ".join(f"{name}: {values[0]!r} to {values[1]!r}" if values else name
                   for name, values in one.fields.items()))
        for one in rows
    ]  # fmt: skip
    show(title, ("what", "table", "kind", "name", "differs in"), shown)
    say(f"{len(rows):,} objects differ.")


def show_register_difference(
    since: datetime | None, until: datetime | None, model: str | None, *, as_json: bool
) -> None:
    """Compare the register of one day with that of another, or with now.

    Raises:
        InvalidInput: No day was named.
    """
    if since is None:
        raise InvalidInput(
            "There is nothing to compare.", remedy="Name two files, or a day with --from."
        )
    before, after = Scope(as_of=end_of(since)), Scope(as_of=end_of(until))
    with opened_town(), unit_of_work() as db:
        rows = list(difference(db, before, after, model=model))
    if as_json:
        counts = Counter((one.table, one.what) for one in rows)
        told = {f"{table}s {what}": number for (table, what), number in sorted(counts.items())}
        print_answer({"counts": told, "differences": rows})
        return
    show_differences(f"From {since:%Y-%m-%d} to {until:%Y-%m-%d}" if until else
                     f"Since {since:%Y-%m-%d}", rows)  # fmt: skip
    say_next("--model KEY leaves only one model; --json prints all")


def add_to(app: typer.Typer) -> None:
    """Add the commands on changes to the landscape's commands."""
    app.command(name="upsert")(upsert)
    app.add_typer(changes, name="changes")
    app.add_typer(scenario, name="scenario")
