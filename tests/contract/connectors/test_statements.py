"""Ways to sign in by a statement, a key in the query, or a certificate."""

import base64
import hashlib
import hmac
import json
import logging
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from connectors.sdk.secrets import SecretUnavailable
from connectors.sdk.statements import KeyUnusable
from schemas.errors import GiveUp, InvalidConnectorFile, InvalidInput, SourceTrouble
from tests.contract.connectors.servers import (
    REST_FILE,
    Answer,
    Reply,
    Request,
    Server,
    keys,
    people,
    read_all,
    rest_source,
    source_of,
)

Serve = Callable[[Answer], Server]
SECRET = "a-shared-s3cr3t-that-nobody-may-see"
ZGW = "{type: zgw_jwt, client_id: town, secret: 'env:ZGW', user_id: clerk}"
SIGNED = (
    "{type: oauth2_client_credentials, token_path: /token, client_id: town, secret: 'env:KEY',"
    " send: private_key_jwt, key_id: k1}"
)
QUERY_KEY = "{type: api_key, parameter: api_key, secret: 'env:ZGW'}"


def part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    head, claims, signature = token.split(".")
    return (
        json.loads(part(head)),
        json.loads(part(claims)),
        part(signature),
        f"{head}.{claims}".encode(),
    )


def test_a_zgw_statement_is_signed_with_the_shared_secret(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZGW", SECRET)
    server = serve(lambda _: Reply.json({"items": people(2)}))

    read_all(rest_source(server.url, auth=ZGW))

    token = server.requests[0].headers["authorization"].removeprefix("Bearer ")
    head, claims, signature, body = opened(token)
    assert head == {"alg": "HS256", "typ": "JWT"}
    assert hmac.digest(SECRET.encode(), body, hashlib.sha256) == signature
    assert claims["iss"] == claims["client_id"] == "town"
    assert claims["user_id"] == "clerk"
    assert claims["user_representation"] == "Townclerk"
    assert abs(claims["iat"] - time.time()) < 60


def pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RSA_KEY = rsa.generate_private_key(65537, 2048)
CURVE_KEY = ec.generate_private_key(ec.SECP256R1())
EDWARDS_KEY = ed25519.Ed25519PrivateKey.generate()


def token_server(forms: list[dict[str, list[str]]]) -> Answer:
    def answer(request: Request) -> Reply:
        if request.path == "/token":
            forms.append(parse_qs(request.body.decode()))
            return Reply.json({"access_token": "t0ken", "expires_in": 60})
        return Reply.json({"items": people(2)})

    return answer


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSA_KEY, "RS256"), (CURVE_KEY, "ES256"), (EDWARDS_KEY, "EdDSA")],
    ids=["rsa", "p-256", "ed25519"],
)
def test_a_token_server_can_check_our_signed_statement(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, key: Any, algorithm: str
) -> None:
    monkeypatch.setenv("KEY", pem(key))
    forms: list[dict[str, list[str]]] = []
    server = serve(token_server(forms))

    assert keys(read_all(rest_source(server.url, auth=SIGNED))) == [1, 2]

    [form] = forms
    assert "client_secret" not in form
    assert form["client_assertion_type"] == [
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    ]
    head, claims, signature, body = opened(form["client_assertion"][0])
    assert head == {"alg": algorithm, "kid": "k1", "typ": "JWT"}
    assert claims["iss"] == claims["sub"] == "town"
    assert claims["aud"] == f"{server.url}/token"
    assert 0 < claims["exp"] - claims["iat"] <= 60
    assert len(claims["jti"]) > 16
    public = key.public_key()
    if algorithm == "RS256":
        public.verify(signature, body, padding.PKCS1v15(), SHA256())
    elif algorithm == "ES256":
        numbers = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        public.verify(encode_dss_signature(*numbers), body, ec.ECDSA(SHA256()))
    else:
        public.verify(signature, body)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "no key",
        pem(rsa.generate_private_key(65537, 1024)),
        pem(ec.generate_private_key(ec.SECP384R1())),
    ],
    ids=["empty", "no key", "short", "odd curve"],
)
def test_a_key_that_no_server_takes_is_refused_before_anything_is_sent(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("KEY", key)
    server = serve(token_server([]))

    with pytest.raises((KeyUnusable, SecretUnavailable)) as caught:
        read_all(rest_source(server.url, auth=SIGNED))

    assert server.requests == []
    assert not key or key not in str(caught.value)


def test_a_key_in_the_query_stays_out_of_positions_links_and_messages(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ZGW", SECRET)
    caplog.set_level(logging.DEBUG)

    def answer(request: Request) -> Reply:
        assert request.query["api_key"] == SECRET
        if request.query.get("p") == "3":
            return Reply(status=404)
        page = int(request.query.get("p", "0")) + 1
        echoed = f"http://{request.headers['host']}/customers?p={page}&api_key={SECRET}"
        return Reply.json({"items": people(1), "next": echoed, "page": page})

    def odd(request: Request) -> Reply:
        reply = answer(request)
        page = int(request.query.get("p", "0"))
        return (
            reply
            if reply.status != 200
            else Reply.json({**json.loads(reply.body), "items": [{"id": page, "name": "x"}]})
        )

    server = serve(odd)
    pages: list[Any] = []
    with pytest.raises(GiveUp) as caught:
        read_all(
            rest_source(server.url, auth=QUERY_KEY, paging="{type: link, next: next}"), into=pages
        )

    assert len(pages) == 3
    told = [str(caught.value), caplog.text, *(repr(page.cursor) for page in pages)]
    assert not [words for words in told if SECRET in words]


@pytest.mark.parametrize("places", ["", "header: X-Key, parameter: key, "])
def test_an_api_key_has_one_place(places: str) -> None:
    with pytest.raises(InvalidConnectorFile, match="either `header` or `parameter`"):
        rest_source("http://x", auth=f"{{type: api_key, {places}secret: 'env:X'}}")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a server certificate and one for us, and a stranger's."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    place = tmp_path_factory.mktemp("authority")
    issued = "-CA ca.crt -CAkey ca.key"
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    for name, more in (
        ("ca", "-subj /CN=authority"),
        ("server", f"-subj /CN=localhost -addext subjectAltName=DNS:localhost {issued}"),
        ("ours", f"-subj /CN=townclerk {issued}"),
        ("stranger", "-subj /CN=townclerk"),
    ):
        command = f"openssl req -x509 {curve} {more} -keyout {name}.key -out {name}.crt"
        subprocess.run(command.split(), cwd=place, check=True, capture_output=True)
    for key in place.iterdir():
        key.chmod(0o600)
    return place


def certified(url: str, place: Path, name: str, key: str | None = None) -> Any:
    text = REST_FILE.format(
        paging="{type: none}", records="items", auth="{type: none}", timeout=20, more=""
    )
    tls = (
        f"tls: {{certificate: 'file:{place}/{name}.crt', secret: 'file:{place}/{key or name}.key',"
        f" authority: 'file:{place}/ca.crt'}}\n"
    )
    return source_of(tls + text, url)


@pytest.fixture
def guarded(authority: Path) -> Any:
    """A server that wants to see a certificate of its authority."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority / "ca.crt"))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(authority / "server.crt", authority / "server.key")
    server = Server(lambda _: Reply.json({"items": people(2)}), tls=tls)
    yield server
    server.close()


def test_a_source_that_asks_who_we_are_sees_our_certificate(
    guarded: Server, authority: Path
) -> None:
    source = certified(f"https://localhost:{guarded.port}", authority, "ours")

    assert keys(read_all(source)) == [1, 2]


def test_a_strangers_certificate_opens_nothing(guarded: Server, authority: Path) -> None:
    source = certified(f"https://localhost:{guarded.port}", authority, "stranger")

    with pytest.raises(SourceTrouble):
        read_all(source)

    assert guarded.requests == []


def test_certificate_and_key_must_belong_together(
    guarded: Server, authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = certified(f"https://localhost:{guarded.port}", authority, "ours", "stranger")

    with pytest.raises(Exception, match="cannot be loaded"):
        read_all(source)

    assert guarded.connections == 0
    assert not list(tmp_path.iterdir())


def test_a_certificate_is_never_shown_over_http(authority: Path) -> None:
    with pytest.raises(InvalidInput, match="https"):
        read_all(certified("http://localhost:1", authority, "ours"))
