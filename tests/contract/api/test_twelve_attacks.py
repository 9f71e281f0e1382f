"""Twelve attacks that are tried on every GraphQL server, on ours as it is served: all fail.

The list is the one that public scanners of GraphQL servers share; the checks are our own.
"""

import asyncio
import json
import os
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest
from pydantic import SecretStr

from registry.settings import Settings
from registry.storage.database import close_database, open_database, unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from tests.conftest import POOL_SIZE, fresh_database
from tests.factories import an_element
from townclerk.app import create_app

NO_PREFECT = "http://127.0.0.1:9/prefect/api"
SQL_WORDS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "psycopg", "Traceback", 'relation "')
MEGABYTE = 1024 * 1024

Send = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        data_dir=tmp_path_factory.mktemp("town"),
        token_secret=SecretStr("a key of more than thirty-two characters"),
        PREFECT_API_URL=NO_PREFECT,  # type: ignore[call-arg] # pydantic takes the alias
    )


@pytest.fixture(scope="module")
def send(postgres_server: EmbeddedPostgres, settings: Settings) -> Iterator[Send]:
    """Sends one request to the demonstration, the most open server there is."""
    with fresh_database(postgres_server) as url:
        open_database(url, pool_size=POOL_SIZE)
        with unit_of_work() as db:
            for _ in range(30):
                an_element(db)
        app = create_app(settings, demo=True, pages=[])

        def send_one(method: str = "POST", **given: Any) -> httpx.Response:
            async def run() -> httpx.Response:
                transport = httpx.ASGITransport(app=app)
                async with httpx.AsyncClient(
                    transport=transport, base_url="http://127.0.0.1"
                ) as client:
                    return await client.request(method, "/graphql", **given)

            return asyncio.run(run())

        yield send_one
        close_database()


def ask(send: Send, query: str, **more: Any) -> dict[str, Any]:
    answer = send(json={"query": query, **more})
    assert answer.status_code < 500, answer.text
    assert not any(word in answer.text for word in SQL_WORDS), answer.text
    return answer.json()


