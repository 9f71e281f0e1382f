"""A small made-up town as plain columns, for tests that need neighbours to compare with."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import duckdb
import numpy as np
import pytest

from registry.customers.live.link import Linked, link_table
from registry.customers.matching.engine import open_engine, run
from registry.customers.matching.standard import PLAIN_COLUMNS

Row = dict[str, Any]

_SOUNDS = "ba be bo da de do fa ga ha jo ka ki la le li lo ma mi mo na ni ra ro sa se ta to va"
_SYLLABLES = _SOUNDS.split()
_STREETS = [
    f"{first}{last}"
    for first in ("Kerk", "Dorps", "Molen", "Haven", "Linden")
    for last in ("straat", "weg", "laan", "plein")
]
_SOURCES = ("counter", "tax", "library")


def a_name(chance: Random, syllables: int) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(syllables)).capitalize()


def a_bsn(chance: Random) -> str:
    while True:
        digits = [chance.randrange(1, 10) for _ in range(8)]
        last = (
            sum(weight * digit for weight, digit in zip(range(9, 1, -1), digits, strict=True)) % 11
        )
        if last < 10:
            return "".join(map(str, [*digits, last]))


def a_town(households: int, seed: int = 1, first_id: int = 1_000_000) -> list[Row]:
    """Return records of couples and children in three sources, two of which know most people."""
    chance = Random(seed)
    rows: list[Row] = []
    given = [a_name(chance, 2) for _ in range(200)]
    family = [a_name(chance, 3) for _ in range(400)]
    for _ in range(households):
        home = {
            "street": chance.choice(_STREETS),
            "house_number": str(chance.randrange(1, 200)),
            "postal_code": f"{chance.randrange(2500, 2600)}{''.join(chance.choices('ABCDE', k=2))}",
            "city": "Testdam",
        }
        surname, phone = chance.choice(family), f"+3170{chance.randrange(10**6, 10**7)}"
        for member in range(chance.choice((1, 2, 2, 3, 4))):
            year = chance.randrange(1940, 1990) if member < 2 else chance.randrange(1995, 2015)
            person = {
                "given_name": chance.choice(given),
                "family_name": surname if member != 1 else chance.choice(family),
                "birth_date": f"{year}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
                "gender": chance.choice(("female", "male")),
            }
            mail = f"{person['given_name']}.{chance.randrange(999)}@post.nl".lower()
            for source in _SOURCES:
                if chance.random() < 0.6:
                    rows.append(
                        {
                            "id": first_id + len(rows),
                            "source": source,
                            **person,
                            **home,
                            "phone": phone if chance.random() < 0.5 else None,
                            "email": mail if chance.random() < 0.4 else None,
                        }
                    )
    return rows


def load(con: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    """Make the table `plain`."""
    types = ", ".join(f"{name} {'BIGINT' if name == 'id' else 'VARCHAR'}" for name in PLAIN_COLUMNS)
    run(con, "CREATE OR REPLACE TABLE plain ($types)", types=types)
    values = {}
    for name in PLAIN_COLUMNS:
        values[name] = np.empty(len(rows), dtype=np.int64 if name == "id" else object)
        values[name][:] = [{"kind": "person", **row}.get(name) for row in rows]
    con.register("given_rows", values)
    run(con, "INSERT INTO plain SELECT * FROM given_rows")
    con.unregister("given_rows")


class Town:
    """Linked records, asked by id."""

    def __init__(self, con: duckdb.DuckDBPyConnection, linked: Linked) -> None:
        self.con = con
        self.linked = linked
        self.clusters = dict(run(con, "SELECT id, cluster FROM linked_record"))

    def together(self, *ids: int) -> bool:
        return len({self.clusters[one] for one in ids}) == 1

    def weight(self, one: int, other: int) -> float | None:
        rows = run(
            self.con,
            "SELECT weight_bits FROM linked_pair WHERE id_l = ? AND id_r = ?",
            min(one, other),
            max(one, other),
        )
        return rows[0][0] if rows else None


@pytest.fixture
def link() -> Iterator[Callable[..., Town]]:
    """Link rows in a session of their own."""
    with open_engine(1024, threads=2) as con:

        def linked(rows: list[Row], **options: Any) -> Town:
            load(con, rows)
            return Town(con, link_table(con, "plain", **options))

        yield linked
