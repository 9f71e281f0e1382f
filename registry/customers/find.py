"""Find a customer by whatever a caller gives: a misspelt name, a number, an address, a birthday.

The question becomes a record of its own; whoever shares a blocking key with it is weighed
against it by the live model. So what is tolerated in a question is what is tolerated in data.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg

from registry.customers.blocking import BLOCK_RECORDS_MAX
from registry.customers.clean import CLEAN_COLUMNS
from registry.customers.contact import email_address, phone_number
from registry.customers.explain import NoLiveModel
from registry.customers.features import features_of
from registry.customers.identifiers import chamber_number, citizen_service_number
from registry.customers.index import live_model, stored_key
from registry.customers.plain import date_digits, name_parts

# What fits on a screen; whoever needs more knows more to ask for.
FOUND_MAX = 20
# Records that are weighed for one question; blocks are read from the smallest on.
CANDIDATES_MAX = 500
_POSTAL = re.compile(r"\b([1-9]\d{3})\s?([A-Za-z]{2})\b")
_NO_RECORD = 0


@dataclass(frozen=True)
class Found:
    """One customer who may be meant, the likeliest first."""

    id: UUID
    display_name: str
    kind: str
    record_count: int
    weight_bits: float


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
