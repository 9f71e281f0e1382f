"""What commands that decide about changes share: options, and how they tell what came of it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from registry.landscape.changes import decide
from registry.landscape.changes.merge import Collision, Side, Sides
from registry.landscape.metamodel import Strictness
from registry.landscape.models.difference import Difference, Scope, difference
from schemas.errors import InvalidInput
from townclerk.cli.models import end_of, print_answer, show
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import many, say, say_next

EXIT_CONFLICTS = 1  # told, with conflicts

Reason = Annotated[str, typer.Option(help="Why; it stays with the change-set.")]
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


def tell_decided(done: decide.Decided, *, validate_only: bool, as_json: bool) -> None:
    """Tell what became of a change-set, or would.

    Raises:
        Exit: It was only tried, and others changed the same.
    """
    if as_json:
        print_answer(done)
    else:
        _show_collisions(done.conflicts)
        say(f"{'Would be' if validate_only else 'Done'}: {counted(done.counts)}.")
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


def counted(counts: dict[str, Any]) -> str:
    """Return counts in words."""
    return ", ".join(f"{number} {word}" for word, number in counts.items()) or "nothing"


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
                   for name, values in one.fields.items() if one.what == "changed"))
        for one in rows
    ]  # fmt: skip
    show(title, ("what", "table", "kind", "name", "differs in"), shown)
    say(f"{many(len(rows), 'object differs', 'objects differ')}.")


def show_register_difference(
    since: datetime | None,
    until: datetime | None,
    model: str | None,
    *,
    known_at: datetime | None = None,
    as_json: bool,
) -> None:
    """Compare the register of one day with that of another, or with now.

    Args:
        since: The one day.
        until: The other; None means now.
        model: Only the model of this key.
        known_at: As the register knew both at the end of this day.
        as_json: Whether to print JSON.

    Raises:
        InvalidInput: No day was named.
    """
    if since is None:
        raise InvalidInput(
            "There is nothing to compare.", remedy="Name two files, or a day with --from."
        )
    before, after = (Scope(as_of=end_of(day), known=end_of(known_at)) for day in (since, until))
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
