"""GraphQL types of answers: one for each struct in which a question answers.

The descriptions stand here, because a reader of the schema has no other page.
"""

import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import strawberry
from msgspec import Struct

from registry.landscape.lifecycle import Lifecycle
from registry.landscape.questions.completeness import Completeness
from registry.landscape.questions.duplicates import Duplicate, Likeness
from registry.landscape.questions.gaps import Cover, Covered
from registry.landscape.questions.obligations import Obligation, Role
from registry.landscape.questions.observed import Compared, Verdict
from registry.landscape.questions.personal import Onward, PersonalData, Touch
from registry.landscape.questions.reach import Direction
from registry.landscape.questions.roadmap import Step, When
from registry.landscape.questions.search import Found
from registry.landscape.questions.suppliers import Supplied

# What fields of the same name mean in every answer.
_FIELDS: Final[Mapping[str, str]] = {
    "key": "Id of the element in the register.",
    "kind": "Kind of the element, e.g. system.",
    "name": "Name as people say it.",
    "names": "Names of the elements that may be one.",
    "keys": "Ids of the elements that may be one.",
    "depth": "Steps from where the question began.",
    "by": "Kind of the relationship that reached it.",
    "through": "Name of the element before it on a shortest way.",
    "cover": "How well it is filled in.",
    "systems": "Names of the systems concerned.",
    "component": "Name of the reference component.",
    "component_key": "Id of the reference component.",
    "standard": "Name of the standard.",
    "standard_key": "Id of the standard.",
    "role": "How binding the standard is.",
    "said": "What the record says, word for word.",
    "versions": "Names of the versions of the standard.",
    "system": "Name of the system.",
    "lifecycle": "Where the system stands in its life.",
    "when": "How near its end, or its beginning, is.",
    "day": "Day of it, where one is given and readable.",
    "uncovered": "Reference components that nothing else fills in afterwards.",
    "supplier": "Name of the supplier; empty where nobody said who.",
    "components": "Reference components that only its systems fill in.",
    "share": "Part of all systems, from 0 to 1.",
    "owner": "Who answers for it, or nothing.",
    "categories": "What is kept of people, as written.",
    "legal_basis": "Why it may be kept, as written.",
    "retention": "How long it is kept, as written.",
    "touched_by": "What reads or writes it.",
    "flows_to": "Systems it may reach beyond those, nearest first.",
    "access": "Whether it reads, writes, or both.",
    "steps": "Steps until the data gets there.",
    "likeness": "Why they may be one.",
    "score": "How well it does; a higher score is better.",
    "verdict": "How declared and observed differ.",
    "interface": "Name of the interface, if one takes part.",
    "interface_key": "Id of the interface; empty where none takes part.",
    "source": "Name of what the records came from.",
    "target": "Name of what they went to.",
    "records": "How many records were seen.",
    "last": "When they were last seen.",
    "reason": "Why it is judged so; empty where nothing is wrong.",
    "reasons": "What its record lacks, the weightiest first.",
    "description": "What it is for, in plain words.",
}
_TYPES: Final[Mapping[type[Struct], tuple[str, str]]] = {
    Touch: ("DataTouch", "A system or interface that reads or writes a data set."),
    Onward: ("DataOnward", "A system that data may reach by way of others."),
    Covered: ("Coverage", "One reference component and the systems in it."),
    Obligation: ("Obligation", "One standard that a component, and so its systems, has to meet."),
    Step: ("RoadmapStep", "One system that begins or ends."),
    Supplied: ("SupplierShare", "One supplier and what comes from it."),
    PersonalData: ("PersonalDataFlow", "One data set with personal data, and where it flows."),
    Compared: ("FlowComparison", "One flow, or one silent interface: declared and observed."),
    Duplicate: ("PossibleDuplicate", "Elements of one kind that may be the same thing."),
    Found: ("SearchHit", "One element that was found."),
    Completeness: ("RecordScore", "How complete one record is, from 0 to 100."),
}
_ENUMS: Final[Mapping[type[Enum], tuple[str, str, Mapping[str, str]]]] = {
    Direction: ("ImpactDirection", "Which way relationships are followed.", {
        "AFFECTS": "What suffers when this fails.", "NEEDS": "What this suffers from.",
        "OUTGOING": "With every arrow.", "INCOMING": "Against every arrow.",
        "BOTH": "Both ways at once.",
    }),
    Cover: ("Cover", "How well a reference component is filled in.", {
        "GAP": "By nothing.", "ENDING": "Only by systems that are leaving or gone.",
        "PLANNED": "Only by systems that are still to come.", "ONE": "By one system.",
        "OVERLAP": "By several systems that are in use.",
    }),
    Role: ("ObligationRole", "How binding a standard is.", {
        "MANDATORY": "It has to be met.", "RECOMMENDED": "It ought to be met.",
        "UNCLEAR": "The reference says nothing, or two things.",
    }),
    When: ("RoadmapWhen", "How near the end of a system is.", {
        "OVERDUE": "It should have ended.", "SOON": "Within a year.",
        "LATER": "Within three years.", "FAR": "Later than that, or over already.",
        "UNDATED": "Nobody said until when.", "STARTING": "It begins rather than ends.",
    }),
    Lifecycle: ("LifecycleState", "Where a system stands in its life.", {
        "PLANNED": "It is still to come.", "LIVE": "It is in use.",
        "LEAVING": "It is being phased out.", "GONE": "It is no longer supported.",
        "UNKNOWN": "Nobody said.",
    }),
    Likeness: ("Likeness", "Why elements may be one.", {
        "SAME_NAME": "Their names are the same.",
        "SAME_WORDS": "Their words are the same, in another order or spelling.",
        "ONE_LETTER": "One letter differs.",
    }),
    Verdict: ("FlowVerdict", "How what is declared and what was observed differ.", {
        "UNDECLARED": "It flowed, and nobody declared it.",
        "DRIFTED": "It is declared otherwise than observed, or fails.",
        "UNUSED": "It is declared, and nothing ever flowed.",
        "STALE": "Nothing has flowed for a month.",
        "UNWATCHED": "No connector reads it, so nobody can tell.",
        "AGREES": "It is declared and observed.",
    }),
}  # fmt: skip


