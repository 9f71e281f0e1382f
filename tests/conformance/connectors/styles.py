"""Sources in the styles of the field: each serves 25 people in pages, as its own document says.

A source here knows nothing of the generator. It is as strict as real ones are: at most ten records
an answer, whatever is asked for; parameters it does not know, and pages beyond the last, are
answered as that style's own products do.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.contract.connectors.servers import Reply, Request

COUNT, PAGE = 25, 10
WHEN = "2026-03-04T05:06:07Z"


class Person(NamedTuple):
    """One of the people that every source serves."""

    number: int
    given: str
    family: str
    born: date
    female: bool
    email: str
    phone: str | None
    street: str
    house: str
    postcode: str
    city: str

    @property
    def day(self) -> str:
        """The day of birth as ISO 8601 has it."""
        return self.born.isoformat()

    @property
    def local_day(self) -> str:
        """The day of birth as people write it."""
        return self.born.strftime("%d.%m.%Y")

    @property
    def line(self) -> str:
        """Street and house number in one line."""
        return f"{self.street} {self.house}"


def people() -> list[Person]:
    """Return the 25 people; every fifth has no telephone."""
    given = ("Anneke", "Jörg", "Zoë", "O'Brian", "Thérèse")
    family = ("Jansen", "Müller", "Østergård", "Lefèvre", "de Wit")
    return [
        Person(
            number=number,
            given=given[number % 5],
            family=f"{family[number % 5]}-{number}",
            born=date(1950, 1, 31) + timedelta(days=401 * number),
            female=number % 2 == 0,
            email=f"p{number}@example.org",
            phone=None if number % 5 == 4 else f"+3161234{number:04}",
            street="Lange Straße" if number % 2 else "Kade",
            house=f"{number}",
            postcode=f"{1000 + number} AB",
            city="Havenstad",
        )
        for number in range(1, COUNT + 1)
    ]


PEOPLE = people()


class Page(NamedTuple):
    """Part of the list.

    Attributes:
        records: The raw records.
        start: How many come before them.
    """

    records: list[dict[str, Any]]
    start: int

    @property
    def end(self) -> int:
        """How many records there are up to the end of this page."""
        return self.start + len(self.records)

    @property
    def more(self) -> bool:
        """More records follow."""
        return self.end < COUNT


class Style(NamedTuple):
    """One style of interface.

    Attributes:
        document: File with the interface's own document.
        path: Path of the list below the server's address.
        known: Query parameters that are taken.
        shape: Writes a person as the source does.
        serve: Answers a request, given its query and the address of the list.
        key: The key of a person in the master view.
        fields: Which canonical fields the records hold.
        sized: Parameter by which a client asks for the size of a page.
        kind: Which kind of connector reads it.
    """

    document: str
    path: str
    known: str
    shape: Callable[[Person], dict[str, Any]]
    serve: Callable[["Asked"], Reply]
    key: Callable[[Person], str]
    fields: str
    sized: str = ""
    kind: str = "rest"


class Asked(NamedTuple):
    """A request to a style."""

    style: Style
    query: Mapping[str, str]
    here: str
    body: bytes

    def page(self, start: int) -> Page:
        """Return the page that begins there, of the size that was asked for, ten at most."""
        size = min(int(self.query.get(self.style.sized, PAGE)), PAGE)
        return Page([self.style.shape(one) for one in PEOPLE[start : start + size]], start)

    def numbered(self, name: str, first: int = 1) -> Page:
        """Return the page of the number that was asked for; all pages are full ones."""
        size = min(int(self.query.get(self.style.sized, PAGE)), PAGE)
        return self.page((int(self.query.get(name, first)) - first) * size)

    def link(self, **other: Any) -> str:
        """Return the address of this list with other parameters."""
        return f"{self.here}?{urlencode({**self.query, **other})}"


def answer(style: Style, request: Request) -> Reply:
    """Answer as a style does."""
    if request.path != style.path:
        return Reply.json({"title": "not found"}, status=404)
    known = set(style.known.split())
    if unknown := [name for name in request.query if name not in known]:
        return Reply.json({"title": f"unknown: {unknown}"}, status=400)
    for name, value in request.query.items():
        if re.search("size|limit|count|take|per_page|top$", name, re.IGNORECASE) and (
            not (value.isdigit() and int(value) > 0) and name != "$count"
        ):
            return Reply.json({"title": f"{name} is no number"}, status=400)
    here = f"http://{request.headers['host']}{request.path}"
    return style.serve(Asked(style, request.query, here, request.body))
