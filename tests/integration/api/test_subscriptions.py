"""Subscriptions say first how things stand, then what happens; within limits, to who may know."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from registry.access.commands import create_token, revoke_token
from registry.api import feeds, sockets
from registry.api.feeds import Feed, TooSlow
from registry.api.schema import graphql_app, schema
from registry.api.view import FIND_ACTOR
from registry.settings import Settings
from registry.storage.announcements import Announcements, announce
from registry.storage.database import Database, unit_of_work
from schemas.access import Scope
from tests import factories
from tests.integration.api.asking import EVERY_SCOPE, Door
from tests.integration.api.following import Follower, connected, follow, served
from townclerk.gate import token_holder

pytestmark = pytest.mark.usefixtures("database")

SYNCS = "subscription { syncProgress { sourceKey state pages recordsRead failure { code } } }"
LANDSCAPE = "subscription { landscapeChanges { what change count urns relationshipIds } }"
REVIEW = "subscription { reviewQueue { total parts { kind key count } } }"
SCOPES = {
    "syncProgress": {Scope.SYNC_READ},
    "landscapeChanges": {Scope.LANDSCAPE_READ},
    "reviewQueue": {Scope.SYNC_READ},
}


def committed(do: Callable[[psycopg.Connection], Any]) -> Any:
    with unit_of_work() as db:
        return do(db)


# ---- what is told ---------------------------------------------------------------------------


def test_a_sync_is_followed_from_how_it_stands_to_its_end() -> None:
    source = committed(lambda db: factories.a_source(db, key="crm"))
    run = committed(lambda db: factories.a_sync_run(db, source_id=source.id))

    async def work(follower: Follower) -> list[Any]:
        await follower.follow(SYNCS)
        told = [await follower.event()]
        for change in ("pages = 1, records_read = 10", "state = 'completed', finished_at = now()"):
            committed(
                lambda db, change=change: db.execute(
                    f"UPDATE sync_run SET {change} WHERE id = %s", [run.id]
                )
            )
            told.append(await follower.event())
        return told

    told = follow(work)
    assert [event["pages"] for event in told] == [run.pages, 1, 1]
    assert [event["state"] for event in told] == ["RUNNING", "RUNNING", "COMPLETED"]
    assert told[-1]["sourceKey"] == "crm"


def test_one_source_alone_can_be_followed() -> None:
    one = committed(lambda db: factories.a_source(db, key="one"))
    two = committed(lambda db: factories.a_source(db, key="two"))

    async def work(follower: Follower) -> Any:
        text = 'subscription { syncProgress(source: "two") { sourceKey } }'
        await follower.follow(text)
        for source in (one, two):
            committed(lambda db, source=source: factories.a_sync_run(db, source_id=source.id))
        return await follower.event()

    assert follow(work) == {"sourceKey": "two"}


def test_changes_of_the_landscape_are_told_with_names_and_counts() -> None:
    async def work(follower: Follower) -> list[Any]:
        await follower.follow(LANDSCAPE)
        told = [await follower.event()]
        one = committed(lambda db: factories.an_element(db, urn="urn:test:one"))
        told.append(await follower.event())
        committed(lambda db: db.execute("UPDATE element SET name = 'new' WHERE id = %s", [one.id]))
        told.append(await follower.event())
        committed(lambda db: db.execute("UPDATE element SET name = 'x' WHERE urn = 'nobody'"))
        committed(
            lambda db: [
                db.execute(
                    "INSERT INTO element SELECT gen_random_uuid(), 'urn:test:' || n, 'system',"
                    " 'n', '', '{}', 1, now(), now() FROM generate_series(1, 300) AS n"
                )
            ]
        )
        told.append(await follower.event())
        committed(lambda db: db.execute("DELETE FROM element WHERE id = %s", [one.id]))
        told.append(await follower.event())
        return told

    begun, made, changed, many, gone = follow(work)
    assert (begun["change"], begun["what"]) == ("MISSED", "UNKNOWN")
    assert (made["change"], made["count"], made["urns"]) == ("REGISTERED", 1, ["urn:test:one"])
    assert changed["change"] == "UPDATED"
    assert (many["count"], len(many["urns"])) == (300, 20)
    assert (gone["change"], gone["urns"]) == ("RETIRED", ["urn:test:one"])


def test_relationships_are_told_by_their_ids() -> None:
    async def work(follower: Follower) -> Any:
        await follower.follow(LANDSCAPE)
        await follower.event()
        committed(factories.a_relationship)
        while (event := await follower.event())["what"] != "RELATIONSHIPS":
            pass
        return event

    assert len(follow(work)["relationshipIds"]) == 1


def test_what_is_rolled_back_is_not_told() -> None:
    async def work(follower: Follower) -> Any:
        await follower.follow(LANDSCAPE)
        await follower.event()
        with unit_of_work() as db:
            factories.an_element(db)
            raise psycopg.Rollback
        return None

    async def then(follower: Follower) -> Any:
        await work(follower)
        committed(lambda db: factories.an_element(db, urn="urn:test:kept"))
        return await follower.event()

    assert follow(then)["urns"] == ["urn:test:kept"]


def test_what_waits_is_counted_for_those_who_may_know() -> None:
    source = committed(lambda db: factories.a_source(db, key="crm"))
    run = committed(lambda db: factories.a_sync_run(db, source_id=source.id))

    async def work(follower: Follower) -> list[Any]:
        await follower.follow(REVIEW)
        told = [await follower.event()]
        committed(lambda db: factories.a_quarantined_record(db, source_id=source.id, run_id=run.id))
        told.append(await follower.event())
        committed(lambda db: announce(db, "review"))
        told.append(await follower.event())
        return told

    none, one, same = follow(work)
    assert none == {"total": 0, "parts": []}
    assert one == same
    assert one == {"total": 1, "parts": [{"kind": "quarantine", "key": "crm", "count": 1}]}


def test_several_are_followed_on_one_connection_and_each_can_end() -> None:
    async def work(follower: Follower) -> list[str]:
        await follower.follow(LANDSCAPE, "a")
        await follower.follow(REVIEW, "b")
        first = {(await follower.hear())["id"] for _ in range(2)}
        assert first == {"a", "b"}
        await follower.say(type="complete", id="b")
        await follower.say(type="ping")
        assert (await follower.hear())["type"] == "pong"
        committed(lambda db: announce(db, "review"))
        committed(factories.an_element)
        return [(await follower.hear())["id"]]

    assert follow(work) == ["a"]


# ---- who is told ----------------------------------------------------------------------------


def test_every_subscription_is_known_to_this_test() -> None:
    root = schema._schema.subscription_type  # no public way leads to it
    assert root
    assert root.fields.keys() == SCOPES.keys()


@pytest.mark.parametrize("name", SCOPES)
def test_a_subscription_opens_to_its_scope_alone(name: str) -> None:
    async def work(follower: Follower) -> dict[str, Any]:
        await follower.follow(f"subscription {{ {name} {{ __typename }} }}")
        return await follower.refusal()

    assert follow(work, scopes=EVERY_SCOPE - SCOPES[name])["code"] == "access_denied"


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


# ---- when the database goes away ------------------------------------------------------------


def test_after_a_lost_connection_we_listen_again_and_say_so(database: Database) -> None:
    async def work(follower: Follower) -> list[Any]:
        await follower.follow(LANDSCAPE)
        told = [await follower.event()]
        committed(
            lambda db: db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'townclerk listens' AND datname = current_database()"
            )
        )
        told.append(await follower.event())
        committed(lambda db: factories.an_element(db, urn="urn:test:after"))
        told.append(await follower.event())
        return told

    begun, again, after = follow(work)
    assert begun == again
    assert after["urns"] == ["urn:test:after"]


def test_nobody_listens_when_nobody_follows(database: Database) -> None:
    async def work(follower: Follower) -> None:
        await follower.follow(REVIEW)
        await follower.event()

    follow(work)
    left = committed(
        lambda db: db.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'townclerk listens'"
            " AND datname = current_database()"
        ).fetchone()
    )
    assert left == (0,)
