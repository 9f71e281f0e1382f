"""How golden values are chosen and which keys keep people apart, by command: show and settle."""

import getpass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from registry import customers
from registry.customers.live.commands import MatchReport
from registry.customers.live.survivorship import Criterion
from townclerk.cli.following import telling
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, many, print_json, print_table, say, say_next
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
        ("attribute", "what decides, in this order", "trusted data sets", "settled by", "why"),
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
        typer.Option(help="What decides, in this order; none goes back to what is shipped."),
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
    say(f"{many(changed, 'customer has', 'customers have')} another value by it.")
    say_next("`townclerk customers survivorship`")


class Keys(StrEnum):
    """What a data set's own keys tell."""

    DISTINCT = "distinct"
    REPEATS = "repeats"
    RULE = "rule"


def own_keys(as_json: AsJson = False) -> None:
    """Show which data sets keep people apart by their own keys, and how often they err."""
    with opened_town(), unit_of_work() as db:
        found = customers.keeping.list_own_keys(db)
    if as_json:
        print_json(found)
        return
    print_table(
        "Own keys",
        (
            "data set",
            "records",
            "seem to be twice",
            "surely",
            "its keys",
            "settled by",
            "why",
            "undo",
        ),
        (
            (
                one.data_set,
                one.records,
                one.repeats,
                one.sure,
                "keep people apart" if one.keeps_apart else "may repeat people",
                one.actor or "the rule",
                one.reason,
                one.change,
            )
            for one in found
        ),
    )
    say_next("`townclerk customers settle-keys URN distinct --reason TEXT`, or repeats, or rule")


def settle_keys(
    data_set: Annotated[str, typer.Argument(help="URN, as `own-keys` lists it.")],
    keys: Annotated[
        Keys, typer.Argument(help="distinct: two keys are two people; rule: as the data shows.")
    ],
    *,
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Settle whether a data set has anybody twice; all records are matched by it at once."""
    with opened_town(), telling(as_json=as_json) as tell, unit_of_work() as db:
        report = customers.keeping.settle_own_keys(
            db,
            data_set,
            keeps_apart={Keys.DISTINCT: True, Keys.REPEATS: False}.get(keys),
            reason=reason,
            actor=actor or getpass.getuser(),
            tell=tell,
        )
    _tell_change(data_set, report, as_json=as_json)


def undo_keys(
    change: Annotated[UUID, typer.Argument(help="Id in the last column of `own-keys`.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Take back how a data set's own keys were settled last; what stood before holds again."""
    with opened_town(), telling(as_json=as_json) as tell, unit_of_work() as db:
        _, data_set = customers.keeping.undoable_change(db, change)
        report = customers.keeping.undo_own_keys(
            db, change, actor=actor or getpass.getuser(), tell=tell
        )
    _tell_change(data_set, report, as_json=as_json)


def _tell_change(data_set: str, report: MatchReport | None, *, as_json: bool) -> None:
    change = report.change if report else None
    if as_json:
        merges, splits = (change.merges, change.splits) if change else (0, 0)
        print_json({"data_set": data_set, "merges": merges, "splits": splits})
        return
    if change is None:
        say("Kept; nothing changes by it now.")
    else:
        say(f"{change.merges} customers were joined with others by it, {change.splits} parted.")
    say_next("`townclerk customers own-keys`")
