"""A source sends messages by itself: believed, landed once, and never a reason to delete."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.sdk.load import load_connector_file
from connectors.webhook import (
    WINDOW_SECONDS,
    WebhookRefused,
    WebhookStream,
    secrets_of,
    verify,
)
from registry import intake, landscape
from registry.settings import Settings
from registry.storage.database import Database, unit_of_work
from schemas.landscape_kinds import ElementKind
from tests.factories import an_element, an_interface
from townclerk.app import create_app

KEY = base64.b64encode(b"k" * 32).decode()
FILE = """
connector: notices
kind: webhook
interface: {interface}
streams:
  people:
    data_set: {data_set}
    secret: "env:NOTICES"
    deleted: [gone]
    key: id
    map: {{kind: "'person'", family_name: name}}
  plain:
    data_set: {data_set}
    secret: "env:NOTICES"
    signing: bearer
    envelope: json
    record: body.person
    id: number
    action: what
    deleted: [destroy]
    vanished: hold
    key: id
    map: {{kind: "'person'", family_name: name}}
"""


class Door:
    """Posts to the web application, without sockets in between."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def post(self, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
                return await http.post(path, **options)

        return asyncio.run(send())


@pytest.fixture
def door(database: Database, monkeypatch: pytest.MonkeyPatch) -> Door:
    """The web application of a town with one source that sends."""
    monkeypatch.setenv("NOTICES", f"whsec_{KEY}")
    with unit_of_work() as db:
        landscape.commands.ensure_own_elements(db)
        data_set = an_element(db, kind=ElementKind.DATA_SET).urn
        interface = an_interface(db, attrs={"base_url": "https://notices.example"}).urn
        text = FILE.format(interface=interface, data_set=data_set)
        spec = load_connector_file(text, name="notices.yaml")
        intake.commands.register_source(
            db,
            key="notices",
            interface_urn=interface,
            spec=spec.model_dump(mode="json", exclude_unset=True),
        )
    app = create_app(
        Settings(token_secret="x" * 40, prefect_api_url="http://127.0.0.1:1/api"),
        graphql=lambda *_: None,
        pages=[],
    )
    return Door(app)


def event(number: int, name: str = "A", **more: Any) -> dict[str, Any]:
    fields = {"specversion": "1.0", "id": f"e{number}", "source": "/crm", "type": "changed"}
    return {**fields, "data": {"id": number, "name": name}, **more}


def signed(
    body: bytes, *, name: str = "m1", at: float | None = None, key: str = KEY
) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.digest(base64.b64decode(key), f"{name}.{stamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,bm90IHRoaXM= v1,{base64.b64encode(digest).decode()}",
        "content-type": "application/cloudevents+json",
    }


