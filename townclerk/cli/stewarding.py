"""The steward's part of `townclerk customers`: doubtful pairs, why, decisions, new models."""

import getpass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import psycopg
import typer

from registry import customers
from schemas.customers import Verdict
from townclerk.cli.following import telling
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next
from townclerk.cli.viewing import Actor, Purpose, sight

One = Annotated[str, typer.Argument(help="Number of a record, or DATA_SET/KEY.")]
Other = Annotated[str, typer.Argument(help="Number of another record, or DATA_SET/KEY.")]


class Judgement(StrEnum):
    """What a steward found a sampled link to be."""

    RIGHT = "right"
    WRONG = "wrong"


def review(
    limit: Annotated[int, typer.Option(min=1, max=200, help="Questions to show.")] = 20,
    after: Annotated[
        str | None, typer.Option(help="Go on behind this place, as --json shows it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the questions that are asked now, those first where an answer helps most."""
    with opened_town(), unit_of_work() as db:
        kept = customers.review.keep_up(db)
        found = customers.review.read_queue(db, limit=limit, after=after, kept=kept)
    queue, count = found.pairs, found.count
    if as_json:
        print_json(queue)
        return
    print_table(
        "Pairs to review",
        ("record", "record", "bits", "now", "one customer", "records", "benefit"),
        (
            (
                doubt.left_id,
                doubt.right_id,
                f"{doubt.weight_bits:z.1f}",
                "one customer" if doubt.linked else "two customers",
                f"{doubt.chance:.0%}",
                doubt.records,
                f"{doubt.benefit:.2f}",
            )
            for doubt in queue
        ),
    )
    say(
        f"{len(queue)} of {count.asked} questions that are asked now; {count.below} more wait below"
        " the line."
    )
    if queue:
        first = queue[0]
        say_next(
            f"`townclerk customers compare {first.left_id} {first.right_id} --purpose stewardship`"
        )
    elif count.asked:
        say("No question stands behind this place; without --after the first ones are shown.")
    else:
        say("Nothing is doubtful.")


def _numbers(db: psycopg.Connection, one: str, other: str) -> tuple[int, int]:
    return customers.queries.record_number(db, one), customers.queries.record_number(db, other)


def why(one: One, other: Other, as_json: AsJson = False) -> None:
    """Show, field by field, why two records are taken for one customer or not."""
    with opened_town(), unit_of_work() as db:
        found = customers.explain.explain(db, *_numbers(db, one, other))
    if as_json:
        print_json(found)
        return
    print_table(
        f"Records {found.left} and {found.right}",
        (
            "field",
            "how they agree",
            "over household",
            "over strangers",
            "adds bits",
            "weight so far",
        ),
        (
            (
                step.field,
                step.level,
                f"{step.over_household_bits:+z.1f}",
                f"{step.over_stranger_bits:+z.1f}",
                f"{step.bits:+z.1f}",
                f"{step.weight_bits:z.1f}",
            )
            for step in found.steps
        ),
    )
    over_household = sum(step.over_household_bits for step in found.steps)
    over_strangers = sum(step.over_stranger_bits for step in found.steps)
    say(
        f"One person rather than two of a household: {over_household:.1f} bits; rather than two"
        f" strangers: {over_strangers:.1f} bits."
    )
    say(
        f"Weight {found.weight_bits:z.1f} bits, probability {found.probability:.3f};"
        f" records are linked from {found.cut_bits:z.1f} bits on."
    )
    if found.decided is not None:
        say(f"A steward decided: {'link' if found.decided else 'unlink'}.")
    elif found.by_identity:
        say("One official number agrees and nothing contradicts it: linked whatever the weight.")
    elif found.own_keys:
        say("Two keys of one source that has nobody twice: never linked by the model.")
    elif found.apart:
        say("Two official numbers: never linked by the model.")
    say_next(f"`townclerk customers decide {one} {other} link --reason TEXT`, or unlink, postpone")


def compare(one: One, other: Other, purpose: Purpose = None, as_json: AsJson = False) -> None:
    """Show two records side by side, with the evidence in bits and what speaks against it."""
    with opened_town(), unit_of_work() as db:
        found = customers.compare.compare_records(db, sight(db, purpose), *_numbers(db, one, other))
    if as_json:
        print_json(found)
        return
    print_table(
        "Side by side",
        ("attribute", *(f"{side.data_set} {side.key}" for side in (found.left, found.right)), ""),
        (
            (line.attribute, line.left, line.right, "same" if line.same else "")
            for line in found.lines
        ),
    )
    print_table(
        "Evidence",
        ("field", "how they agree", "adds bits", "weight so far"),
        (
            (step.field, step.level, f"{step.bits:+z.1f}", f"{step.weight_bits:z.1f}")
            for step in found.steps
        ),
    )
    say(f"{found.because} Now {'one customer' if found.linked else 'two customers'}.")
    for warning in found.warnings:
        say(f"Note: {warning}")
    say_next(f"`townclerk customers decide {one} {other} link --reason TEXT`, or unlink, postpone")


def decide(
    one: One,
    other: Other,
    verdict: Annotated[Verdict, typer.Argument(help="What you decide.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Link two records, unlink them, or postpone; it holds whatever a model says later."""
    with opened_town(), unit_of_work() as db:
        decision = customers.stewardship.decide(
            db, *_numbers(db, one, other), verdict, reason=reason, actor=actor or getpass.getuser()
        )
    if as_json:
        print_json({"decision": decision})
        return
    say(f"Kept as decision {decision}.")
    say_next(f"`townclerk customers undo {decision}` takes it back")


def undo(
    decision: Annotated[UUID, typer.Argument(help="Id of a decision.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Take a decision back; the model decides again, and the decision stays on record."""
    with opened_town(), unit_of_work() as db:
        customers.stewardship.undo(db, decision, actor=actor or getpass.getuser())
    if as_json:
        print_json({"undone": decision})
        return
    say("Taken back.")
    say_next("`townclerk customers decisions`")


def decisions(as_json: AsJson = False) -> None:
    """List what was decided, the newest first, undone decisions too."""
    with opened_town(), unit_of_work() as db:
        rows = customers.stewardship.decisions(db)
    if as_json:
        print_json(rows)
        return
    print_table(
        "Decisions",
        ("record", "record", "verdict", "reason", "by", "at", "undone", "id"),
        (
            (
                row.left_id,
                row.right_id,
                row.verdict,
                row.reason,
                row.actor,
                row.decided_at,
                row.undone_by,
                row.id,
            )
            for row in rows
        ),
    )


def sample(
    draw: Annotated[int, typer.Option(help="Draw so many more automatic links.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Draw automatic links at random to look at, and tell the precision measured so far."""
    with opened_town(), unit_of_work() as db:
        waiting = (
            customers.sampling.draw_sample(db, draw)
            if draw
            else customers.sampling.waiting_sample(db)
        )
        precision = customers.sampling.measured_precision(db)
    if as_json:
        print_json({"precision": precision, "waiting": waiting})
        return
    print_table(
        "Links to look at",
        ("record", "record", "bits", "sample"),
        ((one.left_id, one.right_id, f"{one.weight_bits:z.1f}", one.id) for one in waiting),
    )
    _say_precision(precision)
    if waiting:
        first = waiting[0]
        say_next(
            f"`townclerk customers compare {first.left_id} {first.right_id} --purpose stewardship`,"
            f" then `townclerk customers judge {first.id} right`, or wrong"
        )
    else:
        say_next("`townclerk customers sample --draw 50`")


def judge(
    link: Annotated[UUID, typer.Argument(help="Id of a sampled link.")],
    verdict: Annotated[Judgement, typer.Argument(help="Whether both are one customer.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a sampled link is right; it measures, and changes no customer."""
    with opened_town(), unit_of_work() as db:
        precision = customers.sampling.judge_link(
            db, link, right=verdict is Judgement.RIGHT, actor=actor or getpass.getuser()
        )
    if as_json:
        print_json(precision)
        return
    _say_precision(precision)


def _say_precision(found: customers.sampling.Precision) -> None:
    if not found.judged:
        say("Nobody has looked at a link of this model yet.")
        return
    say(
        f"{found.right} of {found.judged} links were right: {found.share:.1%}, and with 95 %"
        f" certainty between {found.least:.1%} and {found.most:.1%}."
    )


def train(as_json: AsJson = False) -> None:
    """Train a new model beside the live one and show what it would change."""
    with opened_town(), telling(as_json=as_json) as tell, unit_of_work() as db:
        proposal = customers.commands.propose(db, tell=tell)
    if as_json:
        print_json(proposal)
        return
    say(
        f"Model {proposal.version[:12]} finds {proposal.customers} customers. Of those of today"
        f" {proposal.merges} would be joined with others, {proposal.splits} parted, and"
        f" {proposal.unchanged} stay as they are."
    )
    say_next(f"`townclerk customers rematch --version {proposal.version[:12]}` puts it in force")
