"""What happens around customers comes in by connector: seen at the counter, mended, erased."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import yaml

from connectors.sdk.load import load_connector_file
from flows import replay
from flows.steps import open_source, run_chunk, take_source
from registry import customers, intake, landscape
from registry.customers.asking.around import Around, customer_around
from registry.customers.asking.purposes import open_sight
from registry.storage.database import Database, unit_of_work
from registry.storage.statements import insert_row
from schemas.customers import CustomerLink, LinkRule
from schemas.errors import InvalidConnectorFile
from schemas.intake import RunState
from tests.contract.connectors.servers import Reply, Request, Server
from tests.customer_factories import a_customer
from tests.factories import a_data_set, an_interface

# What is shown here is ours; the statements run on both servers in the tests of the rooms.
pytestmark = pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)

PEOPLE = "urn:test:data_set:people"
MAPS: dict[str, dict[str, str]] = {
    "interaction": {
        "channel": "by",
        "service": "about",
        "happened_at": "at",
        "outcome": "result",
        "feedback": "remark",
    },
    "consent": {"topic": "topic", "state": "said", "given_at": "at", "valid_until": "until"},
    "channel_preference": {"channel": "by", "rank": "place"},
    "role": {"role": "as", "other_key": "towards", "since": "from"},
    "contact_point": {"kind": "way", "value": "value", "label": "label"},
    "address": {"usage": "for", "postal_code": "code", "house_number": "number", "city": "city"},
    "identifier": {"type": "type", "issuer": "by", "value": "number"},
}


class Desk:
    """A registered source that has people, and one list of each sort of thing around them."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {becomes: [] for becomes in MAPS}
        self.lists["people"] = [{"id": n, "name": f"Name {n}"} for n in range(1, 10)]
        self.server = Server(self.answer)
        people = {"kind": "'person'", "family_name": "name"}
        self.streams = {"people": self.stream("people", map=people)}
        with unit_of_work() as db:
            landscape.commands.ensure_own_elements(db)
            attrs = {"base_url": self.server.url, "sandbox": True}
            an_interface(db, urn="urn:test:interface:desk", attrs=attrs)
            for name in self.lists:
                a_data_set(db, urn=f"urn:test:data_set:{name}", name=name)

    def stream(self, name: str, **more: Any) -> dict[str, Any]:
        found = {
            "data_set": f"urn:test:data_set:{name}",
            "get": f"/{name}",
            "records": "items",
            "paging": {"type": "link", "next": "next"},
            "key": "id",
            "vanished_share_max": 1.0,
        }
        return {**found, **more}

    def answer(self, request: Request) -> Reply:
        return Reply.json({"items": self.lists[request.path.strip("/")], "next": None})

    def register(self, *names: str, **changes: Any) -> None:
        for name in names:
            mapping = {"customer_key": "who", **MAPS[name]}
            more = {"becomes": name, "customers": PEOPLE, "map": mapping, **changes}
            # Before the people: who they are may come after what they did.
            self.streams = {name: self.stream(name, **more), **self.streams}
        file = {
            "connector": "desk",
            "kind": "rest",
            "interface": "urn:test:interface:desk",
            "streams": self.streams,
        }
        spec = load_connector_file(yaml.safe_dump(file, sort_keys=False), name="desk.yaml")
        with unit_of_work() as db:
            intake.commands.register_source(
                db,
                key="desk",
                interface_urn=spec.interface,
                spec=spec.model_dump(mode="json", exclude_none=True),
            )

    def sync(self) -> intake.queries.RunRow:
        with unit_of_work() as db:
            opened = open_source(db, "desk")
        lease = take_source(opened.id, lock_is_ours=True)
        assert asyncio.run(run_chunk(opened, lease, seconds_max=600.0)).done
        with unit_of_work() as db:
            intake.commands.finish_run(db, lease, RunState.COMPLETED)
            return intake.queries.list_runs(db, source_key="desk")[0]

    def customer(self, key: int) -> UUID:
        with unit_of_work() as db:
            record = db.execute(
                """SELECT landed_record.id, customer_id FROM landed_record
                   LEFT JOIN customer_link ON record_id = landed_record.id
                   JOIN element ON element.id = data_set_id WHERE urn = %s AND key = %s""",
                (PEOPLE, str(key)),
            ).fetchone()
            assert record
            found: UUID = record[1] or a_customer(db).id
            if record[1] is None:  # what matching would find, at no cost
                given = {"record_id": record[0], "customer_id": found}
                insert_row(db, CustomerLink(**given, rule=LinkRule.ALONE))
        return found

    def around(self, key: int) -> Around:
        customer = self.customer(key)
        with unit_of_work() as db:
            return customer_around(db, open_sight(db, "stewardship", actor="Sam"), customer)


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    source = Desk()
    yield source
    source.server.close()


def a_call(number: int, who: int | None, **more: Any) -> dict[str, Any]:
    at = f"2026-03-0{number}T09:30:00Z"
    return {"id": f"call-{number}", "who": who, "by": "phone", "about": "permits", "at": at, **more}


def rows(table: str) -> list[tuple[Any, ...]]:
    with unit_of_work() as db:
        return db.execute(f"SELECT * FROM {table}").fetchall()