def code_of(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


# ---- the twelve -----------------------------------------------------------------------------


def test_1_aliases_cannot_multiply_a_field(send: Send) -> None:
    text = "{" + " ".join(f"a{n}: __typename" for n in range(101)) + "}"
    assert code_of(ask(send, text)) == "question_too_large"


def test_2_requests_cannot_be_batched(send: Send) -> None:
    answer = send(json=[{"query": "{ __typename }"}] * 10)
    assert answer.status_code == 400
    assert "data" not in answer.text


def test_3_the_schema_cannot_be_asked_in_circles(send: Send) -> None:
    inner = "name"
    for _ in range(8):
        inner = f"name fields {{ type {{ {inner} }} }}"
    answer = ask(send, f"{{ __schema {{ types {{ {inner} }} }} }}")
    assert "data" not in answer or answer["data"] is None


def test_4_directives_cannot_be_piled_up(send: Send) -> None:
    for text in ("{ __typename " + "@skip(if: false) " * 50 + "}", "{ __typename " + "@aa" * 50):
        assert code_of(ask(send, text)) in {"question_too_large", "invalid_input"}


def test_5_fields_cannot_be_repeated_without_end(send: Send) -> None:
    assert code_of(ask(send, "{" + "__typename " * 5000 + "}")) == "question_too_large"


def test_6_fragments_cannot_go_deep_or_in_circles(send: Send) -> None:
    deep = " ".join(
        f"fragment F{n} on System {{ uses {{ nodes {{ providers {{ nodes {{ "
        f"...F{n + 1} }} }} }} }} }}"
        for n in range(20)
    )
    text = f"{{ systems {{ nodes {{ ...F0 }} }} }} {deep} fragment F20 on System {{ name }}"
    assert code_of(ask(send, text)) == "question_too_large"
    circle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    assert code_of(ask(send, circle)) == "invalid_input"


def test_7_nothing_can_be_changed_by_get(send: Send) -> None:
    text = 'mutation { registerSystem(urn: "urn:test:get", input: { name: "x" }) { __typename } }'
    answer = send("GET", params={"query": text})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_8_a_form_of_another_site_is_not_read(send: Send, kind: str) -> None:
    headers = {"content-type": kind}
    for body in ("query=%7B__typename%7D", json.dumps({"query": "{ __typename }"})):
        assert send(content=body, headers=headers).status_code == 415
    from_elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answer = send(json={"query": "{ __typename }"}, headers=from_elsewhere)
    assert answer.status_code == 403


def test_9_no_trace_of_execution_is_told(send: Send) -> None:
    headers = {
        "apollo-tracing": "1",
        "x-apollo-tracing": "1",
        "apollo-federation-include-trace": "ftv1",
    }
    answer = send(json={"query": "{ __typename }"}, headers=headers)
    assert answer.json() == {"data": {"__typename": "Query"}}


def test_10_no_page_to_ask_on_is_shown_to_strangers(settings: Settings, send: Send) -> None:
    assert send("GET", headers={"accept": "text/html"}).status_code == 200  # the demonstration

    async def run() -> int:
        transport = httpx.ASGITransport(app=create_app(settings, pages=[]))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.get("/graphql", headers={"accept": "text/html"})
            return answer.status_code

    assert asyncio.run(run()) == 401


def test_11_strangers_learn_no_names_of_fields(settings: Settings) -> None:
    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=create_app(settings, pages=[]))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            bodies = [
                {"query": "{ sistems { nodes { name } } }"},
                {"query": "{ __schema { types { name } } }"},
            ]
            return [await client.post("/graphql", json=body) for body in bodies]

    for answer in asyncio.run(run()):
        assert answer.status_code == 401
        assert "systems" not in answer.text


def test_12_failures_of_ours_are_told_without_their_inside(send: Send) -> None:
    with unit_of_work() as db:
        db.execute("ALTER TABLE sync_run RENAME TO elsewhere")
        db.execute("CREATE VIEW sync_run AS SELECT * FROM elsewhere WHERE 1 / (SELECT 0) > 0")
    try:
        answer = ask(send, "{ syncRuns { nodes { pages } } }")
    finally:
        with unit_of_work() as db:
            db.execute("DROP VIEW sync_run")
            db.execute("ALTER TABLE elsewhere RENAME TO sync_run")
    assert code_of(answer) == "internal_error"
    assert answer["errors"][0]["extensions"]["correlationId"]
    assert not any(inside in str(answer) for inside in ("sync_run", "elsewhere", "zero"))


# ---- what else people send ------------------------------------------------------------------

MULTIPLIED = "{systems(first:200){nodes{uses(first:200){nodes{providers(first:200){nodes{id}}}}}}}"


