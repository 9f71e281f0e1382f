"""The web application: which parts there are, and the guards in front of them.

Every request passes, from the outside in: correlation id, security headers, log and time, own
pages only, the gate, the body limit; then GraphQL, the pages, Prefect, /health or /metrics.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from anyio import move_on_after
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Lifespan

from flows.runtime import PREFECT_PATH, clock_token
from flows.server import PrefectDoor, prefect_app
from registry.settings import Settings
from schemas.errors import TownclerkError
from townclerk.answers import answer_request
from townclerk.gate import Gate, local_architect, token_holder
from townclerk.guards import BodyLimit, OwnPagesOnly, SecurityHeaders
from townclerk.health import Health
from townclerk.metrics import Metrics
from townclerk.requests import Correlation, Watch
from townclerk.routes import RouteTable
from townclerk.webhooks import ROUTE as WEBHOOK_ROUTE

if TYPE_CHECKING:
    from fastapi import FastAPI

# Prefect's services stop in milliseconds; should one hang, an operator still waits ten at most.
PREFECT_STOP_SECONDS_MAX: Final = 2.0


def create_app(
    settings: Settings,
    *,
    demo: bool = False,
    loopback: bool = True,
    prefect_api: str | None = None,
    graphql: ASGIApp | None = None,
    pages: Sequence[BaseRoute] | None = None,
) -> Starlette:
    """Put the web application together; the database is opened by the caller.

    Args:
        settings: Of this installation.
        demo: Whoever asks is the local architect; only ever on a loopback address.
        loopback: Whether we listen on a loopback address.
        prefect_api: Address under which this process reaches the Prefect API. Unless the
            settings name a Prefect server of the operator's own, ours is mounted at /prefect.
        graphql: What answers /graphql; default is the registry's schema.
        pages: Routes of the pages; default is the registry's.

    Returns:
        The application; its lifespan is also Prefect's.
    """
    assert loopback or not demo, "a demonstration asks nobody for a token"
    prefect = prefect_app() if settings.prefect_api_url is None else None
    token = clock_token(settings) if prefect else None
    metrics = Metrics()
    health = Health(settings, prefect_api=prefect_api, prefect_token=token)
    routes: list[BaseRoute] = [
        Route("/health", health.answer),
        Route("/metrics", metrics.answer),
        WEBHOOK_ROUTE,
        *(_pages() if pages is None else pages),
        *_graphql(graphql, settings),
    ]
    if prefect:
        routes.append(Mount(PREFECT_PATH, PrefectDoor(prefect)))
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Correlation),
            Middleware(SecurityHeaders),
            Middleware(Watch, metrics=metrics),
            Middleware(OwnPagesOnly, loopback=loopback),
            Middleware(
                Gate,
                table=RouteTable(),
                find_actor=local_architect if demo else token_holder(settings),
                clock_token=token,
            ),
            Middleware(BodyLimit),
        ],
        exception_handlers={TownclerkError: answer_request},
        lifespan=_lifespan(prefect),
    )


def _lifespan(prefect: "FastAPI | None") -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if prefect:
                services = prefect.router.lifespan_context(prefect)
                await services.__aenter__()
                stack.push_async_callback(_stop, services)
            yield

    return lifespan


async def _stop(services: AbstractAsyncContextManager[Any]) -> None:
    with move_on_after(PREFECT_STOP_SECONDS_MAX):
        await services.__aexit__(None, None, None)


def _graphql(app: ASGIApp | None, settings: Settings) -> list[BaseRoute]:
    if app is None:
        from registry.api.schema import graphql_app
        from registry.web.questions import draw_stored

        app = graphql_app(settings, draw_view=draw_stored)
    from registry.web.graphiql import PageForBrowsers, vendor_route

    return [
        Route("/graphql", PageForBrowsers(app)),
        WebSocketRoute("/graphql", app),
        vendor_route(),
    ]


def _pages() -> list[BaseRoute]:
    from registry.web.pages import routes

    return list(routes())
