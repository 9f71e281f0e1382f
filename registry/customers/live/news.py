"""Note what was matched again, so that only questions about it are weighed anew.

A note belongs to the transaction that changed links and evidence; one for each page, however many
records it has. Who looks at the steward's queue takes the notes in (stewarding.keeping_up).
"""

from collections.abc import Iterable

import psycopg

from registry.storage.copying import array_of


def note_matched(db: psycopg.Connection, records: Iterable[int]) -> None:
    """Note records whose evidence may have changed; inside a pipeline this does not wait."""
    db.execute(
        "INSERT INTO review_news (records, noted_at) VALUES (%s::bigint[], now())",
        (array_of(records),),
    )


def note_all_matched(db: psycopg.Connection) -> None:
    """Note that a full run has matched all records; earlier notes tell nothing more."""
    db.execute("INSERT INTO review_news (records, noted_at) VALUES (NULL, now())")
