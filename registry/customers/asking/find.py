"""Find a customer by whatever a caller gives: a misspelt name, a number, an address, a birthday.

Ids, keys of sources and registered numbers are looked up as they are. Everything else is taken
apart into facts (`question`), and whoever has all of them in its words (`words`) is found, or has
all but one where nobody has all. Every step reads a bounded number of records, so a common name
takes no longer than a rare one; who bears it is told apart by the other facts.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import log2
from uuid import UUID

import psycopg
from rapidfuzz.fuzz import token_sort_ratio

from registry.customers.asking.purposes import Sight
from registry.customers.asking.question import Thing, read_question, spell
from registry.customers.asking.reads import note_read
from registry.customers.live.cross_reference import alias_of
from registry.customers.live.index import live_model
from registry.customers.live.words import BEGINNING_LETTERS, key_of, slips_of
from registry.customers.values.identifiers import number_key
from registry.customers.values.text import fold
from registry.storage.copying import bigints
from schemas.errors import InvalidInput

# What fits on a screen; whoever needs more knows more to ask for.
FOUND_MAX = 20
# Records that are read for one set of facts; of more, nobody could say which is meant. The second
# is for a customer of so many records that no other one came into sight.
CANDIDATES_MAX = (200, 2_000)
# Longer questions are pasted letters; words beyond these tell nobody apart.
QUESTION_CHARACTERS_MAX = 300
# Words that are looked up as a key or number of some source.
WORDS_MAX = 12
# A word that so many records have narrows nothing down, and its list would be long to read.
COMMON_RECORDS_MAX = 100_000
# Words of the town that are like one that was asked for; rarely more than some dozens.
LIKE_WORDS_MAX = 2_000
# Words that begin as asked are counted among so many, and this many of them are kept.
BEGUN_WORDS_MAX, BEGUN_KEPT_MAX = 500, 20
# Bits against a customer who lacks a fact that was asked for: people err, and sources lag behind.
MISSING_BITS = 5.0
# Facts that are left out one at a time where nobody has all of them.
LEFT_OUT_MAX = 6
# One letter begins too many names.
NAME_CHARACTERS_MIN = 2
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """One customer who may be meant, the likeliest first.

    Attributes:
        id: The customer's id.
        display_name: Name for lists; *** where the purpose does not cover it.
        kind: Person or organisation.
        record_count: Source records behind it.
        weight_bits: How likely it is meant, log2 odds; empty where it was looked up.
        by: What found it: id, key, number, likeness or name.
    """

    id: UUID
    display_name: str
    kind: str
    record_count: int
    weight_bits: float | None
    by: str = "likeness"


def search_customers(
    db: psycopg.Connection, sight: Sight, words: str, *, limit: int = FOUND_MAX
) -> list[Found]:
    """Find customers by whatever is known of them, as far as the purpose shows them.

    Args:
        db: Connection in a transaction.
        sight: Who asks, and what for.
        words: Free words: name, number, e-mail, birthday, address, id or a source's key.
        limit: Customers to return, at most FOUND_MAX.

    Raises:
        InvalidInput: The question is too long to be one.
    """
    if len(words) > QUESTION_CHARACTERS_MAX:
        raise InvalidInput(
            f"A question has at most {QUESTION_CHARACTERS_MAX} characters.", path=["words"]
        )
    # What no text of the database can hold, nobody is called.
    asked = words.encode(errors="ignore").decode().replace("\0", " ").strip()
    size = max(0, min(limit, FOUND_MAX))
    found: dict[UUID, Found] = {one.id: one for one in _looked_up(db, asked, size)}
    for one in find_customers(db, asked, limit=size):
        found.setdefault(one.id, one)
    if len(found) < size and live_model(db) is None:
        for one in _by_name(db, asked, size):
            found.setdefault(one.id, one)
    shown = list(found.values())[:size]
    note_read(sight, "find_customers", [one.id for one in shown])
    return [replace(one, display_name=sight.shown("name", one.display_name)) for one in shown]


def _looked_up(db: psycopg.Connection, asked: str, limit: int) -> list[Found]:
    """Return the customers whom a word names outright: our id, a source's key, a number."""
    words = list(dict.fromkeys((asked, *asked.split()[:WORDS_MAX])))
    if not asked:
        return []
    ids = [UUID(word) for word in words if _UUID.fullmatch(word)]
    ids += [alias_of(word) for word in words]  # of an earlier system
    numbers = [number for word in words if (number := number_key(word))]
    rows = db.execute(_LOOKED_UP, {"ids": ids, "words": words, "numbers": numbers, "limit": limit})
    return [
        Found(customer, name, kind, records, None, by) for customer, name, kind, records, by in rows
    ]


