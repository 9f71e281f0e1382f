"""`townclerk landscape scenario`: plans over the base, compared, merged, given up."""

from typing import Annotated

import typer

from registry.landscape.changes import scenarios
from registry.landscape.models.difference import Scope, difference
from townclerk.cli.landscape_deciding import (
    Choices,
    Prefer,
    Reason,
    ValidateOnly,
    show_differences,
    sides_of,
    tell_decided,
)
from townclerk.cli.models import print_answer
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_table, say, say_next
from townclerk.cli.people import By, account

scenario = typer.Typer(
    help="Scenarios: plans over the base.", no_args_is_help=True, rich_markup_mode=None
)


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
    tell_decided(done, validate_only=validate_only, as_json=as_json)


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