def _publish_enums() -> None:
    for enum, (name, description, meanings) in _ENUMS.items():
        strawberry.enum(enum, name=name, description=description)
        definition: Any = enum.__strawberry_definition__  # type: ignore[attr-defined]  # strawberry sets it
        for value in definition.values:
            value.description = meanings[value.name]


def _published(struct: type[Struct], made: Mapping[type[Struct], Any]) -> Any:
    """Return the GraphQL type of a struct; its values are taken from the struct as they are."""
    name, description = _TYPES[struct]
    hints = {key: _kind(hint, made) for key, hint in get_type_hints(struct).items()}
    members: dict[str, Any] = {"__annotations__": hints, "__doc__": description}
    members.update({key: strawberry.field(description=_FIELDS[key]) for key in hints})
    return strawberry.type(type(name, (), members), description=description)


def _kind(hint: Any, made: Mapping[type[Struct], Any]) -> Any:
    if get_origin(hint) is tuple:
        return list[_kind(get_args(hint)[0], made)]  # type: ignore[misc]  # made at run time
    if get_origin(hint) in {Union, types.UnionType}:
        return _kind(get_args(hint)[0], made) | None
    return made.get(hint, hint)


def _all() -> dict[type[Struct], Any]:
    made: dict[type[Struct], Any] = {}
    for struct in _TYPES:
        made[struct] = _published(struct, made)
    return made


_publish_enums()
ANSWERS: Final = _all()


def listed(struct: type[Struct]) -> Any:
    """Return the GraphQL type of a list of answers."""
    made: Any = ANSWERS[struct]
    return list[made]


def answered(value: Any) -> Any:
    """Return an answer as GraphQL objects."""
    if isinstance(value, list | tuple):
        return [answered(one) for one in value]
    made = ANSWERS.get(type(value))
    if made is None:
        return value
    return made(**{key: answered(getattr(value, key)) for key in value.__struct_fields__})
