"""Twelve ways for a source to fail: each ends in the same state as none, or in a clear stop.

Whatever happens, no record is deleted and none is lost.
"""

import json
from collections.abc import Callable, Iterator

import pytest

from registry.storage.database import Database
from schemas.errors import GiveUp, RetryLater, SourceTrouble
from tests.contract.connectors.servers import Reply, Request
from tests.integration.sync.test_engine import PAGE, PEOPLE, Crm, count

pytestmark = pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
TRIES = 6
Fault = Callable[[Reply, Request], Reply]


@pytest.fixture
def crm(database: Database) -> Iterator[Crm]:
    source = Crm()
    source.file["timeout_seconds"] = 0.5
    source.stream["paging"]["total"] = "total"
    plain = source.answer

    def with_total(request: Request) -> Reply:
        body = json.loads(plain(request).body)
        return Reply.json({**body, "total": len(source.people)})

    source.server.answer = with_total
    source.register()
    yield source
    source.server.close()


def changed(reply: Reply, **fields: object) -> Reply:
    return Reply.json({**json.loads(reply.body), **fields})


def items(reply: Reply) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(reply.body)["items"]
    return found


FAULTS: dict[str, Fault] = {
    "429": lambda *_: Reply(status=429, headers={"Retry-After": "0"}),
    "500": lambda *_: Reply(status=500, body=b"<h1>Oh</h1>"),
    "timeout": lambda reply, _: Reply(
        pieces=[reply.body[:9], reply.body[9:20], reply.body[20:]], pause_seconds=0.4
    ),
    "short page": lambda reply, _: changed(reply, items=items(reply)[: PAGE // 2]),
    "empty page": lambda reply, _: changed(reply, items=[], next=None),
    "looping next": lambda reply, request: changed(reply, next=request.target),
    "duplicate page": lambda reply, _: changed(
        reply, items=[{"id": n, "name": f"Name {n}", "born": "1980-01-02"} for n in range(PAGE)]
    ),
    "reordered": lambda reply, _: changed(reply, items=items(reply)[::-1]),
    "truncated JSON": lambda reply, _: Reply(body=reply.body[: len(reply.body) // 2]),
    "total mismatch": lambda reply, _: changed(reply, total=PEOPLE + 7, next=None),
    "schema drift": lambda reply, _: changed(reply, results=items(reply), items=None),
    "expired token": lambda *_: Reply(status=401),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "always"])
def test_a_fault_loses_nothing_and_deletes_nobody(crm: Crm, fault: str, lasting: bool) -> None:
    crm.sync()
    before = count("SELECT sum(hashtext(key || encode(raw, 'hex'))) FROM landed_record")
    well, struck = crm.server.answer, list[bool]()

    def badly(request: Request) -> Reply:
        reply = well(request)
        second = request.query.get("from") == str(PAGE)
        if second and (lasting or not struck):
            struck.append(True)
            return FAULTS[fault](reply, request)
        return reply

    crm.server.answer = badly
    stops = list[SourceTrouble]()
    for _ in range(1 if lasting else TRIES):
        try:
            crm.sync()
            break
        except (RetryLater, GiveUp) as stop:
            stops.append(stop)

    assert struck
    assert all(stop.what and stop.remedy for stop in stops)
    after = count("SELECT sum(hashtext(key || encode(raw, 'hex'))) FROM landed_record")
    assert after == before, "the same records with the same bytes"
    assert count("SELECT coalesce(sum(records_withdrawn), 0) FROM sync_run") == 0
    if not lasting:
        crm.server.answer = well
        assert crm.sync().state == "completed"
        assert count("SELECT count(*) FROM landed_record") == PEOPLE
