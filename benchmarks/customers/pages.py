"""What a page of new records costs beside a town that is already matched, in PostgreSQL.

    make bench ARGS=customers.pages                         100,000 records
    python -m benchmarks.customers.pages --records 1000000  prints the figures as JSON

A made-up town of couples and children in three sources is matched in full, then pages of records
of people it knows and does not know come in, each in a transaction of its own with all that
belongs to it: cleaning, keys, edges, clusters, golden values, links, versions, events.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from benchmarks.figures import Figure
from registry.customers.commands import absorb, rematch
from registry.storage.copying import copy_into
from registry.storage.database import connect
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from schemas.records import CustomerKind, CustomerRecord
from tests.factories import a_data_set, a_sync_run
from tests.servers import make_reachable_dir

RECORDS = 100_000
SINGLES = 300
SOURCES = 3
LETTERS = tuple(first + last for first in "ABCDE" for last in "ABCDE")
# Records that are landed at a time while the town is filled.
FILL = 20_000
PROMISES = {1: 0.005, 1_000: 1.0, 10_000: 5.0}

Landed = tuple[int, UUID, CustomerRecord]


class People:
    """Made-up households; every person may be asked for a record again, with a slip."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        sounds = [first + last for first in "bdfghjklmnprstvw" for last in "aeiou"]
        self.given = ["".join(self.chance.choices(sounds, k=2)).capitalize() for _ in range(900)]
        self.family = ["".join(self.chance.choices(sounds, k=3)).capitalize() for _ in range(9000)]
        self.known: list[dict[str, Any]] = []

    def household(self) -> None:
        """Let a household of one to four move in."""
        chance = self.chance
        door = {
            "postal_code": f"{chance.randrange(1000, 9999)} {chance.choice(LETTERS)}",
            "house_number": str(chance.randrange(1, 300)),
            "city": "Testdam",
        }
        family = chance.choice(self.family)
        for _ in range(chance.choice((1, 2, 2, 4))):
            given = chance.choice(self.given)
            year = chance.randrange(1935, 2015)
            self.known.append(
                {
                    **door,
                    "given_name": given,
                    "family_name": family,
                    "birth_date": date(year, chance.randrange(1, 13), chance.randrange(1, 29)),
                    "email": f"{given}.{family}{chance.randrange(999)}@post.nl".lower(),
                }
            )

    def record(self) -> dict[str, Any]:
        """Return what some source says about somebody, known or new."""
        chance = self.chance
        while not self.known or chance.random() < 0.2:
            self.household()
        person = dict(chance.choice(self.known))
        if chance.random() < 0.3:
            person["email"] = None
        if chance.random() < 0.1:
            person["given_name"] = person["given_name"][0] + "."
        return person


@contextmanager
def _town(records: int) -> Iterator[tuple[psycopg.Connection, People, list[UUID], UUID]]:
    """Open a database with a town in it that has been matched."""
    place = make_reachable_dir()
    try:
        with EmbeddedPostgres.start(place, database="bench") as server:
            upgrade(server.url)
            with connect(server.url, autocommit=True) as db:
                run_id = a_sync_run(db).id
                data_sets = [a_data_set(db).id for _ in range(SOURCES)]
                people = People(1)
                for _ in range(0, records, FILL):
                    with db.transaction():
                        absorb(db, _land(db, people, data_sets, run_id, min(FILL, records)))
                yield db, people, data_sets, run_id
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _land(
    db: psycopg.Connection, people: People, data_sets: list[UUID], run_id: UUID, count: int
) -> list[Landed]:
    """Land records as a connector would."""
    first = (db.execute("SELECT coalesce(max(id), 0) FROM landed_record").fetchone() or (0,))[0]
    rows = [
        (people.chance.choice(data_sets), f"k{first + number}", b"{}", b"-", run_id)
        for number in range(count)
    ]
    now = "now"
    copy_into(
        db,
        "landed_record",
        ("data_set_id", "key", "raw", "raw_hash", "run_id", "landed_at", "changed_at"),
        ((*row, now, now) for row in rows),
    )
    found = db.execute(
        "SELECT id, data_set_id, key FROM landed_record WHERE id > %s ORDER BY id", (first,)
    ).fetchall()
    return [
        (record, data_set, CustomerRecord(key=key, kind=CustomerKind.PERSON, **people.record()))
        for record, data_set, key in found
    ]


def measure(records: int) -> dict[str, Any]:
    """Measure pages of 1, 1,000 and 10,000 records beside a town."""
    with _town(records) as (db, people, data_sets, run_id):
        began = time.perf_counter()
        with db.transaction():
            report = rematch(db)
        found: dict[str, Any] = {
            "records": report.records,
            "customers": report.customers,
            "full_seconds": round(time.perf_counter() - began, 2),
            "steps": report.seconds,
        }
        for size, repeats in ((1, SINGLES), (1_000, 3), (10_000, 1)):
            walls = []
            for _ in range(repeats):
                with db.transaction():
                    page = _land(db, people, data_sets, run_id, size)
                    begun = time.perf_counter()
                    absorb(db, page)
                walls.append(time.perf_counter() - begun)
            found[f"page_{size}"] = {
                "p50": float(np.quantile(walls, 0.5)),
                "p95": float(np.quantile(walls, 0.95)),
            }
    return found


def run() -> list[Figure]:
    """Measure beside a town of RECORDS."""
    found = measure(RECORDS)
    town = f"beside {found['records']:,} matched records; commit included; PostgreSQL on this disk"
    figures = [
        Figure("Full run: train, link, merge, write index", found["full_seconds"], "s", "", town)
    ]
    for size, promise in PROMISES.items():
        wall = found[f"page_{size}"]["p95"]
        figures.append(
            Figure(
                f"A page of {size:,} records, p95",
                round(wall, 4),
                "s",
                f"<= {promise}",
                f"{town}; median {found[f'page_{size}']['p50']:.4f} s",
            )
        )
    return figures


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=RECORDS, help="size of the town")
    sys.stdout.write(json.dumps(measure(parser.parse_args().records), indent=2) + "\n")


if __name__ == "__main__":
    main()
