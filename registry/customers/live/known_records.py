"""What a table of another system calls our records: data sets by name, records by key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg

from schemas.errors import InvalidInput

# Between a data set and a key in one cell, as in "crm/K-17" and "crm:K-17".
_MARKS: Final = "/:"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table says a record is.

    Attributes:
        source: What it calls the data set; empty where it names a key alone.
        key: The record's key there, or data set and key in one.
    """

    source: str
    key: str


@dataclass(frozen=True)
class Found:
    """Records of a table.

    Attributes:
        records: Their numbers by place; two places may be one record.
        unclear: Keys alone that records of several data sets have.
    """

    records: dict[Place, int]
    unclear: set[Place]


class KnownRecords:
    """The town's data sets and records, by what others may call them."""

    def __init__(self, db: psycopg.Connection) -> None:
        """Read how data sets are called: their id, urn, its last part, or name."""
        self._db = db
        self._called: dict[str, set[UUID]] = {}
        rows = db.execute("SELECT id, urn, name FROM element WHERE kind = 'data_set'")
        for data_set, urn, name in rows:
            for text in (str(data_set), urn, urn.rsplit(":", 1)[-1], name):
                self._called.setdefault(text.casefold(), set()).add(data_set)

    def is_source(self, name: str) -> bool:
        """Tell whether a data set is called so."""
        return name.casefold() in self._called

    def data_set(self, name: str) -> UUID | None:
        """Return the data set that is called so, if there is one.

        Raises:
            InvalidInput: There are several.
        """
        meant = self._called.get(name.casefold(), set())
        if len(meant) > 1:
            raise InvalidInput(
                f"{len(meant)} data sets are called {name}.",
                remedy="Write the urn of the one you mean in the table.",
            )
        return next(iter(meant), None)

    def find(self, places: Iterable[Place]) -> Found:
        """Return the records of places, as far as they are here and clean."""
        asked = list(dict.fromkeys(places))
        found = Found({}, set())
        self._find_placed([(each, each) for each in asked if each.source], found)
        bare = [each for each in asked if not each.source]
        self._find_by_key(bare, found)
        whole = [each for each in bare if each not in found.records and each not in found.unclear]
        self._find_placed([(each, part) for each in whole for part in self._parted(each)], found)
        return found

    def _find_placed(self, asked: Sequence[tuple[Place, Place]], found: Found) -> None:
        """Find records whose data set is named; what is asked may be another place's part."""
        ids = {name: self.data_set(name) for name in {part.source for _, part in asked}}
        known = [(each, part) for each, part in asked if ids[part.source] is not None]
        rows = self._db.execute(
            """SELECT given.place, r.id
               FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY
                   AS given(data_set_id, key, place)
               JOIN landed_record r USING (data_set_id, key)
               JOIN clean_record c ON c.record_id = r.id""",
            ([ids[part.source] for _, part in known], [part.key for _, part in known]),
        )
        found.records.update((known[place - 1][0], record) for place, record in rows.fetchall())

    def _find_by_key(self, asked: Sequence[Place], found: Found) -> None:
        """Find records whose data set is not named; a key that two data sets have tells nothing."""
        rows = self._db.execute(
            """SELECT given.place, min(r.id), count(*)
               FROM unnest(%s::text[]) WITH ORDINALITY AS given(key, place)
               JOIN landed_record r USING (key) JOIN clean_record c ON c.record_id = r.id
               GROUP BY given.place""",
            ([each.key for each in asked],),
        )
        for place, record, count in rows.fetchall():
            if count > 1:
                found.unclear.add(asked[place - 1])
            else:
                found.records[asked[place - 1]] = record

    def _parted(self, each: Place) -> list[Place]:
        """Return data set and key of a cell that may hold both."""
        places = (place for place, sign in enumerate(each.key) if sign in _MARKS)
        parts = (Place(each.key[:place], each.key[place + 1 :]) for place in places)
        return [part for part in parts if part.key and self.is_source(part.source)]
