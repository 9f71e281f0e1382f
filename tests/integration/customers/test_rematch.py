"""The master view in PostgreSQL: matched, matched again, and every value accounted for."""

from datetime import UTC, date, datetime
from itertools import chain
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from registry.customers.live.commands import MatchReport, absorb, rematch
from schemas.records import CustomerKind, CustomerRecord, Gender
from tests.factories import a_data_set, a_landed_record, a_sync_run

MEMORY_MB = 512
JANNA = {
    "given_name": "Janna",
    "family_name": "van der Wouden",
    "birth_date": date(1971, 5, 6),
    "gender": Gender.FEMALE,
    "email": "janna@post.nl",
    "street": "Kerkpad",
    "house_number": "4",
    "postal_code": "2611 AB",
    "city": "Testdam",
    "changed_at": datetime(2026, 1, 1, tzinfo=UTC),
}


class Hub:
    """A database with three data sets, into which records are taken."""

    def __init__(self, db: psycopg.Connection) -> None:
        self.db = db
        self.run_id = a_sync_run(db).id
        self.data_sets = [a_data_set(db).id for _ in range(3)]

    def land(
        self, data_set: int = 0, kind: CustomerKind = CustomerKind.PERSON, **fields: Any
    ) -> int:
        return self.land_all([(data_set, kind, fields)])[0]

    def land_all(self, records: list[tuple[int, CustomerKind, dict[str, Any]]]) -> list[int]:
        landed = []
        for data_set, kind, fields in records:
            row = a_landed_record(self.db, data_set_id=self.data_sets[data_set], run_id=self.run_id)
            assert row.id is not None
            record = CustomerRecord(key=row.key, kind=kind, **fields)
            landed.append((row.id, self.data_sets[data_set], record))
        absorb(self.db, landed)
        return [record_id for record_id, _, _ in landed]

    def rematch(self, **options: Any) -> MatchReport:
        return rematch(self.db, memory_limit_mb=MEMORY_MB, **options)

    def customer_of(self, record_id: int) -> UUID:
        row = self.db.execute(
            "SELECT customer_id FROM customer_link WHERE record_id = %s", (record_id,)
        ).fetchone()
        assert row is not None
        return row[0]

    def links(self) -> list[tuple[Any, ...]]:
        return self.db.execute("SELECT * FROM customer_link ORDER BY record_id").fetchall()

    def customers(self) -> list[tuple[Any, ...]]:
        return self.db.execute("SELECT * FROM customer ORDER BY id").fetchall()


@pytest.fixture
def hub(db: psycopg.Connection) -> Hub:
    return Hub(db)


@pytest.fixture
def neighbours() -> list[tuple[int, CustomerKind, dict[str, Any]]]:
    """Eighty made-up people, most of them in two data sets."""
    chance = Random(4)
    sounds = [first + last for first in "bdfghjklmnprst" for last in "aeo"]
    records = []
    for _ in range(80):
        person = {
            "given_name": "".join(chance.choices(sounds, k=3)).capitalize(),
            "family_name": "".join(chance.choices(sounds, k=4)).capitalize(),
            "birth_date": date(chance.randrange(1940, 2005), chance.randrange(1, 13), 5),
            "postal_code": f"{chance.randrange(2600, 2700)} CD",
            "house_number": str(chance.randrange(1, 99)),
        }
        records += [(data_set, CustomerKind.PERSON, person) for data_set in (0, 1, 2)][
            : chance.choice((1, 2, 2, 3))
        ]
    return records


def test_absorbing_the_same_page_twice_changes_nothing(hub: Hub) -> None:
    landed = a_landed_record(hub.db, data_set_id=hub.data_sets[0], run_id=hub.run_id)
    page = [
        (landed.id, hub.data_sets[0], CustomerRecord(key="1", kind=CustomerKind.PERSON, **JANNA))
    ]
    assert absorb(hub.db, page) == 1
    assert absorb(hub.db, page) == 0
    changed = CustomerRecord(key="1", kind=CustomerKind.PERSON, **{**JANNA, "email": None})
    assert absorb(hub.db, [(landed.id, hub.data_sets[0], changed)]) == 1
    assert absorb(hub.db, []) == 0


def test_a_key_that_comes_twice_in_one_page_counts_once_and_the_last_wins(hub: Hub) -> None:
    landed = a_landed_record(hub.db, data_set_id=hub.data_sets[0], run_id=hub.run_id)
    first = CustomerRecord(key="1", kind=CustomerKind.PERSON, family_name="Eerst")
    last = CustomerRecord(key="1", kind=CustomerKind.PERSON, family_name="Laatst")
    absorb(hub.db, [(landed.id, hub.data_sets[0], first), (landed.id, hub.data_sets[0], last)])
    assert hub.db.execute("SELECT family_name FROM clean_record").fetchall() == [("Laatst",)]


