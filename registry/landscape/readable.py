"""What can be read of the landscape: elements of five kinds, and the relationships between them."""

from typing import Final

from registry.landscape.contacts import CONTACT, IN_PROPERTIES
from registry.landscape.models import readable as models
from registry.landscape.questions.reach import DEPTH_DEFAULT, DEPTH_MAX, Direction
from registry.landscape.reached import REACHED, REACHED_MAX
from registry.storage.readable import (
    Argument,
    Column,
    Entry,
    Join,
    Policy,
    Readable,
    Table,
    Value,
    Way,
)
from schemas.access import Scope
from schemas.landscape_kinds import ElementKind, RelationshipKind

OPEN: Final = Policy(Scope.LANDSCAPE_READ)
ELEMENTS: Final = Table("element", at="element_at")
RELATIONSHIPS: Final = Table("relationship", at="relationship_at")


def _attribute(name: str, description: str, *, can_group: bool = False) -> Column:
    """Declare a property in `attrs` that should be text; what is otherwise is null here."""
    sql = (
        f"CASE WHEN jsonb_typeof({{row}}.attrs -> '{name}') = 'string' "
        f"THEN {{row}}.attrs ->> '{name}' END"
    )
    return Column(name, Value.TEXT, description, OPEN, sql=sql, nullable=True, can_group=can_group)


def _neighbours(
    name: str, target: str, description: str, kind: RelationshipKind, *, outgoing: bool
) -> Join:
    """Declare the elements one relationship away, by name."""
    here, there = ("source_id", "target_id") if outgoing else ("target_id", "source_id")
    return Join(
        name,
        target,
        description,
        OPEN,
        on=f"{{link}}.{here} = {{here}}.id AND {{link}}.kind = '{kind}'"
        f" AND {{there}}.id = {{link}}.{there}",
        link=RELATIONSHIPS,
        many=True,
    )


ELEMENT: Final = Readable(
    "Element",
    "One thing in the landscape.",
    ELEMENTS,
    (
        Column("urn", Value.TEXT, "Stable name in files and connector specifications.", OPEN),
        Column("name", Value.TEXT, "Name as people say it.", OPEN),
        Column("description", Value.TEXT, "What it is for.", OPEN, can_order=False),
        Column("kind", ElementKind, "What it is.", OPEN, can_group=True),
        Column(
            "attributes",
            Value.JSON,
            "Properties that only this kind has; without the scope contacts:read those of people "
            "are masked.",
            IN_PROPERTIES,
            sql="{row}.attrs",
            can_filter=False,
            can_order=False,
        ),
        Column("revision", Value.INTEGER, "Counts changes.", OPEN),
        Column("changed_at", Value.MOMENT, "When it was last changed.", OPEN),
        Join(
            "relationships",
            "Relationship",
            "Relationships that leave it, oldest first.",
            OPEN,
            on="{there}.source_id = {here}.id",
            many=True,
        ),
        Join(
            "reached_by",
            "Relationship",
            "Relationships that reach it, oldest first.",
            OPEN,
            on="{there}.target_id = {here}.id",
            many=True,
        ),
    ),
    id_kind="{row}.kind",
    order=("name",),
    search="name",
    is_interface=True,
)


def _kind(name: str, kind: ElementKind, description: str, *fields: Column | Join) -> Readable:
    """Declare one kind of element."""
    return Readable(
        name,
        description,
        ELEMENTS,
        fields,
        where=f"{{row}}.kind = '{kind}'",
        id_kind=kind,
        order=("name",),
        search="name",
        extends=ELEMENT,
    )


