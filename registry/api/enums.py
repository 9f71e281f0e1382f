"""The enums of the graph, each value with its meaning in plain English."""

from collections.abc import Mapping
from enum import Enum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from registry.landscape.changes.merge import Side
from registry.landscape.metamodel import Strictness, concept_of
from registry.landscape.questions.plotted import PlotBy
from schemas.changes import ChangeState
from schemas.evidence import CheckKind
from schemas.intake import Freshness, RequestKind, RequestState, RunState, WithdrawalState
from schemas.landscape_kinds import ElementKind, RelationshipKind
from schemas.records import CustomerKind


def publish(enum: type[Enum], description: str, meanings: Mapping[Enum, str]) -> None:
    """Make an enum of ours part of the graph; every value must have its meaning."""
    strawberry.enum(enum, name=enum.__name__, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined] # strawberry sets it on the class
    for value in definition.values:
        value.description = meanings[enum[value.name]]


# What the counter's own words mean; all other kinds are ArchiMate's concepts of that name.
COUNTER_WORDS: Mapping[Enum, str] = {
    ElementKind.DOMAIN: "A field of work of the municipality; ArchiMate: Grouping.",
    ElementKind.REFERENCE_COMPONENT: (
        "What the reference architecture asks for; ArchiMate: ApplicationComponent."
    ),
    ElementKind.SYSTEM: (
        "An application the municipality runs or rents; ArchiMate: ApplicationComponent."
    ),
    ElementKind.INTERFACE: (
        "Where a system can be reached by others; ArchiMate: ApplicationInterface."
    ),
    ElementKind.DATA_SET: "Data kept together for one purpose; ArchiMate: DataObject.",
    ElementKind.DISTRIBUTION: "A data set in one form that can be fetched; ArchiMate: Artifact.",
    ElementKind.SUPPLIER: "Who delivers or runs a system for us; ArchiMate: BusinessActor.",
    ElementKind.ORGANISATION: "A body that takes part; ArchiMate: BusinessActor.",
    ElementKind.PROCESSING_ACTIVITY: (
        "Work with personal data, as the register of processing names it; "
        "ArchiMate: BusinessProcess."
    ),
    ElementKind.STANDARD: "What interfaces have to keep to; ArchiMate: Constraint.",
    ElementKind.STANDARD_VERSION: "One version of a standard; ArchiMate: Constraint.",
    ElementKind.CHANNEL: "A way customers reach the town; ArchiMate: BusinessInterface.",
    ElementKind.SERVICE: "What the town does for its customers; ArchiMate: BusinessService.",
    ElementKind.CUSTOMER_NEED: "What customers ask for; ArchiMate: Requirement.",
}
publish(
    ElementKind,
    "What an element of the landscape is.",
    {kind: COUNTER_WORDS.get(kind, f"ArchiMate: {concept_of(kind)}.") for kind in ElementKind},
)
publish(
    RelationshipKind,
    "The eleven relationships of ArchiMate 3.2.",
    {
        RelationshipKind.COMPOSITION: "The source consists of the target, a part of no other.",
        RelationshipKind.AGGREGATION: "The source combines the target with others.",
        RelationshipKind.ASSIGNMENT: "The source performs, stores or answers for the target.",
        RelationshipKind.REALIZATION: "The source makes the more abstract target real.",
        RelationshipKind.SERVING: "The source does something for the target.",
        RelationshipKind.ACCESS: "The source reads or writes the target.",
        RelationshipKind.INFLUENCE: "The source affects whether the target is reached.",
        RelationshipKind.ASSOCIATION: "The two have to do with each other in some other way.",
        RelationshipKind.TRIGGERING: "The source brings the target about.",
        RelationshipKind.FLOW: "Something passes from the source to the target.",
        RelationshipKind.SPECIALIZATION: "The source is a particular kind of the target.",
    },
)
publish(
    ChangeState,
    "Where a change-set stands.",
    {
        ChangeState.PROPOSED: "Written down; nothing has changed.",
        ChangeState.APPLIED: "Approved, and made.",
        ChangeState.REJECTED: "Turned down.",
        ChangeState.UNDONE: "Made, and taken back by another change-set.",
    },
)
publish(
    RunState,
    "Where a sync run stands.",
    {
        RunState.RUNNING: "It is reading pages now.",
        RunState.COMPLETED: "It read all there was.",
        RunState.FAILED: "It gave up; `failure` says why and what to do.",
        RunState.CANCELLED: "A person asked it to stop.",
        RunState.CRASHED: "Its worker vanished; a later run goes on where it stopped.",
        RunState.REFUSED: "Another worker was reading the source.",
    },
)
publish(
    Freshness,
    "How old something is against its target.",
    {
        Freshness.FRESH: "Younger than its target.",
        Freshness.LATE: "Older than its target: the alert.",
        Freshness.NEVER: "It has a target, and was never read to its end.",
        Freshness.UNTARGETED: "Nobody said how old it may become.",
    },
)
publish(
    WithdrawalState,
    "What became of records that vanished from their source.",
    {
        WithdrawalState.HELD: "They wait for a steward.",
        WithdrawalState.CONFIRMED: "They have been withdrawn.",
        WithdrawalState.REFUSED: "They stay.",
        WithdrawalState.SUPERSEDED: "A later scan knows better.",
    },
)
publish(
    RequestKind,
    "What a worker is asked to do about one source.",
    {
        RequestKind.SYNC: "Have it read now.",
        RequestKind.SCHEDULE: "Tell Prefect when it is read.",
        RequestKind.REHEARSAL: "Say what a sync would change.",
        RequestKind.REPLAY: "Map its refused records anew.",
    },
)
publish(
    RequestState,
    "Where a request to a worker stands.",
    {
        RequestState.ASKED: "No worker has taken it yet.",
        RequestState.RUNNING: "A worker is at it.",
        RequestState.DONE: "It is done; `answer` says what came of it.",
        RequestState.FAILED: "It could not be done; `error` says why.",
    },
)
publish(
    CheckKind,
    "What a check looked at.",
    {
        CheckKind.DOCUMENT: "The registered document, against what the interface owes.",
        CheckKind.PROBE: "The running interface, against its document.",
    },
)
publish(
    CustomerKind,
    "Who a customer is to the town.",
    {
        CustomerKind.PERSON: "A human being.",
        CustomerKind.ORGANISATION: "A company, foundation, association or public body.",
    },
)
publish(
    Side,
    "Whose value stays where two changed one field.",
    {Side.PLAN: "The one that the change wants.", Side.BASE: "The one that stands now."},
)
publish(
    Strictness,
    "What a relationship that ArchiMate forbids meets.",
    {
        Strictness.STRICT: "It is refused.",
        Strictness.WARN: "It is told.",
        Strictness.OFF: "Nobody looks.",
    },
)
publish(
    PlotBy,
    "What the colours of systems on a view say.",
    {
        PlotBy.LIFECYCLE: "Where a system stands in its life.",
        PlotBy.OWNER: "Who answers for it.",
        PlotBy.COMPLIANCE: "How the newest checks of its interfaces ended.",
    },
)
