"""A made-up town in PostgreSQL, matched in full, and more records of its people as they come in.

As many records a person as in the sandbox city, 1.75; everybody is asked for a record as often as
anybody else, so that components are as small as in a real town.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import psycopg

from registry.customers.live.commands import MatchReport, absorb, rematch
from registry.storage.connecting import connect
from registry.storage.copying import copy_into
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from schemas.records import CustomerKind, CustomerRecord
from tests.factories import a_data_set, a_sync_run
from tests.servers import MEMORY, make_reachable_dir

SOURCES = 3
RECORDS_A_PERSON = 1.75
LETTERS = tuple(first + last for first in "ABCDE" for last in "ABCDE")
# Records that are landed at a time while the town is filled.
FILL = 20_000
# One record in ten is of somebody whom no source had told of.
NEWCOMERS = 0.1

Landed = tuple[int, UUID, CustomerRecord]


class People:
    """Made-up households; every person may be asked for a record again, with a slip."""

    def __init__(self, seed: int, records: int) -> None:
        self.chance = Random(seed)
        sounds = [first + last for first in "bdfghjklmnprstvw" for last in "aeiou"]
        self.given = ["".join(self.chance.choices(sounds, k=2)).capitalize() for _ in range(900)]
        self.family = ["".join(self.chance.choices(sounds, k=3)).capitalize() for _ in range(9000)]
        self.known: list[tuple[Any, ...]] = []
        while len(self.known) < records / RECORDS_A_PERSON:
            self.household()

    def household(self) -> None:
        """Let a household of one to four move in."""
        chance = self.chance
        address, family = self.address(), chance.choice(self.family)
        for _ in range(chance.choice((1, 2, 2, 4))):
            given = chance.choice(self.given)
            born = date(
                chance.randrange(1935, 2015), chance.randrange(1, 13), chance.randrange(1, 29)
            )
            email = f"{given}.{family}{chance.randrange(999)}@post.nl".lower()
            self.known.append((given, family, born, address, email))

    def address(self) -> dict[str, Any]:
        """Return where somebody moves to."""
        chance = self.chance
        return {
            "postal_code": f"{chance.randrange(1000, 9999)} {chance.choice(LETTERS)}",
            "house_number": str(chance.randrange(1, 300)),
            "city": "Testdam",
        }

    def record(self) -> dict[str, Any]:
        """Return what some source says about somebody, known or new."""
        chance = self.chance
        if chance.random() < NEWCOMERS:
            self.household()
        given, family, born, address, email = chance.choice(self.known)
        return {
            "given_name": given[0] + "." if chance.random() < 0.1 else given,
            "family_name": family,
            "birth_date": born,
            **address,
            "email": None if chance.random() < 0.3 else email,
        }


@dataclass
class Town:
    """A matched town, and what the full run that matched it took."""

    db: psycopg.Connection
    people: People
    data_sets: list[UUID]
    run_id: UUID
    report: MatchReport
    in_memory: bool

    def land(self, count: int) -> list[Landed]:
        """Land new records as a connector would."""
        return _land(self.db, self.people, self.data_sets, self.run_id, count)

    def moved(self, count: int) -> list[Landed]:
        """Return records of people who moved house, as most changes of a register are."""
        return [
            (
                record,
                data_set,
                CustomerRecord(
                    key=key,
                    kind=KIND,
                    given_name=given or initial,
                    family_name=family,
                    birth_date=born,
                    email=email,
                    **self.people.address(),
                ),
            )
            for record, data_set, key, given, initial, family, born, email in self._some(count)
        ]

    def changed(self, count: int) -> list[Landed]:
        """Return records that stand already, and of which the source says nothing it said before.

        No register does so; it is the most that a page can cost.
        """
        return [
            (record, data_set, CustomerRecord(key=key, kind=KIND, **self.people.record()))
            for record, data_set, key, *_ in self._some(count)
        ]

    def _some(self, count: int) -> list[tuple[Any, ...]]:
        """Return records by chance, with what is said of them."""
        return self.db.execute(
            """SELECT r.id, r.data_set_id, r.key,
                   c.given_name, c.initials, c.family_name, c.birth_date, c.email
               FROM landed_record r JOIN clean_record c ON c.record_id = r.id
               JOIN unnest(%s::bigint[]) AS chosen(id) ON chosen.id = r.id""",
            (self.people.chance.sample(range(1, self.report.records + 1), count),),
        ).fetchall()


KIND = CustomerKind.PERSON


@contextmanager
def matched_town(records: int) -> Iterator[Town]:
    """Open a database with a town in it that has been matched."""
    place = make_reachable_dir()
    try:
        with EmbeddedPostgres.start(place, database="bench") as server:
            upgrade(server.url)
            with connect(server.url, autocommit=True) as db:
                run_id = a_sync_run(db).id
                data_sets = [a_data_set(db).id for _ in range(SOURCES)]
                people = People(1, records)
                for first in range(0, records, FILL):
                    with db.transaction():
                        size = min(FILL, records - first)
                        absorb(db, _land(db, people, data_sets, run_id, size))
                with db.transaction():
                    report = rematch(db)
                # What autovacuum does within minutes: plans need to know how large tables are.
                db.execute("VACUUM ANALYZE")
                yield Town(db, people, data_sets, run_id, report, place.is_relative_to(MEMORY))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _land(
    db: psycopg.Connection, people: People, data_sets: list[UUID], run_id: UUID, count: int
) -> list[Landed]:
    first = (db.execute("SELECT coalesce(max(id), 0) FROM landed_record").fetchone() or (0,))[0]
    rows = [
        (people.chance.choice(data_sets), f"k{first + number}", b"{}", b"-", run_id)
        for number in range(count)
    ]
    columns = ("data_set_id", "key", "raw", "raw_hash", "run_id", "landed_at", "changed_at")
    copy_into(db, "landed_record", columns, ((*row, "now", "now") for row in rows))
    found = db.execute(
        "SELECT id, data_set_id, key FROM landed_record WHERE id > %s ORDER BY id", (first,)
    ).fetchall()
    return [
        (record, data_set, CustomerRecord(key=key, kind=KIND, **people.record()))
        for record, data_set, key in found
    ]


def print_measured(measure: Callable[[int], dict[str, Any]], about: str, records: int) -> None:
    """Print as JSON what is measured in a town of `--records` records.

    Args:
        measure: What measures.
        about: The docstring of its module.
        records: Of the town, where nothing is said.
    """
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--records", type=int, default=records, help="size of the town")
    sys.stdout.write(json.dumps(measure(parser.parse_args().records), indent=2) + "\n")
