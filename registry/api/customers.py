"""Questions of the counter and of stewards by GraphQL; each names a purpose and leaves a trace.

The purpose comes in the header Townclerk-Purpose. What it does not cover is *** in the answer.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Final
from uuid import UUID

import psycopg
import strawberry

from registry.api.context import Context
from registry.api.described import described, told
from registry.api.enums import publish
from registry.api.pages import read_global_id
from registry.customers import (
    around,
    compare,
    explain,
    find,
    outbox,
    purposes,
    review,
    sampling,
    settling,
    sheet,
)
from registry.customers import stewardship as stewarding
from registry.customers.asking.purposes import Sight, open_sight
from registry.customers.stewarding.doubts import Doubt
from registry.storage.database import current_database
from registry.storage.revisions import told_by_release
from schemas.access import Scope
from schemas.customers import CustomerChange
from schemas.errors import InvalidInput

FOUND_DEFAULT: Final = find.FOUND_MAX
QUEUE_DEFAULT: Final = 20
RECORD_NUMBER_MAX: Final = 2**63 - 1  # as PostgreSQL's bigint has it

Info = strawberry.Info[Context, None]
Customer = Annotated[
    strawberry.ID,
    strawberry.argument(description="Global id of a customer; a retired one leads to its heir."),
]
Record = Annotated[strawberry.ID, strawberry.argument(description="Number of a record.")]
Few = Annotated[int, strawberry.argument(description="Most answers.")]

publish(
    CustomerChange,
    "What happened to a customer.",
    {
        CustomerChange.NEW: "It was first seen.",
        CustomerChange.CHANGED: "A value or a record behind it changed.",
        CustomerChange.MERGED: "It went up in another one.",
        CustomerChange.SPLIT: "Some of its records went to another one.",
        CustomerChange.ERASED: "Nothing of it is left.",
    },
)
FoundCustomer: Any = described(find.Found, "FoundCustomer", customers=("id",))
_value: Any = described(sheet.ValueOf, "CustomerValue")
_source: Any = described(sheet.SourceOf, "CustomerSource")
CustomerSheet: Any = described(sheet.Sheet, "CustomerSheet", customers=("id", "asked_id"))
_parts: Final = [
    described(around.Moment, "TimelineMoment", customers=("other_id",)),
    described(around.Neighbour, "HouseholdMember", customers=("id",)),
    described(around.Allowance, "CustomerConsent"),
    described(around.Preference, "CustomerPreference"),
    described(around.Role, "CustomerRole", customers=("other_id",)),
    described(around.Reach, "CustomerContactPoint"),
    described(around.Place, "CustomerAddress"),
    described(around.Number, "CustomerNumber"),
]
CustomerAround: Any = described(around.Around, "CustomerAround", customers=("id",))
_CHANGED: Final = ("customer_id", "successor_id")
ChangedCustomer: Any = described(outbox.ChangedCustomer, "ChangedCustomer", customers=_CHANGED)
CustomerEvent: Any = described(
    outbox.EventRow, "CustomerEvent", customers=("customer_id", "other_id")
)
DoubtCount: Any = described(review.DoubtCount, "DoubtCount")
PurposeOf: Any = described(purposes.PurposeRow, "Purpose")
DoubtfulPair: Any = described(Doubt, "DoubtfulPair")
_step: Any = described(explain.Step, "EvidenceStep")
_line: Any = described(compare.Line, "ComparedValue")
_side: Any = described(compare.Side, "ComparedRecord", customers=("customer_id",))
RecordComparison: Any = described(compare.Comparison, "RecordComparison")
MatchDecision: Any = described(stewarding.Decision, "MatchDecision")
SampledLink: Any = described(sampling.SampledLink, "SampledLink")
SurvivorshipRule: Any = described(settling.SettledRule, "SurvivorshipRule")
MeasuredPrecision: Any = described(sampling.Precision, "MeasuredPrecision")


def customer_id(text: str) -> UUID:
    """Return a customer's id out of a global id, or of the id as other systems keep it.

    Raises:
        InvalidInput: It is neither.
    """
    try:
        return UUID(text)
    except ValueError:
        pass
    kind, found = read_global_id(text)
    if kind != "customer":
        raise InvalidInput(f"This is the id of a {kind[:60]}, not of a customer.", path=["id"])
    return found


def record_number(text: str, path: str) -> int:
    """Return the number of a record.

    Raises:
        InvalidInput: It is no number.
    """
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > RECORD_NUMBER_MAX:
        raise InvalidInput("The number of a record or an event is nothing but digits.", path=[path])
    return int(text)


async def _see(info: Info, question: Callable[[psycopg.Connection, Sight], Any]) -> Any:
    """Ask a question that shows personal data."""
    context = info.context

    def ask(db: psycopg.Connection) -> Any:
        sight = open_sight(db, context.purpose, actor=context.actor.name)
        return told(question(db, sight))

    return await context.read(Scope.CUSTOMERS_READ, ask)


async def _ask(info: Info, question: Callable[[psycopg.Connection], Any]) -> Any:
    """Ask a question whose answer has ids and counts alone."""
    return await info.context.read(Scope.CUSTOMERS_READ, lambda db: told(question(db)))


async def _ask_queue(info: Info, question: Callable[[psycopg.Connection], Any]) -> Any:
    """Ask about the steward's queue, once what was matched since the last look is weighed."""
    info.context.demand(Scope.CUSTOMERS_READ)
    await asyncio.to_thread(_keep_up)
    return await _ask(info, question)


