"""Factories of what sources know around a customer, and of what people settle about the view."""

import itertools
from collections.abc import Callable
from typing import Any

import psycopg

from registry.storage.statements import insert_row
from schemas.base import utc_now, uuid7
from schemas.dealings import (
    ChannelPreference,
    Consent,
    ContactPoint,
    CustomerAddress,
    CustomerIdentifier,
    CustomerRole,
    Interaction,
)
from schemas.records import ConsentState, ContactKind, CustomerKind
from schemas.stewarding import (
    ErasedRecord,
    Erasure,
    EventReader,
    LeftKey,
    LinkSample,
    MatchRequest,
    MatchWork,
    OwnKeyChange,
    OwnKeyRule,
    Purpose,
    ReviewNews,
    ReviewQuestion,
    ReviewState,
    SurvivorshipRule,
)
from tests import factories  # names are looked up when a test asks; factories imports us
from tests.customer_factories import a_match_model

_numbers = itertools.count(1)


def _dealing(made: type[Any], **least: Any) -> Callable[..., Any]:
    """Return a factory of one kind of dealing; its landed record is made along the way."""

    def factory(db: psycopg.Connection, **given: Any) -> Any:
        if "record_id" not in given:
            record = factories.a_landed_record(db)
            given["record_id"] = record.id
            given.setdefault("data_set_id", record.data_set_id)
        given.setdefault("data_set_id", uuid7())
        row = made(**{"customer_key": f"c{next(_numbers)}", **least, **given})
        insert_row(db, row)
        return row

    return factory


an_interaction = _dealing(Interaction, channel="counter")
a_consent = _dealing(Consent, topic="newsletter", state=ConsentState.GRANTED)
a_channel_preference = _dealing(ChannelPreference, channel="email")
a_customer_role = _dealing(CustomerRole, role="taxpayer")
a_contact_point = _dealing(ContactPoint, kind=ContactKind.EMAIL, value="a@example.nl")
a_customer_address = _dealing(CustomerAddress, city="Testdam")
a_customer_identifier = _dealing(CustomerIdentifier, type="passport", value="SPECI2021")


def a_purpose(db: psycopg.Connection, **given: Any) -> Purpose:
    """Settle a purpose under which nothing may be seen."""
    row = Purpose(
        **{
            "key": f"purpose-{next(_numbers)}",
            "name": "A purpose",
            "lawful_basis": "GDPR 6(1)(e)",
            "fields": [],
            "changed_by": "a test",
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_survivorship_rule(db: psycopg.Connection, **given: Any) -> SurvivorshipRule:
    """Settle that the newest value wins."""
    row = SurvivorshipRule(
        **{
            "attribute": f"attribute-{next(_numbers)}",
            "criteria": ["newest"],
            "trusted": [],
            "reason": "a test",
            "actor": "a test",
            **given,
        }
    )
    insert_row(db, row)
    return row


def an_own_key_rule(db: psycopg.Connection, **given: Any) -> OwnKeyRule:
    """Settle that a data set keeps people apart."""
    if "data_set_id" not in given:
        given["data_set_id"] = factories.a_data_set(db).id
    row = OwnKeyRule(**{"keeps_apart": True, "reason": "a test", "actor": "a test", **given})
    insert_row(db, row)
    return row


def an_own_key_change(db: psycopg.Connection, **given: Any) -> OwnKeyChange:
    """Settle once that a data set keeps people apart."""
    if "data_set_id" not in given:
        given["data_set_id"] = factories.a_data_set(db).id
    row = OwnKeyChange(**{"keeps_apart": True, "reason": "a test", "actor": "a test", **given})
    insert_row(db, row)
    return row


def a_match_request(db: psycopg.Connection, **given: Any) -> MatchRequest:
    """Ask for a training that no worker has taken."""
    row = MatchRequest(**{"work": MatchWork.TRAIN, "given": {}, "asked_by": "a test", **given})
    insert_row(db, row)
    return row


def some_review_news(db: psycopg.Connection, **given: Any) -> ReviewNews:
    """Note that nobody was matched again."""
    row = ReviewNews(**{"records": [], **given})
    insert_row(db, row)
    return row


def a_review_question(db: psycopg.Connection, **given: Any) -> ReviewQuestion:
    """Keep a question about two records that may be one customer."""
    row = ReviewQuestion(
        **{
            "left_id": next(_numbers),
            "right_id": next(_numbers),
            "customer_l": uuid7(),
            "customer_r": uuid7(),
            "weight_bits": 0.5,
            "linked": False,
            "records": 2,
            "chance": 0.6,
            "minus_benefit": -0.6,
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_review_state(db: psycopg.Connection, **given: Any) -> ReviewState:
    """Say that no question is kept; there is one such row at most."""
    counts = dict.fromkeys(("pairs", "apart", "concerned", "customers", "last_event"), 0)
    row = ReviewState(**{**counts, "matched_at": utc_now(), **given})
    insert_row(db, row)
    return row


def a_left_key(db: psycopg.Connection, **given: Any) -> LeftKey:
    """Know of somebody who left without saying anything."""
    row = LeftKey(
        **{
            "data_set_id": uuid7(),
            "key": f"key-{next(_numbers)}",
            "kind": CustomerKind.PERSON,
            "marks": {},
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_link_sample(db: psycopg.Connection, **given: Any) -> LinkSample:
    """Draw a link nobody has looked at."""
    if "model_id" not in given:
        given["model_id"] = a_match_model(db).id
    row = LinkSample(
        **{"left_id": next(_numbers), "right_id": next(_numbers), "weight_bits": 9.0, **given}
    )
    insert_row(db, row)
    return row


def an_event_reader(db: psycopg.Connection, **given: Any) -> EventReader:
    """Make a reader that has read nothing."""
    row = EventReader(**{"name": f"reader-{next(_numbers)}", **given})
    insert_row(db, row)
    return row


def an_erasure(db: psycopg.Connection, **given: Any) -> Erasure:
    """Note that somebody was erased."""
    row = Erasure(
        **{"customer_id": uuid7(), "records": 1, "reason": "a test", "actor": "a test", **given}
    )
    insert_row(db, row)
    return row


def an_erased_record(db: psycopg.Connection, **given: Any) -> ErasedRecord:
    """Keep a record from coming back."""
    if "customer_id" not in given:
        given["customer_id"] = an_erasure(db).customer_id
    mark = next(_numbers).to_bytes(16)
    row = ErasedRecord(**{"data_set_id": uuid7(), "key_hash": mark, **given})
    insert_row(db, row)
    return row


DEALINGS_FACTORIES = {
    "channel_preference": a_channel_preference,
    "consent": a_consent,
    "contact_point": a_contact_point,
    "customer_address": a_customer_address,
    "customer_identifier": a_customer_identifier,
    "customer_role": a_customer_role,
    "erased_record": an_erased_record,
    "erasure": an_erasure,
    "event_reader": an_event_reader,
    "interaction": an_interaction,
    "left_key": a_left_key,
    "link_sample": a_link_sample,
    "match_request": a_match_request,
    "own_key_change": an_own_key_change,
    "own_key_rule": an_own_key_rule,
    "purpose": a_purpose,
    "review_news": some_review_news,
    "review_question": a_review_question,
    "review_state": a_review_state,
    "survivorship_rule": a_survivorship_rule,
}
