"""A real web server on a free port, with a real database behind it."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from registry.access.commands import create_token
from registry.settings import Settings
from registry.storage.database import close_database, open_database, unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from schemas.access import Scope as Permission
from schemas.errors import UnknownName
from tests.conftest import make_reachable_dir
from townclerk.app import create_app
from townclerk.serving import serving

KEY = SecretStr("a key of more than thirty-two characters")
# Nothing listens on port 9, so Prefect counts as a server of the operator's that is down.
NO_PREFECT = "http://127.0.0.1:9/prefect/api"

Start = Callable[..., httpx.Client]


class Mirror:
    """Answers who asked and what arrived; stands where GraphQL stands."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            text = json.dumps({"actor": scope["state"]["actor"].name})
            await send({"type": "websocket.send", "text": text})
            await send({"type": "websocket.close"})
            return
        body = await Request(scope, receive).body()
        answer = JSONResponse(
            {
                "actor": scope["state"]["actor"].name,
                "scopes": sorted(scope["state"]["actor"].scopes),
                "correlation": scope["state"]["correlation_id"],
                "bytes": len(body),
            }
        )
        await answer(scope, receive, send)


async def fail(_: Request) -> JSONResponse:
    """Fail as code does: with a message that quotes a value."""
    raise ValueError("the value 'Jansen-van-der-Berg' is wrong")


async def not_found(_: Request) -> JSONResponse:
    """Fail on purpose."""
    raise UnknownName("There is no system of this name.")


PAGES = [Route("/systems/broken", fail), Route("/systems/unknown", not_found)]


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Give each test its own environment: a server writes Prefect's settings there."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    if "prefect.context" in sys.modules:
        sys.modules["prefect.context"].refresh_global_settings_context()


def make_settings(data_dir: Path) -> Settings:
    """Return settings of a server on a free port that demands tokens."""
    return Settings(
        data_dir=data_dir,
        port=0,
        token_secret=KEY,
        PREFECT_API_URL=NO_PREFECT,  # type: ignore[call-arg] # pydantic takes the alias
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a server on a free port that demands tokens."""
    return make_settings(tmp_path)


@pytest.fixture
def own_postgres(reachable_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A database server of the test's own, migrated and open, to stop at will."""
    with EmbeddedPostgres.start(reachable_dir) as server:
        upgrade(server.url)
        open_database(server.url, pool_size=2)
        yield server
        close_database()


@pytest.fixture(scope="session")
def running_demo() -> Callable[[], AbstractContextManager[httpx.Client]]:
    """Run a demonstration on a database server of its own, for tests that only ask."""

    @contextmanager
    def run() -> Iterator[httpx.Client]:
        place = make_reachable_dir()
        make_app = partial(create_app, graphql=Mirror(), pages=PAGES)
        chosen = make_settings(place)
        try:
            with EmbeddedPostgres.start(place) as server:
                upgrade(server.url)
                open_database(server.url, pool_size=2)
                with (
                    serving(chosen, demo=True, make_app=make_app) as url,
                    httpx.Client(base_url=url, timeout=20) as client,
                ):
                    yield client
                close_database()
        finally:
            shutil.rmtree(place, ignore_errors=True)

    return run


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Start servers on the open database; return clients that speak to them."""
    with ExitStack() as stack:

        def start_one(*, demo: bool = False, **given: Any) -> httpx.Client:
            make_app = partial(create_app, graphql=Mirror(), pages=PAGES)
            chosen = settings.model_copy(update=given)
            url = stack.enter_context(serving(chosen, demo=demo, make_app=make_app))
            return stack.enter_context(httpx.Client(base_url=url, timeout=20))

        yield start_one


@pytest.fixture
def token(settings: Settings) -> Callable[..., str]:
    """Make tokens in the open database; return their text."""

    def make(*scopes: Permission, name: str = "tester") -> str:
        with unit_of_work() as db:
            return create_token(
                db,
                settings,
                name=name,
                scopes=scopes or [Permission.LANDSCAPE_READ],
                lifetime=timedelta(days=1),
            )

    return make
