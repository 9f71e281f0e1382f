"""Pages that answer an architect's questions: views with our systems, gaps, roadmap, flows.

Each is one transaction and one template; every choice is part of the address.
"""

from datetime import UTC, date, datetime, time
from http import HTTPStatus
from typing import Any
from uuid import UUID

import psycopg
from markupsafe import Markup
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from registry.landscape.changes.scenarios import find_scenario
from registry.landscape.questions.completeness import Completeness, completeness
from registry.landscape.questions.gaps import Cover, Gaps, gaps
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.impact import Affected, impact
from registry.landscape.questions.obligations import Obligation, obligations
from registry.landscape.questions.plotted import PlotBy
from registry.landscape.questions.portfolio import Portfolio, portfolio
from registry.landscape.questions.reach import Direction
from registry.landscape.questions.roadmap import Step, roadmap
from registry.landscape.questions.stored import graph_at, kept_graph
from registry.landscape.questions.stored_views import fetch_view, list_views
from registry.web import pages
from registry.web.compliance import compliance_of_systems
from registry.web.draw.plotting import draw_plotted
from registry.web.flows import compared_flows
from schemas.errors import InvalidInput, TownclerkError, UnknownName

IMPACT_DEPTH = 3  # on a page of one system; the command line goes further
IMPACT_KINDS = ("system", "application_component", "interface", "data_set", "business_process")
ROWS_MAX = 200


class SystemAnswers(Struct, frozen=True):
    """What the questions say of one system: what it fills in and owes, what hangs on it."""

    components: list[str]
    obligations: list[Obligation]
    affected: list[Affected]
    complete: Completeness


def routes() -> list[BaseRoute]:
    """Return the pages."""
    return [
        Route("/views", views),
        Route("/views/{key:uuid}", view),
        Route("/gaps", gap_page),
        Route("/roadmap", roadmap_page),
        Route("/flows", flows_page),
    ]


async def views(request: Request) -> Response:
    """List the stored views."""
    rows = await pages.ask(list_views)
    return pages.page(request, "views.html", "landscape", rows=rows)


async def view(request: Request) -> Response:
    """Show one view with our systems on it."""
    key: UUID = request.path_params["key"]
    wished = request.query_params.get("by", PlotBy.LIFECYCLE)
    by = PlotBy(wished) if wished in set(PlotBy) else PlotBy.LIFECYCLE
    try:
        name, svg = await pages.ask(lambda db: draw_stored(db, key, by, _graph(db, request)))
    except UnknownName as error:
        return pages.trouble(request, error, HTTPStatus.NOT_FOUND)
    except TownclerkError as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    return pages.page(
        request, "view.html", "landscape", key=key, name=name, by=by,
        picture=Markup(svg),  # noqa: S704  # every word in it is escaped
        choices=list(PlotBy), moment=_moment(request),
    )  # fmt: skip


def draw_stored(
    db: psycopg.Connection, key: UUID, by: PlotBy, graph: LandscapeGraph
) -> tuple[str, str]:
    """Return the name of a stored view, and the SVG of it with our systems on it.

    Raises:
        UnknownName: There is no such view.
    """
    model, shown = fetch_view(db, key)
    known = compliance_of_systems(db, graph) if by is PlotBy.COMPLIANCE else {}

    def address(node_key: str) -> str:
        node = graph.with_key(node_key)
        urn = graph.columns.aliases[node] if node is not None else ""
        return pages.system_address(urn) if urn else ""

    svg = draw_plotted(
        model,
        shown,
        portfolio(graph),
        by=by,
        compliance=known,
        system_href=address,
        element_href=lambda element: address(element.id),
    )
    return shown.name, svg


