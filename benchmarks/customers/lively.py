"""A town where things happen: records come, change, go and return, and stewards decide.

What it leaves can be held against a full run of the same model: `keep_state`, `rematch`, and
`differences` counts the rows that are not the same.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks.customers.town import FILL, People
from registry.customers.live.commands import absorb, withdraw
from registry.customers.stewarding import stewardship
from registry.customers.stewarding.doubts import Doubt, place_of
from registry.customers.stewarding.erase import erase_customer
from registry.customers.stewarding.keeping_up import keep_up
from registry.customers.stewarding.weighing import weigh_all
from registry.storage.copying import copy_into
from schemas.customers import Verdict
from schemas.records import CustomerKind, CustomerRecord

PERSON, ORGANISATION = CustomerKind.PERSON, CustomerKind.ORGANISATION
# Of a hundred records that move so many move in each way; the last five move one at a time.
SHARES: Final[Mapping[str, float]] = {
    "add": 33,
    "change": 27,
    "repeat": 4,  # a source sends what it has sent
    "waver": 6,  # twice on one page: changed, and as it was
    "delete": 14,
    "return": 6,  # a key that went comes again, half of them with somebody else
    "merge": 3,
    "unlink": 3,
    "undo": 2,
    "contradict": 1,  # a steward parts two records of one number
    "erase": 1,
}
PAGED: Final = ("add", "change", "repeat", "waver", "delete", "return")
# One page in so many is a large one; the others have one to sixty records.
LARGE_PAGE_ODDS: Final = 12
SMALL_PAGE_MAX: Final = 60
# What makes towns hard: a number that few share, a desk's address, a test account, companies.
NUMBERED, AT_THE_DESK, TEST_ACCOUNTS, COMPANIES = 0.35, 0.01, 0.004, 0.05
MOVED: Final = 0.4  # of the records of a vague town
DESK: Final = {"email": "balie@testdam.nl", "phone": "+31152602222"}
TEST_ACCOUNT: Final = {"given_name": "Test", "family_name": "Account", "email": "test@test.nl"}

Said = dict[str, Any]


class Bag:
    """Record ids to draw from; adding, removing and drawing cost the same in a large town."""

    def __init__(self) -> None:
        """Begin empty."""
        self.ids: list[int] = []
        self._place: dict[int, int] = {}

    def add(self, record: int) -> None:
        """Put a record in."""
        self._place[record] = len(self.ids)
        self.ids.append(record)

    def remove(self, record: int) -> None:
        """Take a record out."""
        place, last = self._place.pop(record), self.ids.pop()
        if last != record:
            self.ids[place], self._place[last] = last, place

    def draw(self, chance: Random, count: int) -> list[int]:
        """Return so many different records, or all."""
        return chance.sample(self.ids, min(count, len(self.ids)))


class LivelyTown:
    """A town where things happen, by a seed.

    Args:
        db: Connection; each event is a transaction of its own, or a savepoint inside one.
        data_sets: Where records come from.
        run_id: The run that lands them.
        records: So many will be there when nothing has happened yet.
        page_max: Records of the largest pages.
        seed: Of all that happens.
        vague: Whether sources say so little that a steward is asked about many.
    """

    def __init__(
        self,
        db: psycopg.Connection,
        data_sets: Sequence[UUID],
        run_id: UUID,
        *,
        records: int,
        page_max: int,
        seed: int = 20_261_122,
        vague: bool = False,
    ) -> None:
        """Make the people who live there."""
        self.vague = vague
        self.db, self.run_id, self.page_max = db, run_id, page_max
        self.people = People(seed, records)
        self.chance = self.people.chance
        self.data_sets = list(data_sets)
        self.bag = Bag()
        self.places: dict[int, tuple[UUID, str]] = {}
        self.gone: list[tuple[UUID, str]] = []
        self.done: Counter[str] = Counter()
        self._keys = 0

    def fill(self, records: int) -> None:
        """Let a town be there; before any model is live its records are only cleaned."""
        for first in range(0, records, FILL):
            with self.db.transaction():
                self._add(min(FILL, records - first))

    def live(self, events: int, *, note: Callable[[str, int], None] = lambda *_: None) -> None:
        """Let events happen; each record of a page is one.

        Args:
            events: How many.
            note: Is told of each page: what happened, and to how many records.
        """
        vain: set[str] = set()  # there is nothing to undo yet, or nobody to return
        while self.done.total() < events:
            sort = self._next(vain)
            count = self._page_size() if sort in PAGED else 1
            with self.db.transaction():
                happened = getattr(self, f"_{sort}")(count)
            self.done[sort] += happened
            if happened:
                vain.clear()
                note(sort, happened)
            else:
                vain.add(sort)

    def _next(self, vain: set[str]) -> str:
        """Return what has happened least for its share, by chance where several have."""
        shares = {s: self.done[s] / share for s, share in SHARES.items() if s not in vain}
        least = min(shares.values())
        return self.chance.choice([sort for sort, share in shares.items() if share == least])

    def _page_size(self) -> int:
        large = self.chance.randrange(LARGE_PAGE_ODDS) == 0
        return self.chance.randint(1, self.page_max if large else SMALL_PAGE_MAX)

    def _add(self, count: int) -> int:
        places = []
        for _ in range(count):
            self._keys += 1
            places.append((self.chance.choice(self.data_sets), f"k{self._keys}"))
        return self._land(places)

    def _land(self, places: Sequence[tuple[UUID, str]]) -> int:
        """Land records under keys that are free, and take them in."""
        columns = ("data_set_id", "key", "raw", "raw_hash", "run_id", "landed_at", "changed_at")
        rows = ((*place, b"", b"-", self.run_id, "now", "now") for place in places)
        copy_into(self.db, "landed_record", columns, rows)
        found = self.db.execute(
            """SELECT id, data_set_id, key FROM landed_record
               JOIN unnest(%s::uuid[], %s::text[]) AS given(data_set_id, key)
                   USING (data_set_id, key) ORDER BY id""",
            ([place[0] for place in places], [place[1] for place in places]),
        ).fetchall()
        for record, data_set, key in found:
            self.places[record] = data_set, key
            self.bag.add(record)
        self._take_in([(record, self._said()) for record, _, _ in found])
        return len(found)

    def _take_in(self, said: Iterable[tuple[int, Said]]) -> None:
        page = []
        for record, fields in said:
            data_set, key = self.places[record]
            page.append((record, data_set, CustomerRecord(key=key, **fields)))
        absorb(self.db, page)

    def _said(self) -> Said:
        """Return what some source says about somebody."""
        chance, fields = self.chance, self.people.record()
        if chance.random() < COMPANIES:
            name = f"{fields['family_name']} {chance.choice(('Bouw', 'Zorg', 'Fietsen'))} BV"
            return {"kind": ORGANISATION, "organisation_name": name, "city": "Testdam"}
        if chance.random() < TEST_ACCOUNTS:
            return {"kind": PERSON, **TEST_ACCOUNT}
        if chance.random() < AT_THE_DESK:
            fields |= DESK
        if fields["email"] and chance.random() < NUMBERED:
            fields["national_id"] = _number_of(str(fields["email"]))
        if self.vague:
            self._leave_out(fields)
        return {"kind": PERSON, **fields}

    def _leave_out(self, fields: Said) -> None:
        """Let somebody have moved, and a source not ask for all that tells who it is."""
        for name, share in (("email", 0.5), ("birth_date", 0.3), ("national_id", 0.5)):
            if self.chance.random() < share:
                fields.pop(name, None)
        if self.chance.random() < MOVED:
            fields |= self.people.address()

    def change(self, count: int) -> int:
        """Let sources say something else of so many records, all on one page."""
        return self._change(count)

    def _change(self, count: int) -> int:
        records = self.bag.draw(self.chance, count)
        self._take_in([(record, self._said()) for record in records])
        return len(records)

    def _repeat(self, count: int) -> int:
        records = self.bag.draw(self.chance, count)
        self._take_in([(record, self._now(record)) for record in records])
        return len(records)

    def _waver(self, count: int) -> int:
        records = self.bag.draw(self.chance, count)
        self._take_in(
            [
                one
                for record in records
                for one in ((record, self._said()), (record, self._now(record)))
            ]
        )
        return len(records)

    def _now(self, record: int) -> Said:
        """Return what is kept of a record, as its source would say it."""
        row = self.db.execute(
            """SELECT kind, organisation_name, given_name, initials, family_name, birth_date,
                   postal_code, house_number, city, email, phone, national_id
               FROM clean_record WHERE record_id = %s""",
            (record,),
        ).fetchone()
        assert row is not None  # it stands in the bag
        return dict(zip(_FIELDS, row, strict=True)) | {"kind": CustomerKind(row[0])}

    def _delete(self, count: int) -> int:
        gone = self.bag.draw(self.chance, count)
        withdraw(self.db, gone)
        self.db.execute("DELETE FROM landed_record WHERE id = ANY(%s)", (gone,))
        self.gone += [self._forget(record) for record in gone]
        return len(gone)

    def _forget(self, record: int) -> tuple[UUID, str]:
        self.bag.remove(record)
        return self.places.pop(record)

    def _return(self, count: int) -> int:
        count = min(count, len(self.gone))
        places = [self.gone.pop(self.chance.randrange(len(self.gone))) for _ in range(count)]
        return self._land(places) if places else 0

    def _merge(self, _: int) -> int:
        row = self.db.execute(
            """SELECT min(record_id), max(record_id) FROM clean_record WHERE record_id = ANY(%s)
               GROUP BY kind HAVING count(*) > 1 ORDER BY count(*) DESC, kind LIMIT 1""",
            (self.bag.draw(self.chance, 4),),
        ).fetchone()
        return self._decide(list(row or ()), Verdict.LINK)

    def _unlink(self, _: int) -> int:
        return self._decide(self._linked(40), Verdict.UNLINK)

    def _contradict(self, _: int) -> int:
        row = self.db.execute(
            """SELECT left_id, right_id FROM match_edge WHERE by_identity AND NOT apart
               AND left_id >= %s ORDER BY left_id LIMIT 1""",
            self.bag.draw(self.chance, 1),
        ).fetchone()
        return self._decide(list(row or ()), Verdict.UNLINK)

    def _linked(self, tries: int) -> list[int]:
        row = self.db.execute(
            """SELECT min(record_id), max(record_id) FROM customer_link WHERE customer_id IN (
                   SELECT customer_id FROM customer_link WHERE record_id = ANY(%s))
               GROUP BY customer_id HAVING count(*) > 1 ORDER BY 1 LIMIT 1""",
            (self.bag.draw(self.chance, tries),),
        ).fetchone()
        return list(row or ())

    def _decide(self, pair: Sequence[int], verdict: Verdict) -> int:
        if len(pair) < 2:
            return 0
        one, other = pair
        stewardship.decide(self.db, one, other, verdict, reason="seen", actor="Sam")
        return 1

    def _undo(self, _: int) -> int:
        standing = [one.id for one in stewardship.decisions(self.db) if one.undone_at is None]
        if not standing:
            return 0
        stewardship.undo(self.db, self.chance.choice(standing), actor="Sam")
        return 1

    def _erase(self, _: int) -> int:
        (record,) = self.bag.draw(self.chance, 1)
        row = self.db.execute(
            "SELECT customer_id FROM customer_link WHERE record_id = %s", (record,)
        ).fetchone()
        assert row is not None  # every record has its customer
        gone = self.db.execute(
            "SELECT record_id FROM customer_link WHERE customer_id = %s", row
        ).fetchall()
        erase_customer(self.db, row[0], reason="request", actor="Sam")
        for (each,) in gone:
            self._forget(each)
        return 1


_FIELDS: Final = (
    "kind",
    "organisation_name",
    "given_name",
    "initials",
    "family_name",
    "birth_date",
    "postal_code",
    "house_number",
    "city",
    "email",
    "phone",
    "national_id",
)


def _number_of(name: str) -> str:
    """Return a number that passes the eleven test, always the same for one name."""
    digits = Random(name).sample(range(10), 8)
    weighted = sum(digit * weight for digit, weight in zip(digits, range(9, 1, -1), strict=True))
    check = weighted % 11
    # A sum of ten has no check digit: such a number is refused, as towns meet them too.
    return "".join(map(str, digits)) + str(min(check, 9))


def questions_kept_otherwise(db: psycopg.Connection) -> int:
    """Weigh what a steward is asked as it was kept, and from what stands; count what differs."""
    kept = keep_up(db)
    assert kept is not None  # a model is live
    weighed = [
        (vars(one.doubt), frozenset((one.customer_l, one.customer_r))) for one in weigh_all(db)
    ]
    rows = db.execute(_KEPT_QUESTIONS).fetchall()
    names = [each.name for each in dataclasses.fields(Doubt)]
    customers = [frozenset(row[:2]) for row in rows]
    places = [place_of(row[-1], *row[2:4]) for row in rows]
    found = [
        (dict(zip(names, (*row[2:], place), strict=True)), who)
        for row, place, who in zip(rows, places, customers, strict=True)
    ]
    differ = sum(one != other for one, other in zip(found, weighed, strict=False))
    differ += abs(len(found) - len(weighed))
    counted = db.execute(
        "SELECT (SELECT count(*) FROM customer), (SELECT count(*) FROM customer_link)"
    ).fetchone()
    apart = [who for doubt, who in weighed if not doubt["linked"]]
    concerned = len(frozenset().union(*apart))
    numbers = (kept.customers, kept.records, kept.pairs, kept.apart, kept.concerned)
    differ += numbers != (*(counted or ()), len(weighed), len(apart), concerned)
    return differ


_KEPT_QUESTIONS = """
SELECT customer_l, customer_r, left_id, right_id, weight_bits, linked, records, chance,
    -minus_benefit
