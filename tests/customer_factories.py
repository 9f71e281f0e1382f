"""Factories of customers, of what they were, and of how records were found to be one of them."""

import itertools
from hashlib import sha256
from typing import Any

import psycopg

from registry.storage.statements import insert_row
from schemas.base import utc_now, uuid7
from schemas.customers import (
    CleanRecord,
    CrowdedKey,
    Customer,
    CustomerChange,
    CustomerEvent,
    CustomerLink,
    CustomerRedirect,
    CustomerVersion,
    KnownWord,
    LinkRule,
    LiveModel,
    MatchDecision,
    MatchEdge,
    MatchKey,
    MatchModel,
    MatchRecord,
    RecordWords,
    Verdict,
    WordSlips,
)
from schemas.records import CustomerKind
from tests.inserted import inserted
from tests.intake_factories import a_landed_record

_numbers = itertools.count(1)


def a_customer(db: psycopg.Connection, **given: Any) -> Customer:
    """Make a customer; a person unless told otherwise."""
    row = Customer(
        **{"kind": CustomerKind.PERSON, "display_name": f"Customer {next(_numbers)}", **given}
    )
    insert_row(db, row)
    return row


def a_match_model(db: psycopg.Connection, **given: Any) -> MatchModel:
    """Freeze a model without parameters."""
    mark = sha256(str(next(_numbers)).encode()).hexdigest()
    row = MatchModel(**{"content_hash": mark, "records": 0, **given})
    insert_row(db, row)
    return row


def a_live_model(db: psycopg.Connection, **given: Any) -> LiveModel:
    """Let a model be the live one; there is one at most."""
    if "model_id" not in given:
        given["model_id"] = a_match_model(db).id
    row = LiveModel(**given)
    insert_row(db, row)
    return row


def a_match_key(db: psycopg.Connection, **given: Any) -> MatchKey:
    """Block a record under a key of its own."""
    row = MatchKey(**{"key": next(_numbers), "record_id": next(_numbers), **given})
    insert_row(db, row)
    return row


def a_crowded_key(db: psycopg.Connection, **given: Any) -> CrowdedKey:
    """Note a key that too many records hold."""
    row = CrowdedKey(**{"key": next(_numbers), **given})
    insert_row(db, row)
    return row


def a_match_edge(db: psycopg.Connection, **given: Any) -> MatchEdge:
    """Weigh two records."""
    row = MatchEdge(
        **{
            "left_id": next(_numbers),
            "right_id": next(_numbers),
            "weight_bits": 10.0,
            "by_identity": False,
            "apart": False,
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_match_decision(db: psycopg.Connection, **given: Any) -> MatchDecision:
    """Decide that two records are one customer."""
    number = next(_numbers)
    row = MatchDecision(
        **{
            "data_set_l": uuid7(),
            "key_l": f"l{number}",
            "data_set_r": uuid7(),
            "key_r": f"r{number}",
            "verdict": Verdict.LINK,
            "reason": "a test",
            "actor": "steward",
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_customer_redirect(db: psycopg.Connection, **given: Any) -> CustomerRedirect:
    """Retire an id without a successor."""
    row = CustomerRedirect(**{"id": uuid7(), **given})
    insert_row(db, row)
    return row


def a_customer_version(db: psycopg.Connection, **given: Any) -> CustomerVersion:
    """Keep what a customer was."""
    row = CustomerVersion(
        **{
            "customer_id": uuid7(),
            "revision": 1,
            "display_name": "A customer",
            "record_count": 1,
            "valid_from": utc_now(),
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_customer_event(db: psycopg.Connection, **given: Any) -> CustomerEvent:
    """Tell of a new customer."""
    row = CustomerEvent(**{"customer_id": uuid7(), "change": CustomerChange.NEW, **given})
    insert_row(db, row)
    return row


def a_known_word(db: psycopg.Connection, **given: Any) -> KnownWord:
    """Let the town know a word."""
    number = next(_numbers)
    row = KnownWord(**{"key": number, "word": f"word{number}", **given})
    insert_row(db, row)
    return row


def word_slips(db: psycopg.Connection, **given: Any) -> WordSlips:
    """Let slips lead to a word that the town knows."""
    if "key" not in given:
        given["key"] = a_known_word(db).key
    row = WordSlips(**{"slips": [given["key"]], **given})
    insert_row(db, row)
    return row


def a_clean_record(db: psycopg.Connection, **given: Any) -> CleanRecord:
    """Clean a landed record; a person without any value."""
    if "record_id" not in given:
        landed = a_landed_record(db)
        given |= {"record_id": landed.id, "data_set_id": landed.data_set_id}
    return inserted(db, CleanRecord(**{"kind": CustomerKind.PERSON, **given}))


def a_customer_link(db: psycopg.Connection, **given: Any) -> CustomerLink:
    """Link a landed record to a customer of its own."""
    if "record_id" not in given:
        given["record_id"] = a_landed_record(db).id
    if "customer_id" not in given:
        given["customer_id"] = a_customer(db).id
    return inserted(db, CustomerLink(**{"rule": LinkRule.ALONE, **given}))


def a_match_record(db: psycopg.Connection, **given: Any) -> MatchRecord:
    """See a landed record as the live model does; without any value."""
    if "record_id" not in given:
        given["record_id"] = a_landed_record(db).id
    return inserted(
        db,
        MatchRecord(
            **{
                "kind": CustomerKind.PERSON,
                "place": f"place {next(_numbers)}",
                "content": 0,
                "features": "",
                "keys": [],
                **given,
            }
        ),
    )


def record_words(db: psycopg.Connection, **given: Any) -> RecordWords:
    """Keep the words of a landed record; none unless told otherwise."""
    if "record_id" not in given:
        given["record_id"] = a_landed_record(db).id
    return inserted(db, RecordWords(**{"words": [], **given}))


CUSTOMER_FACTORIES = {
    "record_words": record_words,
    "match_record": a_match_record,
    "customer_link": a_customer_link,
    "clean_record": a_clean_record,
    "customer": a_customer,
    "customer_event": a_customer_event,
    "customer_redirect": a_customer_redirect,
    "customer_version": a_customer_version,
    "known_word": a_known_word,
    "live_model": a_live_model,
    "crowded_key": a_crowded_key,
    "match_decision": a_match_decision,
    "match_edge": a_match_edge,
    "match_key": a_match_key,
    "match_model": a_match_model,
    "word_slips": word_slips,
}
