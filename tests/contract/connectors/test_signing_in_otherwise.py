"""Signing in by a login, a longer-lived token, a word before a key, or a statement of our own."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.sdk.signing_in import SignedSignIn
from schemas.errors import GiveUp, InvalidConnectorFile
from tests.contract.connectors.servers import (
    Answer,
    Reply,
    Request,
    Server,
    keys,
    people,
    read_all,
    rest_source,
)

Serve = Callable[[Answer], Server]
SESSION = (
    "{{type: session_token, login_path: /login, token: data.token, secret: 'env:CRM_SECRET', {}}}"
)
IN_BODY = "body: {user: town}, secret_field: user_secret"
REFRESH = (
    "{type: oauth2_refresh_token, token_path: /token, client_id: town, secret: 'env:CRM_SECRET',"
    " refresh: 'env:CRM_REFRESH'}"
)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_SECRET", "s3cr3t-word")
    monkeypatch.setenv("CRM_REFRESH", "r3fresh-word")


class Sessions:
    """Gives a session at /login; each is good for two questions."""

    def __init__(self, where: Callable[[Request], str | None]) -> None:
        self.where, self.logins, self.left = where, list[Request](), 0

    def __call__(self, request: Request) -> Reply:
        if request.path == "/login":
            self.logins.append(request)
            self.left = 2
            return Reply.json({"data": {"token": f"session-{len(self.logins)}"}})
        self.left -= 1
        if self.where(request) != f"session-{len(self.logins)}" or self.left < 0:
            return Reply.json({}, status=401)
        start = int(request.query.get("after", "0"))
        following = str(start + 5) if start < 15 else None
        return Reply.json({"items": people(20)[start : start + 5], "next": following})


PAGED = "{type: cursor, parameter: after, next: next}"


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (IN_BODY, lambda r: r.headers.get("authorization", "").removeprefix("Bearer ")),
        (f"{IN_BODY}, header: X-Session", lambda r: r.headers.get("x-session")),
        ("username: town, parameter: sid", lambda r: r.query.get("sid")),
    ],
    ids=["bearer", "own header", "query"],
)
def test_a_session_that_ends_in_the_middle_is_begun_anew(
    serve: Serve, options: str, where: Callable[[Request], str | None]
) -> None:
    server = serve(sessions := Sessions(where))

    found = keys(read_all(rest_source(server.url, auth=SESSION.format(options), paging=PAGED)))

    assert found == list(range(1, 21))
    assert len(sessions.logins) == 2
    if IN_BODY in options:
        told = {json.dumps(json.loads(one.body), sort_keys=True) for one in sessions.logins}
        assert told == {'{"user": "town", "user_secret": "s3cr3t-word"}'}
    else:
        pair = base64.b64encode(b"town:s3cr3t-word").decode()
        assert {one.headers["authorization"] for one in sessions.logins} == {f"Basic {pair}"}


def test_a_login_that_gives_no_token_is_said_with_the_place_looked_at(serve: Serve) -> None:
    server = serve(lambda _: Reply.json({"data": {"tokens": "x"}}))

    with pytest.raises(GiveUp, match=r"no token at `data\.token`"):
        read_all(rest_source(server.url, auth=SESSION.format(IN_BODY)))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("username: a, secret_field: b", "give either `username`"),
        ("login_url: 'https://a.example/x', username: a", "give either `login_path`"),
        ("username: a, header: X, parameter: y", "give either `header`"),
    ],
)
def test_a_login_of_two_minds_is_refused_when_the_file_is_read(options: str, reason: str) -> None:
    with pytest.raises(InvalidConnectorFile, match=reason):
        rest_source("http://127.0.0.1:1", auth=SESSION.format(options))


@pytest.mark.parametrize("rotates", [False, True])
def test_a_longer_lived_token_gives_tokens_unless_it_would_be_lost(
    serve: Serve, rotates: bool
) -> None:
    forms = list[dict[str, list[str]]]()

    def answer(request: Request) -> Reply:
        if request.path == "/token":
            forms.append(parse_qs(request.body.decode()))
            told = {"access_token": "t", "refresh_token": "another" if rotates else "r3fresh-word"}
            return Reply.json(told)
        assert request.headers["authorization"] == "Bearer t"
        return Reply.json({"items": people(2)})

    source = rest_source(serve(answer).url, auth=REFRESH)

    if rotates:
        with pytest.raises(GiveUp, match="new refresh token") as caught:
            read_all(source)
        assert "another" not in str(caught.value.as_dict()).replace("name another", "")
    else:
        assert keys(read_all(source)) == [1, 2]
    assert forms[0]["grant_type"] == ["refresh_token"]
    assert forms[0]["refresh_token"] == ["r3fresh-word"]
    assert forms[0]["client_secret"] == ["s3cr3t-word"]


def test_a_statement_of_our_own_says_what_the_file_says(serve: Serve) -> None:
    auth = (
        "{type: jwt, secret: 'env:CRM_SECRET', key_id: k1, prefix: JWT, header: X-Statement,"
        " claims: {iss: town, aud: crm, level: 3}, seconds: 60}"
    )
    server = serve(lambda _: Reply.json({"items": people(1)}))
    assert keys(read_all(rest_source(server.url, auth=auth))) == [1]

    word, _, token = server.requests[0].headers["x-statement"].partition(" ")
    parts = [base64.urlsafe_b64decode(part + "==") for part in token.split(".")]
    head, claims = map(json.loads, parts[:2])
    body = token.rpartition(".")[0].encode()
    assert word == "JWT"
    assert parts[2] == hmac.digest(b"s3cr3t-word", body, hashlib.sha256)
    assert (head["alg"], head["kid"]) == ("HS256", "k1")
    assert {**claims, "iss": "town", "aud": "crm", "level": 3} == claims
    assert claims["exp"] - claims["iat"] == 60


def test_a_refused_statement_is_signed_again_where_its_age_may_be_the_reason() -> None:
    clock = [0.0]
    sign_in = SignedSignIn(lambda: f"{clock[0]}", seconds=240, clock=lambda: clock[0])

    first = asyncio.run(sign_in.headers())
    renewed_at_once = sign_in.renew()
    second = asyncio.run(sign_in.headers())
    clock[0] = 60.0

    assert not renewed_at_once
    assert first == second == {"Authorization": "Bearer 0.0"}
    assert sign_in.renew()
    assert asyncio.run(sign_in.headers()) == {"Authorization": "Bearer 60.0"}


@pytest.mark.parametrize("word", ["s3cr3t-word", "Token s3cr3t-word"])
def test_the_word_before_a_key_is_written_once(
    serve: Serve, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_SECRET", word)
    server = serve(lambda _: Reply.json({"items": people(1)}))
    auth = "{type: api_key, header: Authorization, prefix: Token, secret: 'env:CRM_SECRET'}"

    read_all(rest_source(server.url, auth=auth))

    assert server.requests[0].headers["authorization"] == "Token s3cr3t-word"


def test_a_word_before_a_key_in_the_query_is_refused() -> None:
    auth: Any = "{type: api_key, parameter: key, prefix: Token, secret: 'env:CRM_SECRET'}"
    with pytest.raises(InvalidConnectorFile, match="only a key in a header"):
        rest_source("http://127.0.0.1:1", auth=auth)
