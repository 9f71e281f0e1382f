"""The ArchiMate 3.2 metamodel: what there is, and which relationship may run between which two.

The rules are data (schemas/reference/archimate-3.2.toml); here they become one lookup. The kinds
people use at the counter (system, data set, channel, …) each stand for one ArchiMate concept.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from typing import Any

from schemas.errors import InvalidInput, UnknownName
from schemas.landscape_kinds import RelationshipKind

_RULES: dict[str, Any] = tomllib.loads(
    files("schemas.reference").joinpath("archimate-3.2.toml").read_text(encoding="utf-8")
)

JUNCTION, GROUPING, RELATIONSHIP = "Junction", "Grouping", "Relationship"

# The kinds of the counter, and the concept each is drawn and exchanged as. A standard is a
# Constraint because the Dutch and European reference architectures model it so.
MUNICIPAL_KINDS: Mapping[str, str] = {
    "channel": "BusinessInterface",
    "contract": "Contract",
    "customer_need": "Requirement",
    "data_set": "DataObject",
    "distribution": "Artifact",
    "domain": "Grouping",
    "interface": "ApplicationInterface",
    "organisation": "BusinessActor",
    "plateau": "Plateau",
    "processing_activity": "BusinessProcess",
    "reference_component": "ApplicationComponent",
    "service": "BusinessService",
    "standard": "Constraint",
    "standard_version": "Constraint",
    "supplier": "BusinessActor",
    "system": "ApplicationComponent",
}


class Strictness(StrEnum):
    """What happens to a relationship that ArchiMate does not allow."""

    STRICT = "strict"  # the model is refused
    WARN = "warn"  # the model is taken and the relationship reported
    OFF = "off"  # nobody looks


class RelationshipNotAllowed(InvalidInput):
    """ArchiMate 3.2 does not allow this relationship between these two concepts."""

    code = "relationship_not_allowed"


def _placed() -> dict[str, tuple[str, str]]:
    return {
        concept: (layer, aspect)
        for layer, aspects in _RULES["layers"].items()
        for aspect, names in aspects.items()
        for concept in names.split()
    }


# Layer and aspect per concept, in the order of the specification; 62 in all.
CONCEPTS: Mapping[str, tuple[str, str]] = _placed()


def _kind_name(concept: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", concept).lower()


# Every concept under its name with underscores, and the counter's own kinds.
KINDS: Mapping[str, str] = {
    **{_kind_name(c): c for c in CONCEPTS if c != RELATIONSHIP},
    **MUNICIPAL_KINDS,
}


def concept_of(kind: str) -> str:
    """Return the ArchiMate concept a kind stands for, e.g. ApplicationComponent for system.

    Raises:
        UnknownName: The kind is neither a counter's kind nor an ArchiMate concept.
    """
    concept = KINDS.get(kind) or (kind if kind in CONCEPTS else None)
    if concept is None:
        raise UnknownName(f"There is no kind of element called {kind!r}.", remedy=_known_kinds())
    return concept


def kind_of(concept: str) -> str:
    """Return a concept's kind: its name with underscores, e.g. business_process."""
    return _kind_name(concept)


def layer_of(concept: str) -> str:
    """Return the layer a concept is drawn in, e.g. application."""
    return CONCEPTS[concept][0]


def aspect_of(concept: str) -> str:
    """Return the aspect of a concept, e.g. active, behaviour or passive."""
    return CONCEPTS[concept][1]


def _known_kinds() -> str:
    return f"Use one of: {', '.join(sorted(KINDS))}."


class _Groups:
    """Turns words of the rules into sets of concepts."""

    def __init__(self, groups: Mapping[str, str]) -> None:
        self._groups = groups

    def concepts(self, words: str) -> frozenset[str]:
        return frozenset(chain.from_iterable(self._expand(word) for word in words.split()))

    def _expand(self, word: str) -> Iterable[str]:
        if word in CONCEPTS:
            return (word,)
        return self.concepts(self._groups[word])


def _direct_targets(name: str, groups: _Groups) -> dict[str, set[str]]:
    """Return what each concept may reach with one kind, before the general rules."""
    spec = _RULES["relationships"][name]
    reach: dict[str, set[str]] = {concept: set() for concept in CONCEPTS}
    if parent := spec.get("like"):
        reach = _direct_targets(parent, groups)
    for rule in spec.get("rules", ()):
        sources, targets = (groups.concepts(side) for side in rule.split(":"))
        for source in sources:
            reach[source] |= targets
    if spec.get("own"):
        for concept in CONCEPTS:
            reach[concept].add(concept)
    return reach


def _all_targets(name: str, groups: _Groups) -> dict[str, set[str]]:
    """Apply the six general rules written above the relationships in the rule file."""
    everything = set(CONCEPTS)
    if name == RelationshipKind.ASSOCIATION:
        reach = {concept: set(everything) for concept in CONCEPTS}
        reach[RELATIONSHIP] -= {RELATIONSHIP, JUNCTION}
        reach[JUNCTION].discard(RELATIONSHIP)
        return reach
    spec = _RULES["relationships"][name]
    reach = _direct_targets(name, groups)
    anything = set().union(*reach.values()) - {RELATIONSHIP}
    for concept in CONCEPTS:
        if reach[concept]:
            reach[concept].add(GROUPING)
        reach[concept].add(JUNCTION)
    reach[GROUPING] = anything | {GROUPING, JUNCTION}
    reach[JUNCTION] = {JUNCTION} if spec.get("own") else set(reach[GROUPING])
    for concept in groups.concepts(spec.get("contains_all", "")):
        reach[concept] = everything
    reach[RELATIONSHIP] = set()
    return reach


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], frozenset[RelationshipKind]]:
    groups = _Groups(_RULES["groups"])
    cells: dict[tuple[str, str], set[RelationshipKind]] = {
        (source, target): set() for source in CONCEPTS for target in CONCEPTS
    }
    for kind in RelationshipKind:
        for source, targets in _all_targets(kind, groups).items():
            for target in targets:
                cells[source, target].add(kind)
    return {ends: frozenset(kinds) for ends, kinds in cells.items()}


def allowed(source: str, target: str) -> frozenset[RelationshipKind]:
    """Return the relationships ArchiMate 3.2 allows from one concept to another.

    Args:
        source: Concept, e.g. ApplicationComponent; Relationship where a relationship is the end.
        target: Concept, likewise.

    Source:
        The Open Group, ArchiMate 3.2 Specification (C226), appendix B.
    """
    return _table()[source, target]


def letter_of(kind: RelationshipKind) -> str:
    """Return the letter by which relationship tables call a kind, e.g. v for serving."""
    return str(_RULES["relationships"][kind]["letter"])


def refusal(kind: RelationshipKind, source: str, target: str) -> str:
    """Say that a relationship is not allowed, and which ones are."""
    kinds = sorted(allowed(source, target))
    instead = f"allowed are: {', '.join(kinds)}" if kinds else "no relationship is allowed there"
    back = sorted(allowed(target, source))
    turned = f"; from {target} to {source} it would be" if kind in back else ""
    return f"ArchiMate 3.2 allows no {kind} from {source} to {target}{turned}; {instead}."


def require_allowed(kind: RelationshipKind, source: str, target: str) -> None:
    """Refuse a relationship that ArchiMate does not allow, naming those it does.

    Raises:
        RelationshipNotAllowed: With the allowed kinds in the message and in its facts.
    """
    if kind not in allowed(source, target):
        raise RelationshipNotAllowed(
            refusal(kind, source, target),
            remedy="Choose one of the allowed relationships, or set the model's check to warn.",
            allowed=sorted(allowed(source, target)),
        )
