"""Suppliers: who supplies what, and how much of the landscape hangs on one of them."""

from msgspec import Struct

from registry.landscape.exchange.inventory import KEEPS, SUPPLIES, SystemEntry
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.portfolio import Portfolio
from registry.landscape.questions.profiles import fact
from schemas.landscape_kinds import RelationshipKind

DATA = ("data_set", "data_object")


class Supplied(Struct, frozen=True, kw_only=True):
    """One supplier and what comes from it; the name is empty where nobody said who.

    Args:
        supplier: Name.
        systems: Names of its systems.
        components: Reference components only its systems fill in.
        share: Part of all systems, from 0 to 1.
    """

    supplier: str
    systems: tuple[str, ...]
    components: tuple[str, ...]
    share: float


def suppliers(found: Portfolio) -> list[Supplied]:
    """Return suppliers, the one with most systems first; systems without one come last.

    A supplier is named by a property, or by a party that supplies, serves or is assigned to the
    system. Names that differ only in case are one.
    """
    systems: dict[str, list[int]] = {}
    shown: dict[str, str] = {}
    for system in found.systems:
        name = supplier_of(found.own, system)
        systems.setdefault(name.casefold(), []).append(system)
        shown.setdefault(name.casefold(), name)
    rows = [
        Supplied(
            supplier=shown[key],
            systems=tuple(found.own.names[system] for system in supplied),
            components=tuple(_alone(found, set(supplied))),
            share=len(supplied) / len(found.systems),
        )
        for key, supplied in systems.items()
    ]
    return sorted(rows, key=lambda row: (not row.supplier, -len(row.systems), row.supplier))


def supplier_of(graph: LandscapeGraph, system: int) -> str:
    """Return who supplies a system, or nothing."""
    if said := fact(graph, system, "supplier"):
        return " ".join(said.split())
    for kind in (RelationshipKind.ASSOCIATION, RelationshipKind.SERVING):
        for party, edge in graph.incoming(system, kind):
            is_supplier = graph.kinds[party] == "supplier"
            if is_supplier or graph.edge_name(edge).casefold() == SUPPLIES:
                return graph.names[party]
    return ""


def system_entries(found: Portfolio) -> list[SystemEntry]:
    """Return the systems as California's SB 272 wants them told, by name."""
    graph = found.own
    return [
        SystemEntry(
            vendor=supplier_of(graph, system),
            product=graph.names[system],
            purpose=graph.description(system),
            data=fact(graph, system, "data_categories") or "; ".join(_data(graph, system)),
            custodian=fact(graph, system, "owner") or _keeper(graph, system),
            collected=graph.value(system, ("collection frequency",)),
            updated=graph.value(system, ("update frequency",)),
        )
        for system in found.systems
    ]


def _data(graph: LandscapeGraph, system: int) -> list[str]:
    return sorted(
        graph.names[data]
        for data, _edge in graph.outgoing(system, RelationshipKind.ACCESS)
        if graph.kinds[data] in DATA
    )


def _keeper(graph: LandscapeGraph, system: int) -> str:
    for party, edge in graph.incoming(system, RelationshipKind.ASSOCIATION):
        if graph.edge_name(edge).casefold() == KEEPS:
            return graph.names[party]
    return ""


def _alone(found: Portfolio, systems: set[int]) -> list[str]:
    return [
        found.reference.names[component]
        for component in found.components
        if component in found.filled_by and set(found.filled_by[component]) <= systems
    ]