def test_an_empty_town_has_no_customers(hub: Hub) -> None:
    report = hub.rematch()
    assert (report.records, report.customers) == (0, 0)
    assert hub.customers() == []


def test_matching_twice_gives_the_same_customers_untouched(
    hub: Hub, neighbours: list[tuple[int, CustomerKind, dict[str, Any]]]
) -> None:
    hub.land_all(neighbours)
    first = hub.rematch()
    before = (hub.links(), hub.customers())
    second = hub.rematch()
    assert (hub.links(), hub.customers()) == before
    assert first.model == second.model
    assert first.customers == second.customers == len(before[1]) == 80
    assert hub.db.execute("SELECT count(*) FROM match_model").fetchone() == (1,)
    hub.rematch(retrain=True)
    assert [link[:3] for link in hub.links()] == [link[:3] for link in before[0]]


def test_a_new_record_joins_its_customer_and_the_id_stays(
    hub: Hub, neighbours: list[tuple[int, CustomerKind, dict[str, Any]]]
) -> None:
    hub.land_all(neighbours)
    first = hub.land(0, **JANNA)
    hub.rematch()
    customer = hub.customer_of(first)
    others = [row for row in hub.customers() if row[0] != customer]
    second = hub.land(1, **{**JANNA, "street": None, "email": None, "given_name": "Jana"})
    hub.rematch()
    assert hub.customer_of(first) == hub.customer_of(second) == customer
    record_count, revision = hub.db.execute(
        "SELECT record_count, revision FROM customer WHERE id = %s", (customer,)
    ).fetchone()  # type: ignore[misc]
    assert (record_count, revision) == (2, 2)
    assert [row for row in hub.customers() if row[0] != customer] == others


def test_a_record_that_is_gone_leaves_its_customer_and_a_customer_without_records_goes(
    hub: Hub, neighbours: list[tuple[int, CustomerKind, dict[str, Any]]]
) -> None:
    hub.land_all(neighbours)
    first, second = hub.land(0, **JANNA), hub.land(1, **JANNA)
    hub.rematch()
    customer = hub.customer_of(first)
    assert hub.customer_of(second) == customer
    hub.db.execute("DELETE FROM landed_record WHERE id = %s", (first,))
    hub.rematch()
    assert hub.customer_of(second) == customer
    assert _customer(hub, customer)["record_count"] == 1
    hub.db.execute("DELETE FROM landed_record WHERE id = %s", (second,))
    hub.rematch()
    assert hub.db.execute(
        "SELECT count(*) FROM customer WHERE id = %s", (customer,)
    ).fetchone() == (0,)


def test_when_a_customer_splits_the_larger_part_keeps_the_id(
    hub: Hub, neighbours: list[tuple[int, CustomerKind, dict[str, Any]]]
) -> None:
    hub.land_all(neighbours)
    three = [hub.land(data_set, **JANNA) for data_set in range(3)]
    hub.rematch()
    customer = hub.customer_of(three[0])
    stranger = CustomerRecord(
        key="x",
        kind=CustomerKind.PERSON,
        given_name="Okko",
        family_name="Ziel",
        birth_date=date(1933, 3, 3),
    )
    absorb(hub.db, [(three[0], hub.data_sets[0], stranger)])
    hub.rematch()
    assert hub.customer_of(three[1]) == hub.customer_of(three[2]) == customer
    assert hub.customer_of(three[0]) != customer


def test_every_golden_value_stands_in_the_record_that_provenance_names(
    hub: Hub, neighbours: list[tuple[int, CustomerKind, dict[str, Any]]]
) -> None:
    hub.land_all(neighbours)
    hub.land(0, **JANNA)
    hub.land(1, **{**JANNA, "email": "j@werk.nl", "changed_at": datetime(2026, 6, 1, tzinfo=UTC)})
    hub.land(
        2,
        CustomerKind.ORGANISATION,
        organisation_name="Bakkerij Korenaar",
        chamber_number="12345678",
    )
    hub.rematch()
    columns = [
        column.name
        for column in hub.db.execute("SELECT * FROM clean_record LIMIT 0").description or ()
    ]
    records = {
        row[0]: dict(zip(columns, row, strict=True))
        for row in hub.db.execute("SELECT * FROM clean_record")
    }
    seen = set()
    for customer, attrs, provenance in hub.db.execute("SELECT id, attrs, provenance FROM customer"):
        for source in provenance["sources"]:
            record = records[source["record_id"]]
            assert source["data_set_id"] == str(record["data_set_id"])
            assert hub.customer_of(source["record_id"]) == customer
            for name in chain.from_iterable(_GROUPS.get(one, (one,)) for one in source["values"]):
                assert attrs.get(name) == (None if record[name] is None else str(record[name]))
                seen.add(name)
    assert {
        "given_name",
        "family_name",
        "birth_date",
        "email",
        "street",
        "organisation_name",
    } <= seen


