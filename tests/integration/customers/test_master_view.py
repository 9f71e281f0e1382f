"""From records to customers: ids that stay, values with origin, nothing written in vain."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest

from registry.customers.asking import queries
from registry.customers.live import commands
from schemas.landscape_kinds import ElementKind
from schemas.records import CustomerKind, CustomerRecord, Gender
from tests.factories import a_landed_record, an_element

EARLY = datetime(2024, 1, 1, tzinfo=UTC)
LATE = datetime(2025, 6, 1, tzinfo=UTC)
SOPHIE = {
    "given_name": "Sophie",
    "name_prefix": "van der",
    "family_name": "Meer",
    "birth_date": date(1980, 3, 4),
    "gender": Gender.FEMALE,
    "national_id": "999990019",
    "postal_code": "1234AB",
    "house_number": "7",
}


class Records:
    """Lands records into two data sets and absorbs them."""

    def __init__(self, db: psycopg.Connection) -> None:
        self.db = db
        self.sets = [an_element(db, kind=ElementKind.DATA_SET).id for _ in range(2)]

    def add(self, data_set: int, key: str, **values: object) -> int:
        landed = a_landed_record(self.db, data_set_id=self.sets[data_set], key=key)
        assert landed.id is not None
        kind = values.pop("kind", CustomerKind.PERSON)
        record = CustomerRecord(key=key, kind=kind, **values)  # type: ignore[arg-type]
        assert commands.absorb(self.db, [(landed.id, self.sets[data_set], record)]) == 1
        return landed.id

    def customer_of(self, record: int) -> UUID:
        row = self.db.execute(
            "SELECT customer_id FROM customer_link WHERE record_id = %s", (record,)
        ).fetchone()
        assert row
        return UUID(str(row[0]))

    def revisions(self) -> Sequence[tuple[UUID, int]]:
        return self.db.execute("SELECT id, revision FROM customer ORDER BY id").fetchall()


@pytest.fixture
def records(db: psycopg.Connection) -> Records:
    return Records(db)


def test_two_records_with_one_number_become_one_customer(records: Records) -> None:
    one = records.add(0, "a", **SOPHIE)
    two = records.add(1, "b", **{**SOPHIE, "given_name": "S."})

    report = commands.rematch(records.db)

    assert records.customer_of(one) == records.customer_of(two)
    assert (report.records, report.customers) == (2, 1)


def test_strangers_stay_apart(records: Records) -> None:
    one = records.add(0, "a", **SOPHIE)
    two = records.add(1, "b", given_name="Ahmed", family_name="Yilmaz", national_id="999990020")

    commands.rematch(records.db)

    assert records.customer_of(one) != records.customer_of(two)


def test_matching_again_changes_no_id_and_writes_nothing(records: Records) -> None:
    records.add(0, "a", **SOPHIE)
    records.add(1, "b", **SOPHIE)
    commands.rematch(records.db)
    before = records.revisions()

    commands.rematch(records.db)

    assert records.revisions() == before


def test_a_new_record_joins_its_customer_whose_id_stays(records: Records) -> None:
    one = records.add(0, "a", **SOPHIE)
    commands.rematch(records.db)
    before = records.customer_of(one)

    two = records.add(1, "b", **SOPHIE)
    commands.rematch(records.db)

    assert records.customer_of(one) == records.customer_of(two) == before


def test_a_withdrawn_record_leaves_and_an_empty_customer_goes(records: Records) -> None:
    one = records.add(0, "a", **SOPHIE)
    two = records.add(1, "b", given_name="Ahmed", family_name="Yilmaz")
    commands.rematch(records.db)
    records.db.execute("DELETE FROM landed_record WHERE id = %s", (two,))

    report = commands.rematch(records.db)

    assert report.customers == 1
    assert queries.count_customers(records.db) == 1
    assert records.customer_of(one)


def test_without_records_there_are_no_customers(records: Records) -> None:
    one = records.add(0, "a", **SOPHIE)
    commands.rematch(records.db)
    records.db.execute("DELETE FROM landed_record WHERE id = %s", (one,))

    assert commands.rematch(records.db).customers == 0
    assert queries.count_customers(records.db) == 0


def test_every_golden_value_names_a_record_that_holds_it(records: Records) -> None:
    records.add(0, "a", **SOPHIE, email="sophie@example.nl", changed_at=EARLY)
    moved = {**SOPHIE, "postal_code": "4321ZX", "house_number": "9"}
    new = records.add(1, "b", **moved, changed_at=LATE)
    commands.rematch(records.db)

    (customer,) = queries.list_customers(records.db)

    assert customer.attrs["email"] == "sophie@example.nl"
    assert (customer.attrs["postal_code"], customer.attrs["house_number"]) == ("4321ZX", "9")
    sources = customer.provenance["sources"]
    gave = {name: source for source in sources for name in source["values"]}
    assert gave["address"]["record_id"] == new
    assert gave["address"]["rule"] == "newest"
    assert gave["national_id"]["rule"] == "all_agree"
    assert gave["email"]["rule"] == "only_value"
    said = [(source["record_id"], source["changed_at"], source["rule"]) for source in sources]
    assert len(set(said)) == len(said), "a source stands once"


def test_an_address_is_taken_from_one_record_as_a_whole(records: Records) -> None:
    records.add(0, "a", **{**SOPHIE, "house_number": "7"}, changed_at=EARLY)
    half = {**SOPHIE, "postal_code": None, "house_number": "99"}
    records.add(1, "b", **half, changed_at=LATE)
    commands.rematch(records.db)

    (customer,) = queries.list_customers(records.db)

    assert customer.attrs["house_number"] == "99"
    assert "postal_code" not in customer.attrs


def test_of_spellings_the_one_with_small_letters_is_shown(records: Records) -> None:
    records.add(0, "a", **SOPHIE, city="Lindehaven", changed_at=EARLY)
    records.add(1, "b", **{**SOPHIE, "given_name": "SOPHIE"}, city="LINDEHAVEN", changed_at=LATE)
    commands.rematch(records.db)

    (customer,) = queries.list_customers(records.db)

    assert (customer.attrs["given_name"], customer.attrs["city"]) == ("Sophie", "Lindehaven")


def test_a_hostile_value_comes_through_unharmed(records: Records) -> None:
    name = 'Robert"); DROP TABLE customer;--\\N,\n\u202e$$'
    records.add(0, "a", kind=CustomerKind.ORGANISATION, organisation_name=name)
    commands.rematch(records.db)

    (customer,) = queries.list_customers(records.db)

    assert "DROP TABLE customer" in customer.display_name


def test_a_customer_without_any_value_is_still_somebody(records: Records) -> None:
    records.add(0, "a")
    commands.rematch(records.db)

    assert [row.display_name for row in queries.list_customers(records.db)] == ["unknown"]


def test_two_valid_numbers_are_never_one_customer(records: Records) -> None:
    one = records.add(0, "a", **SOPHIE)
    two = records.add(1, "b", **{**SOPHIE, "national_id": "999990020"})
    commands.rematch(records.db)

    assert records.customer_of(one) != records.customer_of(two)


def test_memberships_name_data_set_and_key(records: Records) -> None:
    records.add(0, "a", **SOPHIE)
    commands.rematch(records.db)

    with queries.memberships(records.db) as stream:
        ((urn, key, _),) = list(stream)

    assert urn.startswith("urn:")
    assert key == "a"


def test_what_came_in_first_does_not_decide_who_is_whom(db: psycopg.Connection) -> None:
    """The same records in another order give the same model and the same customers."""
    found = []
    for seed in (1, 2):
        with db.transaction(force_rollback=True):
            records = Records(db)
            db.execute(
                "UPDATE element SET urn = 'urn:test:set:' || (id = %s)::int WHERE id = ANY(%s)",
                (records.sets[0], records.sets),
            )
            people = list(a_small_town())
            random.Random(seed).shuffle(people)
            for data_set, key, values in people:
                records.add(data_set, key, **values)
            report = commands.rematch(db)
            with queries.memberships(db) as stream:
                members: dict[UUID, set[str]] = {}
                for urn, key, customer in stream:
                    members.setdefault(customer, set()).add(f"{urn} {key}")
            found.append((report.model, sorted(map(sorted, members.values()))))

    assert found[0] == found[1]


def a_small_town() -> Iterator[tuple[int, str, dict[str, object]]]:
    """Forty people with look-alikes, most of them in both data sets."""
    dice = random.Random(7)
    names, families = ("Anna", "Bram", "Cees", "Dina"), ("Bakker", "Visser", "Smit")
    for number in range(40):
        person: dict[str, object] = {
            "given_name": dice.choice(names),
            "family_name": dice.choice(families),
            "birth_date": date(1950 + dice.randrange(20), 1 + dice.randrange(12), 5),
            "postal_code": f"12{dice.randrange(10, 14)}AB",
            "house_number": str(dice.randrange(1, 5)),
        }
        yield 0, f"p{number}", person
        if dice.random() < 0.7:
            yield 1, f"q{number}", {**person, "given_name": str(person["given_name"])[0]}
