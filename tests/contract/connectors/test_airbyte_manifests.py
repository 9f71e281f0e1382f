"""Manifests with every way to sign in and to page read their servers whole, once translated."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.sdk.load import load_connector_file
from tests.contract.connectors.servers import Reply, Request, Server
from townclerk.cli import run

MANIFESTS = Path(__file__).with_name("manifests")
COUNT = 23
SECRETS = {
    "PERMITS_KEY": "p", "CRM_SECRET": "c", "CRM_REFRESH": "r", "LIBRARY_PASSWORD": "l",
    "WASTE_KEY": "w", "PARKING_TOKEN": "t", "SPORTS_PASSWORD": "s",
}  # fmt: skip
DENIED = Reply.json({}, status=401)


def permits(request: Request) -> Reply:
    if request.headers.get("x-permits") != "Token p":
        return DENIED
    half = {"/permits/north/list": 0, "/permits/south/list": 1}[request.path]
    rows = [
        {"id": n, "state": ("open", "granted", "refused")[n % 3], "prefix": "van", "last": "Dam"}
        for n in range(COUNT) if n % 2 == half
    ]  # fmt: skip
    start = (int(request.query["page"]) - 1) * int(request.query["per"])
    return Reply.json({"data": {"rows": rows[start : start + int(request.query["per"])]}})


def crm(request: Request) -> Reply:
    if request.path == "/crm/token":
        form = {name: value[0] for name, value in parse_qs(request.body.decode()).items()}
        wanted = {"grant_type": "refresh_token", "client_id": "town", "client_secret": "c"}
        right = form == {**wanted, "refresh_token": "r"}
        return Reply.json({"access_token": "a", "expires_in": 3600}) if right else DENIED
    if request.headers.get("authorization") != "Bearer a":
        return DENIED
    teams = [f"t{number}" for number in range(5)]
    everything: list[Any] = [{"code": code} for code in teams]
    if request.path != "/crm/teams":
        team = request.path.split("/")[3]
        at = "2026-01-01T00:00:00Z"
        everything = [{"team": team, "id": n, "updated_at": at}
                      for n in range(COUNT) if n % 5 == teams.index(team)]  # fmt: skip
    start, size = int(request.query.get("cursor", "0")), int(request.query["limit"])
    meta = {"next_cursor": str(start + size)} if start + size < len(everything) else {}
    return Reply.json({"items": everything[start : start + size], "meta": meta})


def library(request: Request) -> Reply:
    if request.path == "/library/login":
        right = json.loads(request.body) == {"user": "town", "password": "l"}
        return Reply.json({"session": {"key": "k"}}) if right else DENIED
    if request.headers.get("x-session") != "k":
        return DENIED
    start = int(request.query["skip"])
    readers = [{"number": n, "secret": "x"} for n in range(COUNT)]
    return Reply.json(readers[start : start + int(request.query["take"])])


def waste(request: Request) -> Reply:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    body, _, signature = token.rpartition(".")
    head, claims = (json.loads(base64.urlsafe_b64decode(one + "==")) for one in body.split("."))
    wanted = hmac.digest(b"w", body.encode(), hashlib.sha256)
    right = base64.urlsafe_b64decode(signature + "==") == wanted and head["kid"] == "key-1"
    if not right or {**claims, "iss": "town", "aud": "waste", "level": 3} != claims:
        return DENIED
    if request.headers["accept-crs"] != "EPSG:28992" or request.query["active"] != "true":
        return Reply.json({}, status=400)
    start = int(request.query.get("from", "0"))
    follow = f'<{request.path}?active=true&from={start + 5}>; rel="next"'
    headers = {"Link": follow if start + 5 < COUNT else '<x>; rel="first"'}
    found = [{"id": n} for n in range(COUNT)][start : start + 5]
    return Reply.json({"d": {"results": found}}, headers=headers)


def parking(request: Request) -> Reply:
    asked = json.loads(request.body)
    if request.headers.get("authorization") != "Bearer t":
        return DENIED
    if request.method != "POST" or asked["kind"] != "holder" or asked["page"]["size"] != 4:
        return Reply.json({}, status=400)
    start = int(asked["page"].get("after", -1)) + 1
    found = [{"id": n} for n in range(COUNT)][start : start + 4]
    return Reply.json({"found": found, "more": start + 4 < COUNT})


def sports(request: Request) -> Reply:
    if request.path == "/sports/open":
        return Reply.json({"items": [{"id": n} for n in range(COUNT)]})
    pair = base64.b64encode(b"town:s").decode()
    if request.headers.get("authorization") != f"Basic {pair}":
        return DENIED
    start = int(request.query.get("from", "0"))
    link = f"http://{request.headers['host']}/sports/clubs?from={start + 5}"
    body = {"items": [{"id": n} for n in range(COUNT)][start : start + 5]}
    return Reply.json(body | ({"next": link} if start + 5 < COUNT else {}))


SERVED: dict[str, Callable[[Request], Reply]] = {
    "crm": crm, "library": library, "parking": parking, "permits": permits, "sports": sports,
    "waste": waste,
}  # fmt: skip
LOST = {
    "crm": set[str](),
    "library": {
        "readers: `error_handler`: IGNORE for 404; here they end the run",
        "readers: `transformations`: KeysToLower",
        "readers: `transformations`: RemoveFields: raw records keep what it removes",
    },
    "parking": {
        (
            "holders: it signs in as its configuration chooses: `token` was written, not "
            "`password`; `--auth NAME` takes another"
        ),
    },
    "permits": set[str](),
    "sports": {
        "scores: it is read by AsyncRetriever",
        "grounds: it signs in otherwise than the first stream",
    },
    "waste": set(),
}
KEYS = {
    "crm": [f"t{n % 5}:{n}" for n in range(COUNT)],
    "permits": [str(n) for n in range(COUNT) if n % 3 != 2],
}
EVERYTHING = [str(number) for number in range(COUNT)]


@pytest.mark.parametrize("name", SERVED)
def test_a_translated_manifest_reads_its_server_whole(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for variable, secret in SECRETS.items():
        monkeypatch.setenv(variable, secret)
    server = Server(SERVED[name])
    manifest, file = tmp_path / f"{name}.yaml", tmp_path / "ours.yaml"
    text = (MANIFESTS / f"{name}.yaml").read_text()
    manifest.write_text(text.replace("ADDRESS", server.url))
    stream = {"sports": "clubs", "crm": "members"}.get(name)
    only = ["--stream", stream] if stream else []
    out = tmp_path / "out.jsonl"
    try:
        imported = ["import", "airbyte", str(manifest), "--out", str(file), "--json"]
        assert run(["connector", *imported]) == 0
        told = json.loads(capsys.readouterr().out)
        assert run(["connector", "try", str(file), *only, "--sandbox", "--json"]) == 0
        done = ["run", str(file), *only, "--to", str(out), "--sandbox", "--json"]
        assert run(["connector", *done]) == 0
    finally:
        server.close()

    assert {f"{one['place']}: {one['why']}" for one in told["not_translated"]} == LOST[name]
    arrived = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(one["key"] for one in arrived) == sorted(KEYS.get(name, EVERYTHING))
    spec = load_connector_file(file.read_text(), name="ours.yaml")
    assert ("vanished: keep" in file.read_text()) == (name == "library")
    if name == "permits":
        assert {one["family_name"] for one in arrived} == {"van Dam"}
    if name == "crm":
        assert spec.requests_per_second == 1000.0
