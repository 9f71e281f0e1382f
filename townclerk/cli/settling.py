"""How golden values are chosen, by command: show the rules, settle one."""

import getpass
from typing import Annotated

import typer

from registry import customers
from registry.customers.survivorship import Criterion
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next
from townclerk.cli.viewing import Actor


def survivorship(as_json: AsJson = False) -> None:
    """Show how each attribute gets its golden value."""
    with opened_town(), unit_of_work() as db:
        rules = customers.settling.list_rules(db)
    if as_json:
        print_json(rules)
        return
    print_table(
        "Survivorship",
        ("attribute", "decides, the first first", "trusted data sets", "settled by", "why"),
        (
            (
                rule.attribute,
                ", ".join(rule.criteria),
                ", ".join(rule.trusted),
                rule.actor or "as shipped",
                rule.reason,
            )
            for rule in rules
        ),
    )
    say_next("`townclerk customers settle email --by trusted --trust URN --reason TEXT`")


def settle(
    attribute: Annotated[str, typer.Argument(help="As `survivorship` lists it, e.g. address.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")],
    by: Annotated[
        list[Criterion] | None,
        typer.Option(help="What decides, the first first; none goes back to what is shipped."),
    ] = None,
    trust: Annotated[
        list[str] | None, typer.Option(help="URN of a data set, the most trusted first.")
    ] = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Settle how an attribute gets its golden value; all customers are chosen anew at once."""
    with opened_town(), unit_of_work() as db:
        changed = customers.settling.settle_rule(
            db,
            attribute,
            criteria=[one.value for one in by or ()],
            trusted=trust or (),
            reason=reason,
            actor=actor or getpass.getuser(),
        )
    if as_json:
        print_json({"attribute": attribute, "customers_changed": changed})
        return
    say(f"{changed} customers have another value by it.")
    say_next("`townclerk customers survivorship`")
