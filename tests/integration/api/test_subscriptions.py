"""Subscriptions say first how things stand, then what happens; within limits, to who may know."""

from typing import Any

import psycopg
import pytest

from registry.api.schema import schema
from registry.storage.announcements import announce
from registry.storage.database import Database, unit_of_work
from schemas.access import Scope
from tests import factories
from tests.integration.api.asking import EVERY_SCOPE
from tests.integration.api.following import LANDSCAPE, REVIEW, SYNCS, Follower, committed, follow

pytestmark = pytest.mark.usefixtures("database")

SCOPES = {
    "syncProgress": {Scope.SYNC_READ},
    "landscapeChanges": {Scope.LANDSCAPE_READ},
    "reviewQueue": {Scope.SYNC_READ},
}


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