SYSTEM: Final = _kind(
    "System",
    ElementKind.SYSTEM,
    "One application the municipality runs or rents.",
    CONTACT,
    _attribute("owner", "Who answers for it.", can_group=True),
    _attribute(
        "lifecycle", "Where it is in its life: plan, phase in, active, phase out.", can_group=True
    ),
    _neighbours(
        "interfaces",
        "Interface",
        "Interfaces it offers, by name.",
        RelationshipKind.COMPOSITION,
        outgoing=True,
    ),
    _neighbours(
        "data_sets",
        "DataSet",
        "Data sets it reads or writes, by name.",
        RelationshipKind.ACCESS,
        outgoing=True,
    ),
    _neighbours(
        "reference_components",
        "ReferenceComponent",
        "Reference components it fills in, by name.",
        RelationshipKind.SPECIALIZATION,
        outgoing=True,
    ),
    _neighbours(
        "uses",
        "Interface",
        "Interfaces of other systems that serve it, by name.",
        RelationshipKind.SERVING,
        outgoing=False,
    ),
)
INTERFACE: Final = _kind(
    "Interface",
    ElementKind.INTERFACE,
    "Where a system can be reached by other systems.",
    CONTACT,
    _attribute("protocol", "How it is spoken to, e.g. REST, GraphQL, SQL, files.", can_group=True),
    _neighbours(
        "providers",
        "System",
        "Systems that offer it, by name.",
        RelationshipKind.COMPOSITION,
        outgoing=False,
    ),
    _neighbours(
        "consumers",
        "System",
        "Systems that it serves, by name.",
        RelationshipKind.SERVING,
        outgoing=True,
    ),
    _neighbours(
        "data_sets",
        "DataSet",
        "Data sets that can be read or written through it, by name.",
        RelationshipKind.ACCESS,
        outgoing=True,
    ),
)
DATA_SET: Final = _kind(
    "DataSet",
    ElementKind.DATA_SET,
    "Data kept together for one purpose.",
    Column(
        "personal_data",
        Value.TRUTH,
        "Whether it holds data about people; null where nobody said.",
        OPEN,
        sql="CASE WHEN jsonb_typeof({row}.attrs -> 'personal_data') = 'boolean' "
        "THEN ({row}.attrs -> 'personal_data')::boolean END",
        nullable=True,
        can_group=True,
    ),
    _neighbours(
        "systems",
        "System",
        "Systems that read or write it, by name.",
        RelationshipKind.ACCESS,
        outgoing=False,
    ),
)
REFERENCE_COMPONENT: Final = _kind(
    "ReferenceComponent",
    ElementKind.REFERENCE_COMPONENT,
    "What the reference architecture asks for.",
    _neighbours(
        "systems",
        "System",
        "Systems that fill it in, by name.",
        RelationshipKind.SPECIALIZATION,
        outgoing=False,
    ),
    _neighbours(
        "domains",
        "Domain",
        "Domains it belongs to, by name.",
        RelationshipKind.COMPOSITION,
        outgoing=False,
    ),
)
DOMAIN: Final = _kind(
    "Domain",
    ElementKind.DOMAIN,
    "A field of work of the municipality.",
    _neighbours(
        "reference_components",
        "ReferenceComponent",
        "Reference components in it, by name.",
        RelationshipKind.COMPOSITION,
        outgoing=True,
    ),
)
_NAMED: Final = (SYSTEM, INTERFACE, DATA_SET, REFERENCE_COMPONENT, DOMAIN)
_OTHERS: Final = tuple(str(k) for k in ElementKind if k not in {each.id_kind for each in _NAMED})
OTHER_ELEMENT: Final = Readable(
    "OtherElement",
    "One thing of any other kind; `kind` says which.",
    ELEMENTS,
    (),
    where="{row}.kind <> ALL ('{{" + ",".join(each.id_kind for each in _NAMED) + "}}')",
    id_kind="{row}.kind",
    id_kinds=_OTHERS,
    order=("name",),
    search="name",
    extends=ELEMENT,
)
RELATIONSHIP: Final = Readable(
    "Relationship",
    "One ArchiMate relationship, read from source to target.",
    RELATIONSHIPS,
    (
        Column("kind", RelationshipKind, "ArchiMate 3.2 relationship.", OPEN, can_group=True),
        Column(
            "attributes",
            Value.JSON,
            "Properties of the relationship; without the scope contacts:read those of people are "
            "masked.",
            IN_PROPERTIES,
            sql="{row}.attrs",
            can_filter=False,
            can_order=False,
        ),
        *(
            Join(
                end,
                "Element",
                f"The element it {way}; null where that is itself a relationship.",
                OPEN,
                on=f"{{there}}.id = {{here}}.{end}_id",
                nullable=True,
            )
            for end, way in (("source", "leaves"), ("target", "reaches"))
        ),
    ),
    id_kind="relationship",
)

