"""A change that is asked twice with one Idempotency-Key happens once, and is answered twice."""

import threading
import uuid
from typing import Any

import httpx
import pytest

from registry.storage.database import Database, unit_of_work
from schemas.access import Scope
from tests.integration.api.asking import EVERY_SCOPE, send, send_all

pytestmark = pytest.mark.usefixtures("database")

REGISTER = (
    "mutation ($urn: String!, $name: String!) { registerSystem(urn: $urn, input: { name: $name })"
    " { __typename ... on Problem { code } ... on SystemChange { system { id urn changedAt } } } }"
)


def body(urn: str = "urn:test:a", name: str = "A", query: str = REGISTER) -> dict[str, Any]:
    return {"query": query, "variables": {"urn": urn, "name": name}}


def change(key: str, **given: Any) -> httpx.Response:
    return send(json=body(**given), headers={"idempotency-key": key})


def systems() -> int:
    with unit_of_work() as db:
        row = db.execute("SELECT count(*) FROM element").fetchone()
    assert row
    return int(row[0])


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


def test_the_first_answer_is_given_again() -> None:
    first = change("key-1")
    again = change("key-1")
    assert first.json()["data"]["registerSystem"]["__typename"] == "SystemChange"
    assert again.json() == first.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert systems() == 1


def test_quotes_around_a_key_are_not_part_of_it() -> None:
    first = change('"key-2"')
    assert change("key-2").json() == first.json()


def test_the_key_of_another_request_is_refused_and_changes_nothing() -> None:
    change("key-3")
    for other in (body("urn:test:b"), {**body(), "query": REGISTER + " "}):
        answer = send(json=other, headers={"idempotency-key": "key-3"})
        assert (answer.status_code, code_of(answer)) == (409, "idempotency_key_reused")
    assert systems() == 1


def test_keys_of_others_are_other_keys() -> None:
    change("key-4")
    with unit_of_work() as db:
        db.execute("UPDATE kept_answer SET actor = 'somebody else'")
    answer = change("key-4", urn="urn:test:mine")
    assert answer.json()["data"]["registerSystem"]["__typename"] == "SystemChange"


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, '"', "a\x7f"])
def test_what_cannot_be_a_key_is_refused(key: str) -> None:
    answer = change(key)
    assert (answer.status_code, code_of(answer)) == (400, "idempotency_key_invalid")
    assert systems() == 0


def test_a_refusal_is_not_kept_so_that_it_can_be_mended() -> None:
    assert change("key-5", urn="bad").json()["data"]["registerSystem"]["__typename"] == (
        "InvalidInput"
    )
    with unit_of_work() as db:
        assert db.execute("SELECT count(*) FROM kept_answer").fetchone() == (0,)


def test_a_question_needs_no_key_and_keeps_nothing() -> None:
    for _ in range(2):
        answer = send(
            json={"query": "{ systems { totalCount } }"}, headers={"idempotency-key": "q"}
        )
        assert answer.json()["data"]
        assert "idempotent-replayed" not in answer.headers


def test_a_key_is_free_again_when_it_is_over() -> None:
    change("key-6")
    with unit_of_work() as db:
        db.execute(
            "UPDATE kept_answer SET created_at = now() - interval '3 h',"
            " expires_at = now() - interval '2 h'"
        )
    change("key-7", urn="urn:test:other")
    with unit_of_work() as db:
        assert db.execute("SELECT key FROM kept_answer").fetchall() == [("key-7",)]
    again = change("key-6", urn="urn:test:new")
    assert again.json()["data"]["registerSystem"]["__typename"] == "SystemChange"


def test_two_at_once_do_it_once() -> None:
    headers = {"idempotency-key": uuid.uuid4().hex}
    answers = send_all([lambda client: client.post("/", json=body(), headers=headers)] * 8)
    texts = {answer.text for answer in answers}
    assert len(texts) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7
    assert systems() == 1


def test_who_waits_too_long_for_the_same_change_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from registry.api import context

    # Only the wait is short: it never ends before the answer, however slow the machine is.
    monkeypatch.setattr(context, "WAITS", "SET LOCAL lock_timeout = '50ms'")
    begun, over = threading.Event(), threading.Event()

    def hold() -> None:
        with unit_of_work() as db:
            db.execute(
                "INSERT INTO kept_answer (actor, key, request_hash, created_at, expires_at)"
                " VALUES ('tester', 'held', '', now(), now() + interval '1 h')"
            )
            begun.set()
            over.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(20)
    answer = change("held")
    over.set()
    thread.join()
    assert (answer.status_code, code_of(answer)) == (409, "idempotency_key_in_use")


def test_a_change_that_is_denied_keeps_nothing() -> None:
    answer = send(
        json=body(),
        headers={"idempotency-key": "key-8"},
        scopes=EVERY_SCOPE - {Scope.LANDSCAPE_WRITE},
    )
    assert answer.json()["data"]["registerSystem"]["code"] == "access_denied"
    assert change("key-8").json()["data"]["registerSystem"]["__typename"] == "SystemChange"
