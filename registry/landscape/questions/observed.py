"""Declared against observed: what the register says flows, beside what really flowed.

Data flows from a data set through an interface to whoever the interface serves. The hub sees what
it reads itself; of other interfaces it can only say that nobody watches them.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from registry.landscape.questions.graph import LandscapeGraph
from schemas.landscape_kinds import RelationshipKind

STALE_AFTER: Final = timedelta(days=30)  # a monthly delivery is still alive
INTERFACES: Final = ("interface", "application_interface")


class Verdict(StrEnum):
    """How what is declared and what was observed differ; the worst first."""

    UNDECLARED = "undeclared"  # flowed, and no relationship says so
    DRIFTED = "drifted"  # declared, and not what is observed: other data, or it fails
    UNUSED = "unused"  # declared and connected, or serving nobody; nothing ever flowed
    STALE = "stale"  # declared, and nothing has flowed for a month
    UNWATCHED = "unwatched"  # declared; no connector reads it, so nobody can tell
    AGREES = "agrees"


class Flow(Struct, frozen=True):
    """Something that flowed from one element to another: ids, how much, and when last."""

    source: str
    target: str
    records: int
    last: datetime


class Compared(Struct, frozen=True, kw_only=True):
    """One flow, or one interface without any, as declared and as observed."""

    verdict: Verdict
    interface: str
    interface_key: str
    source: str
    target: str
    records: int
    last: datetime | None
    reason: str


def declared_against_observed(
    graph: LandscapeGraph,
    flows: Iterable[Flow],
    *,
    now: datetime,
    connected: Mapping[str, str],
) -> list[Compared]:
    """Compare what is declared with what was seen.

    Args:
        graph: The landscape.
        flows: What really flowed, each pair once.
        now: What stale counts from.
        connected: Ids of interfaces that a connector reads, with what is wrong with their newest
            run, or nothing.

    Returns:
        By verdict, the worst first; then by interface.
    """
    seen = [(graph.with_key(f.source), graph.with_key(f.target), f) for f in flows]
    rows = [_seen(graph, source, target, flow, now) for source, target, flow in seen]
    active = {node for source, target, _flow in seen for node in (source, target)}
    troubles = {graph.with_key(key): trouble for key, trouble in connected.items()}
    # A reference architecture's interfaces are nobody's, as long as we have our own.
    own = graph.of_kinds(INTERFACES[0])
    for node in (own if len(own) else graph.of_kinds(*INTERFACES)).tolist():
        rows.extend(_silent(graph, node, node in active, troubles.get(node)))
    order = {verdict: place for place, verdict in enumerate(Verdict)}
    return sorted(rows, key=lambda r: (order[r.verdict], r.interface, r.source, r.target))


def _seen(
    graph: LandscapeGraph, source: int | None, target: int | None, flow: Flow, now: datetime
) -> Compared:
    """Judge one observed flow."""
    if source is None or target is None:
        return _row(graph, Verdict.UNDECLARED, "one end is gone since", (source, target), flow)
    is_door = graph.kinds[source] in INTERFACES
    problem = _not_served(graph, source, target) if is_door else _not_given(graph, source, target)
    days = (now - flow.last).days
    if problem is not None:
        verdict, reason = problem
    elif now - flow.last > STALE_AFTER:
        verdict, reason = Verdict.STALE, f"nothing for {days} days"
    else:
        verdict, reason = Verdict.AGREES, ""
    interface = source if is_door else target
    return _row(graph, verdict, reason, (source, target), flow, interface=interface)


def _not_given(graph: LandscapeGraph, data: int, interface: int) -> tuple[Verdict, str] | None:
    """Tell why data that came through an interface was not declared to; None where it was."""
    declared = _accessed(graph, interface)
    if data in declared:
        return None
    if declared:
        others = ", ".join(sorted(graph.names[node] for node in declared))
        return Verdict.DRIFTED, f"declared to give {others}"
    return Verdict.UNDECLARED, "the interface declares no data set"


def _not_served(graph: LandscapeGraph, interface: int, end: int) -> tuple[Verdict, str] | None:
    """Tell why what an interface gave to somebody was not declared; None where it was."""
    served = [
        node
        for kind in (RelationshipKind.SERVING, RelationshipKind.FLOW)
        for node, _edge in graph.outgoing(interface, kind)
    ]
    if end in served or any(end in _accessed(graph, node) for node in served):
        return None
    if served:
        others = ", ".join(sorted(graph.names[node] for node in served))
        return Verdict.DRIFTED, f"declared to serve {others}"
    return Verdict.UNDECLARED, "the interface declares nobody it serves"


def _accessed(graph: LandscapeGraph, node: int) -> set[int]:
    return {there for there, _edge in graph.outgoing(node, RelationshipKind.ACCESS)}


def _silent(
    graph: LandscapeGraph, node: int, is_active: bool, trouble: str | None
) -> Iterator[Compared]:
    """Judge an interface as such: one that fails, or that nothing ever came through.

    Args:
        graph: The landscape.
        node: The interface.
        is_active: Something was seen to flow through it.
        trouble: What is wrong with the newest run; empty if nothing; None without a connector.
    """
    if trouble:
        yield _row(graph, Verdict.DRIFTED, trouble, interface=node)
    elif is_active:
        return
    elif trouble is not None:
        yield _row(graph, Verdict.UNUSED, "connected, and nothing ever came", interface=node)
    elif any(True for _ in graph.outgoing(node, RelationshipKind.SERVING)):
        yield _row(graph, Verdict.UNWATCHED, "no connector reads it", interface=node)
    else:
        yield _row(graph, Verdict.UNUSED, "serves nobody", interface=node)


def _row(
    graph: LandscapeGraph,
    verdict: Verdict,
    reason: str,
    ends: tuple[int | None, int | None] = (None, None),
    flow: Flow | None = None,
    *,
    interface: int | None = None,
) -> Compared:
    source, target = ("" if node is None else graph.names[node] for node in ends)
    return Compared(
        verdict=verdict,
        interface="" if interface is None else graph.names[interface],
        interface_key="" if interface is None else graph.keys[interface],
        source=source,
        target=target,
        records=flow.records if flow else 0,
        last=flow.last if flow else None,
        reason=reason,
    )
