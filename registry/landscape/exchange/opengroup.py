"""The words of the Model Exchange File Format, versions 2.x and 3.x, side by side.

Source:
    The Open Group, ArchiMate Model Exchange File Format (C174, C19C), and its XML schemas.
"""

from collections.abc import Mapping

from msgspec import Struct

from registry.landscape.metamodel import CONCEPTS, JUNCTION, RELATIONSHIP
from schemas.landscape_kinds import RelationshipKind

NAMESPACE_3 = "http://www.opengroup.org/xsd/archimate/3.0/"
NAMESPACE_2 = "http://www.opengroup.org/xsd/archimate"
SCHEMA_3 = "http://www.opengroup.org/xsd/archimate/3.1/archimate3_Diagram.xsd"


class Words(Struct, frozen=True):
    """How one version of the format calls things."""

    namespace: str
    name: str  # of elements, relationships and views; a model's own name is always `name`
    organizations: str
    item_ref: str
    definitions: str
    definition: str
    definition_ref: str
    element_ref: str
    relationship_ref: str


WORDS_3 = Words(
    namespace=NAMESPACE_3,
    name="name",
    organizations="organizations",
    item_ref="identifierRef",
    definitions="propertyDefinitions",
    definition="propertyDefinition",
    definition_ref="propertyDefinitionRef",
    element_ref="elementRef",
    relationship_ref="relationshipRef",
)
WORDS_2 = Words(
    namespace=NAMESPACE_2,
    name="label",
    organizations="organization",
    item_ref="identifierref",
    definitions="propertydefs",
    definition="propertydef",
    definition_ref="identifierref",
    element_ref="elementref",
    relationship_ref="relationshipref",
)

# ArchiMate 2 called these otherwise; all its other concepts kept their names in ArchiMate 3.
RENAMED_CONCEPTS: Mapping[str, str] = {
    "CommunicationPath": "Path",
    "InfrastructureFunction": "TechnologyFunction",
    "InfrastructureInterface": "TechnologyInterface",
    "InfrastructureService": "TechnologyService",
    "Junction": "AndJunction",
    "Network": "CommunicationNetwork",
}
RENAMED_RELATIONSHIPS: Mapping[str, str] = {
    "Realisation": "realization",
    "Specialisation": "specialization",
    "UsedBy": "serving",
}

JUNCTIONS = ("AndJunction", "OrJunction")

# Concept in our words per xsi:type of an element.
CONCEPT_OF_TYPE: Mapping[str, str] = {
    **{c: c for c in CONCEPTS if c not in {JUNCTION, RELATIONSHIP}},
    **{junction: junction for junction in JUNCTIONS},
    **RENAMED_CONCEPTS,
}

# Relationship in our words per xsi:type; version 2 adds the word Relationship.
KIND_OF_TYPE: Mapping[str, RelationshipKind] = {
    spelling: kind
    for old, kind in [
        *((kind.title(), kind) for kind in RelationshipKind),
        *((old, RelationshipKind(new)) for old, new in RENAMED_RELATIONSHIPS.items()),
    ]
    for spelling in (old, f"{old}Relationship")
}

TYPE_OF_KIND: Mapping[RelationshipKind, str] = {kind: kind.title() for kind in RelationshipKind}

NODE_KINDS: Mapping[str, str] = {"Element": "element", "Container": "group", "Label": "note"}
CONNECTION_KINDS: Mapping[str, str] = {
    "Relationship": "relationship",
    "NestingRelationship": "nesting",
    "Line": "line",
}
ACCESS_TYPES = ("Access", "Read", "Write", "ReadWrite")


def metamodel_concept(concept: str) -> str:
    """Return the concept the relationship rules speak of; both junctions are one there."""
    return JUNCTION if concept in JUNCTIONS else concept
