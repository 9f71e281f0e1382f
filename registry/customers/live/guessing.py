"""A page of a few records, looked at before the server has said what of it is new.

What one record costs is mostly the way to the server and back. That a record is new or differs, and
that the model is the one of the page before, is known only from the first answers; but it is nearly
always so. So what is asked because of it goes with the first questions; where the guess was wrong,
it is asked again.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import psycopg

from registry.customers.live.holders import FewAsked
from registry.customers.live.index import Live, last_live, placed
from registry.customers.live.looking import Look, look
from registry.storage.copying import array_of

Clean = Mapping[str, Any]
_urns: dict[UUID, str] = {}  # of data sets, of which a town has some dozen


class Guess:
    """What a few records are if all of them are new or differ.

    Attributes:
        looks: How the live model sees them.
        holders: Who holds their keys.
        crowds: How many others share a content that they have or had; content, how many, and
            whether any is set aside.
    """

    def __init__(self, db: psycopg.Connection, live: Live, cleaned: Mapping[int, Clean]) -> None:
        """Look at them and ask; inside a pipeline this does not wait."""
        self._live, self._cleaned = live, cleaned
        self.looks: list[Look] = [look(live, clean) for clean in cleaned.values()]
        keys = {key for one in self.looks for key in one.keys}
        self.holders = FewAsked(db, keys, most_moved=len(cleaned))
        records, contents = array_of(cleaned), array_of(one.row.content for one in self.looks)
        self.crowds = db.execute(_CROWDS, (contents, records, records))

    def holds(self, live: Live, cleaned: Mapping[int, Clean]) -> bool:
        """Tell whether it was right."""
        return live is self._live and cleaned == self._cleaned


def guess_of(
    db: psycopg.Connection, keys: Mapping[int, str], given: Mapping[int, Clean]
) -> Guess | None:
    """Guess what a few records are; None before a first page has told of model and sources.

    Args:
        db: Connection in the page's transaction, in a pipeline.
        keys: The source's key by record.
        given: Clean records by id.
    """
    live = last_live()
    urns = [_urns.get(row["data_set_id"]) for row in given.values()]
    if live is None or None in urns:
        return None
    return Guess(
        db,
        live,
        {
            record: placed(row, urn or "", keys[record])
            for (record, row), urn in zip(given.items(), urns, strict=True)
        },
    )


def remember_sources(cleaned: Iterable[Clean]) -> None:
    """Remember what data sets are called."""
    _urns.update((row["data_set_id"], row["source"]) for row in cleaned)


# As they stand without the records of the page, which are about to be written anew.
_CROWDS = """
SELECT content, count(*), bool_or(aside) FROM match_record
WHERE content IN (
    SELECT unnest(%s::bigint[])
    UNION SELECT content FROM match_record WHERE record_id = ANY(%s::bigint[]))
AND record_id <> ALL(%s::bigint[])
GROUP BY content
"""
