"""Requests that are no questions: each gets one clear JSON error, and no SQL or stack in it."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from registry.api.schema import graphql_app
from tests.integration.api.asking import EVERY_SCOPE, Door, send, send_all

pytestmark = pytest.mark.usefixtures("shared_database")

JSON = {"content-type": "application/json"}
OURS = "application/graphql-response+json"
GOOD = {"query": "{ __typename }"}


def error_of(answer: httpx.Response) -> dict[str, Any]:
    (error,) = answer.json()["errors"]
    assert set(error["extensions"]) >= {"code", "remedy"}, error
    return {"status": answer.status_code, "message": error["message"], **error["extensions"]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"query": "\xff\xfe"}',
        b'{"query": "\\ud800"}',
        b"[" * 100_000,
        b'{"variables": ' * 50_000,
        b"3",
        b'"text"',
        b"null",
        b"\x00",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    error = error_of(send(content=body, headers=JSON))
    assert (error["status"], error["code"]) == (400, "graphql_request_refused")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"query": None},
        {"query": ""},
        {"query": 3},
        {"query": ["{ __typename }"]},
        {**GOOD, "operationName": {"a": 1}},
        {**GOOD, "operationName": 0},
        {**GOOD, "operationName": "unknown"},
        {**GOOD, "variables": "a"},
        {**GOOD, "variables": []},
        {**GOOD, "variables": 0},
        {**GOOD, "extensions": False},
        {"query": "query A { __typename } query B { __typename }"},
        {"query": "fragment F on Query { __typename }"},
        {"query": "{ __typename @defer }", "variables": 3},
    ],
    ids=json.dumps,
)
def test_a_request_of_another_shape_is_refused(wrong: dict[str, Any]) -> None:
    error = error_of(send(json=wrong))
    assert (error["status"], error["code"]) == (400, "graphql_request_refused")


def test_batches_are_refused() -> None:
    error = error_of(send(json=[GOOD, GOOD]))
    assert (error["status"], error["code"]) == (400, "graphql_request_refused")
    assert "one operation" in error["remedy"]


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/plain; application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/jsonx",
    ],
)
def test_other_media_types_are_refused(kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    error = error_of(send(content=json.dumps(GOOD), headers=headers))
    assert (error["status"], error["code"]) == (415, "graphql_request_refused")


def test_a_mutation_by_get_is_refused() -> None:
    answer = send("GET", params={"query": 'mutation { cancelSync(source: "crm") { __typename } }'})
    error = error_of(answer)
    assert (error["status"], error["code"]) == (405, "graphql_request_refused")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(method: str) -> None:
    answer = send(method, json=GOOD)
    assert error_of(answer)["status"] == 405
    assert answer.headers["allow"] == "GET, POST"


def test_a_get_without_a_question_is_refused() -> None:
    for accept in ("*/*", "text/html", "application/json"):
        assert error_of(send("GET", headers={"accept": accept}))["status"] == 400
    assert error_of(send("GET", params={"query": "{ __typename }", "variables": "{"}))[
        "status"
    ] == (400)


def test_refusals_keep_to_the_media_type_that_was_asked_for() -> None:
    answer = send(content=b"{", headers={**JSON, "accept": OURS})
    assert answer.headers["content-type"] == f"{OURS}; charset=utf-8"
    assert error_of(answer)["status"] == 400


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{", {}),
        ("{ nothing }", {}),
        ("query ($n: Int!) { systems(first: $n) { totalCount } }", {"n": None}),
        ("query ($n: Int!) { systems(first: $n) { totalCount } }", {"n": "many"}),
        ("query ($n: Int!) { systems(first: $n) { totalCount } }", {}),
    ],
)
def test_a_wrong_question_says_so_in_both_media_types(
    query: str, variables: dict[str, Any]
) -> None:
    body = {"query": query, "variables": variables}
    plain, ours = send_all(
        [
            lambda client: client.post("/", json=body),
            lambda client: client.post("/", json=body, headers={"accept": OURS}),
        ]
    )
    assert (plain.status_code, ours.status_code) == (200, 400)
    for answer in (plain, ours):
        assert "data" not in answer.json()
        assert answer.json()["errors"][0]["extensions"]["code"] == "invalid_input"


def test_partial_answers_keep_their_data() -> None:
    answer = send(json={"query": '{ __typename node(id: "x") { id } }'}, headers={"accept": OURS})
    assert answer.status_code == 200
    assert answer.json()["data"] == {"__typename": "Query", "node": None}


def test_a_web_socket_of_another_protocol_is_closed() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def note(message: Any) -> None:
        sent.append(message)

    for protocols in ([], ["graphql-ws"]):
        sent.clear()
        scope = {"type": "websocket", "path": "/", "headers": [], "subprotocols": protocols}
        asyncio.run(Door(graphql_app(), EVERY_SCOPE)(scope, receive, note))
        assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
        assert sent[-1]["code"] == 4406