def send(door: Door, body: Any, **options: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = options.pop("headers", None) or signed(raw, **options)
    return door.post("/webhooks/notices/people", content=raw, headers=headers)


def landed() -> list[Any]:
    with unit_of_work() as db:
        return db.execute("SELECT key, raw FROM landed_record ORDER BY key").fetchall()


def test_a_signed_event_is_landed_once_however_often_it_comes(door: Door) -> None:
    first, again = send(door, event(1)), send(door, event(1), name="m2")
    changed = send(door, event(2) | {"data": {"id": 1, "name": "B"}})

    assert [first.status_code, again.status_code, changed.status_code] == [202] * 3
    assert [one.json()["known"] for one in (first, again, changed)] == [0, 1, 0]
    assert landed() == [("1", b'{"id": 1, "name": "B"}')]


def test_all_three_modes_of_cloudevents_and_plain_json_are_understood(door: Door) -> None:
    batch = json.dumps([event(1), event(2)]).encode()
    binary = b'{"id": 3, "name": "C"}'
    ce = {"ce-id": "e3", "ce-source": "/crm", "ce-type": "t", "content-type": "application/json"}
    plain = door.post(
        "/webhooks/notices/plain",
        json={"number": 9, "body": {"person": {"id": 4}}},
        headers={"authorization": f"Bearer whsec_{KEY}"},
    )

    assert plain.status_code == 202
    headers = {**signed(batch), "content-type": "application/cloudevents-batch+json; charset=utf-8"}
    assert send(door, batch, headers=headers).json()["records"] == 2
    assert send(door, binary, headers=signed(binary) | ce).json()["records"] == 1
    assert [key for key, _ in landed()] == ["1", "2", "3", "4"]


def test_what_cannot_be_mapped_goes_to_quarantine(door: Door) -> None:
    assert send(door, event(1) | {"data": {"name": "no key"}}).status_code == 202
    assert send(door, event(2) | {"data": [1]}).status_code == 202

    with unit_of_work() as db:
        rules = [row.rule for row in intake.queries.list_quarantine(db, source_key="notices")]
    assert sorted(rules) == ["key_missing", "record_not_object"]


def hostile(body: bytes) -> dict[str, dict[str, str]]:
    good = signed(body)
    newer = good["webhook-signature"].replace("v1", "v9")
    return {
        "nothing": {},
        "no signature": good | {"webhook-signature": ""},
        "another key": signed(body, key=base64.b64encode(b"x" * 32).decode()),
        "another body": signed(body + b" "),
        "another id": good | {"webhook-id": "m2"},
        "no id": good | {"webhook-id": ""},
        "yesterday": signed(body, at=time.time() - WINDOW_SECONDS - 60),
        "tomorrow": signed(body, at=time.time() + WINDOW_SECONDS + 60),
        "no time": good | {"webhook-timestamp": "soon"},
        "huge time": good | {"webhook-timestamp": "9" * 5000},
        "an unknown version": good | {"webhook-signature": newer},
        "a token instead": {"authorization": f"Bearer {KEY}"},
    }


def test_whoever_does_not_know_the_secret_lands_nothing(door: Door) -> None:
    body = json.dumps(event(1)).encode()

    told = {
        name: door.post("/webhooks/notices/people", content=body, headers=headers)
        for name, headers in hostile(body).items()
    }
    told["no source"] = door.post("/webhooks/none/people", content=body, headers=signed(body))
    told["no stream"] = door.post("/webhooks/notices/none", content=body, headers=signed(body))

    assert {name: one.status_code for name, one in told.items()} == dict.fromkeys(told, 401)
    assert len({one.content for one in told.values()}) == 1
    assert landed() == []


def gone(number: int, key: int | None) -> dict[str, Any]:
    return event(number, type="gone") | {"data": {} if key is None else {"id": key}}


def test_a_believed_message_withdraws_the_one_record_it_names(door: Door) -> None:
    send(door, event(1))
    send(door, event(2), name="m2")

    told = send(door, gone(3, 1), name="m3")
    again = send(door, gone(3, 1), name="m4")

    assert (told.json()["withdrawn"], again.json()["known"]) == (1, 1)
    assert [key for key, _ in landed()] == ["2"]
    with unit_of_work() as db:
        count = db.execute("SELECT sum(records_withdrawn) FROM sync_run").fetchone()
    assert count == (1,)


def test_within_a_message_the_last_word_about_a_record_counts(door: Door) -> None:
    batch = json.dumps([event(1), gone(2, 1), gone(3, 2), event(4) | {"data": {"id": 2}}]).encode()
    headers = {**signed(batch), "content-type": "application/cloudevents-batch+json"}

    assert send(door, batch, headers=headers).status_code == 202
    assert [key for key, _ in landed()] == ["2"]


def test_a_deletion_that_names_nobody_is_refused_and_one_of_a_stranger_does_nothing(
    door: Door,
) -> None:
    send(door, event(1))

    assert send(door, gone(2, None), name="m2").status_code == 422
    assert send(door, gone(3, 77), name="m3").json()["withdrawn"] == 0
    assert len(landed()) == 1


def test_where_the_file_says_so_a_steward_decides(door: Door) -> None:
    def post(number: int, what: str) -> Any:
        body = {"number": number, "what": what, "body": {"person": {"id": 4}}}
        headers = {"authorization": f"Bearer whsec_{KEY}"}
        return door.post("/webhooks/notices/plain", json=body, headers=headers)

    post(1, "create")
    assert post(2, "destroy").json()["withdrawn"] == 0

    with unit_of_work() as db:
        (held,) = intake.scans.list_held(db)
    assert (held.stream, held.missing) == ("plain", 1)
    assert len(landed()) == 1


OLD = b'{"specversion": "0.3", "id": "1", "source": "/", "type": "t", "data": {}}'
NO_EVENTS = [b"", b"{}", b"[]", b"null", b'{"id": 1', b"\xff", b"[" * 10_000, OLD]


def test_while_a_sender_changes_its_secret_the_old_one_and_the_new_are_believed() -> None:
    old, new, stranger = (base64.b64encode(sign * 32).decode() for sign in (b"o", b"n", b"s"))
    text = FILE.format(interface="urn:t:interface:a", data_set="urn:t:data_set:a")
    text = text.replace('secret: "env:NOTICES"', 'secret: "env:NEW"\n    secret_before: "env:OLD"')
    spec = load_connector_file(text, name="notices.yaml").streams["people"]
    assert isinstance(spec, WebhookStream)
    secrets = secrets_of(spec, {"env:NEW": SecretStr(new), "env:OLD": SecretStr(old)}.__getitem__)
    secrets = [SecretStr(f"whsec_{one.get_secret_value()}") for one in secrets]

    for key in (old, new):
        verify(spec, secrets, signed(b"{}", key=key), b"{}", now=time.time())
    with pytest.raises(WebhookRefused):
        verify(spec, secrets, signed(b"{}", key=stranger), b"{}", now=time.time())
    for skew in (-WINDOW_SECONDS - 2, WINDOW_SECONDS + 2):
        late = signed(b"{}", key=new, at=time.time() + skew)
        with pytest.raises(WebhookRefused):
            verify(spec, secrets, late, b"{}", now=time.time())


def test_a_signed_message_that_is_no_event_is_refused(door: Door) -> None:
    assert {send(door, body).status_code for body in NO_EVENTS} == {422}
    assert landed() == []


def test_a_source_that_sends_cannot_be_read_as_empty(door: Door) -> None:
    from connectors.webhook import WebhookConnector
    from schemas.errors import GiveUp
    from tests.contract.connectors.servers import read_all, source_of

    source = source_of(FILE.format(interface="urn:t:interface:a", data_set="urn:t:data_set:b"), "x")
    assert WebhookConnector.kind == source.spec.kind
    with pytest.raises(GiveUp, match="by itself"):
        read_all(source, "people")
