"""Connections of subscriptions: who may open one, what is refused, and how many there may be."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from registry.access.commands import create_token, revoke_token
from registry.api import feeds, sockets
from registry.api.feeds import Feed, TooSlow
from registry.api.schema import graphql_app
from registry.api.view import FIND_ACTOR
from registry.settings import Settings
from registry.storage.announcements import Announcements, announce
from schemas.access import Scope
from tests.integration.api.asking import EVERY_SCOPE, Door
from tests.integration.api.following import (
    LANDSCAPE,
    REVIEW,
    Follower,
    committed,
    connected,
    follow,
    served,
)
from townclerk.gate import token_holder

pytestmark = pytest.mark.usefixtures("database")

# ---- who may connect ------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, token_secret=SecretStr("k" * 40))


def signing_in(
    settings: Settings, work: Callable[[Follower], Coroutine[Any, Any, Any]], **given: Any
) -> Any:
    """Run one connection's work behind a gate that leaves the token to the application."""

    class Gate(Door):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            state = {FIND_ACTOR: token_holder(settings)}
            await self._app({**scope, "state": state}, receive, send)

    async def run() -> Any:
        async with served(Gate(graphql_app(), ())) as url, connected(url, **given) as follower:
            return await work(follower)

    return asyncio.run(run())


def make_token(settings: Settings, name: str = "tester", *scopes: Scope) -> str:
    return committed(
        lambda db: create_token(
            db,
            settings,
            name=name,
            scopes=scopes or [Scope.SYNC_READ],
            lifetime=timedelta(days=1),
        )
    )


def test_the_token_may_come_in_the_first_message_or_in_the_header(settings: Settings) -> None:
    bearer = f"Bearer {make_token(settings)}"

    async def in_message(follower: Follower) -> str:
        await follower.begin({"Authorization": bearer})
        await follower.follow(REVIEW)
        assert (await follower.event())["total"] == 0
        await follower.follow(LANDSCAPE, "2")
        return (await follower.refusal())["code"]

    async def in_header(follower: Follower) -> int:
        await follower.begin()
        await follower.follow(REVIEW)
        return (await follower.event())["total"]

    assert signing_in(settings, in_message) == "access_denied"
    headers = {"Authorization": bearer}
    assert signing_in(settings, in_header, additional_headers=headers) == 0


@pytest.mark.parametrize(
    "given", [{}, {"Authorization": "Bearer tc_x"}, {"Authorization": 3}, {"Authorization": None}]
)
def test_without_a_good_token_the_connection_is_closed(
    settings: Settings, given: dict[str, Any]
) -> None:
    async def work(follower: Follower) -> int:
        await follower.say(type="connection_init", payload=given)
        return await follower.close_code()

    assert signing_in(settings, work) == sockets.FORBIDDEN


def test_a_withdrawn_token_ends_its_connections(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "RECHECK_SECONDS", 0.1)
    bearer = f"Bearer {make_token(settings)}"

    async def work(follower: Follower) -> int:
        await follower.begin({"Authorization": bearer})
        await follower.follow(REVIEW)
        await follower.event()
        committed(lambda db: revoke_token(db, "tester"))
        return await follower.close_code()

    assert signing_in(settings, work) == sockets.FORBIDDEN


@pytest.mark.parametrize(
    "text",
    [
        "{ systems { totalCount } }",
        'mutation { cancelSync(source: "crm") { __typename } }',
        "subscription { nothing }",
        "subscription { syncProgress { state } reviewQueue { total } }",
        "{",
        "",
        "subscription { syncProgress(source: 3) { state } }",
        'subscription { syncProgress(source: "\\u0000") { state } }',
        "subscription { a: syncProgress { " + "x: state " * 40 + "} }",
    ],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    async def work(follower: Follower) -> dict[str, Any]:
        await follower.follow(text)
        return await follower.refusal()

    refused = follow(work)
    assert refused["code"]
    assert "Traceback" not in refused["message"]


# ---- limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("3", 4400),
        ("[]", 4400),
        ("{", 4400),
        ("null", 4400),
        ('{"type": 3}', 4400),
        ('{"type": "hello"}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ a }"}}', 4401),
        ('{"type": "subscribe", "id": 1, "payload": {"query": "{ a }"}}', 4400),
        ('{"type": "subscribe", "id": "1"}', 4400),
        ('{"type": "connection_init", "payload": 3}', 4400),
        ("[" * 50_000, 4400),
        ('{"type": "' + "x" * 70_000 + '"}', 1009),
        (b"\xff\xfe", 4400),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_message_of_another_shape_ends_the_connection(said: Any, code: int) -> None:
    async def work(follower: Follower) -> int:
        await follower.socket.send(said)
        return await follower.close_code()

    assert follow(work, begun=False) == code


def test_a_second_beginning_ends_the_connection() -> None:
    async def work(follower: Follower) -> int:
        await follower.say(type="connection_init")
        return await follower.close_code()

    assert follow(work) == 4429


def test_who_does_not_begin_in_time_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.api.view.INIT_WAIT", sockets.INIT_WAIT / 100)

    async def work(follower: Follower) -> int:
        return await follower.close_code()

    assert follow(work, begun=False) == 4408


def test_one_connection_has_twenty_subscriptions_at_most() -> None:
    async def work(follower: Follower) -> str:
        for number in range(sockets.SUBSCRIPTIONS_PER_CONNECTION_MAX + 1):
            await follower.follow(REVIEW, str(number))
        while (message := await follower.hear())["type"] == "next":
            pass
        return str(message["payload"][0]["message"])

    assert "limit" in follow(work)


def test_a_process_has_so_many_connections_and_subscriptions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "CONNECTIONS_MAX", 2)
    monkeypatch.setattr(sockets, "SUBSCRIPTIONS_MAX", 1)

    async def run() -> tuple[str, int]:
        async with (
            served(Door(graphql_app(), EVERY_SCOPE)) as url,
            connected(url) as one,
            connected(url) as two,
            connected(url) as three,
        ):
            await one.begin()
            await two.begin()
            await one.follow(REVIEW)
            await one.event()
            await two.follow(REVIEW)
            return (await two.refusal())["code"], await three.close_code()

    assert asyncio.run(run()) == ("subscriptions_full", 1013)


def test_who_does_not_take_events_is_dropped_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "QUEUE_MAX", 5)

    async def run() -> tuple[list[str], int]:
        dropped: list[str] = []
        feed = Feed[int](Announcements(), "test", lambda _, told: list(range(len(told or "."))))
        slow = feed.events(lambda: dropped.append("slow"))
        quick = feed.events(lambda: dropped.append("quick"))
        await anext(slow)
        await anext(quick)
        taken = 0
        while not dropped:
            committed(lambda db: announce(db, "test"))
            await anext(quick)
            taken += 1
        with pytest.raises(TooSlow):
            await anext(slow)
        await quick.aclose()
        return dropped, taken

    assert asyncio.run(run()) == (["slow"], 6)