@pytest.mark.parametrize(
    ("query", "variables", "codes"),
    [
        ("{ nothing }", {}, {"invalid_input"}),
        ("query ($n: Int) { systems(first: $n) { totalCount } }", {"n": "x"}, {"invalid_input"}),
        ("query ($n: Int) { systems(first: $n) { totalCount } }", {"n": 10**12}, {"invalid_input"}),
        ("{ systems(first: 10000) { totalCount } }", {}, {"invalid_input"}),
        ('{ systems(after: "W10") { totalCount } }', {}, {"invalid_input"}),
        (MULTIPLIED, {}, {"answer_too_large"}),
        ("{ ...A } fragment A on Query { ...A }", {}, {"invalid_input"}),
        (
            "{" + " ".join(f"a{n}: __typename" for n in range(10_000)) + "}",
            {},
            {"question_too_large"},
        ),
        ('{ systems(search: "%\' OR 1=1 --") { totalCount } }', {}, None),
        ('{ systems(search: "\\\\_%") { totalCount } }', {}, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_gets_a_code_and_no_sql(
    send: Send, query: str, variables: dict[str, Any], codes: set[str] | None
) -> None:
    answer = ask(send, query, variables=variables)
    if codes is None:
        assert "errors" not in answer
    else:
        assert code_of(answer) in codes


def test_bad_input_costs_no_memory(send: Send) -> None:
    cursor = ask(send, "{ systems(orderBy: [{name: ASC}]) { pageInfo { endCursor } } }")
    place = cursor["data"]["systems"]["pageInfo"]["endCursor"]
    doubling = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(90))
    bad = [
        f'{{ systems(after: "{place}", orderBy: [{{changedAt: DESC}}]) {{ totalCount }} }}',
        f'{{ systems(after: "{place[:-4]}AAAA") {{ totalCount }} }}',
        "{ systems(first: 10000) { totalCount } }",
        "{elements{nodes{relationships(first:9999){x}}}}",
        MULTIPLIED,
        "{ ...F0 } " + doubling + " fragment F90 on Query { nothing }",
        "{ ...A } fragment A on Query { ...A }",
        "{" + " ".join(f"a{n}: __typename" for n in range(10_000)) + "}",
        '{ systems(filter: { name: { ilike: "' + "%_" * 5000 + '" } }) { totalCount } }',
        '{ landscape(asOf: "2999-01-01T00:00:00Z") { systems { totalCount } } }',
        '{ elementHistory(urn: "\\u0000") { name } }',
    ]
    for query in bad:  # once before, because caches fill
        ask(send, query)
    tracemalloc.start()
    try:
        for query in bad:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            answer = ask(send, query)
            assert code_of(answer) != "internal_error", query[:100]
            assert tracemalloc.get_traced_memory()[1] - before < 10 * MEGABYTE, query[:100]
    finally:
        tracemalloc.stop()


def test_filters_take_wildcards_and_quotes_as_text(send: Send) -> None:
    for text in ("'; DROP TABLE element; --", "%\\_'", '"', "{row}", "$1"):
        for name in ("eq", "startsWith", "ilike"):
            wanted = f"filter: {{ name: {{ {name}: $t }} }}"
            query = f"query ($t: String) {{ systems({wanted}) {{ totalCount }} }}"
            assert "errors" not in ask(send, query, variables={"t": text}), (name, text)


def test_invalid_utf_8_is_refused(send: Send) -> None:
    headers = {"content-type": "application/json"}
    for body in (b'{"query": "\xff\xfe"}', b"\xef\xbb\xbf{}", b'{"query": "\xed\xa0\x80"}'):
        assert send(content=body, headers=headers).status_code == 400


def test_a_body_of_100_mb_costs_no_memory(send: Send) -> None:
    block = b" " * MEGABYTE
    sent = 0

    async def body() -> Any:
        nonlocal sent
        for _ in range(100):
            sent += len(block)
            yield block

    before = psutil.Process(os.getpid()).memory_info().rss
    answer = send(content=body(), headers={"content-type": "application/json"})
    after = psutil.Process(os.getpid()).memory_info().rss
    assert answer.status_code == 413
    assert after - before < 20 * MEGABYTE
    assert sent <= 100 * MEGABYTE


@pytest.mark.parametrize(
    "text", ["", "x", "tc_" + "0" * 32 + "_" + "a" * 40, "eyJhbGciOiJub25lIn0.e30.", "a" * 9000]
)
def test_a_forged_token_opens_nothing(settings: Settings, send: Send, text: str) -> None:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(settings, pages=[]))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = {"authorization": f"Bearer {text}"}
            return await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)

    answer = asyncio.run(run())
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_refused")


def test_a_moment_to_come_is_refused_as_a_scope(send: Send) -> None:
    answer = ask(send, '{ landscape(asOf: "2999-01-01T00:00:00Z") { systems { totalCount } } }')
    assert code_of(answer) == "moment_in_future"
