"""Changes of the master view: decisions of stewards, samples, purposes, the outbox, erasure."""

from typing import Annotated
from uuid import UUID

import psycopg
import strawberry

from registry.access.tokens import Actor
from registry.api.changes import Change, change
from registry.api.customers import Judgement, customer_id, record_number
from registry.api.enums import publish
from registry.api.pages import plain_text
from registry.customers import erase, outbox, purposes, sampling, settling, stewardship
from schemas.access import Scope
from schemas.customers import Verdict
from schemas.errors import InvalidInput

publish(
    Verdict,
    "What a steward decides about two records.",
    {
        Verdict.LINK: "They are one customer, whatever the model says.",
        Verdict.UNLINK: "They are two customers, whatever the model says.",
        Verdict.POSTPONE: "Nobody knows yet; the pair leaves the queue.",
    },
)
Record = Annotated[strawberry.ID, strawberry.argument(description="Number of a record.")]
Reason = Annotated[
    str, strawberry.argument(description="Why, for those who ask later; no values of customers.")
]


@strawberry.type(description="A steward decided about two records, or took a decision back.")
class DecisionChange(Change):
    """A steward decided about two records, or took a decision back."""

    decision: strawberry.ID = strawberry.field(description="Id of the decision.")
    linked: bool = strawberry.field(description="Whether both are one customer now.")


@strawberry.type(description="Automatic links were drawn for a look, or one was looked at.")
class SampleChange(Change):
    """Automatic links were drawn for a look, or one was looked at."""

    waiting: int = strawberry.field(description="Links that wait for a look.")
    judged: int = strawberry.field(description="Links that somebody has looked at.")
    share: float = strawberry.field(description="Right ones among the judged.")
    least: float = strawberry.field(description="Lower end of the 95 % interval.")
    most: float = strawberry.field(description="Upper end of the 95 % interval.")


@strawberry.type(description="A purpose was settled.")
class PurposeChange(Change):
    """A purpose was settled."""

    key: str = strawberry.field(description="Short name people type.")
    fields: list[str] = strawberry.field(description="What it shows; all else is masked.")


@strawberry.type(description="It was settled how an attribute gets its golden value.")
class SurvivorshipChange(Change):
    """It was settled how an attribute gets its golden value."""

    customers: int = strawberry.field(description="Customers that have another value by it.")


@strawberry.type(description="A reader of events has said how far it is.")
class EventsAcknowledged(Change):
    """A reader of events has said how far it is."""

    reader: str = strawberry.field(description="What it calls itself.")
    behind: int = strawberry.field(description="Events that wait for it.")


@strawberry.type(description="A customer was erased; counts only.")
class CustomerErased(Change):
    """A customer was erased; counts only."""

    records: int = strawberry.field(description="Source records that went.")
    dealings: int = strawberry.field(description="Interactions, consents and the like that went.")
    versions: int = strawberry.field(description="Past versions that went.")


def _decide_match(
    db: psycopg.Connection,
    *,
    left: Record,
    right: Record,
    verdict: Annotated[Verdict, strawberry.argument(description="What is decided.")],
    reason: Reason,
    actor: Actor,
) -> DecisionChange:
    one, other = record_number(left, "left"), record_number(right, "right")
    decision = stewardship.decide(
        db, one, other, verdict, reason=plain_text(reason, "reason"), actor=actor.name
    )
    return DecisionChange(
        decision=strawberry.ID(str(decision)), linked=stewardship.are_linked(db, one, other)
    )


def _undo_decision(
    db: psycopg.Connection,
    decision: Annotated[strawberry.ID, strawberry.argument(description="Id of a decision.")],
    actor: Actor,
) -> DecisionChange:
    key = _uuid(decision, "decision")
    one, other = stewardship.undo(db, key, actor=actor.name)
    linked = one is not None and other is not None and stewardship.are_linked(db, one, other)
    return DecisionChange(decision=decision, linked=linked)


def _draw_sample(
    db: psycopg.Connection,
    size: Annotated[int, strawberry.argument(description="Links to draw, 1 to 1000.")],
) -> SampleChange:
    sampling.draw_sample(db, size)
    return _sample(sampling.measured_precision(db))


