"""What every source system has in common: a desk that registers customers in its own form."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from townclerk.sandbox.households import Household
from townclerk.sandbox.identifiers import Scramble
from townclerk.sandbox.noise import Care, Sighting
from townclerk.sandbox.organisations import Organisation
from townclerk.sandbox.people import TODAY_DAY, Person
from townclerk.sandbox.sightings import Customer, sight
from townclerk.sandbox.urns import Draw, pick

OLDEST_DAYS_MAX = 5000  # no desk keeps older records
OFFICE_TIMES = tuple(
    f"T{8 + number * 7 % 9:02d}:{number * 37 % 60:02d}:{number * 53 % 60:02d}Z"
    for number in range(540)
)
_DAYS = tuple(date.fromordinal(TODAY_DAY - age) for age in range(OLDEST_DAYS_MAX))
_ISO_DAYS = tuple(day.isoformat() for day in _DAYS)


class Moment(Struct, gc=False):
    """When a desk last touched a record; `iso` is RFC 3339 in UTC."""

    day: date
    iso: str


class Note(Struct, gc=False):
    """One record of a stream, before it is written.

    Attributes:
        number: Place in the stream, from 1 without gaps.
        key: The source's own key.
        changed: When the desk last touched it.
        row: The record in the desk's form; bytes or a tuple of cells.
        owner: Whom it describes; goes to the truth file only.
        household: Household of the owner, -1 for premises; goes to the truth file only.
    """

    number: int
    key: str
    changed: Moment
    row: Any
    owner: str
    household: int


Choose = Callable[[Draw, Household, list[Organisation]], list[Customer]]
Shape = Callable[[Draw, str, Sighting, Moment], Any]


class Desk:
    """One stream of one source system: whom it knows, how carefully, in which form.

    Args:
        stream: Name as `source.stream`, as the truth file and connector files spell it.
        data_set: URN the stream is registered under.
        care: How careful the desk is.
        oldest_days: Age of the oldest record.
        freshness: 1 spreads ages evenly; larger means most records are recent.
        key_format: The source's key, from a scrambled number.
        scramble: Hides the order in which records were made.
        choose: Picks the customers of a household that this desk knows.
        shape: Puts a sighting into the desk's form.
    """

    def __init__(
        self,
        stream: str,
        *,
        data_set: str,
        care: Care,
        oldest_days: int,
        freshness: float,
        key_format: str,
        scramble: Scramble,
        choose: Choose,
        shape: Shape,
    ) -> None:
        self.stream = stream
        self.data_set = data_set
        self.care = care
        self.oldest_days = oldest_days
        self.freshness = freshness
        self.key_format = key_format
        self.scramble = scramble
        self.choose = choose
        self.shape = shape
        self.count = 0
        self.unreadable = 0

    def notes(
        self, draw: Draw, household: Household, organisations: list[Organisation]
    ) -> Iterator[Note]:
        """Yield the records this desk keeps of one household and its organisations."""
        for customer in self.choose(draw, household, organisations):
            yield self._note(draw, customer)
            if draw() < self.care.twice:
                yield self._note(draw, customer)

    def _note(self, draw: Draw, customer: Customer) -> Note:
        age = int(draw() ** self.freshness * self.oldest_days)
        if isinstance(customer, Person) and customer.age * 365 <= age:
            age = max(0, min(age, TODAY_DAY - customer.birth.toordinal() - 1))
        changed = Moment(_DAYS[age], _ISO_DAYS[age] + pick(draw, OFFICE_TIMES))
        self.count += 1
        key = self.key_format.format(self.scramble.hide(self.count))
        seen = sight(draw, customer, TODAY_DAY - age, self.care)
        self.unreadable += bool(seen.birth_text)
        row = self.shape(draw, key, seen, changed)
        return Note(self.count, key, changed, row, customer.key, customer.household)


def choose_by_age(*, adult: float, youth: float, child: float, organisation: float) -> Choose:
    """Return a choice by chance per person (18+, 12-17, younger) and per organisation."""

    def choose(
        draw: Draw, household: Household, organisations: list[Organisation]
    ) -> list[Customer]:
        known: list[Customer] = []
        for person in household.members:
            age = person.age
            if draw() < (adult if age >= 18 else youth if age >= 12 else child):
                known.append(person)
        known.extend(one for one in organisations if draw() < organisation)
        return known

    return choose


def first_name(given: str) -> str:
    """Return the first of several given names."""
    return given.partition(" ")[0]


def dashed_phone(phone: str) -> str:
    """Write a number as "06-12345678" or "033-1234567"."""
    cut = 2 if phone.startswith("06") else 3
    return f"{phone[:cut]}-{phone[cut:]}" if phone else ""


def international_phone(phone: str) -> str:
    """Write a number as "+31 6 12345678" or "+31 33 1234567"."""
    cut = 2 if phone.startswith("06") else 3
    return f"+31 {phone[1:cut]} {phone[cut:]}" if phone else ""
