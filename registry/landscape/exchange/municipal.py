"""How a municipality's own kinds (system, supplier, data set, …) travel in exchange formats.

ArchiMate has no such kinds; they travel as a property beside the concept, so that they survive a
way through Archi and back.
"""

from registry.landscape.exchange.model import Element, Model, Property, PropertyDefinition, Text
from registry.landscape.exchange.opengroup import metamodel_concept
from registry.landscape.metamodel import MUNICIPAL_KINDS, concept_of, kind_of

KIND_PROPERTY = "Townclerk kind"


def define(model: Model, name: str) -> str:
    """Return the id of the property definition with this name, made if need be."""
    for definition in model.property_definitions.values():
        if definition.name == name:
            return definition.id
    number = len(model.property_definitions) + 1
    while f"propid-{number}" in model.property_definitions:
        number += 1
    made = PropertyDefinition(id=f"propid-{number}", names=(Text(name),))
    model.property_definitions[made.id] = made
    return made.id


def kind_property(model: Model, kind: str) -> tuple[Property, ...]:
    """Return the property that says a municipal kind; nothing for ArchiMate's own kinds."""
    if kind not in MUNICIPAL_KINDS or kind_of(concept_of(kind)) == kind:
        return ()
    return (Property(define(model, KIND_PROPERTY), (Text(kind),)),)


def kind_of_element(model: Model, element: Element) -> str:
    """Return an element's kind: the municipal one it says, else its concept's."""
    concept = metamodel_concept(element.concept)
    for said in model.values(element, KIND_PROPERTY):
        if MUNICIPAL_KINDS.get(said) == concept:
            return said
    return kind_of(concept)