def _judge_link(
    db: psycopg.Connection,
    sample: Annotated[strawberry.ID, strawberry.argument(description="Id of a sampled link.")],
    judgement: Annotated[Judgement, strawberry.argument(description="What it was found to be.")],
    actor: Actor,
) -> SampleChange:
    right = judgement is Judgement.RIGHT
    found = sampling.judge_link(db, _uuid(sample, "sample"), right=right, actor=actor.name)
    return _sample(found)


def _sample(found: sampling.Precision) -> SampleChange:
    return SampleChange(
        waiting=found.waiting,
        judged=found.judged,
        share=found.share,
        least=found.least,
        most=found.most,
    )


def _set_purpose(
    db: psycopg.Connection,
    *,
    key: Annotated[str, strawberry.argument(description="Short name people type.")],
    name: Annotated[str, strawberry.argument(description="As in the register of processing.")],
    lawful_basis: Annotated[str, strawberry.argument(description="Article of law it rests on.")],
    fields: Annotated[list[str], strawberry.argument(description="What it shows.")],
    active: Annotated[bool, strawberry.argument(description="Whether it may be named.")] = True,
    actor: Actor,
) -> PurposeChange:
    row = purposes.set_purpose(
        db,
        key,
        name=plain_text(name, "name"),
        lawful_basis=plain_text(lawful_basis, "lawfulBasis"),
        fields=fields,
        active=active,
        actor=actor.name,
    )
    return PurposeChange(key=row.key, fields=row.fields)


def _settle_survivorship(
    db: psycopg.Connection,
    *,
    attribute: Annotated[str, strawberry.argument(description="Name of the group, e.g. address.")],
    criteria: Annotated[
        list[str],
        strawberry.argument(
            description="Of trusted, newest, complete, agreement the first first. None goes back."
        ),
    ],
    trusted: Annotated[
        list[str], strawberry.argument(description="URNs of data sets, the most trusted first.")
    ],
    reason: Reason,
    actor: Actor,
) -> SurvivorshipChange:
    changed = settling.settle_rule(
        db,
        attribute,
        criteria=criteria,
        trusted=trusted,
        reason=plain_text(reason, "reason"),
        actor=actor.name,
    )
    return SurvivorshipChange(customers=changed)


def _acknowledge_events(
    db: psycopg.Connection,
    reader: Annotated[str, strawberry.argument(description="What the reader calls itself.")],
    event: Annotated[
        strawberry.ID, strawberry.argument(description="Last event it has; 0 begins anew.")
    ],
) -> EventsAcknowledged:
    row = outbox.acknowledge(db, plain_text(reader, "reader"), record_number(event, "event"))
    return EventsAcknowledged(reader=row.name, behind=row.behind)


def _erase_customer(
    db: psycopg.Connection,
    id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],  # noqa: A002  # as everywhere in the schema
    reason: Reason,
    actor: Actor,
) -> CustomerErased:
    done = erase.erase_customer(
        db, customer_id(id), reason=plain_text(reason, "reason"), actor=actor.name
    )
    return CustomerErased(records=done.records, dealings=done.dealings, versions=done.versions)


def _uuid(text: str, path: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput("This is no id.", path=[path]) from error


@strawberry.type
class CustomerMutation:
    """Changes of the master view."""

    decide_match = change(
        _decide_match,
        Scope.CUSTOMERS_STEWARD,
        "Link two records, part them, or postpone; it holds whatever a model says later.",
    )
    undo_decision = change(
        _undo_decision,
        Scope.CUSTOMERS_STEWARD,
        "Take a decision back; the model decides again, and the decision stays on record.",
    )
    draw_sample = change(
        _draw_sample, Scope.CUSTOMERS_STEWARD, "Draw automatic links at random for a look."
    )
    judge_link = change(
        _judge_link,
        Scope.CUSTOMERS_STEWARD,
        "Say whether a sampled link is right; it measures, and changes no customer.",
    )
    set_purpose = change(
        _set_purpose,
        Scope.CUSTOMERS_STEWARD,
        "Settle a purpose: its lawful basis and what it shows.",
    )
    settle_survivorship = change(
        _settle_survivorship,
        Scope.CUSTOMERS_STEWARD,
        "Settle how an attribute gets its golden value; all customers are chosen anew at once.",
    )
    acknowledge_events = change(
        _acknowledge_events,
        Scope.CUSTOMERS_READ,
        "Note that a reader has taken in all events up to one.",
    )
    erase_customer = change(
        _erase_customer,
        Scope.CUSTOMERS_ERASE,
        "Erase a customer with all its records, for good.",
    )
