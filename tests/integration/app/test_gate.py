"""Deny by default: every row of the route table against every kind of asker."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
import websockets
from pydantic import SecretStr

from registry.access.commands import revoke_token
from registry.settings import Settings
from registry.storage.database import unit_of_work
from schemas.access import Scope
from schemas.errors import Misconfigured
from townclerk.routes import TABLE, Rule
from townclerk.serving import serving

pytestmark = pytest.mark.usefixtures("database")

Start = Callable[..., httpx.Client]
Token = Callable[..., str]


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def requests_of(rule: Rule) -> list[tuple[str, str]]:
    path = rule.template.replace("{path:path}", "some/thing")
    return [(method, path) for method in rule.methods if method != "WEBSOCKET"]


CLOSED = [(rule, *request) for rule in TABLE if not rule.is_open for request in requests_of(rule)]


def test_without_a_token_only_health_answers(start: Start) -> None:
    client = start()
    assert client.get("/health").status_code in {200, 503}
    for _, method, path in CLOSED:
        answer = client.request(method, path)
        assert answer.status_code == 401, (method, path)
        assert "Bearer" in answer.headers["www-authenticate"]
        assert "Basic" in answer.headers["www-authenticate"]
    page = client.get("/customers", headers={"Accept": "text/html"})
    assert "<h1>Who are you?</h1>" in page.text
    assert "Basic" in page.headers["www-authenticate"], "so that the browser asks for the token"
    assert "stylesheet" not in page.text, "a stylesheet would ask for the token again"


def test_no_worthless_token_opens_any_row(start: Start, token: Token) -> None:
    good = token(*Scope)
    revoked = token(*Scope, name="revoked")
    expired = token(*Scope, name="expired")
    with unit_of_work() as db:
        revoke_token(db, "revoked")
        db.execute(
            "UPDATE api_token SET created_at = created_at - %s, expires_at = expires_at - %s "
            "WHERE name = 'expired'",
            [timedelta(days=2), timedelta(days=2)],
        )
    client = start()
    worthless = [f"{good[:-1]}{'a' if good[-1] != 'a' else 'b'}", revoked, expired, "x", good[:36]]
    for text in worthless:
        for _, method, path in CLOSED:
            answer = client.request(method, path, headers=bearer(text))
            assert answer.status_code == 401, (method, path)
            assert text not in answer.text or text == "x"


def test_each_row_opens_to_its_scope_alone(start: Start, token: Token) -> None:
    alone = {scope: token(scope, name=f"only {scope}") for scope in Scope}
    others = {scope: token(*(set(Scope) - {scope}), name=f"all but {scope}") for scope in Scope}
    client = start()
    for rule, method, path in CLOSED:
        for scope in [rule.scope] if rule.scope else list(Scope):
            opened = client.request(method, path, headers=bearer(alone[scope]))
            assert opened.status_code not in {401, 403}, (method, path, scope)
        if rule.scope:
            refused = client.request(method, path, headers=bearer(others[rule.scope]))
            assert refused.status_code == 403, (method, path)
            if method != "HEAD":
                assert rule.scope in refused.json()["error"]["what"]


@pytest.mark.parametrize("demo", [True, False])
def test_what_is_not_in_the_table_is_refused_whoever_asks(
    start: Start, token: Token, demo: bool
) -> None:
    client = start(demo=demo)
    headers = {} if demo else bearer(token(*Scope))
    for method, path in [
        ("GET", "/admin"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/healthz"),
        ("GET", "/health/"),
        ("GET", "/prefectures"),
        ("GET", f"{client.base_url}//graphql"),
        ("GET", "/.env"),
        ("POST", "/health"),
        ("DELETE", "/graphql"),
        ("OPTIONS", "/graphql"),
        ("TRACE", "/"),
        ("DELETE", "/customers"),
        ("PROPFIND", "/landscape"),
    ]:
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 403, (method, path)


def test_an_encoded_path_meets_the_same_row(start: Start, token: Token) -> None:
    client = start()
    headers = bearer(token(Scope.LANDSCAPE_READ))
    assert client.get("/%63ustomers/1", headers=headers).status_code == 403
    assert client.get("/systems/%2e%2e/customers", headers=headers).status_code == 404
    assert client.get("/systems/..%2fcustomers", headers=headers).status_code == 404


def test_in_the_demonstration_the_architect_at_the_machine_asks(start: Start) -> None:
    answer = start(demo=True).post("/graphql", json={})
    assert answer.json()["actor"] == "local architect"
    assert answer.json()["scopes"] == sorted(Scope)


def test_the_application_learns_who_asked(start: Start, token: Token) -> None:
    answer = start().post("/graphql", json={}, headers=bearer(token(Scope.SYNC_READ)))
    assert answer.json()["actor"] == "tester"
    assert answer.json()["scopes"] == ["sync:read"]


def test_a_browser_may_send_the_token_as_password(start: Start, token: Token) -> None:
    credentials = base64.b64encode(f"me:{token()}".encode()).decode()
    answer = start().post("/graphql", headers={"Authorization": f"Basic {credentials}"})
    assert answer.json()["actor"] == "tester"


def test_a_withdrawn_token_opens_nothing_from_the_next_request_on(
    start: Start, token: Token
) -> None:
    client, headers = start(), bearer(token())
    assert client.post("/graphql", headers=headers).status_code == 200
    with unit_of_work() as db:
        revoke_token(db, "tester")
    assert client.post("/graphql", headers=headers).status_code == 401


def test_a_socket_of_graphql_is_let_through_as_nobody_because_its_token_comes_later(
    start: Start,
) -> None:
    url = str(start().base_url).replace("http", "ws") + "/graphql"

    async def speak(headers: dict[str, str]) -> str:
        async with websockets.connect(url, additional_headers=headers) as socket:
            return json.loads(await socket.recv())["actor"]

    assert asyncio.run(speak({})) == "nobody"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.nl"])
def test_a_socket_that_a_strangers_page_opens_is_refused(start: Start, origin: str) -> None:
    url = str(start(demo=True).base_url).replace("http", "ws") + "/graphql"

    async def speak() -> None:
        async with websockets.connect(url, additional_headers={"Origin": origin}):
            pass

    with pytest.raises(websockets.InvalidStatus) as refused:
        asyncio.run(speak())
    assert refused.value.response.status_code == 403


def test_a_server_without_its_key_opens_nothing_but_health(start: Start) -> None:
    client = start(token_secret=None)
    assert client.get("/health").status_code in {200, 503}
    answer = client.post("/graphql", headers=bearer("tc_" + "0" * 32 + "_" + "a" * 40))
    assert answer.status_code == 500
    assert "TOWNCLERK_TOKEN_SECRET" in answer.json()["error"]["remedy"]


def test_strangers_never_meet_a_demonstration(settings: Settings) -> None:
    open_to_all = settings.model_copy(update={"host": "0.0.0.0"})
    with pytest.raises(Misconfigured, match="token"), serving(open_to_all, demo=True):
        pass


@pytest.mark.parametrize("secret", [None, "too short"])
def test_a_server_for_others_does_not_start_without_its_key(
    settings: Settings, secret: str | None
) -> None:
    key = SecretStr(secret) if secret else None
    careless = settings.model_copy(update={"host": "0.0.0.0", "token_secret": key})
    with (
        pytest.raises(Misconfigured, match="TOWNCLERK_TOKEN_SECRET"),
        serving(careless, demo=False),
    ):
        pass


def test_the_use_of_a_token_is_on_record(start: Start, token: Token) -> None:
    client, headers = start(), bearer(token())
    for _ in range(3):
        assert client.post("/graphql", headers=headers).status_code == 200
    with unit_of_work() as db:
        row = db.execute("SELECT last_used_at > now() - interval '1 minute' FROM api_token")
        assert row.fetchone() == (True,)