def _keep_up() -> None:
    """Weigh in a transaction of its own, because a question's own one writes nothing.

    Where no connection is idle it is left: the question then weighs for its answer alone, and
    waits for no second connection while it holds one.
    """
    database = current_database()
    db = database.take_at_once()
    if db is None:
        return
    try:
        with told_by_release(database.url), db.transaction():
            review.keep_up(db)
    finally:
        database.pool.putconn(db)


@strawberry.type(description="Questions about customers: who is this, what is known, what changed.")
class CustomerQuestions:
    """Questions about customers: who is this, what is known, what changed."""

    @strawberry.field(
        description="Customers found by whatever is known of them, misspelt or not. Needs a"
        " purpose.",
        graphql_type=list[FoundCustomer],
    )
    async def find_customers(
        self,
        info: Info,
        words: Annotated[
            str, strawberry.argument(description="Name, number, e-mail, birthday, id or key.")
        ],
        first: Few = FOUND_DEFAULT,
    ) -> Any:
        """Find customers."""
        return await _see(
            info, lambda db, sight: find.search_customers(db, sight, words, limit=first)
        )

    @strawberry.field(
        description="One customer with the origin of each value. Needs a purpose.",
        graphql_type=CustomerSheet,
    )
    async def customer_sheet(
        self,
        info: Info,
        id: Customer,  # noqa: A002  # as everywhere in the schema
        as_of: Annotated[
            datetime | None,
            strawberry.argument(description="A moment that has been; now if left out."),
        ] = None,
    ) -> Any:
        """Show one customer."""
        return await _see(
            info,
            lambda db, sight: sheet.customer_sheet(db, sight, customer_id(id), as_of=as_of),
        )

    @strawberry.field(
        description="What a customer was, the present first. Needs a purpose.",
        graphql_type=list[CustomerSheet],
    )
    async def customer_history(
        self,
        info: Info,
        id: Customer,  # noqa: A002  # as everywhere in the schema
        first: Few = sheet.VERSIONS_MAX,
    ) -> Any:
        """Show what a customer was."""
        return await _see(
            info,
            lambda db, sight: sheet.customer_history(db, sight, customer_id(id), limit=first),
        )

    @strawberry.field(
        description="Timeline, household, consents and the like of a customer. Needs a purpose.",
        graphql_type=CustomerAround,
    )
    async def customer_around(
        self,
        info: Info,
        id: Customer,  # noqa: A002  # as everywhere in the schema
    ) -> Any:
        """Show what is known around a customer; parts that nobody asked for cost nothing."""
        asked = _selected(info)
        return await _see(
            info,
            lambda db, sight: around.customer_around(db, sight, customer_id(id), only=asked),
        )

    @strawberry.field(
        description="Customers that are not as before a moment, those of last first; no values.",
        graphql_type=list[ChangedCustomer],
    )
    async def changed_customers(
        self,
        info: Info,
        since: Annotated[datetime, strawberry.argument(description="The moment.")],
        first: Few = 100,
    ) -> Any:
        """Tell what changed."""
        return await _ask(info, lambda db: outbox.changed_since(db, since, limit=first))

    @strawberry.field(
        description="What happened to customers, in order, for those who keep a copy; no values.",
        graphql_type=list[CustomerEvent],
    )
    async def customer_events(
        self,
        info: Info,
        *,
        reader: Annotated[
            str | None, strawberry.argument(description="Only what this reader has not had.")
        ] = None,
        after: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only after this number.")
        ] = None,
        change: Annotated[
            CustomerChange | None, strawberry.argument(description="Only this kind.")
        ] = None,
        first: Few = 100,
    ) -> Any:
        """Read the outbox."""
        last = None if after is None else record_number(after, "after")
        return await _ask(
            info,
            lambda db: outbox.events_for(db, reader, after=last, change=change, limit=first),
        )

    @strawberry.field(
        description="How many questions are worth a look, how many of them are asked now, and how"
        " many customers may be there twice.",
        graphql_type=DoubtCount,
    )
    async def customer_doubts(self, info: Info) -> Any:
        """Count what is doubtful."""
        return await _ask_queue(info, review.count_doubts)

    @strawberry.field(
        description="Purposes that may be named in the header Townclerk-Purpose.",
        graphql_type=list[PurposeOf],
    )
    async def purposes(self, info: Info) -> Any:
        """List purposes."""
        return await _ask(info, purposes.list_purposes)


