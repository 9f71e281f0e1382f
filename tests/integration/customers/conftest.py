"""A matched town of made-up people, for tests of what stewards and counters see and do."""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from registry.customers.asking.purposes import Sight, open_sight
from registry.customers.live.commands import absorb, rematch
from registry.customers.stewarding import stewardship
from registry.storage.connecting import connect
from schemas.customers import Verdict
from schemas.records import CustomerKind, CustomerRecord
from tests.factories import a_data_set, a_landed_record, a_sync_run

SOUNDS = [first + last for first in "bdfghjklmnprst" for last in "aeo"]
JANNA = {
    "given_name": "Janna",
    "family_name": "van der Wouden",
    "birth_date": date(1971, 5, 6),
    "postal_code": "2611 AB",
    "house_number": "4",
    "email": "janna@post.nl",
}
PIET = {
    "given_name": "Piet",
    "family_name": "Zwart",
    "birth_date": date(1950, 1, 2),
    "postal_code": "2622 CD",
    "house_number": "9",
}


class Counter:
    """A town with somebody at the counter."""

    def __init__(self, db: psycopg.Connection) -> None:
        self.db = db
        self.run_id = a_sync_run(db).id
        self.data_sets = [a_data_set(db, name=name).id for name in ("CRM", "Library")]

    def land(
        self, *records: dict[str, Any], into: int | None = None, kind: str = "person"
    ) -> list[int]:
        """Land records in turn in both data sets, or all in one, and match them."""
        page = []
        for number, fields in enumerate(records):
            data_set = self.data_sets[number % 2 if into is None else into]
            row = a_landed_record(self.db, data_set_id=data_set, run_id=self.run_id)
            assert row.id is not None
            record = CustomerRecord(key=row.key, kind=CustomerKind(kind), **fields)
            page.append((row.id, data_set, record))
        absorb(self.db, page)
        return [record for record, _, _ in page]

    def say(self, record: int, fields: dict[str, Any], kind: str = "person") -> int:
        """Let its source send a record that stands already; return how many changed."""
        row = self.db.execute(
            "SELECT data_set_id, key FROM landed_record WHERE id = %s", (record,)
        ).fetchone()
        assert row is not None
        sent = CustomerRecord(key=row[1], kind=CustomerKind(kind), **fields)
        return absorb(self.db, [(record, row[0], sent)])

    def fill(self) -> None:
        """Let fifty people live here, twice on record each, and match them in full."""
        chance = Random(8)
        people = []
        for _ in range(50):
            person = {
                "given_name": "".join(chance.choices(SOUNDS, k=2)).capitalize(),
                "family_name": "".join(chance.choices(SOUNDS, k=3)).capitalize(),
                "birth_date": date(chance.randrange(1940, 2005), chance.randrange(1, 13), 7),
                "postal_code": f"{chance.randrange(2600, 2700)} CD",
                "house_number": str(chance.randrange(1, 99)),
            }
            people += [person, person]
        self.land(*people)
        rematch(self.db, memory_limit_mb=512)

    def sight(self, purpose: str = "stewardship") -> Sight:
        """Look for a purpose."""
        return open_sight(self.db, purpose, actor="Sam")

    def customer(self, record: int) -> UUID:
        """Return the customer of a record."""
        row = self.db.execute(
            "SELECT customer_id FROM customer_link WHERE record_id = %s", (record,)
        ).fetchone()
        assert row is not None
        found: UUID = row[0]
        return found

    def decide(self, one: int, other: int, verdict: Verdict) -> UUID:
        """Decide on two records as the steward does."""
        return stewardship.decide(
            self.db, one, other, verdict, reason="seen at the counter", actor="Sam"
        )

    def together(self, *records: int) -> bool:
        """Tell whether records are one customer."""
        return len({self.customer(record) for record in records}) == 1

    def rules(self, *records: int) -> set[str]:
        """Return the rules by which records are linked."""
        rows = self.db.execute(
            "SELECT rule FROM customer_link WHERE record_id = ANY(%s)", (list(records),)
        ).fetchall()
        return {rule for (rule,) in rows}

    def key(self, record: int) -> str:
        """Return the source's key of a record."""
        row = self.db.execute("SELECT key FROM landed_record WHERE id = %s", (record,)).fetchone()
        assert row is not None
        return str(row[0])


@pytest.fixture(scope="module")
def filled(rolled_back_url: str) -> Iterator[Counter]:
    """A matched town, made once per file; each test takes back what it did to it."""
    with connect(rolled_back_url) as db, db.transaction(force_rollback=True):
        made = Counter(db)
        made.fill()
        yield made


@pytest.fixture
def counter(filled: Counter) -> Iterator[Counter]:
    """The matched town, as it is before the test."""
    with filled.db.transaction(force_rollback=True):
        yield filled