AFFECTED: Final = Readable(
    "Affected",
    "One element that is reached from another, and how far it is.",
    Table(
        "(SELECT NULL::uuid AS element_id, 0 AS depth, '' AS by, NULL::uuid AS before_id"
        " WHERE false)"
    ),
    (
        Column("depth", Value.INTEGER, "Steps from the start, at the least.", OPEN, can_group=True),
        Column("by", RelationshipKind, "Kind of the relationship that first reached it.", OPEN),
        Join(
            "element",
            "Element",
            "The element itself; null where a relationship is reached, or it has just gone.",
            OPEN,
            on="{there}.id = {here}.element_id",
            nullable=True,
        ),
        Join(
            "through",
            "Element",
            "The element before it on a shortest way; null where that is a relationship.",
            OPEN,
            on="{there}.id = {here}.before_id",
            nullable=True,
        ),
    ),
    key="element_id",
    order=("depth",),
)


READABLES: Final = (ELEMENT, *_NAMED, OTHER_ELEMENT, RELATIONSHIP, AFFECTED, *models.READABLES)
_BY_URN: Final = Argument(
    "urn", "For example urn:town:system:crm.", "{row}.urn = {value}", required=True
)
ENTRIES: Final = (
    Entry("systems", "System", "Systems by name.", OPEN, in_landscape=True),
    Entry("interfaces", "Interface", "Interfaces by name.", OPEN, in_landscape=True),
    Entry("data_sets", "DataSet", "Data sets by name.", OPEN, in_landscape=True),
    Entry(
        "reference_components",
        "ReferenceComponent",
        "Reference components by name.",
        OPEN,
        in_landscape=True,
    ),
    Entry("domains", "Domain", "Domains by name.", OPEN, in_landscape=True),
    Entry("elements", "Element", "Elements of every kind by name.", OPEN, in_landscape=True),
    Entry(
        "element",
        "Element",
        "One element by its URN; null where nothing is registered.",
        OPEN,
        Way.ONE,
        (_BY_URN,),
        in_landscape=True,
    ),
    Entry(
        "relationships", "Relationship", "All relationships, oldest first.", OPEN, in_landscape=True
    ),
    Entry(
        "impact",
        "Affected",
        "What suffers when an element fails, or what it needs, the nearest first; association and "
        "influence say nothing of failure and are followed only where `relationships` names them. "
        f"At most {REACHED_MAX}.",
        OPEN,
        Way.LIST,
        (
            Argument("of", "Name, URN or id of an element.", required=True),
            Argument("direction", "Which way to go; AFFECTS if left out.", kind=Direction),
            Argument(
                "depth",
                f"Most steps, 1 to {DEPTH_MAX}; {DEPTH_DEFAULT} if left out.",
                kind=Value.INTEGER,
            ),
            Argument(
                "kinds",
                "Only by way of elements of these kinds.",
                kind=ElementKind,
                many=True,
            ),
            Argument("relationships", "Only these.", kind=RelationshipKind, many=True),
            Argument("as_of", "A day that has been; now if left out.", kind=Value.MOMENT),
            Argument("scenario", "Global id of a scenario: as if its plans held.", is_id=True),
        ),
        rows=REACHED_MAX,
        computed=REACHED,
        sets_moment=True,
    ),
    *models.ENTRIES,
)