_GROUPS = {
    "family_name": ("name_prefix", "family_name"),
    "address": ("street", "house_number", "postal_code", "city"),
}


def test_the_newest_address_wins_and_a_stable_value_that_most_records_hold(
    hub: Hub, neighbours: list[tuple[int, CustomerKind, dict[str, Any]]]
) -> None:
    hub.land_all(neighbours)
    moved = {
        **JANNA,
        "street": "Havenweg",
        "house_number": "90",
        "postal_code": "2690 ZZ",
        "changed_at": datetime(2026, 9, 9, tzinfo=UTC),
    }
    ids = [
        hub.land(0, **JANNA),
        hub.land(1, **JANNA),
        hub.land(2, **{**moved, "given_name": "Janne"}),
    ]
    hub.rematch()
    customer = hub.customer_of(ids[0])
    assert hub.customer_of(ids[2]) == customer
    attrs = _customer(hub, customer)["attrs"]
    assert (attrs["street"], attrs["house_number"], attrs["postal_code"]) == (
        "Havenweg",
        "90",
        "2690ZZ",
    )
    assert attrs["given_name"] == "Janna"
    assert _customer(hub, customer)["display_name"] == "Janna van der Wouden"


def test_records_say_why_they_belong_to_their_customer(
    hub: Hub, neighbours: list[tuple[int, CustomerKind, dict[str, Any]]]
) -> None:
    hub.land_all(neighbours)
    by_model = [hub.land(0, **JANNA), hub.land(1, **JANNA)]
    by_number = [
        hub.land(0, given_name="Foekje", family_name="Wiersma", national_id="123456782"),
        hub.land(1, initials="F", family_name="de Vries", national_id="123456782"),
    ]
    alone = hub.land(0, given_name="Okko", family_name="Ziel")
    hub.rematch()
    rules = dict(hub.db.execute("SELECT record_id, rule FROM customer_link").fetchall())
    bits = dict(hub.db.execute("SELECT record_id, weight_bits FROM customer_link").fetchall())
    assert {rules[one] for one in by_model} == {"model"}
    assert {rules[one] for one in by_number} == {"identifier"}
    assert rules[alone] == "alone"
    assert bits[alone] is None
    assert bits[by_model[0]] == bits[by_model[1]] > 5


def test_odd_text_survives_the_way_through_the_matcher(hub: Hub) -> None:
    odd = ['a "quoted", name', "back\\slash \\N", "new\nline", "tab\there", "é € 💶", "'; --"]
    hub.land_all([(0, CustomerKind.PERSON, {"family_name": text}) for text in odd])
    hub.rematch()
    names = {row[0] for row in hub.db.execute("SELECT attrs ->> 'family_name' FROM customer")}
    kept = {row[0] for row in hub.db.execute("SELECT family_name FROM clean_record")}
    assert names == kept


def test_no_personal_value_stands_in_a_stored_model(
    hub: Hub, neighbours: list[tuple[int, CustomerKind, dict[str, Any]]]
) -> None:
    hub.land_all(neighbours)
    hub.land(0, **JANNA)
    hub.rematch()
    row = hub.db.execute("SELECT parameters::text FROM match_model").fetchone()
    assert row is not None
    for value in (
        "Janna",
        "janna",
        "Wouden",
        "wouden",
        "1971-05-06",
        "19710506",
        "post.nl",
        *(str(JANNA[name]) for name in ("postal_code", "street", "phone") if JANNA.get(name)),
    ):
        assert value not in row[0]


def _customer(hub: Hub, customer: UUID) -> dict[str, Any]:
    row = hub.db.execute(
        "SELECT display_name, attrs, record_count FROM customer WHERE id = %s", (customer,)
    ).fetchone()
    assert row is not None
    return dict(zip(("display_name", "attrs", "record_count"), row, strict=True))


def test_a_server_that_ends_what_takes_long_lets_a_full_run_end(hub: Hub) -> None:
    hub.land(**JANNA)
    hub.db.execute("SET LOCAL idle_in_transaction_session_timeout = '1min'")
    hub.db.execute("SET LOCAL statement_timeout = '1min'")
    assert hub.rematch().records == 1
    left = hub.db.execute(
        "SELECT setting FROM pg_settings WHERE name IN"
        " ('statement_timeout', 'idle_in_transaction_session_timeout')"
    )
    assert left.fetchall() == [("0",), ("0",)]