async def gap_page(request: Request) -> Response:
    """Show which reference components have no system, one, or several."""
    try:
        answer, links = await pages.ask(lambda db: _gaps(_graph(db, request)))
    except TownclerkError as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    wished = request.query_params.get("cover")
    rows = [one for one in answer.components if wished in {None, "", str(one.cover)}]
    return pages.page(
        request, "gaps.html", "landscape", answer=answer, rows=rows[:ROWS_MAX], links=links,
        counts=_counts(answer), cover=wished, covers=list(Cover), more=len(rows) - ROWS_MAX,
        moment=_moment(request),
    )  # fmt: skip


def _gaps(graph: LandscapeGraph) -> tuple[Gaps, dict[str, str]]:
    found = portfolio(graph)
    return gaps(found), _links(found)


def _links(found: Portfolio) -> dict[str, str]:
    """Return the addresses of systems' own pages, by their names."""
    urns = {found.own.names[n]: found.own.columns.aliases[n] for n in found.systems}
    return {name: pages.system_address(urn) for name, urn in urns.items() if urn}


def _graph(db: psycopg.Connection, request: Request) -> LandscapeGraph:
    """Return the landscape that `?as_of=` and `?scenario=` ask for; of neither, the present.

    Raises:
        InvalidInput: The day is none, or has not come.
        UnknownName: There is no such scenario.
    """
    day, plan = request.query_params.get("as_of"), request.query_params.get("scenario")
    planned = find_scenario(db, plan).id if plan else None
    return graph_at(db, _end_of(day) if day else None, planned)


def _end_of(said: str) -> datetime:
    try:
        day = datetime.combine(date.fromisoformat(said), time.max, UTC)
    except ValueError as error:
        raise InvalidInput(f"{said!r} is no day.", remedy="Write it as 2026-12-31.") from error
    if day.date() > datetime.now(UTC).date():
        raise InvalidInput(f"{said} has not come yet.", remedy="Plans are asked with ?scenario=.")
    return day


def _moment(request: Request) -> list[tuple[str, str]]:
    """Return what of the address says which landscape is shown, to be told and kept in links."""
    said = request.query_params
    return [(name, said[name]) for name in ("as_of", "scenario") if said.get(name)]


def _counts(answer: Gaps) -> list[tuple[str, int]]:
    words = {
        "gap": "without a system",
        "ending": "only with ending systems",
        "planned": "only planned",
        "one": "with one system",
        "overlap": "with several",
        "unplaced": "systems not placed",
    }
    return [(word, answer.counts()[key]) for key, word in words.items()]


async def roadmap_page(request: Request) -> Response:
    """Show which systems begin and end when."""
    today = datetime.now(UTC).date()

    def question(db: psycopg.Connection) -> tuple[list[Step], dict[str, str]]:
        found = portfolio(_graph(db, request))
        return roadmap(found, today=today), _links(found)

    try:
        steps, links = await pages.ask(question)
    except TownclerkError as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    return pages.page(
        request, "roadmap.html", "landscape", steps=steps[:ROWS_MAX], today=today, links=links,
        moment=_moment(request),
    )  # fmt: skip


async def flows_page(request: Request) -> Response:
    """Show what is declared beside what was observed."""
    rows = await pages.ask(lambda db: compared_flows(db, now=datetime.now(UTC)))
    return pages.page(request, "flows.html", "landscape", rows=rows[:ROWS_MAX])


def system_answers(db: psycopg.Connection, key: UUID) -> SystemAnswers:
    """Ask what one system owes, what hangs on it, and what its record lacks."""
    graph = kept_graph(db)
    found = portfolio(graph)
    node = graph.with_key(str(key))
    assert node is not None  # the caller has just read it in this transaction
    kinds: dict[str, Any] = {"kinds": IMPACT_KINDS, "depth": IMPACT_DEPTH}
    [complete] = completeness(found, node=node)
    return SystemAnswers(
        components=[found.reference.names[one] for one in found.fills.get(node, ())],
        obligations=obligations(found, system=node),
        affected=impact(graph, node, direction=Direction.AFFECTS, **kinds)[:ROWS_MAX],
        complete=complete,
    )
