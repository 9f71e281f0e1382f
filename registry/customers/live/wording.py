"""What a full run keeps so that customers are found: the words of every record, and the town's."""

from contextlib import nullcontext
from typing import Final

import duckdb
import psycopg

from registry.customers.live.replacing import is_empty, replace_rows
from registry.customers.live.words import LISTS, NUMBERS, PLACES, WORD_LETTERS_MAX, learn_words
from registry.customers.matching.engine import run, workspace
from registry.storage.bulk import set_aside
from registry.storage.copying import array_of
from schemas.records import CustomerKind

# Digests have 64 bits without a sign, PostgreSQL's bigint has one.
_SIGNED: Final = (
    "CASE WHEN key > 9223372036854775807 THEN key::HUGEINT - 18446744073709551616 ELSE key END"
)


def prepare_words(con: duckdb.DuckDBPyConnection) -> None:
    """Make the empty table that `keep_words` fills."""
    run(con, "CREATE OR REPLACE TABLE worded (id BIGINT, words VARCHAR[])")


def keep_words(con: duckdb.DuckDBPyConnection, records: str, kind: CustomerKind) -> None:
    """Keep the words of all records of a kind, as `words.words_of` has them for one.

    Args:
        con: The session.
        records: Table of comparison columns, before the model forgets what many share.
        kind: Which kind of customer.
    """
    lists = [f"coalesce({column}, [])" for column in LISTS[kind]]
    lists += [f"coalesce(string_split({column}, ' '), [])" for column in PLACES]
    numbers = ", ".join(f"lower({column}::VARCHAR)" for column in NUMBERS[kind])
    if kind is CustomerKind.PERSON:
        numbers += ", lower(initials[1]) || '.'"
    run(
        con,
        """INSERT INTO worded SELECT id, list_distinct(list_filter(
               flatten([$lists, [$numbers]]), lambda word: word <> '')) FROM $records""",
        lists=", ".join(lists),
        numbers=numbers,
        records=records,
    )


def write_words(db: psycopg.Connection, con: duckdb.DuckDBPyConnection) -> None:
    """Replace the words in PostgreSQL by those of this run.

    Args:
        db: Connection in the caller's transaction.
        con: The session, with `records` and what `keep_words` kept.
    """
    run(
        con,
        """CREATE OR REPLACE TEMP TABLE word AS
           SELECT word, ($signed)::BIGINT AS key, records FROM (
               SELECT word, md5_number_lower(word) AS key, count(*) AS records
               FROM (SELECT unnest(words) AS word FROM worded) GROUP BY word)""",
        signed=_SIGNED,
    )
    file = workspace(con) / "record_words.csv"
    run(
        con,
        """COPY (
               SELECT r.record_id, '{' || array_to_string(list_sort(list_transform(list_transform(
                   words, lambda word: md5_number_lower(word)), lambda key: ($signed)::BIGINT)),
                   ',') || '}'
               FROM worded JOIN records r ON r.place = id WHERE len(words) > 0
           ) TO '$file' (FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '\\N')""",
        file=str(file),
        signed=_SIGNED,
    )
    first = is_empty(db, "record_words") and is_empty(db, "known_word")
    # A whole index is made in a sixth of the time that a million rows take one by one.
    with set_aside(db, ("record_words", "word_slips")) if first else nullcontext():
        replace_rows(db, "record_words", ("record_id", "words"), file, identity=("record_id",))
        file.unlink()
        _write_spellings(db, con)
    for table in ("known_word", "word_slips"):
        db.execute(f"ANALYZE {table}")


def _write_spellings(db: psycopg.Connection, con: duckdb.DuckDBPyConnection) -> None:
    """Learn and forget spellings, and count anew how many records have each."""
    rows = run(
        con,
        "SELECT key, word, records FROM word WHERE regexp_full_match(word, '[a-z]{1,$most}')",
        most=str(WORD_LETTERS_MAX),
    )
    known: dict[int, int] = dict(db.execute("SELECT key, records FROM known_word").fetchall())
    counts = {key: records for key, _, records in rows}
    gone = known.keys() - counts.keys()
    db.execute("DELETE FROM known_word WHERE key = ANY(%s::bigint[])", (array_of(gone),))
    moved = [key for key, records in known.items() if counts.get(key, records) != records]
    db.execute(
        """UPDATE known_word SET records = counted.records
           FROM unnest(%s::bigint[], %s::bigint[]) AS counted(key, records)
           WHERE known_word.key = counted.key""",
        (array_of(moved), array_of(counts[key] for key in moved)),
    )
    learn_words(db, {key: word for key, word, _ in rows if key not in known}, counts)
