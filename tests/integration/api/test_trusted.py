"""Documents can be asked by their hash, and a server can be told to answer trusted ones alone."""

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

import httpx
import pytest

from registry.access.documents import document_hash, trust_document, withdraw_document
from registry.api import trusted
from registry.api.schema import graphql_app
from registry.settings import Settings
from registry.storage.database import unit_of_work
from schemas.access import Scope
from tests.integration.api.asking import EVERY_SCOPE, Door, data

pytestmark = pytest.mark.usefixtures("database")

TEXT = "{ systems { totalCount } }"
SCHEMA = "{ __schema { queryType { name } } }"
ANSWER = {"systems": {"totalCount": 0}}


def by_hash(text: str, digest: str | None = None) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest or document_hash(text)}}


def ask_all(
    *bodies: dict[str, Any], scopes: Collection[Scope] = EVERY_SCOPE, **settings: Any
) -> list[httpx.Response]:
    """Ask one application several times, one after the other."""
    chosen = Settings(data_dir=Path("/nowhere"), **settings)

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=Door(graphql_app(chosen), scopes))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [await client.post("/", json=body) for body in bodies]

    return asyncio.run(run())


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


def trust(text: str = TEXT, scope: Scope | None = None) -> None:
    with unit_of_work() as db:
        trust_document(db, text, name="test", scope=scope, by="tester")


# ---- remembered -----------------------------------------------------------------------------


def test_a_document_is_sent_once_and_then_asked_by_its_hash() -> None:
    short = {"extensions": by_hash(TEXT)}
    unknown, sent, again = ask_all(short, {"query": TEXT, **short}, short)
    assert unknown.status_code == 200
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert code_of(unknown) == "PERSISTED_QUERY_NOT_FOUND"
    assert sent.json() == again.json() == {"data": ANSWER}


def test_no_more_than_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted, "REMEMBERED_MAX", 2)
    texts = [f"{{ a{n}: __typename }}" for n in range(3)]
    sent = [{"query": text, "extensions": by_hash(text)} for text in texts]
    asked = [{"extensions": by_hash(text)} for text in (texts[0], texts[2])]
    *_, first, last = ask_all(*sent, *asked)
    assert code_of(first) == "PERSISTED_QUERY_NOT_FOUND"
    assert "data" in last.json()


@pytest.mark.parametrize(
    "extensions",
    [
        by_hash(TEXT, "0" * 64),
        by_hash(TEXT, "short"),
        by_hash(TEXT, document_hash(TEXT).upper()),
        {"persistedQuery": 3},
        {"persistedQuery": {}},
        {"persistedQuery": {"version": 2, "sha256Hash": document_hash(TEXT)}},
        {"persistedQuery": {"version": 1, "sha256Hash": ["x"]}},
    ],
)
def test_a_hash_that_does_not_fit_is_refused(extensions: dict[str, Any]) -> None:
    (answer,) = ask_all({"query": TEXT, "extensions": extensions})
    assert (answer.status_code, code_of(answer)) == (400, "graphql_request_refused")


# ---- trusted alone --------------------------------------------------------------------------


def test_a_server_that_trusts_answers_trusted_documents_and_nothing_else() -> None:
    trust()
    other = TEXT + " "
    bodies = [
        {"query": TEXT},
        {"extensions": by_hash(TEXT)},
        {"query": other},
        {"extensions": by_hash(other)},
        {"query": other, "extensions": by_hash(other)},
        {"query": "{"},
    ]
    answers = ask_all(*bodies, graphql_documents="trusted")
    assert [answer.json() for answer in answers[:2]] == [{"data": ANSWER}] * 2
    for answer in answers[2:]:
        assert (answer.status_code, code_of(answer)) == (403, "document_not_trusted")


def test_a_trusted_document_can_demand_a_scope_of_its_own() -> None:
    trust(scope=Scope.METRICS_READ)
    body = {"extensions": by_hash(TEXT)}
    (denied,) = ask_all(body, scopes=EVERY_SCOPE - {Scope.METRICS_READ})
    assert (denied.status_code, code_of(denied)) == (403, "access_denied")
    (allowed,) = ask_all(body)
    assert allowed.json() == {"data": ANSWER}


def test_a_trusted_document_opens_no_field_of_its_own() -> None:
    trust()
    (answer,) = ask_all({"extensions": by_hash(TEXT)}, scopes=[Scope.METRICS_READ])
    assert code_of(answer) == "access_denied"


def test_a_withdrawn_document_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted, "TRUSTED_SECONDS", -1.0)
    trust()
    body = {"extensions": by_hash(TEXT)}
    (known,) = ask_all(body)
    with unit_of_work() as db:
        withdraw_document(db, "test")
    (unknown,) = ask_all(body)
    assert "data" in known.json()
    assert code_of(unknown) == "PERSISTED_QUERY_NOT_FOUND"


def test_documents_are_trusted_and_withdrawn_by_mutation() -> None:
    text = (
        "mutation ($text: String!, $scope: String) {"
        ' done: trustDocument(text: $text, name: "page", scope: $scope)'
        " { __typename ... on DocumentTrusted { hash } ... on InvalidInput { path } } }"
    )
    assert data(text, text=TEXT)["done"]["hash"] == document_hash(TEXT)
    assert data(text, text="{")["done"]["path"] == ["text"]
    assert data(text, text="{ a" * 30 + "}" * 30)["done"]["__typename"] == "InvalidInput"
    assert data(text, text=TEXT, scope="all")["done"]["path"] == ["scope"]
    gone = 'mutation { withdrawDocument(document: "page") { ... on DocumentWithdrawn { count } } }'
    assert data(gone)["withdrawDocument"] == {"count": 1}


# ---- the schema itself ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "scopes", "told"),
    [
        ("all", [], True),
        ("signed-in", [], False),
        ("signed-in", [Scope.SYNC_READ], True),
        ("nobody", EVERY_SCOPE, False),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        SCHEMA,
        "query { ...F } fragment F on Query { a: __schema { queryType { name } } }",
        '{ ... on Query { __type(name: "System") { name } } }',
    ],
)
def test_the_schema_is_told_to_those_who_may_know(
    setting: str, scopes: Collection[Scope], told: bool, text: str
) -> None:
    (answer,) = ask_all({"query": text}, scopes=scopes, graphql_introspection=setting)
    if told:
        assert "errors" not in answer.json()
    else:
        assert (answer.status_code, code_of(answer)) == (403, "introspection_denied")


def test_typename_is_no_secret() -> None:
    (answer,) = ask_all({"query": "{ __typename }"}, scopes=[], graphql_introspection="nobody")
    assert answer.json() == {"data": {"__typename": "Query"}}


def test_fields_are_suggested_to_users_and_not_to_strangers() -> None:
    body = {"query": "{ sistems { totalCount } }"}
    (user,), (stranger,) = ask_all(body), ask_all(body, scopes=[])
    assert "Did you mean 'systems'" in user.text
    assert "Did you mean" not in stranger.text
    assert "systems'" not in stranger.text
