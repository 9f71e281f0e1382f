"""Each way to sign in, and where secrets must never turn up."""

import base64
import json
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.sdk.secrets import SecretUnavailable
from schemas.errors import GiveUp, InvalidInput, Misconfigured, RetryLater, TownclerkError
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
SECRET = "s3cr3t:/+&%é-word"  # noqa: RUF100  # not a real one
PLAIN = "plain-s3cr3t-word"
OAUTH = (
    '{{type: oauth2_client_credentials, token_path: /oauth/token, client_id: "town:clerk",'
    " secret: 'env:CRM_SECRET', scope: customers.read, send: {send}}}"
)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_SECRET", SECRET)
    monkeypatch.setenv("CRM_PLAIN", PLAIN)


def everybody(_: Request) -> Reply:
    return Reply.json({"items": people(2)})


class TokenServer:
    """Gives tokens that count up, and takes only the newest."""

    def __init__(self, **answer: Any) -> None:
        self.given = 0
        self.good = ""
        self.answer = answer
        self.forms: list[dict[str, list[str]]] = []
        self.refuse_next = 0

    def __call__(self, request: Request) -> Reply:
        if request.path == "/oauth/token":
            self.given += 1
            self.good = f"token-{self.given}-s3cr3t"
            self.forms.append(parse_qs(request.body.decode()))
            return Reply.json({"access_token": self.good, "token_type": "bearer", **self.answer})
        if request.headers.get("authorization") != f"Bearer {self.good}" or self.refuse_next:
            self.refuse_next = max(self.refuse_next - 1, 0)
            return Reply(status=401)
        return self.page(request)

    def page(self, request: Request) -> Reply:
        at = int(request.query.get("after", "0"))
        following = str(at + 1) if at < 3 else None
        return Reply.json({"items": people(4)[at : at + 1], "next": following})


CURSOR = "{type: cursor, parameter: after, next: next}"


def test_basic_sends_user_and_password(serve: Serve) -> None:
    server = serve(everybody)

    read_all(
        rest_source(server.url, auth="{type: basic, username: town, secret: 'env:CRM_SECRET'}")
    )

    scheme, _, pair = server.requests[0].headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", f"town:{SECRET}")


def test_an_api_key_stands_in_its_header(serve: Serve) -> None:
    server = serve(everybody)

    read_all(
        rest_source(server.url, auth="{type: api_key, header: X-Key, secret: 'env:CRM_PLAIN'}")
    )

    assert server.requests[0].headers["x-key"] == PLAIN


def test_a_bearer_token_comes_from_a_file_that_only_its_owner_reads(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(everybody)
    file = tmp_path / "token"
    file.write_text(f"{PLAIN}\n")
    source = rest_source(server.url, auth=f"{{type: bearer, secret: 'file:{file}'}}")
    file.chmod(0o640)

    with pytest.raises(SecretUnavailable, match="Others than its owner"):
        read_all(source)
    file.chmod(0o600)
    read_all(source)

    assert [request.headers["authorization"] for request in server.requests] == [f"Bearer {PLAIN}"]


@pytest.mark.parametrize("send", ["basic", "post"])
def test_a_token_is_fetched_once_and_used_for_all_pages(serve: Serve, send: str) -> None:
    tokens = TokenServer(expires_in=3600)
    server = serve(tokens)

    pages = read_all(rest_source(server.url, paging=CURSOR, auth=OAUTH.format(send=send)))

    assert keys(pages) == [1, 2, 3, 4]
    assert tokens.given == 1
    form = tokens.forms[0]
    assert form["grant_type"] == ["client_credentials"]
    assert form["scope"] == ["customers.read"]
    if send == "post":
        assert (form["client_id"], form["client_secret"]) == (["town:clerk"], [SECRET])
        assert "authorization" not in server.requests[0].headers
    else:
        pair = base64.b64decode(server.requests[0].headers["authorization"][6:]).decode()
        assert pair == "town%3Aclerk:s3cr3t%3A%2F%2B%26%25%C3%A9-word"
        assert "client_secret" not in form


def test_a_token_that_expires_on_the_way_is_renewed_once(serve: Serve) -> None:
    tokens = TokenServer()
    server = serve(tokens)

    def answer(request: Request) -> Reply:
        if request.query.get("after") == "2" and tokens.given == 1:
            return Reply(status=401)
        return tokens(request)

    server.answer = answer
    pages = read_all(rest_source(server.url, paging=CURSOR, auth=OAUTH.format(send="post")))

    assert keys(pages) == [1, 2, 3, 4]
    assert tokens.given == 2


def test_a_token_that_is_refused_twice_is_given_up(serve: Serve) -> None:
    tokens = TokenServer()
    tokens.refuse_next = 99
    server = serve(tokens)

    with pytest.raises(GiveUp, match="status 401"):
        read_all(rest_source(server.url, auth=OAUTH.format(send="post")))

    assert tokens.given == 2


def test_a_short_lived_token_is_renewed_before_it_expires(serve: Serve) -> None:
    tokens = TokenServer(expires_in="0")
    server = serve(tokens)

    pages = read_all(rest_source(server.url, paging=CURSOR, auth=OAUTH.format(send="post")))

    assert keys(pages) == [1, 2, 3, 4]
    assert tokens.given == 4


def test_a_fixed_secret_that_is_refused_is_not_tried_again(serve: Serve) -> None:
    server = serve(lambda _: Reply(status=401))

    with pytest.raises(GiveUp, match="refuses to let us in"):
        read_all(rest_source(server.url, auth="{type: bearer, secret: 'env:CRM_PLAIN'}"))

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Reply(b"<html>"),
        Reply(b"{}"),
        Reply(b'{"access_token": ""}'),
        Reply(b'{"access_token": 5}'),
        Reply(b'{"access_token": "a", "token_type": "mac"}'),
        Reply(b'{"access_token": "a", "expires_in": "soon"}'),
        Reply(b'{"access_token": "' + b"a" * 20_000 + b'"}'),
        Reply(status=400, body=b'{"error": "invalid_client"}'),
        Reply(status=401),
        Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    ],
)
def test_a_token_address_that_gives_no_token_is_given_up(serve: Serve, answer: Reply) -> None:
    server = serve(lambda _: answer)

    with pytest.raises(GiveUp):
        read_all(rest_source(server.url, auth=OAUTH.format(send="post")))

    assert {request.path for request in server.requests} == {"/oauth/token"}


