"""The application with its real parts: every route has its row, and GraphQL learns who asks."""

import re
from collections.abc import Callable, Iterable
from functools import partial

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from registry.settings import Settings
from schemas.access import Scope
from townclerk.app import create_app
from townclerk.routes import RouteTable
from townclerk.serving import serving

Token = Callable[..., str]


def asked(routes: Iterable[BaseRoute]) -> list[tuple[str, str]]:
    """Return one method and path for everything that routes answer."""
    found = []
    for route in routes:
        path = re.sub(r"\{[^}]*\}", "x", getattr(route, "path", ""))
        if isinstance(route, Mount):
            found.append(("GET", f"{path}/x"))
        elif isinstance(route, WebSocketRoute):
            found.append(("WEBSOCKET", path))
        elif isinstance(route, Route):
            found += [(method, path) for method in route.methods or {"POST"}]
    return found


def test_no_route_is_without_a_row_in_the_table(settings: Settings) -> None:
    pytest.importorskip("registry.web.pages", reason="the pages are not installed")
    table = RouteTable()
    for method, path in asked(create_app(settings).routes):
        assert table.rule_for(method, path), f"{method} {path} would be refused to everybody"


@pytest.mark.usefixtures("database")
def test_graphql_answers_and_keeps_what_the_token_does_not_open(
    settings: Settings, token: Token
) -> None:
    headers = {"Authorization": f"Bearer {token(Scope.LANDSCAPE_READ)}"}
    with (
        serving(settings, demo=False, make_app=partial(create_app, pages=[])) as url,
        httpx.Client(base_url=url, headers=headers, timeout=20) as client,
    ):
        answer = client.post("/graphql", json={"query": "{ __typename }"})
        assert answer.json() == {"data": {"__typename": "Query"}}
        by_get = client.get('/graphql?query=mutation{cancelSync(source:"crm"){__typename}}')
        assert by_get.status_code >= 400
        opened = client.post("/graphql", json={"query": "{ systems { totalCount } }"}).json()
        assert opened == {"data": {"systems": {"totalCount": 0}}}
        refused = client.post("/graphql", json={"query": "{ sources { key } }"}).json()
        assert refused["errors"][0]["extensions"]["code"] == "access_denied"
