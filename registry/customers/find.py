"""Find a customer by whatever a caller gives: a misspelt name, a number, an address, a birthday.

The question becomes a record of its own; whoever shares a blocking key with it is weighed
against it by the live model. So what is tolerated in a question is what is tolerated in data.
Beside that, ids, keys of sources and registered numbers are looked up as they are, and a name alone
by its beginning, since no model tells one Bakker from another by nothing but Bakker.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
import psycopg

from registry.customers.blocking import BLOCK_RECORDS_MAX
from registry.customers.clean import CLEAN_COLUMNS
from registry.customers.contact import email_address, phone_number
from registry.customers.cross_reference import alias_of
from registry.customers.dates import date_digits
from registry.customers.explain import NoLiveModel
from registry.customers.features import features_of
from registry.customers.identifiers import chamber_number, citizen_service_number
from registry.customers.index import live_model, stored_key
from registry.customers.plain import name_parts
from registry.customers.purposes import Sight
from registry.customers.reads import note_read
from schemas.errors import InvalidInput

# What fits on a screen; whoever needs more knows more to ask for.
FOUND_MAX = 20
# Records that are weighed for one question; blocks are read from the smallest on.
CANDIDATES_MAX = 500
_POSTAL = re.compile(r"\b([1-9]\d{3})\s?([A-Za-z]{2})\b")
_NO_RECORD = 0
# Longer questions are pasted letters; words beyond these tell nobody apart.
QUESTION_CHARACTERS_MAX = 300
# Words that are looked up as a key or number of some source.
WORDS_MAX = 12
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
    asked = words.replace("\0", " ").strip()
    size = max(0, min(limit, FOUND_MAX))
    found: dict[UUID, Found] = {one.id: one for one in _looked_up(db, asked, size)}
    if live_model(db) is not None and asked:
        for one in find_customers(db, asked, limit=size):
            found.setdefault(one.id, one)
    if len(found) < size:
        for one in _by_name(db, asked, size):
            found.setdefault(one.id, one)
    shown = list(found.values())[:size]
    note_read(sight, "find_customers", [one.id for one in shown])
    return [replace(one, display_name=sight.shown("name", one.display_name)) for one in shown]


def _looked_up(db: psycopg.Connection, asked: str, limit: int) -> list[Found]:
    """Return the customers whom a word names outright: our id, a source's key, a number."""
    words = asked.split()[:WORDS_MAX]
    ids = [UUID(word) for word in words if _UUID.fullmatch(word)]
    ids += [alias_of(word) for word in dict.fromkeys((asked, *words))]  # of an earlier system
    numbers = [tidy for word in words if (tidy := re.sub(r"[\s.\-]", "", word).upper())]
    if not words:
        return []
    rows = db.execute(_LOOKED_UP, {"ids": ids, "words": words, "numbers": numbers, "limit": limit})
    return [
        Found(customer, name, kind, records, None, by) for customer, name, kind, records, by in rows
    ]


# Keys of the data sets that customers come from; one index lookup for each of them and word.
_LOOKED_UP = """
WITH meant AS (
    SELECT id, 1 AS place, 'id' AS by FROM unnest(%(ids)s::uuid[]) AS given(id)
    UNION ALL
    SELECT successor_id, 1, 'id' FROM customer_redirect WHERE id = ANY(%(ids)s)
    UNION ALL
    SELECT l.customer_id, 3, 'key'
    FROM (SELECT id FROM element WHERE kind = 'data_set') AS s
    CROSS JOIN unnest(%(words)s::text[]) AS given(word)
    JOIN landed_record AS r ON r.data_set_id = s.id AND r.key = given.word
    JOIN customer_link AS l ON l.record_id = r.id
    UNION ALL
    SELECT l.customer_id, 2, 'number' FROM customer_identifier AS n
    JOIN landed_record AS r ON r.data_set_id = n.data_set_id AND r.key = n.customer_key
    JOIN customer_link AS l ON l.record_id = r.id
    WHERE n.value = ANY(%(numbers)s)
)
SELECT c.id, c.display_name, c.kind, c.record_count, (array_agg(meant.by ORDER BY place))[1]
FROM meant JOIN customer AS c USING (id)
GROUP BY c.id ORDER BY min(place), c.display_name, c.id LIMIT %(limit)s
"""


