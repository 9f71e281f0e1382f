"""What a full run keeps so that customers are found: the words of every record, and the town's."""

from typing import Final

import duckdb
import psycopg

from registry.customers.engine import run, workspace
from registry.customers.words import LISTS, NUMBERS, PLACES, WORD_LETTERS_MAX, learn_words
from registry.storage.copying import copy_from_file
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
    # A whole index is made in a sixth of the time that a million rows take one by one.
    db.execute("TRUNCATE record_words, known_word, word_slips")
    db.execute("DROP INDEX IF EXISTS ix_record_words_words, ix_word_slips_slips")
    copy_from_file(db, "record_words", ("record_id", "words"), file)
    file.unlink()
    rows = run(
        con,
        "SELECT key, word, records FROM word WHERE regexp_full_match(word, '[a-z]{1,$most}')",
        most=str(WORD_LETTERS_MAX),
    )
    learn_words(db, {key: word for key, word, _ in rows}, {key: n for key, _, n in rows})
    db.execute("CREATE INDEX ix_record_words_words ON record_words USING gin (words)")
    db.execute("CREATE INDEX ix_word_slips_slips ON word_slips USING gin (slips)")
    for table in ("record_words", "known_word", "word_slips"):
        db.execute(f"ANALYZE {table}")