def test_calls_stand_in_the_timeline_follow_their_source_and_cost_nothing_twice(desk: Desk) -> None:
    desk.register("interaction")
    calls = desk.lists["interaction"]
    calls += [a_call(1, 7, result="solved", remark="Thank\0 you"), a_call(2, 7), a_call(3, 8)]
    desk.sync()

    told = [moment for moment in desk.around(7).timeline if moment.what == "dealing"]
    assert [(one.channel, one.service, one.outcome, one.feedback) for one in told] == [
        ("phone", "permits", None, None),
        ("phone", "permits", "solved", "Thank you"),
    ]
    assert {one.data_set for one in told} == {"interaction"}

    assert desk.sync().records_landed == 0
    calls[0]["result"], calls[1]["who"] = "complaint", 8
    del calls[2]
    run = desk.sync()

    assert (run.records_landed, run.records_withdrawn) == (2, 1)
    mine = [one for one in desk.around(7).timeline if one.what == "dealing"]
    assert [one.outcome for one in mine] == ["complaint"]
    others = [one for one in desk.around(8).timeline if one.what == "dealing"]
    assert [one.at and one.at.day for one in others] == [2]


def test_what_is_broken_waits_in_quarantine_until_the_file_is_mended(desk: Desk) -> None:
    desk.register("interaction", "consent")
    desk.lists["interaction"] += [a_call(1, None), a_call(2, 7, at="yesterday"), a_call(3, 7)]
    said = {"who": 7, "topic": "newsletter"}
    desk.lists["consent"] += [{"id": 1, **said, "said": "J"}, {"id": 2, **said, "said": None}]
    desk.sync()

    with unit_of_work() as db:
        refused = db.execute("SELECT rule, path FROM quarantined_record ORDER BY rule").fetchall()
    assert refused == [
        ("customer_key_missing", "who"),
        ("happened_at_unreadable", "at"),
        ("state_missing", "said"),
        ("state_unknown", "said"),
    ]
    assert len(desk.around(7).timeline) == 1

    desk.streams["consent"]["map"]["state"] = "case(said, 'J', 'granted', 'denied')"
    desk.register()
    replay.replay_quarantine("desk", stream="consent")
    assert sorted(one.state for one in desk.around(7).consents) == ["denied", "granted"]


def test_every_sort_of_thing_around_a_customer_finds_its_place(desk: Desk) -> None:
    desk.register(*(name for name in MAPS if name != "interaction"))
    given = {
        "consent": {"topic": "newsletter", "said": "granted", "until": "2999-01-01"},
        "channel_preference": {"by": "post", "place": 2},
        "role": {"as": "guardian", "towards": 8, "from": "2020-01-01"},
        "contact_point": {"way": "phone", "value": "06-12 34 56 78", "label": "work"},
        "address": {"for": "post", "code": "2611ab", "number": "4", "city": "Testdam"},
        "identifier": {"type": "Passport", "by": "Testdam", "number": "specimen 21"},
    }
    for name, fields in given.items():
        desk.lists[name].append({"id": 1, "who": 7, **fields})
    desk.sync()
    ward, around = desk.customer(8), desk.around(7)

    assert [(one.topic, one.in_force) for one in around.consents] == [("newsletter", True)]
    assert [(one.channel, one.rank) for one in around.preferences] == [("post", 2)]
    assert [(one.role, one.other_id) for one in around.roles] == [("guardian", ward)]
    assert [(one.value, one.label) for one in around.contact_points] == [("+31612345678", "work")]
    assert [(one.usage, one.city) for one in around.addresses] == [("post", "Testdam")]
    assert [(one.type, one.value) for one in around.identifiers] == [("passport", "SPECIMEN21")]


def test_an_erased_customer_takes_the_dealings_along_and_none_comes_back(desk: Desk) -> None:
    desk.register("interaction")
    calls = desk.lists["interaction"]
    calls += [a_call(1, 7, remark="Zuurkool"), a_call(2, 8)]
    desk.sync()
    customer = desk.customer(7)
    with unit_of_work() as db:
        erased = customers.erase.erase_customer(db, customer, reason="request 12", actor="Sam")
    assert (erased.records, erased.dealings) == (1, 1)

    # The source still has all of it, one of them broken now, and tells of one more.
    calls[0]["at"] = "yesterday"
    calls += [a_call(3, 7, remark="Zuurkool"), a_call(4, 7, at="never", remark="Zuurkool")]
    desk.sync()
    # A mended file lets everything be read anew.
    desk.streams["interaction"]["map"]["outcome"] = "result ?? remark"
    desk.register()
    run = desk.sync()

    assert run.records_quarantined == 0
    assert len(rows("interaction")) == 1
    assert rows("quarantined_record") == []
    assert not any(b"Zuurkool" in bytes(row[3]) for row in rows("landed_record"))


def test_records_of_one_data_set_never_become_two_things(desk: Desk) -> None:
    desk.register("interaction")
    desk.lists["interaction"].append(a_call(1, 7))
    desk.sync()
    changed = {
        "becomes": "contact_point",
        "map": {"customer_key": "who", "kind": "by", "value": "at"},
    }

    desk.streams["interaction"] |= changed
    with pytest.raises(InvalidConnectorFile, match="become two things"):
        desk.register()


def test_a_stream_of_dealings_must_say_whose_keys_name_the_customers(desk: Desk) -> None:
    with pytest.raises(InvalidConnectorFile, match="customers"):
        desk.register("interaction", customers=None)
    with pytest.raises(InvalidConnectorFile, match="data set of its own"):
        desk.register("consent", customers="urn:test:data_set:consent")