def _by_name(db: psycopg.Connection, asked: str, limit: int) -> list[Found]:
    """Return customers whose family or organisation name begins like the last word of a name."""
    record = read_question(asked)
    name = str(record["organisation_name"] or "")
    beginnings = _beginnings([name, *name.split()[-1:]])
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
        if len(name) >= NAME_CHARACTERS_MIN:
            plain = name.replace("\\", "").replace("%", "").replace("_", "")
            for spelt in (plain, plain.capitalize(), plain.title(), plain.upper(), plain.lower()):
                found.setdefault(f"{spelt}%", None)
    return [name for name in found if len(name) > NAME_CHARACTERS_MIN]


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


def read_question(text: str) -> dict[str, Any]:
    """Return a record out of free words: e-mail, numbers, birthday and postal code go by shape."""
    record: dict[str, Any] = dict.fromkeys((*CLEAN_COLUMNS, "source"))
    rest = []
    postal = _POSTAL.search(text)
    if postal:
        record["postal_code"] = "".join(postal.groups()).upper()
        text = text.replace(postal.group(), " ")
    for word in text.split():
        digits = date_digits(word)
        if "@" in word and email_address(word):
            record["email"] = email_address(word)
        elif digits and not word.isdigit():
            record["birth_date"] = digits
        elif citizen_service_number(word):
            record["national_id"] = citizen_service_number(word)
        elif word.isdigit() and len(word) == 8 and chamber_number(word):
            record["chamber_number"] = chamber_number(word)
        elif phone_number(word):
            record["phone"] = phone_number(word)
        elif word.isdigit():
            record["house_number"] = word
        else:
            rest.append(word)
    name = " ".join(rest)
    record["organisation_name"] = name or None
    record["given_name"], record["family_name"] = name_parts(name) if name else (None, None)
    return record


def find_customers(
    db: psycopg.Connection, question: str | Mapping[str, Any], *, limit: int = FOUND_MAX
) -> list[Found]:
    """Find customers who may be meant.

    Args:
        db: Connection in a transaction.
        question: Free words, or values by column of clean_record.
        limit: Customers to return, at most FOUND_MAX.

    Raises:
        NoLiveModel: No model is live, so nothing can be weighed.
    """
    live = live_model(db)
    if live is None:
        raise NoLiveModel("No model is live, so nobody can be found by likeness.")
    asked: dict[str, Any] = dict.fromkeys((*CLEAN_COLUMNS, "source"))
    asked |= read_question(question) if isinstance(question, str) else dict(question)
    weights: dict[int, float] = {}
    for kind, weigher in live.weighers.items():
        if not live.knows(kind):
            continue
        seen = weigher.seer.see(features_of(asked, kind))
        keys = [stored_key(key, kind) for key in weigher.seer.keys(seen)]
        rows = db.execute(_CANDIDATES, (keys, BLOCK_RECORDS_MAX, kind.value, CANDIDATES_MAX))
        features = {record: orjson.loads(text) for record, text in rows}
        for pair in weigher.weigh(
            {**features, _NO_RECORD: seen}, [(_NO_RECORD, record) for record in features]
        ):
            weights[pair.right] = pair.weight_bits
    return _customers(db, weights, min(limit, FOUND_MAX))


_CANDIDATES = """
SELECT m.record_id, m.features FROM match_record m JOIN (
    SELECT record_id, count(*) AS shared
    FROM unnest(%s::bigint[]) AS asked(key),
        LATERAL (SELECT record_id FROM match_key k WHERE k.key = asked.key LIMIT %s) AS some_records
    GROUP BY record_id
) AS near USING (record_id)
WHERE m.kind = %s ORDER BY near.shared DESC, m.record_id LIMIT %s
"""


def _customers(db: psycopg.Connection, weights: Mapping[int, float], limit: int) -> list[Found]:
    rows = db.execute(
        """SELECT c.id, c.display_name, c.kind, c.record_count, max(w.bits)
           FROM unnest(%s::bigint[], %s::float8[]) AS w(record_id, bits)
           JOIN customer_link l USING (record_id) JOIN customer c ON c.id = l.customer_id
           GROUP BY c.id ORDER BY max(w.bits) DESC, c.id LIMIT %s""",
        (list(weights), list(weights.values()), limit),
    ).fetchall()
    return [
        Found(customer, name, kind, records, round(bits, 2))
        for customer, name, kind, records, bits in rows
    ]
