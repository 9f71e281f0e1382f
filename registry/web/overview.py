"""What the pages show, asked of the rooms and put into plain values; nothing here draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from registry import customers, intake, landscape
from registry.intake.queries import IntakeTotals, RunRow
from registry.landscape.lifecycle import lifecycle_of
from registry.landscape.queries import ElementRow, Hop, MapRows
from registry.web.draw.model import ComponentBlock, DomainBlock, LandscapeMap, SystemBox
from registry.web.draw.states import STATES, ColourBy, Kind, State, Sync
from schemas.intake import RunState
from schemas.landscape_kinds import ElementKind


@dataclass(frozen=True)
class SourceStatus:
    """One source and how its newest run went."""

    key: str
    state: State
    run: RunRow | None
    age: str
    seconds: float | None


@dataclass(frozen=True)
class Overview:
    """Everything the first page shows."""

    kinds: Mapping[ElementKind, int]
    totals: IntakeTotals
    customers: int
    sources: list[SourceStatus]
    gaps: list[str]
    map: LandscapeMap

    @property
    def is_empty(self) -> bool:
        """Whether nothing but ourselves is registered."""
        return self.kinds[ElementKind.SYSTEM] <= 1 and not self.sources

    @property
    def failed(self) -> list[SourceStatus]:
        """Sources whose newest run failed."""
        return [source for source in self.sources if source.state.key == Sync.FAILED]


@dataclass(frozen=True)
class SystemPage:
    """One system between those that serve it and those it serves."""

    system: ElementRow
    components: list[ElementRow]
    interfaces: list[ElementRow]
    data_sets: list[ElementRow]
    uses: list[tuple[ElementRow, list[ElementRow]]]
    used_by: list[tuple[ElementRow, list[ElementRow]]]


def overview(db: psycopg.Connection, *, now: datetime | None = None) -> Overview:
    """Ask the rooms for the first page, in a fixed number of statements."""
    rows = landscape.queries.map_rows(db)
    known = intake.queries.list_sources(db)
    newest = intake.queries.newest_runs(db, [source.id for source in known])
    runs = {source.key: newest.get(source.id) for source in known}
    by_interface = {source.interface_id: newest.get(source.id) for source in known}
    picture = landscape_map(rows, _sync_by_system(db, by_interface))
    return Overview(
        kinds=landscape.queries.count_by_kind(db),
        totals=intake.queries.totals(db),
        customers=customers.queries.count_customers(db),
        sources=[_status(key, run, now or datetime.now(UTC)) for key, run in runs.items()],
        gaps=[
            component.name
            for domain in picture.domains
            for component in domain.components
            if not component.systems
        ],
        map=picture,
    )


def landscape_picture(db: psycopg.Connection) -> LandscapeMap:
    """Ask the rooms for the map alone."""
    known = intake.queries.list_sources(db)
    newest = intake.queries.newest_runs(db, [source.id for source in known])
    by_interface = {source.interface_id: newest.get(source.id) for source in known}
    return landscape_map(landscape.queries.map_rows(db), _sync_by_system(db, by_interface))


def landscape_map(rows: MapRows, sync: Mapping[UUID, Sync]) -> LandscapeMap:
    """Put elements into the boxes of a map: domains, the components in them, systems in those."""
    elements = {row.id: row for row in rows.elements}
    inside: dict[UUID, list[ElementRow]] = {}
    placed: set[UUID] = set()
    for outer, inner in rows.edges:
        if elements[outer].kind == ElementKind.SYSTEM:
            inside.setdefault(inner, []).append(elements[outer])
            placed.add(outer)
        else:
            inside.setdefault(outer, []).append(elements[inner])

    def box(row: ElementRow) -> SystemBox:
        state = sync.get(row.id, Sync.NONE)
        return SystemBox(
            urn=row.urn,
            name=row.name,
            kind=Kind.SYSTEM if state is Sync.NONE else Kind.SOURCE,
            lifecycle=lifecycle_of(row.attrs.get("lifecycle")),
            sync=state,
            data_sets=rows.data_sets.get(row.id, 0),
            interfaces=rows.interfaces.get(row.id, 0),
        )

    def by_name(outer: UUID) -> list[ElementRow]:
        return sorted(inside.get(outer, []), key=lambda row: (row.name, row.urn))

    domains = [
        DomainBlock(
            domain.urn,
            domain.name,
            [
                ComponentBlock(component.urn, component.name, [*map(box, by_name(component.id))])
                for component in by_name(domain.id)
            ],
        )
        for domain in rows.elements
        # A reference architecture's policy fields without components would be empty boxes.
        if domain.kind == ElementKind.DOMAIN and inside.get(domain.id)
    ]
    unplaced = [
        box(row) for row in rows.elements if row.kind == ElementKind.SYSTEM and row.id not in placed
    ]
    return LandscapeMap(domains=domains, unplaced=unplaced)


def system_page(db: psycopg.Connection, urn: str) -> SystemPage:
    """Ask for one system and its neighbours.

    Raises:
        UnknownName: Nothing is registered under the URN.
    """
    queries = landscape.queries
    system = queries.find_element(db, urn)

    def near(hop: Hop) -> list[ElementRow]:
        return queries.neighbours(db, [system.id], hop).get(system.id, [])

    interfaces, uses = near(queries.INTERFACES_OF_SYSTEM), near(queries.USED_BY_SYSTEM)
    consumers = queries.neighbours(
        db, [row.id for row in interfaces], queries.CONSUMERS_OF_INTERFACE
    )
    providers = queries.neighbours(db, [row.id for row in uses], queries.SYSTEMS_OF_INTERFACE)
    return SystemPage(
        system=system,
        components=near(queries.REFERENCES_OF_SYSTEM),
        interfaces=interfaces,
        data_sets=near(queries.DATA_SETS_OF),
        uses=[(row, providers.get(row.id, [])) for row in uses],
        used_by=[(row, consumers.get(row.id, [])) for row in interfaces],
    )


def sync_state(run: RunRow | None) -> Sync:
    """Return how a source is doing, from its newest run."""
    if run is None:
        return Sync.WAITING
    if run.state == RunState.RUNNING:
        return Sync.RUNNING
    if run.state != RunState.COMPLETED:
        return Sync.FAILED
    return Sync.PARTLY if run.records_quarantined else Sync.GOOD


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was, in the largest unit that says something."""
    passed = now - moment
    for unit, length in (
        ("d", timedelta(days=1)),
        ("h", timedelta(hours=1)),
        ("min", timedelta(minutes=1)),
    ):
        if passed >= length:
            return f"{passed // length} {unit} ago"
    return "just now"


def _status(key: str, run: RunRow | None, now: datetime) -> SourceStatus:
    ended = run.finished_at if run else None
    return SourceStatus(
        key=key,
        state=STATES[ColourBy.SYNC][sync_state(run)],
        run=run,
        age=age(ended or run.started_at, now) if run else "never",
        seconds=(ended - run.started_at).total_seconds() if run and ended else None,
    )


def _sync_by_system(
    db: psycopg.Connection, by_interface: Mapping[UUID, RunRow | None]
) -> dict[UUID, Sync]:
    queries = landscape.queries
    owners = queries.neighbours(db, list(by_interface), queries.SYSTEMS_OF_INTERFACE)
    return {
        system.id: sync_state(by_interface[interface])
        for interface, systems in owners.items()
        for system in systems
    }