def _selected(info: Info) -> frozenset[str]:
    """Return the parts of a customer that the question asks for, through fragments too."""
    found: set[str] = set()
    waiting = [part for field in info.selected_fields for part in field.selections]
    while waiting:
        part = waiting.pop()
        name = getattr(part, "name", None)
        if name is None or not hasattr(part, "arguments"):
            waiting.extend(part.selections)  # a fragment: what it holds is asked for
            continue
        found.add("".join(f"_{c.lower()}" if c.isupper() else c for c in name))
    return frozenset(found & set(around.PARTS))


class Judgement(Enum):
    """What a steward found a sampled link to be."""

    RIGHT = "right"
    WRONG = "wrong"


publish(
    Judgement,
    "What a steward found a sampled link to be.",
    {Judgement.RIGHT: "One customer.", Judgement.WRONG: "Two customers."},
)


@strawberry.type(description="Questions of stewards: what is doubtful, why, how good are links.")
class StewardQuestions:
    """Questions of stewards: what is doubtful, why, how good are links."""

    @strawberry.field(
        description="Questions that nobody has answered, the most useful first: at most two for a"
        " hundred records. `customerDoubts` tells how many more wait.",
        graphql_type=list[DoubtfulPair],
    )
    async def review_queue(
        self,
        info: Info,
        first: Few = QUEUE_DEFAULT,
        after: Annotated[
            str | None, strawberry.argument(description="Only behind this `place`.")
        ] = None,
    ) -> Any:
        """Show the queue."""
        return await _ask_queue(info, lambda db: review.review_queue(db, limit=first, after=after))

    @strawberry.field(
        description="Two records side by side with the evidence in bits. Needs a purpose.",
        graphql_type=RecordComparison,
    )
    async def compare_records(self, info: Info, left: Record, right: Record) -> Any:
        """Compare two records."""
        one, other = record_number(left, "left"), record_number(right, "right")
        return await _see(info, lambda db, sight: compare.compare_records(db, sight, one, other))

    @strawberry.field(
        description="What stewards decided, the newest first, undone decisions too.",
        graphql_type=list[MatchDecision],
    )
    async def match_decisions(self, info: Info, first: Few = QUEUE_DEFAULT) -> Any:
        """List decisions."""
        return await _ask(info, lambda db: stewarding.decisions(db, limit=max(first, 0)))

    @strawberry.field(
        description="Automatic links that were drawn at random and wait for a look.",
        graphql_type=list[SampledLink],
    )
    async def link_sample(self, info: Info, first: Few = QUEUE_DEFAULT) -> Any:
        """Show what waits for a look."""
        return await _ask(info, lambda db: sampling.waiting_sample(db, limit=first))

    @strawberry.field(
        description="Share of automatic links that are right, as measured by samples.",
        graphql_type=MeasuredPrecision,
    )
    async def link_precision(self, info: Info) -> Any:
        """Tell how good links are."""
        return await _ask(info, sampling.measured_precision)

    @strawberry.field(
        description="How each attribute gets its golden value.",
        graphql_type=list[SurvivorshipRule],
    )
    async def survivorship(self, info: Info) -> Any:
        """List the rules."""
        return await _ask(info, settling.list_rules)
