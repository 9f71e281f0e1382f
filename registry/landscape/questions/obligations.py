"""Obligations: which standards a system has to meet, by way of its reference components.

A reference component realizes a standard, and the relationship says how binding that is. Where it
says two things at once, or nothing, nobody may guess: the obligation is unclear.
"""

from enum import StrEnum

from msgspec import Struct

from registry.landscape.questions.graph import LandscapeGraph, folded
from registry.landscape.questions.portfolio import Portfolio
from registry.landscape.questions.profiles import ObligationSign, Profile
from schemas.landscape_kinds import RelationshipKind


class Role(StrEnum):
    """How binding a standard is."""

    MANDATORY = "mandatory"
    RECOMMENDED = "recommended"
    UNCLEAR = "unclear"


class Obligation(Struct, frozen=True, kw_only=True):
    """One standard that one component, and so each system in it, has to meet.

    Args:
        component: Name of the reference component.
        component_key: Its id.
        standard: Name of the standard.
        standard_key: Its id.
        role: How binding it is.
        said: What the reference says, word for word.
        versions: Names of the standard's versions.
        systems: Names of the systems in the component.
    """

    component: str
    component_key: str
    standard: str
    standard_key: str
    role: Role
    said: str
    versions: tuple[str, ...]
    systems: tuple[str, ...]


def obligations(found: Portfolio, *, system: int | None = None) -> list[Obligation]:
    """Return what standards components, and so systems, have to meet.

    Args:
        found: Systems beside their reference architecture.
        system: Only for this system; a node of `found.own`.

    Returns:
        By component, then standard.
    """
    components = found.components if system is None else found.fills.get(system, [])
    return [one for component in components for one in obligations_of(found, component)]


def obligations_of(found: Portfolio, component: int) -> list[Obligation]:
    """Return what one reference component has to meet, by standard."""
    graph, profile = found.reference, found.profile
    answers = []
    for standard, edge in graph.outgoing(component, RelationshipKind.REALIZATION):
        if not profile.is_standard(graph, standard):
            continue
        role, said = role_of(graph, edge, profile)
        answers.append(
            Obligation(
                component=graph.names[component],
                component_key=graph.keys[component],
                standard=graph.names[standard],
                standard_key=graph.keys[standard],
                role=role,
                said=said,
                versions=tuple(_versions(graph, standard, profile)),
                systems=tuple(found.own.names[s] for s in found.filled_by.get(component, ())),
            )
        )
    return sorted(answers, key=lambda one: (one.standard, one.standard_key))


def role_of(graph: LandscapeGraph, edge: int, profile: Profile) -> tuple[Role, str]:
    """Return how binding a relationship says a standard is, and its own words.

    A value given twice counts once; an empty one says nothing.
    """
    facts = graph.edge_facts(edge)
    roles: set[Role] = set()
    words: list[str] = []
    for sign in (one.obligation for one in profile.all()):
        for value in filter(None, facts.get(folded(sign.property), ())):
            words.append(value)
            roles.add(_role(value, sign))
    [role] = roles if len(roles) == 1 else [Role.UNCLEAR]
    return role, "; ".join(dict.fromkeys(words))


def _role(word: str, sign: ObligationSign) -> Role:
    if word.casefold().strip() in {value.casefold() for value in sign.mandatory}:
        return Role.MANDATORY
    if word.casefold().strip() in {value.casefold() for value in sign.recommended}:
        return Role.RECOMMENDED
    return Role.UNCLEAR


def _versions(graph: LandscapeGraph, standard: int, profile: Profile) -> list[str]:
    return sorted(
        graph.names[version]
        for version, _edge in graph.incoming(standard, RelationshipKind.SPECIALIZATION)
        if profile.is_version(graph, version)
    )


def role_counts(answers: list[Obligation]) -> dict[str, int]:
    """Return how many obligations are mandatory, recommended and unclear, and of how many."""
    counted = dict.fromkeys((str(role) for role in Role), 0)
    for one in answers:
        counted[one.role] += 1
    return {
        **counted,
        "components": len({one.component_key for one in answers}),
        "standards": len({one.standard_key for one in answers}),
        "checks": sum(len(one.systems) for one in answers if one.role is Role.MANDATORY),
    }
