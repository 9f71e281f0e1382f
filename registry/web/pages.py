"""The pages: server-rendered, readable without scripts, loading nothing from another host.

Each page is one transaction on the registry and one template. Every state of a page is an address,
so that it can be sent to a colleague.
"""

from collections.abc import Callable
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import anyio.to_thread
import psycopg
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from registry import intake
from registry.storage.database import unit_of_work
from registry.web import overview as facts
from registry.web.assets import FOREVER, MEDIA_TYPES, asset, files_by_public_name, map_stylesheet
from registry.web.draw.landscape import DrawOptions, draw_landscape, landscape_poster
from registry.web.draw.marks import mark_picture
from registry.web.draw.model import LandscapeMap
from registry.web.draw.states import STATES, ColourBy, State
from schemas.access import Scope
from schemas.errors import TownclerkError, UnknownName
from schemas.landscape_kinds import ElementKind

T = TypeVar("T")

# One page of the first screen's GraphQL twin per page; see docs/how-to/ask-by-graphql.md.
QUERIES = {
    "home": "{ sources { key lastRun { state recordsRead recordsQuarantined } } }",
    "landscape": "{ domains { nodes { name referenceComponents { nodes { name "
    "systems { nodes { name } } } } } } }",
    "system": '{ element(urn: "%s") { name kind ... on System { '
    "interfaces { nodes { name consumers { nodes { name } } } } "
    "dataSets { nodes { name } } uses { nodes { name } } } } }",
    "interfaces": "{ interfaceChecks(first: 200) { nodes { interfaceUrn score checkedAt } } }",
    "quarantine": "{ syncRuns { nodes { sourceKey recordsQuarantined } } }",
}

environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def system_address(urn: str) -> str:
    """Return the address of a system's page; a slash in a URN is not a slash of the address."""
    return "/systems/" + quote(urn, safe=":")


environment.globals.update(
    asset=asset, Scope=Scope, Kind=ElementKind, system_address=system_address
)


def routes() -> list[BaseRoute]:
    """Return the pages; who may see which is decided by the gate in front of them."""
    from registry.web import customers, interfaces, matching, questions

    return [
        Route("/", home),
        Route("/landscape", landscape),
        Route("/landscape.svg", landscape_file),
        Route("/systems/{urn:path}", system),
        Route("/quarantine", quarantine),
        Route("/static/{name}", static),
        *questions.routes(),
        *matching.routes(),
        *customers.routes(),
        *interfaces.routes(),
    ]


async def home(request: Request) -> Response:
    """Show what is registered, what was synced, what failed, and what to do next."""
    shown = await ask(facts.overview)
    options = DrawOptions(colour_by=ColourBy.LIFECYCLE, title="Landscape")
    return page(
        request,
        "home.html",
        "home",
        overview=shown,
        picture=_map(shown.map, options, whole=True),
        legend=_legend(options.colour_by),
    )


async def landscape(request: Request) -> Response:
    """Show the whole map, coloured by what the reader asks for, and the same as a table."""
    colour_by = _colour(request)
    picture = await ask(facts.landscape_picture)
    domain = request.query_params.get("domain")
    if domain:
        picture = LandscapeMap([d for d in picture.domains if d.urn == domain])
    options = DrawOptions(colour_by=colour_by, title="Landscape")
    return page(
        request,
        "landscape.html",
        "landscape",
        map=picture,
        picture=_map(picture, options),
        legend=_legend(colour_by),
        colour_by=colour_by,
        colours=list(ColourBy),
        states=STATES[colour_by],
    )


async def landscape_file(request: Request) -> Response:
    """Give the map as a picture that stands alone, for reports."""
    svg = await ask(lambda db: standalone_svg(db, _colour(request)))
    return Response(
        svg,
        media_type="image/svg+xml",
        headers={
            "Content-Disposition": 'attachment; filename="landscape.svg"',
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        },
    )


def standalone_svg(db: psycopg.Connection, colour_by: ColourBy = ColourBy.LIFECYCLE) -> str:
    """Draw the landscape as one SVG document that loads nothing and carries its own style."""
    options = DrawOptions(colour_by=colour_by, title="Landscape")
    return landscape_poster(facts.landscape_picture(db), options, stylesheet=map_stylesheet())


async def system(request: Request) -> Response:
    """Show one system between those that serve it and those it serves."""
    urn = request.path_params["urn"]
    try:
        shown, answers = await ask(lambda db: _system(db, urn))
    except UnknownName as error:
        return trouble(request, error, HTTPStatus.NOT_FOUND)
    query = QUERIES["system"] % urn.replace("\\", "").replace('"', "")
    return page(request, "system.html", "landscape", query=query, page=shown, answers=answers)


def _system(db: psycopg.Connection, urn: str) -> tuple[facts.SystemPage, Any]:
    from registry.web.questions import system_answers

    shown = facts.system_page(db, urn)
    return shown, system_answers(db, shown.system.id)


async def quarantine(request: Request) -> Response:
    """Show which records were refused and why; never what they hold."""
    source = request.query_params.get("source") or None
    rows = await ask(lambda db: intake.queries.list_quarantine(db, source_key=source))
    return page(request, "quarantine.html", "quarantine", rows=rows, source=source)


async def static(request: Request) -> Response:
    """Give a static file; its name changes with its content, so it can be kept for ever."""
    file = files_by_public_name().get(request.path_params["name"])
    if file is None:
        error = UnknownName("there is no such file", remedy="Go back to the first page.")
        return trouble(request, error, HTTPStatus.NOT_FOUND)
    return FileResponse(
        file, media_type=MEDIA_TYPES[file.suffix], headers={"Cache-Control": FOREVER}
    )


def trouble(request: Request, error: TownclerkError, status: HTTPStatus) -> Response:
    """Say what went wrong, why, and what to do next."""
    return page(request, "trouble.html", "home", status=status, error=error)


async def ask(question: Callable[[psycopg.Connection], T]) -> T:
    """Ask the rooms in a thread, in one transaction."""

    def in_one_transaction() -> T:
        with unit_of_work() as db:
            return question(db)

    return await anyio.to_thread.run_sync(in_one_transaction)


def page(
    request: Request,
    template: str,
    place: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    query: str | None = None,
    **values: Any,
) -> Response:
    """Fill in a template.

    Args:
        request: Who asks.
        template: Its file.
        place: Where in the navigation it belongs.
        status: HTTP status.
        query: The same as a question in GraphQL; the place's own where none is given.
        values: What the template shows.
    """
    text = environment.get_template(template).render(
        place=place,
        actor=request.state.actor,
        graphql="/graphql?query=" + quote(query or QUERIES[place]),
        mark=_marks(),
        **values,
    )
    return HTMLResponse(text, status_code=status)


def _map(picture: LandscapeMap, options: DrawOptions, *, whole: bool = False) -> Markup:
    return Markup(draw_landscape(picture, options, whole=whole))  # noqa: S704  # names are escaped


def _legend(colour_by: ColourBy) -> list[Any]:
    return list(STATES[colour_by].values())


def _colour(request: Request) -> ColourBy:
    wished = request.query_params.get("colour", ColourBy.LIFECYCLE)
    return ColourBy(wished) if wished in set(ColourBy) else ColourBy.LIFECYCLE


def _marks() -> Callable[[State], Markup]:
    """Return a drawer of marks whose ids are unique on one page."""
    numbers = count()
    return lambda state: Markup(mark_picture(state, f"p{next(numbers)}"))  # noqa: S704  # ours alone