FROM review_question ORDER BY minus_benefit, left_id, right_id
"""


# What must be the same rows after a full run; words are a set, and spellings of JSON may differ.
STATE: Final[Mapping[str, str]] = {
    "edges": "SELECT left_id, right_id, weight_bits, by_identity, apart FROM match_edge",
    "keys": "SELECT key, record_id FROM match_key",
    "crowded keys": "SELECT key FROM crowded_key",
    "records": """SELECT record_id, kind, place, content, aside, component, keys
        FROM match_record""",
    "words": "SELECT record_id, unnest(words) AS word FROM record_words",
    "clusters": "SELECT record_id, customer_id, rule, weight_bits FROM customer_link",
    "golden values": """SELECT id, kind, display_name, attrs, provenance, record_count
        FROM customer""",
    "redirects": "SELECT id, successor_id FROM customer_redirect",
    "events": "SELECT id, customer_id, change FROM customer_event",
}


def keep_state(db: psycopg.Connection) -> None:
    """Copy what pages left, for `differences` to look at."""
    for number, question in enumerate(STATE.values()):
        db.execute(f"DROP TABLE IF EXISTS by_pages_{number}")
        db.execute(f"CREATE TEMPORARY TABLE by_pages_{number} AS {question}")


def differences(db: psycopg.Connection) -> dict[str, int]:
    """Count, of each sort, the rows that stand on one side only."""
    found = {}
    for number, (name, question) in enumerate(STATE.items()):
        kept = f"by_pages_{number}"
        columns = db.execute(f"SELECT * FROM {kept} LIMIT 0").description or ()
        names = ", ".join(column.name for column in columns)
        # One pass over both sides; EXCEPT in both directions would sort ten million keys twice.
        row = db.execute(
            f"""SELECT coalesce(sum(abs(more)), 0) FROM (
                    SELECT sum(side) AS more FROM (
                        SELECT *, 1 AS side FROM {kept}
                        UNION ALL SELECT *, -1 FROM ({question}) AS stands) AS both_sides
                    GROUP BY {names}) AS differing"""
        ).fetchone()
        assert row is not None  # an aggregate always gives one row
        found[name] = int(row[0])
    return found
