"""The words by which a customer is found, and the slips of the pen by which a word is.

A record is found by every word of its name, street and town and by its numbers, whatever the
matching model makes of them: also by a value that weighs nothing there because many share it.
Words of a record are kept as digests, as blocking keys are; the town's own spellings are kept
once, so that a misspelt word leads to the words that somebody has.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final

import psycopg

from registry.customers.matching.features import Features, digest
from registry.customers.values.phonetic import phonetic
from registry.customers.values.text import RECENT_VALUES_MAX
from registry.storage.copying import array_of, as_bigint, bigints
from schemas.records import CustomerKind

# Letters of a word that slips are counted in; what comes later seldom tells two words apart.
SLIP_LETTERS_MAX: Final = 8
# One letter changed in a shorter word makes another word.
SLIP_LETTERS_MIN: Final = 3
# Beginnings by which a word is found while it is being typed.
BEGINNING_LETTERS: Final = range(2, 7)
# Longer words are pasted text; nobody looks for one.
WORD_LETTERS_MAX: Final = 40
LISTS: Final[Mapping[CustomerKind, tuple[str, ...]]] = {
    CustomerKind.PERSON: ("given_words", "full_names", "family_words"),
    CustomerKind.ORGANISATION: ("words",),
}
PLACES: Final = ("street", "city")
NUMBERS: Final[Mapping[CustomerKind, tuple[str, ...]]] = {
    CustomerKind.PERSON: (
        "birth", "birth_year", "national_id", "postal", "number", "email", "phone"
    ),
    CustomerKind.ORGANISATION: ("chamber_number", "postal", "number", "email", "phone"),
}  # fmt: skip


@lru_cache(RECENT_VALUES_MAX)
def key_of(word: str) -> int:
    """Return the digest under which a word, a slip or a beginning is kept, as a signed bigint."""
    return as_bigint(digest(word))


def words_of(features: Features, kind: CustomerKind) -> set[str]:
    """Return the words by which a record is found.

    Args:
        features: Its comparison columns, before a model has seen them.
        kind: Kind of customer.
    """
    found: set[str] = set()
    for column in LISTS[kind]:
        found.update(features[column] or ())
    for column in PLACES:
        found.update((features[column] or "").split())
    found.update(str(features[column] or "").lower() for column in NUMBERS[kind])
    found.discard("")
    if features.get("initials"):
        found.add(initial_word(features["initials"]))
    return found


def initial_word(initials: str) -> str:
    """Return the word under which a first initial is kept, apart from names of one letter."""
    return f"{initials[0].lower()}."


def is_spelt(word: str) -> bool:
    """Tell whether a word can be misspelt: one of letters alone."""
    return word.isalpha() and len(word) <= WORD_LETTERS_MAX


def slips_of(word: str) -> set[str]:
    """Return what a word shares with those one slip away from it, or spoken alike.

    Source:
        Symmetric deletion: Garbe (2012), SymSpell; Bocek, Hunt and Stiller (2007).
    """
    head = word[:SLIP_LETTERS_MAX]
    if len(head) < SLIP_LETTERS_MIN:
        return {head}
    code = phonetic(word)
    return {head, *(head[:at] + head[at + 1 :] for at in range(len(head)))} | (
        {f"~{code}"} if code else set()
    )


def slip_keys(word: str) -> list[int]:
    """Return the digests by which a word of the town is found: its slips and its beginnings."""
    beginnings = {f"{word[:size]}*" for size in BEGINNING_LETTERS if size <= len(word)}
    return sorted(map(key_of, slips_of(word) | beginnings))


class RememberedWords:
    """The words of records that a page brought, kept in place of those they had."""

    def __init__(self, db: psycopg.Connection, words: Mapping[int, Collection[str]]) -> None:
        """Keep them; inside a pipeline this does not wait.

        Args:
            db: Connection in the page's transaction, which holds the matching lock.
            words: Words by record.
        """
        self._spelt = {
            key_of(word): word for each in words.values() for word in each if is_spelt(word)
        }
        digests = (f'"{bigints(map(key_of, sorted(each)))}"' for each in words.values())
        given = {"records": bigints(words), "words": array_of(digests)}
        self._unknown = db.execute(_REMEMBER, given | {"keys": bigints(self._spelt)})

    def unknown(self) -> dict[int, str]:
        """Return the words that the town did not know, by digest."""
        return {key: self._spelt[key] for (key,) in self._unknown.fetchall()}


def learn_new(db: psycopg.Connection, remembered: Iterable[RememberedWords]) -> None:
    """Let the town know the words of a page that it did not know; each once."""
    unknown: dict[int, str] = {}
    for each in remembered:
        unknown |= each.unknown()
    if unknown:
        slips = (f'"{bigints(slip_keys(word))}"' for word in unknown.values())
        quoted = (f'"{word}"' for word in unknown.values())  # letters; but one may be "null"
        db.execute(_LEARN, (bigints(unknown), array_of(quoted), array_of(slips)))


# How many records have a word is counted by a full run alone: a page would have to touch the rows
# of every common name.
_REMEMBER = """
WITH found AS MATERIALIZED (
    SELECT record, given.words::bigint[] AS words, r.words AS before
    FROM unnest(%(records)s::bigint[], %(words)s::text[]) AS given(record, words)
    LEFT JOIN record_words r ON r.record_id = record
), changed AS (
    UPDATE record_words r SET words = f.words
    FROM found f WHERE f.before <> f.words AND r.record_id = f.record
), kept AS (
    INSERT INTO record_words (record_id, words)
    SELECT record, words FROM found WHERE before IS NULL
)
SELECT key FROM unnest(%(keys)s::bigint[]) AS given(key)
WHERE NOT EXISTS (SELECT FROM known_word WHERE known_word.key = given.key)
"""


_LEARN = """
WITH given AS (
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS given(key, word, slips)
), learnt AS (
    INSERT INTO known_word (key, word, records) SELECT key, word, 1 FROM given
)
INSERT INTO word_slips (key, slips) SELECT key, slips::bigint[] FROM given
"""


def learn_words(
    db: psycopg.Connection, words: Mapping[int, str], records: Mapping[int, int]
) -> None:
    """Keep all words of a town, with what leads to them.

    Args:
        db: Connection in the caller's transaction.
        words: Words by digest.
        records: How many records have each; one where nothing is said.
    """
    with db.cursor() as cursor:
        with cursor.copy("COPY known_word (key, word, records) FROM STDIN") as copy:
            for key, word in words.items():
                copy.write_row((key, word, records.get(key, 1)))
        with cursor.copy("COPY word_slips (key, slips) FROM STDIN") as copy:
            for key, word in words.items():
                copy.write_row((key, slip_keys(word)))


def forget_words(db: psycopg.Connection, records: Collection[int]) -> None:
    """Forget the words of records that have left."""
    if not records:
        return
    db.execute("DELETE FROM record_words WHERE record_id = ANY(%s::bigint[])", (bigints(records),))


# A spelling that more records had at the last full run tells of nobody, and to look for the last
# of its records would cost a page more than all else.
RARE_RECORDS_MAX = 20


def unlearn_words(db: psycopg.Connection, keys: Collection[int], *, rare_only: bool) -> None:
    """Forget spellings that no record has any more; a rare name tells who was there.

    Args:
        db: Connection in the transaction in which the records leave.
        keys: Digests of the words that they had.
        rare_only: Whether what was common at the last full run stays until the next one.
    """
    if not keys:
        return
    db.execute(
        """DELETE FROM known_word WHERE key = ANY(%s::bigint[]) AND (%s OR records <= %s)
           AND NOT EXISTS (SELECT FROM record_words WHERE words && ARRAY[known_word.key])""",
        (bigints(keys), not rare_only, RARE_RECORDS_MAX),
    )


def words_of_records(db: psycopg.Connection, records: Collection[int]) -> list[int]:
    """Return the digests of all words that some records have."""
    rows = db.execute(
        "SELECT DISTINCT unnest(words) FROM record_words WHERE record_id = ANY(%s::bigint[])",
        (bigints(records),),
    )
    return [key for (key,) in rows]
