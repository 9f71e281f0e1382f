"""Note what was matched again, so that only questions about it are weighed anew.

A note belongs to the transaction that changed links and evidence; one for each page, however many
records it has. Who looks at the steward's queue takes the notes in (stewarding.keeping_up).
"""

from collections.abc import Iterable

import psycopg

from registry.customers.live.index import (
    GROWTH_BEFORE_TRAINING,
    PLANNED_ANEW,
    RECORDS_FREE,
    Live,
)
from registry.storage.copying import array_of


def note_matched(db: psycopg.Connection, records: Iterable[int]) -> None:
    """Note records whose evidence may have changed; inside a pipeline this does not wait."""
    db.execute(_NOTE, (array_of(records),))


_NOTE = "INSERT INTO review_news (records, noted_at) VALUES (%s::bigint[], now())"


def close_page(db: psycopg.Connection, live: Live, *, more: int, matched: Iterable[int]) -> None:
    """Count records in or out, and note those whose evidence may have changed; then plan anew.

    A town that has outgrown its model waits for a full run: a stale model knows neither its hot
    keys nor its common names, so pages would slow down.

    Args:
        db: Connection in the page's transaction; inside a pipeline this does not wait.
        live: The model in force.
        more: Records that came, less those that left.
        matched: Records that were matched again.
    """
    most = max(GROWTH_BEFORE_TRAINING * live.model.records, RECORDS_FREE)
    db.execute(_CLOSE, (array_of(matched), more, more, most))


_CLOSE = f"""
WITH noted AS ({_NOTE})
UPDATE live_model SET records = records + %s, complete = records + %s <= %s, changed_at = now()
RETURNING {PLANNED_ANEW}
"""


def note_all_matched(db: psycopg.Connection) -> None:
    """Note that a full run has matched all records; earlier notes tell nothing more."""
    db.execute("DELETE FROM review_news")
    db.execute(_NOTE, (None,))
