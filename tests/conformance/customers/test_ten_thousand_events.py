"""Ten thousand events on twenty thousand records leave exactly what a full run finds.

The smaller sisters in tests/integration/customers/test_pages.py run in `make test`; this one takes
minutes. TOWNCLERK_EVENTS and TOWNCLERK_TOWN make it smaller or larger.
"""

import os
from collections import Counter
from typing import Any
from uuid import UUID

import psycopg
import pytest

from benchmarks.customers.town import KIND, People
from registry.customers import stewardship
from registry.customers.commands import absorb, rematch, withdraw
from registry.customers.erase import erase_customer
from registry.storage.copying import copy_into
from schemas.customers import Verdict
from schemas.records import CustomerRecord
from tests.factories import a_data_set, a_sync_run

EVENTS = int(os.environ.get("TOWNCLERK_EVENTS", "10000"))
RECORDS = int(os.environ.get("TOWNCLERK_TOWN", "20000"))
# Of a hundred events so many are of each sort; pages have one to sixty records.
SHARES = {"add": 38, "change": 30, "delete": 16, "merge": 6, "unlink": 6, "undo": 3, "erase": 1}
PAGE_MAX = 60
# Two quiet cores need a few minutes; a machine that does other things as well needs many.
SECONDS_MAX = 3_600


class Lively:
    """A town where things happen."""

    def __init__(self, db: psycopg.Connection) -> None:
        self.db, self.people = db, People(20_261_122, RECORDS)
        self.chance = self.people.chance
        self.run_id = a_sync_run(db).id
        self.data_sets = [a_data_set(db).id for _ in range(3)]
        self.sources: dict[int, tuple[UUID, str]] = {}
        self.decisions: list[UUID] = []
        self.done: Counter[str] = Counter()

    def add(self, count: int) -> None:
        columns = ("data_set_id", "key", "raw", "raw_hash", "run_id", "landed_at", "changed_at")
        first = max(self.sources, default=0)
        rows = [
            (self.chance.choice(self.data_sets), f"k{first}-{number}", b"", b"-", self.run_id)
            for number in range(count)
        ]
        copy_into(self.db, "landed_record", columns, ((*row, "now", "now") for row in rows))
        found = self.db.execute(
            "SELECT id, data_set_id, key FROM landed_record WHERE id > %s ORDER BY id", (first,)
        ).fetchall()
        self.sources |= {record: (data_set, key) for record, data_set, key in found}
        absorb(self.db, [self._said(record) for record, _, _ in found])

    def _said(self, record: int) -> tuple[int, UUID, CustomerRecord]:
        data_set, key = self.sources[record]
        return record, data_set, CustomerRecord(key=key, kind=KIND, **self.people.record())

    def change(self, count: int) -> None:
        absorb(self.db, [self._said(record) for record in self._some(count)])

    def delete(self, count: int) -> None:
        gone = self._some(count)
        withdraw(self.db, gone)
        self.db.execute("DELETE FROM landed_record WHERE id = ANY(%s)", (gone,))
        for record in gone:
            del self.sources[record]

    def merge(self, _: int) -> None:
        one, other = self._some(2)
        self._decide(one, other, Verdict.LINK)

    def unlink(self, _: int) -> None:
        row = self.db.execute(
            """SELECT min(record_id), max(record_id) FROM customer_link WHERE customer_id IN (
                   SELECT customer_id FROM customer_link WHERE record_id = ANY(%s))
               GROUP BY customer_id HAVING count(*) > 1 LIMIT 1""",
            (self._some(40),),
        ).fetchone()
        assert row is not None
        self._decide(row[0], row[1], Verdict.UNLINK)

    def _decide(self, one: int, other: int, verdict: Verdict) -> None:
        self.decisions.append(
            stewardship.decide(self.db, one, other, verdict, reason="seen", actor="Sam")
        )

    def undo(self, _: int) -> None:
        standing = [d.id for d in stewardship.decisions(self.db) if d.undone_at is None]
        if standing:
            stewardship.undo(self.db, self.chance.choice(standing), actor="Sam")

    def erase(self, _: int) -> None:
        (record,) = self._some(1)
        row = self.db.execute(
            "SELECT customer_id FROM customer_link WHERE record_id = %s", (record,)
        ).fetchone()
        assert row is not None
        gone = self.db.execute(
            "SELECT record_id FROM customer_link WHERE customer_id = %s", row
        ).fetchall()
        erase_customer(self.db, row[0], reason="request", actor="Sam")
        for (each,) in gone:
            del self.sources[each]

    def _some(self, count: int) -> list[int]:
        return self.chance.sample(sorted(self.sources), count)

    def live(self, events: int) -> None:
        """Let events happen; each record of a page is one."""
        sorts = list(SHARES)
        paged = (PAGE_MAX + 1) / 2
        weights = [SHARES[s] / (paged if s in ("add", "change", "delete") else 1) for s in sorts]
        while self.done.total() < events:
            (sort,) = self.chance.choices(sorts, weights)
            count = self.chance.randrange(1, PAGE_MAX + 1) if SHARES[sort] > 6 else 1
            getattr(self, sort)(count)
            self.done[sort] += count

    def state(self) -> dict[str, Any]:
        """Return keys, edges, components, clusters and golden values."""
        ask = self.db.execute
        return {
            "edges": sorted(ask("SELECT * FROM match_edge")),
            "keys": sorted(ask("SELECT * FROM match_key")),
            "words": sorted(ask("SELECT record_id, words FROM record_words")),
            "components": sorted(ask("SELECT record_id, content, component FROM match_record")),
            "clusters": sorted(ask("SELECT record_id, customer_id, rule FROM customer_link")),
            "golden": sorted(ask("SELECT id, display_name, attrs::text FROM customer")),
        }


@pytest.mark.heavy
@pytest.mark.timeout(SECONDS_MAX)
def test_mixed_events_leave_the_edges_and_clusters_of_a_full_run(db: psycopg.Connection) -> None:
    town = Lively(db)
    town.add(RECORDS)
    rematch(db)

    town.live(EVENTS)

    assert all(town.done[sort] for sort in SHARES), town.done
    by_pages = town.state()
    rematch(db, retrain=False)
    in_full = town.state()
    for name, found in by_pages.items():
        differing = set(found) ^ set(in_full[name])
        assert not differing, f"{name}: {len(differing)} rows differ after {dict(town.done)}"
