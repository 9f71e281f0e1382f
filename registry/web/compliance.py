"""Compliance of systems: the compliance room's word on interfaces, carried to who provides them."""

from uuid import UUID

import psycopg

from registry.compliance.standings import Standing, standings
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.portfolio import APPLICATION, SYSTEM
from registry.web.draw.plotting import Compliance
from schemas.landscape_kinds import RelationshipKind

# A system is as compliant as its worst interface.
_WORST_FIRST = (Standing.FAILING, Standing.WAIVED, Standing.COMPLIANT)
_PROVIDES = (
    RelationshipKind.COMPOSITION,
    RelationshipKind.AGGREGATION,
    RelationshipKind.ASSIGNMENT,
)


def compliance_of_systems(db: psycopg.Connection, graph: LandscapeGraph) -> dict[str, Compliance]:
    """Return how systems comply, by key; those none of whose interfaces was checked are left out.

    Args:
        db: Connection in a transaction.
        graph: The landscape as this transaction sees it.
    """
    found: dict[str, Standing] = {}
    for interface, standing in standings(db).items():
        for system in _providers(graph, interface):
            key = graph.keys[system]
            known = found.get(key, standing)
            found[key] = min(known, standing, key=_WORST_FIRST.index)
    return {key: Compliance(standing) for key, standing in found.items()}


def _providers(graph: LandscapeGraph, interface: UUID) -> list[int]:
    node = graph.with_key(str(interface))
    if node is None:
        return []
    near = [one for kind in _PROVIDES for one, _edge in graph.incoming(node, kind)]
    return [one for one in near if graph.kinds[one] in {SYSTEM, APPLICATION}]
