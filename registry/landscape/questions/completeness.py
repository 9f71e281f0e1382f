"""Completeness: how much of what a record should say it does, and why the rest matters.

What is expected of which kind is data (schemas/reference/profiles.toml).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from registry.landscape.lifecycle import REFERENCE, Lifecycle, lifecycle_of
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.portfolio import Portfolio
from registry.landscape.questions.profiles import fact, says_yes
from schemas.landscape_kinds import RelationshipKind


class Expected(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing expected of records of some kinds: a fact, or a check of this module by name."""

    kinds: tuple[str, ...]
    weight: int
    missing: str
    fact: str = ""
    check: str = ""
    only: str = ""


class Completeness(Struct, frozen=True, kw_only=True):
    """One record's score, from 0 to 100, and the reasons it is not 100, the weightiest first."""

    key: str
    kind: str
    name: str
    score: int
    reasons: tuple[str, ...]


def _has_description(graph: LandscapeGraph, node: int) -> bool:
    return bool(graph.description(node).strip())


def _is_related(graph: LandscapeGraph, node: int) -> bool:
    return any(len(ways.row(node)[0]) for ways in (graph.forward, graph.reverse))


def _has_provider(graph: LandscapeGraph, node: int) -> bool:
    return any(True for _ in graph.incoming(node, RelationshipKind.COMPOSITION))


def _has_consumer(graph: LandscapeGraph, node: int) -> bool:
    return any(True for _ in graph.outgoing(node, RelationshipKind.SERVING))


def _is_leaving(graph: LandscapeGraph, node: int) -> bool:
    return lifecycle_of(fact(graph, node, "lifecycle")) is Lifecycle.LEAVING


def _is_personal(graph: LandscapeGraph, node: int) -> bool:
    return says_yes(fact(graph, node, "personal_data"))


CHECKS: Final[Mapping[str, Callable[[LandscapeGraph, int], bool]]] = {
    "description": _has_description,
    "related": _is_related,
    "provider": _has_provider,
    "consumer": _has_consumer,
    "leaving": _is_leaving,
    "personal": _is_personal,
}


@lru_cache(maxsize=1)
def expectations() -> tuple[Expected, ...]:
    """Return what is expected of records."""
    return msgspec.convert(REFERENCE["expected"], tuple[Expected, ...])


def completeness(found: Portfolio, *, node: int | None = None) -> list[Completeness]:
    """Return the score of every record that something is expected of, the worst first.

    Args:
        found: Systems beside their reference architecture.
        node: Only this record of `found.own`.
    """
    graph = found.own
    kinds = {kind for one in expectations() for kind in one.kinds}
    nodes = graph.of_kinds(*kinds).tolist() if node is None else [node]
    systems = set(found.systems)
    rows = [_scored(found, one, is_system=one in systems) for one in nodes]
    return sorted(rows, key=lambda row: (row.score, row.kind, row.name, row.key))


def _scored(found: Portfolio, node: int, *, is_system: bool) -> Completeness:
    graph = found.own
    kinds = {graph.kinds[node], "system"} if is_system else {graph.kinds[node]}
    reached = whole = 0
    missing: list[tuple[int, str]] = []
    for one in expectations():
        if kinds.isdisjoint(one.kinds) or (one.only and not CHECKS[one.only](graph, node)):
            continue
        whole += one.weight
        if _is_met(found, node, one):
            reached += one.weight
        else:
            missing.append((one.weight, one.missing))
    missing.sort(key=lambda one: -one[0])
    return Completeness(
        key=graph.keys[node],
        kind=graph.kinds[node],
        name=graph.names[node],
        score=round(100 * reached / whole) if whole else 100,
        reasons=tuple(reason for _weight, reason in missing),
    )


def _is_met(found: Portfolio, node: int, one: Expected) -> bool:
    if one.check == "component":
        return bool(found.fills.get(node))
    if one.check:
        return CHECKS[one.check](found.own, node)
    return bool(fact(found.own, node, one.fact))
