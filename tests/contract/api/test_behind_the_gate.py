"""The API behind the real guards: they hand over who asks, and refuse what is too large."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from registry.access.commands import create_token
from registry.settings import Settings
from registry.storage.database import unit_of_work
from schemas.access import Scope
from townclerk import guards
from townclerk.app import create_app

NO_PREFECT = "http://127.0.0.1:9/prefect/api"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        token_secret=SecretStr("a key of more than thirty-two characters"),
        PREFECT_API_URL=NO_PREFECT,  # type: ignore[call-arg] # pydantic takes the alias
    )


def token(settings: Settings, *scopes: Scope) -> dict[str, str]:
    with unit_of_work() as db:
        text = create_token(db, settings, name="tester", scopes=scopes, lifetime=timedelta(hours=1))
    return {"Authorization": f"Bearer {text}"}


def post(settings: Settings, *, demo: bool = False, **request: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        app = create_app(settings, demo=demo, pages=[])
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post("/graphql", **request)

    return asyncio.run(run())


@pytest.mark.usefixtures("database")
def test_a_token_opens_its_scope_and_nothing_else(settings: Settings) -> None:
    headers = token(settings, Scope.LANDSCAPE_READ)
    body = {"query": "{ systems { totalCount } sources { key } }"}
    answer = post(settings, json=body, headers=headers).json()
    assert [error["path"] for error in answer["errors"]] == [["sources"]]
    assert answer["errors"][0]["extensions"]["code"] == "access_denied"


@pytest.mark.usefixtures("database")
def test_the_demonstration_may_ask_for_everything(settings: Settings) -> None:
    body = {"query": "{ systems { totalCount } sources { key } customers { totalCount } }"}
    assert "errors" not in post(settings, demo=True, json=body).json()


@pytest.mark.usefixtures("database")
def test_without_a_token_nothing_is_asked(settings: Settings) -> None:
    assert post(settings, json={"query": "{ __typename }"}).status_code == 401


@pytest.mark.usefixtures("database")
def test_a_huge_body_is_refused_before_it_is_read(settings: Settings) -> None:
    body = b"x" * (guards.BODY_BYTES_MAX + 1)
    headers = {"content-type": "application/json"}
    answer = post(settings, demo=True, content=body, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"


@pytest.mark.usefixtures("database")
def test_an_unforeseen_failure_names_the_id_that_the_header_has(settings: Settings) -> None:
    with unit_of_work() as db:
        db.execute("ALTER TABLE source RENAME TO elsewhere")
        db.execute("CREATE VIEW source AS SELECT * FROM elsewhere WHERE 1 / (SELECT 0) > 0")
    answer = post(settings, demo=True, json={"query": "{ sources { key } }"})
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "internal_error"
    assert error["extensions"]["correlationId"] == answer.headers["x-request-id"]
