"""The ArchiMate 3.2 metamodel and the kinds of the counter on top of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.landscape.metamodel import (
    CONCEPTS,
    KINDS,
    MUNICIPAL_KINDS,
    RelationshipNotAllowed,
    allowed,
    aspect_of,
    concept_of,
    kind_of,
    layer_of,
    letter_of,
    refusal,
    require_allowed,
)
from schemas.errors import UnknownName
from schemas.landscape_kinds import ElementKind, RelationshipKind

CONCEPT = st.sampled_from(list(CONCEPTS))
ELEMENT = CONCEPT.filter(lambda concept: concept not in {"Relationship", "Junction"})


def test_there_are_sixty_elements_a_junction_and_relationships_as_ends() -> None:
    assert len(CONCEPTS) == 62
    assert {"Junction", "Relationship"} <= CONCEPTS.keys()


def test_every_concept_has_a_layer_and_an_aspect() -> None:
    assert (layer_of("ApplicationComponent"), aspect_of("ApplicationComponent")) == (
        "application",
        "active",
    )
    assert (layer_of("Gap"), aspect_of("Value")) == ("implementation", "motivation")


def test_every_kind_of_the_counter_stands_for_a_concept() -> None:
    assert set(ElementKind) <= KINDS.keys()
    assert {concept_of(kind) for kind in MUNICIPAL_KINDS} <= CONCEPTS.keys()
    assert concept_of("system") == "ApplicationComponent"
    assert concept_of("business_process") == concept_of("BusinessProcess") == "BusinessProcess"
    assert kind_of("CommunicationNetwork") == "communication_network"


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName) as caught:
        concept_of("spaceship")
    assert "business_process" in caught.value.remedy


@pytest.mark.parametrize(
    ("kind", "source", "target", "answer"),
    [
        ("serving", "ApplicationComponent", "BusinessProcess", True),
        ("access", "ApplicationFunction", "DataObject", True),
        ("access", "DataObject", "ApplicationFunction", False),
        ("association", "DataObject", "Relationship", True),
        ("association", "Relationship", "Junction", False),
        ("composition", "Plateau", "Relationship", True),
        ("specialization", "Constraint", "Requirement", True),
        ("assignment", "Node", "BusinessActor", True),
        ("realization", "Goal", "Outcome", False),
        ("flow", "Junction", "Junction", True),
    ],
)
def test_well_known_relationships(kind: str, source: str, target: str, answer: bool) -> None:
    assert (RelationshipKind(kind) in allowed(source, target)) is answer


@given(ELEMENT, ELEMENT)
def test_any_two_elements_may_be_associated(source: str, target: str) -> None:
    assert RelationshipKind.ASSOCIATION in allowed(source, target)


@given(ELEMENT)
def test_any_element_may_consist_of_and_specialise_its_own_kind(concept: str) -> None:
    own = {"composition", "aggregation", "specialization", "association"}
    assert own <= set(allowed(concept, concept))


def test_a_refusal_names_what_is_allowed_and_the_other_direction() -> None:
    words = refusal(RelationshipKind.ACCESS, "DataObject", "ApplicationFunction")
    assert words == (
        "ArchiMate 3.2 allows no access from DataObject to ApplicationFunction; "
        "from ApplicationFunction to DataObject it would be; allowed are: association."
    )
    assert "no relationship is allowed" in refusal(
        RelationshipKind.FLOW, "Relationship", "Relationship"
    )


def test_a_forbidden_relationship_is_refused_with_the_allowed_ones_as_facts() -> None:
    with pytest.raises(RelationshipNotAllowed) as caught:
        require_allowed(RelationshipKind.SERVING, "DataObject", "Node")
    assert caught.value.as_dict()["allowed"] == ["association"]
    require_allowed(RelationshipKind.SERVING, "Node", "Node")


def test_every_kind_has_a_letter_of_its_own() -> None:
    assert len({letter_of(kind) for kind in RelationshipKind}) == 11