# Keys are unique in a data set: one look into the index for each of them and each word. LIMIT
# makes it so; without it the planner would rather read a million keys once.
_LOOKED_UP = """
WITH meant AS (
    SELECT id, 1 AS place, 'id' AS by FROM unnest(%(ids)s::uuid[]) AS given(id)
    UNION ALL
    SELECT successor_id, 1, 'id' FROM customer_redirect WHERE id = ANY(%(ids)s)
    UNION ALL
    SELECT l.customer_id, 3, 'key'
    FROM (SELECT id FROM element WHERE kind = 'data_set') AS s
    CROSS JOIN unnest(%(words)s::text[]) AS given(word)
    CROSS JOIN LATERAL (
        SELECT id FROM landed_record AS r
        WHERE r.data_set_id = s.id AND r.key = given.word LIMIT 1) AS r
    CROSS JOIN LATERAL (
        SELECT customer_id FROM customer_link WHERE record_id = r.id LIMIT 1) AS l
    UNION ALL
    SELECT l.customer_id, 2, 'number'
    FROM (SELECT data_set_id, customer_key FROM customer_identifier
          WHERE value = ANY(%(numbers)s) LIMIT %(limit)s) AS n
    CROSS JOIN LATERAL (
        SELECT id FROM landed_record AS r
        WHERE r.data_set_id = n.data_set_id AND r.key = n.customer_key LIMIT 1) AS r
    CROSS JOIN LATERAL (
        SELECT customer_id FROM customer_link WHERE record_id = r.id LIMIT 1) AS l
)
SELECT c.id, c.display_name, c.kind, c.record_count, named.by
FROM (SELECT id, min(place) AS place, (array_agg(by ORDER BY place))[1] AS by
      FROM meant GROUP BY id) AS named
CROSS JOIN LATERAL (SELECT * FROM customer WHERE customer.id = named.id LIMIT 1) AS c
ORDER BY named.place, c.display_name, c.id LIMIT %(limit)s
"""


def find_customers(db: psycopg.Connection, question: str, *, limit: int = FOUND_MAX) -> list[Found]:
    """Find customers who may be meant, by the words and numbers of their records.

    Args:
        db: Connection in a transaction.
        question: Free words.
        limit: Customers to return, at most FOUND_MAX.

    Returns:
        The likeliest first; nobody before the first full run, which keeps the words.
    """
    things = read_question(question)
    if not things or not limit:
        return []
    # The planner takes lists of words for longer than they are, and would read whole tables.
    db.execute("SET LOCAL enable_seqscan = off")
    try:
        town = _spell_out(db, things)
        telling = _telling(things, town)
        bearers = _read(db, [thing.exact() for thing in telling])
        if len(bearers) < limit:
            bearers |= _read(db, [list(thing.words) for thing in telling])
        if not bearers:
            bearers = _all_but_one(db, telling)
    finally:
        if not db.broken and db.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            db.execute("RESET enable_seqscan")
    found = [_judge(bearer, things, town) for bearer in bearers.values()]
    spelt = fold(question)
    found.sort(
        key=lambda one: (
            -(one.weight_bits or 0.0),
            -token_sort_ratio(spelt, fold(one.display_name)),
            one.display_name,
            one.id,
        )
    )
    return found[: min(limit, FOUND_MAX)]


def _spell_out(db: psycopg.Connection, things: Sequence[Thing]) -> int:
    """Let misspelt words stand for words of the town; return how many records it has."""
    spelt = [thing for thing in things if thing.spelt]
    last = spelt[-1].spelt or "" if spelt else ""
    beginning = last[: BEGINNING_LETTERS[-1]]
    rows = db.execute(
        _KNOWN,
        {
            "slips": bigints({key_of(slip) for one in spelt for slip in slips_of(one.spelt or "")}),
            "beginning": key_of(f"{beginning}*"),
            "last": f"{last}%",
        },
    ).fetchall()
    town = next((records for word, records in rows if word is None), 0)
    known = [(word, records) for word, records in rows if word is not None]
    for thing in spelt:
        spell(thing, known, town, begun=thing is spelt[-1])
    return int(town)


_KNOWN = f"""
SELECT NULL AS word, coalesce((SELECT records FROM live_model), 0) AS records
UNION ALL
(SELECT k.word, k.records
 FROM (SELECT key FROM word_slips WHERE slips && %(slips)s::bigint[] LIMIT {LIKE_WORDS_MAX}) AS s
 JOIN known_word AS k USING (key))
UNION
(SELECT k.word, k.records
 FROM (SELECT key FROM word_slips WHERE slips && ARRAY[%(beginning)s::bigint]
       LIMIT {BEGUN_WORDS_MAX}) AS s
 JOIN known_word AS k USING (key)
 WHERE k.word LIKE %(last)s ORDER BY k.records DESC, k.word LIMIT {BEGUN_KEPT_MAX})
"""