def test_a_busy_token_address_is_left_for_later(serve: Serve) -> None:
    server = serve(lambda _: Reply(status=503, headers={"Retry-After": "600"}))

    with pytest.raises(RetryLater) as caught:
        read_all(rest_source(server.url, auth=OAUTH.format(send="post")))

    assert caught.value.wait_seconds == 600


def test_a_token_address_elsewhere_gets_the_secret_and_the_source_only_the_token(
    serve: Serve,
) -> None:
    tokens = TokenServer()
    identity, source = serve(tokens), serve(tokens)
    auth = OAUTH.format(send="post").replace(
        "token_path: /oauth/token", f"token_url: '{identity.url}/oauth/token'"
    )

    read_all(rest_source(source.url, auth=auth))

    assert [request.path for request in identity.requests] == ["/oauth/token"]
    assert [request.path for request in source.requests] == ["/customers"]


@pytest.mark.parametrize("address", ["http://crm.example.org", "http://203.0.113.7"])
def test_a_secret_never_crosses_the_internet_in_the_clear(address: str) -> None:
    auth = "{type: bearer, secret: 'env:CRM_PLAIN'}"

    with pytest.raises(InvalidInput, match="unencrypted"):
        read_all(rest_source(address, auth=auth, loopback=False))


@pytest.mark.parametrize("value", ["two\nlines", "zo\u00eb", "tab\there", "null\x00"])
def test_a_secret_that_no_header_can_carry_is_refused_without_showing_it(
    serve: Serve, tmp_path: Path, value: str
) -> None:
    server = serve(everybody)
    file = tmp_path / "token"
    file.write_text(value)
    file.chmod(0o600)

    with pytest.raises(Misconfigured) as caught:
        read_all(rest_source(server.url, auth=f"{{type: bearer, secret: 'file:{file}'}}"))

    assert value not in "".join(traceback.format_exception(caught.value))
    assert server.requests == []


@pytest.mark.parametrize(
    "auth",
    [
        "{type: basic, username: town, secret: 'env:CRM_PLAIN'}",
        "{type: api_key, header: X-Key, secret: 'env:CRM_PLAIN'}",
        "{type: bearer, secret: 'env:CRM_PLAIN'}",
        OAUTH.format(send="basic"),
        OAUTH.format(send="post"),
    ],
)
@pytest.mark.parametrize("fault", ["", "401", "403", "503", "foreign", "html", "broken"])
def test_no_secret_turns_up_in_logs_errors_or_representations(
    serve: Serve, canary: Server, caplog: pytest.LogCaptureFixture, auth: str, fault: str
) -> None:
    replies = {
        "": Reply.json({"items": people(1), "next": None}),
        "foreign": Reply.json({"items": people(1), "next": f"{canary.url}/x"}),
        "html": Reply(b"<html>"),
        "broken": Reply(raw=b"garbage\r\n\r\n"),
    }

    def answer(request: Request) -> Reply:
        if request.path == "/oauth/token":
            return Reply.json({"access_token": "token-s3cr3t"})
        return (
            replies[fault]
            if fault in replies
            else Reply(status=int(fault), headers={"Retry-After": "99"})
        )

    server = serve(answer)
    caplog.set_level(logging.DEBUG)
    source = rest_source(server.url, paging="{type: link, next: next}", auth=auth)
    said = [repr(source), repr(source.spec), str(source), source.spec.model_dump_json()]

    try:
        read_all(source)
    except TownclerkError as error:
        said += ["".join(traceback.format_exception(error)), json.dumps(error.as_dict())]
    said += [record.getMessage() for record in caplog.records]

    assert canary.connections == 0
    encoded = [
        base64.b64encode(f"{user}:{word}".encode()).decode()
        for user in ("town",)
        for word in (SECRET, PLAIN)
    ]
    for text in said:
        assert not any(word in text for word in ("s3cr3t", *encoded))
