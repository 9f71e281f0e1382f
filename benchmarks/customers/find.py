"""How soon a customer is found beside a matched town, by whatever is known.

    make bench ARGS=customers.find                          a million records, BENCH_RECORDS less
    python -m benchmarks.customers.find --records 200000    prints the figures as JSON

A made-up town is matched in full and takes in pages of new records, as it does every day; then
people who live there are asked for, as the counter does:
in a transaction of its own, under the role that sees rows only with the scope. Half of the figure
is whether the one who was meant stands on top. Bounded: about fifteen minutes at a million, nearly
all of it the making of the town.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.customers.town import Town, matched_town, print_measured
from benchmarks.figures import Figure
from registry.customers.asking.dealings import keep
from registry.customers.asking.find import search_customers
from registry.customers.asking.purposes import Sight, open_sight
from registry.customers.live.commands import absorb
from registry.customers.live.words import key_of, learn_words
from registry.storage.copying import copy_into
from registry.storage.guarding import establish_reader, guard
from schemas.access import Scope
from schemas.records import IdentifierRecord

RECORDS = 1_000_000
QUESTIONS = 200
PROMISE = 0.020
# Pages of new records before anybody asks, and records of each: what is new must not slow a search.
PAGES, PAGE_RECORDS = 10, 1_000
# Questions that are not counted: the first of each kind read pages that stay at hand afterwards.
WARM = 10


@dataclass(frozen=True)
class Asked:
    """Somebody who lives in the town, and a record that some source has of them."""

    given: str
    family: str
    born: str
    postal: str
    number: str
    email: str | None
    key: str
    iban: str
    customer: Any


def _typo(text: str) -> str:
    return text[:2] + text[3:]


QUESTION_KINDS: dict[str, Callable[[Asked], str]] = {
    "by a misspelt name and birthday": lambda one: f"{one.given} {_typo(one.family)} {one.born}",
    "by a misspelt name and address": lambda one: (
        f"{_typo(one.family)}, {one.given}, {one.postal} {one.number}"
    ),
    "by a misspelt name alone": lambda one: f"{one.given} {_typo(one.family)}",
    "by an initial, a name and a wrong house number": lambda one: (
        f"{one.given[0]}. {one.family} {one.postal} 0{one.number}7"
    ),
    "by a family name that ten thousand bear, and birthday": lambda one: (
        f"Jansen {one.given} {one.born}"
    ),
    "by a family name that ten thousand bear": lambda _: "Jansen",
    "by e-mail": lambda one: one.email or one.key,
    "by a source's key": lambda one: one.key,
    "by IBAN": lambda one: one.iban,
    "by id": lambda one: str(one.customer),
}


def measure(records: int) -> dict[str, Any]:
    """Measure questions beside a town."""
    begun = time.perf_counter()
    with matched_town(records) as town:
        found: dict[str, Any] = {
            "records": town.report.records,
            "customers": town.report.customers,
            "made_seconds": round(time.perf_counter() - begun, 1),
        }
        establish_reader(town.db)
        asked = _residents(town, records)
        for _ in range(PAGES):
            with town.db.transaction():
                absorb(town.db, town.land(PAGE_RECORDS))
        sight = open_sight(town.db, "stewardship", actor="bench")
        for name, question in QUESTION_KINDS.items():
            found[name] = _ask(town, sight, asked, question)
        return found


# One record in a hundred is made a Jansen, as common a name as a town has; by its words alone,
# because neither keys nor edges matter to a question.
_JANSEN = """
UPDATE record_words SET words = words || %s::bigint
WHERE record_id %% 100 = 0 AND record_id <= %s
"""


def _residents(town: Town, records: int) -> list[Asked]:
    """Return people with a record, an IBAN each; and let one in a hundred be a Jansen."""
    db = town.db
    with db.transaction():
        learn_words(db, {key_of("jansen"): "jansen"}, {key_of("jansen"): records // 100})
        db.execute(_JANSEN, (key_of("jansen"), records))
    chosen = [number * 100 for number in range(1, records // 100 + 1)]
    chosen = town.people.chance.sample(chosen, min(len(chosen), QUESTIONS + WARM))
    rows = db.execute(
        """SELECT c.given_name, c.family_name, c.birth_date, c.postal_code, c.house_number, c.email,
                  r.key, l.customer_id, r.data_set_id, r.run_id
           FROM clean_record AS c JOIN landed_record AS r ON r.id = c.record_id
           JOIN customer_link AS l USING (record_id)
           WHERE record_id = ANY(%s) AND c.given_name IS NOT NULL""",
        (chosen,),
    ).fetchall()
    found = [_asked(row, iban=f"NL{number:02}BENC{number:010}") for number, row in enumerate(rows)]
    _give_ibans(town, found, rows)
    db.execute("VACUUM ANALYZE")
    return found


def _asked(row: tuple[Any, ...], *, iban: str) -> Asked:
    given, family, born, postal, number, email, key, customer = row[:8]
    return Asked(given, family, str(born), postal, number, email, key, iban, customer)


def _give_ibans(town: Town, asked: list[Asked], rows: list[tuple[Any, ...]]) -> None:
    """Land an account number for each, as a finance system would."""
    db = town.db
    columns = ("data_set_id", "key", "raw", "raw_hash", "run_id", "landed_at", "changed_at")
    with db.transaction():
        copy_into(
            db,
            "landed_record",
            columns,
            ((row[8], one.iban, b"{}", b"-", row[9], "now", "now")
             for one, row in zip(asked, rows, strict=True)),
        )  # fmt: skip
        landed: dict[str, int] = dict(
            db.execute(
                "SELECT key, id FROM landed_record WHERE key = ANY(%s)",
                ([one.iban for one in asked],),
            ).fetchall()
        )
        for one, row in zip(asked, rows, strict=True):
            record = IdentifierRecord(
                key=one.iban, customer_key=one.key, type="iban", value=one.iban
            )
            keep(db, [(landed[one.iban], record)], customers=row[8])


def _ask(
    town: Town, sight: Sight, asked: list[Asked], question: Callable[[Asked], str]
) -> dict[str, float]:
    """Ask for everybody; return wall times, and how often the one meant came first and at all."""
    walls, first, shown = [], 0, 0
    for one in asked:
        begun = time.perf_counter()
        with town.db.transaction():
            town.db.execute(guard([Scope.CUSTOMERS_READ.value]))
            found = search_customers(town.db, sight, question(one))
        walls.append(time.perf_counter() - begun)
        first += bool(found) and found[0].id == one.customer
        shown += one.customer in {each.id for each in found}
    counted = walls[WARM:]
    return {
        "p50": float(np.quantile(counted, 0.5)),
        "p95": float(np.quantile(counted, 0.95)),
        "first": first / len(asked),
        "shown": shown / len(asked),
        "questions": len(counted),
    }


def run() -> list[Figure]:
    """Measure beside a town of RECORDS, or as many as BENCH_RECORDS says."""
    found = measure(int(os.environ.get("BENCH_RECORDS", RECORDS)))
    return [
        Figure(
            f"Find a customer {name}, p95",
            round(found[name]["p95"], 4),
            "s",
            f"<= {PROMISE}",
            f"beside {found['records']:,} matched records and {PAGES} pages of {PAGE_RECORDS:,} new"
            " ones; rows guarded, as for GraphQL; load"
            f" {os.getloadavg()[0]:.1f} at the end; {found[name]['questions']} questions; median"
            f" {found[name]['p50']:.4f} s; who was meant came first in {found[name]['first']:.0%},"
            f" among twenty in {found[name]['shown']:.0%}",
        )
        for name in QUESTION_KINDS
    ]


def main() -> None:
    """Print the figures as JSON."""
    print_measured(measure, __doc__, RECORDS)


if __name__ == "__main__":
    main()