def _telling(things: Sequence[Thing], town: int) -> list[Thing]:
    """Return the facts that somebody must have to be found, the most telling first."""
    known = [thing for thing in things if thing.words]
    chosen = [thing for thing in known if not thing.optional] or known
    floor = log2(max(town, 2) / COMMON_RECORDS_MAX)
    narrow = [thing for thing in chosen if thing.spelt is None or thing.bits > floor]
    return sorted(narrow, key=lambda thing: -thing.bits)


@dataclass
class _Bearer:
    """A customer who has the facts, with the words of those records that were read."""

    found: Found
    words: set[int]


def _read(db: psycopg.Connection, facts: Sequence[Sequence[str]]) -> dict[UUID, _Bearer]:
    """Return some customers with a record that has a word of each fact."""
    if not facts or not all(facts):
        return {}
    every = " AND ".join("words && %s::bigint[]" for _ in facts)
    keys = [bigints(map(key_of, words)) for words in facts]
    found: dict[UUID, _Bearer] = {}
    for most in CANDIDATES_MAX:
        rows = db.execute(_BEARERS.format(every=every), [*keys, most]).fetchall()
        for customer, name, kind, records, words in rows:
            bearer = found.setdefault(
                customer, _Bearer(Found(customer, name, kind, records, None), set())
            )
            bearer.words.update(words)
        if len(rows) < most or len(found) >= FOUND_MAX:
            break
    return found


_BEARERS = """
SELECT c.id, c.display_name, c.kind, c.record_count, r.words
FROM (SELECT record_id, words FROM record_words WHERE {every} LIMIT %s) AS r
JOIN customer_link AS l USING (record_id) JOIN customer AS c ON c.id = l.customer_id
"""


def _all_but_one(db: psycopg.Connection, telling: Sequence[Thing]) -> dict[UUID, _Bearer]:
    """Return who has all facts but one, the least telling left out first; else who has any."""
    spellings = [list(thing.words) for thing in telling]
    for at in reversed(range(len(telling))[-LEFT_OUT_MAX:]):
        if bearers := _read(db, spellings[:at] + spellings[at + 1 :]):
            return bearers
    for words in spellings[:LEFT_OUT_MAX] if len(telling) > 2 else ():
        if bearers := _read(db, [words]):
            return bearers
    return {}


def _judge(bearer: _Bearer, things: Iterable[Thing], town: int) -> Found:
    """Say how likely a customer is meant: every fact it has speaks for it by its rarity."""
    bits, begun = -log2(max(town, 2)), False
    for thing in things:
        met = {word: lost for word, lost in thing.words.items() if key_of(word) in bearer.words}
        if not met:
            bits -= 0.0 if thing.optional else MISSING_BITS
            continue
        word = min(met, key=met.__getitem__)
        begun |= word in thing.begun
        bits += max(thing.bits - met[word], 0.0)
    return replace(bearer.found, weight_bits=round(bits, 2), by="name" if begun else "likeness")


def _by_name(db: psycopg.Connection, asked: str, limit: int) -> list[Found]:
    """Return customers whose family or organisation name begins like the last word of a name.

    For the time until a full run has kept the words of all records.
    """
    names = [asked, *asked.replace(",", " ").split()[-1:]]
    beginnings = _beginnings(names)
    if not beginnings:
        return []
    rows = db.execute(_BY_NAME, {"names": beginnings, "limit": limit}).fetchall()
    return [
        Found(customer, shown, kind, records, None, "name")
        for customer, shown, kind, records in rows
    ]


def _beginnings(names: Sequence[str]) -> list[str]:
    """Return patterns for names in the spellings that sources use: Smit, SMIT, smit."""
    found: dict[str, None] = {}
    for name in names:
        plain = name.replace("\\", "").replace("%", "").replace("_", "")
        if len(plain) >= NAME_CHARACTERS_MIN:
            for spelt in (plain, plain.capitalize(), plain.title(), plain.upper(), plain.lower()):
                found.setdefault(f"{spelt}%", None)
    return list(found)


# Each pattern is a range of the index; a bound per pattern keeps a common name from being sorted.
_BY_NAME = """
SELECT DISTINCT c.id, c.display_name, c.kind, c.record_count
FROM unnest(%(names)s::text[]) AS given(pattern)
CROSS JOIN LATERAL (
    (SELECT record_id FROM clean_record WHERE family_name LIKE given.pattern LIMIT 100)
    UNION ALL
    (SELECT record_id FROM clean_record WHERE organisation_name LIKE given.pattern LIMIT 100)
) AS r
JOIN customer_link AS l USING (record_id) JOIN customer AS c ON c.id = l.customer_id
ORDER BY c.display_name, c.id LIMIT %(limit)s
"""
