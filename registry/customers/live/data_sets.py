"""Data sets by their URN, and which ones there are where somebody writes another."""

from difflib import get_close_matches
from typing import Final
from uuid import UUID

import psycopg

from schemas.errors import UnknownName

SHOWN_MAX: Final = 10  # more than towns have of people; more would bury what was meant
COMPARED_MAX: Final = 1_000  # data sets with records; no town has so many
URN_SHOWN: Final = 200  # characters of what was written


def data_set_named(db: psycopg.Connection, urn: str, *, path: str) -> UUID:
    """Return the id of a data set.

    Args:
        db: Connection in a transaction.
        urn: Its URN.
        path: What the caller calls it, for those who ask by GraphQL.

    Raises:
        UnknownName: There is none of this URN; the remedy names those that have records.
    """
    row = db.execute(
        "SELECT id FROM element WHERE urn = %s AND kind = 'data_set'", (urn,)
    ).fetchone()
    if row is None:
        raise UnknownName(
            f"There is no data set {urn[:URN_SHOWN]!r}.",
            remedy=_meant(urn[:URN_SHOWN], _with_records(db)),
            path=[path],
        )
    found: UUID = row[0]
    return found


def _with_records(db: psycopg.Connection) -> list[str]:
    rows = db.execute(
        """SELECT urn FROM element WHERE kind = 'data_set' AND EXISTS
               (SELECT FROM landed_record WHERE data_set_id = element.id)
           ORDER BY urn LIMIT %s""",
        (COMPARED_MAX,),
    )
    return [urn for (urn,) in rows]


def _meant(written: str, there: list[str]) -> str:
    """Name data sets with records, the most alike first."""
    if not there:
        return "No data set has records yet; `townclerk sync add` registers a source of them."
    shown = get_close_matches(written, there, n=SHOWN_MAX, cutoff=0)
    more = "; `townclerk customers own-keys` lists them all" if len(there) > len(shown) else ""
    return f"Data sets that have records are {', '.join(shown)}{more}."
