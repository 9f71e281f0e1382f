"""One customer at the counter: found, shown for a purpose, past and present, with all around."""

import logging
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from registry.customers.asking import around, purposes, reads, sheet
from registry.customers.asking.find import search_customers
from registry.customers.live import outbox
from registry.customers.live.cross_reference import alias_of
from registry.customers.stewarding import compare, review, stewardship
from schemas.base import uuid7
from schemas.customers import CustomerChange, Verdict
from schemas.errors import InvalidInput, UnknownName
from schemas.records import ConsentState
from tests import factories
from tests.dealings_factories import (
    a_channel_preference,
    a_consent,
    a_contact_point,
    a_customer_address,
    a_customer_identifier,
    a_customer_role,
    an_interaction,
)
from tests.integration.customers.conftest import JANNA, PIET, Counter

DAY = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def values(found: sheet.Sheet) -> dict[str, str]:
    return {one.attribute: one.value for one in found.values}


# ---- purposes --------------------------------------------------------------------------------


def test_without_a_purpose_nothing_is_shown(db: psycopg.Connection) -> None:
    for none in (None, "", "  "):
        with pytest.raises(purposes.PurposeNeeded):
            purposes.open_sight(db, none, actor="Sam")
    with pytest.raises(UnknownName, match="no purpose"):
        purposes.open_sight(db, "curiosity", actor="Sam")


def test_what_a_purpose_does_not_cover_is_masked(counter: Counter) -> None:
    (janna,) = counter.land({**JANNA, "national_id": "999990019"})
    customer = counter.customer(janna)
    service = values(sheet.customer_sheet(counter.db, counter.sight("service"), customer))
    assert (service["national_id"], service["email"]) == ("***", "janna@post.nl")
    steward = values(sheet.customer_sheet(counter.db, counter.sight(), customer))
    assert steward["national_id"] == "999990019"
    counted = sheet.customer_sheet(counter.db, counter.sight("statistics"), customer)
    assert counted.name == "***"
    assert {one.value for one in counted.values if one.masked} == {"***"}
    assert counted.sources[0].key == "***"
    (found,) = search_customers(counter.db, counter.sight("statistics"), "janna@post.nl")
    assert found.display_name == "***"


def test_a_record_says_which_of_its_values_are_not_used(counter: Counter) -> None:
    one, other = counter.land({**JANNA, "birth_date": date(2091, 5, 6)}, JANNA)
    found = sheet.customer_sheet(counter.db, counter.sight(), counter.customer(one))
    reason = "birth date lies in the future"
    assert {source.record_id: source.unused for source in found.sources}[one] == reason
    laid = compare.compare_records(counter.db, counter.sight(), one, other)
    assert f"Not used of the first record: {reason}." in laid.warnings


def test_a_town_settles_its_own_purposes_and_retires_shipped_ones(counter: Counter) -> None:
    settled = purposes.set_purpose(
        counter.db,
        "waste-tax",
        name="Send the waste tax bill",
        lawful_basis="Gemeentewet 228a",
        fields=["name", "city"],
        actor="Sam",
    )
    assert settled.fields == ["name", "city"]
    assert counter.sight("waste-tax").may("city")
    purposes.set_purpose(
        counter.db, "service", name="x", lawful_basis="y", fields=[], active=False, actor="Sam"
    )
    with pytest.raises(UnknownName):
        counter.sight("service")
    with pytest.raises(InvalidInput, match="shoe_size"):
        purposes.set_purpose(
            counter.db, "x", name="x", lawful_basis="y", fields=["shoe_size"], actor="Sam"
        )
    for key, name, basis in (
        ("a b", "x", "y"),
        ("", "x", "y"),
        ("Tax", "x", "y"),
        ("a", " ", "y"),
        ("a", "x", ""),
    ):
        with pytest.raises(InvalidInput):
            purposes.set_purpose(
                counter.db, key, name=name, lawful_basis=basis, fields=[], actor="Sam"
            )


class Kept:
    """A log of reads, as the room of processing will have one."""

    def __init__(self) -> None:
        self.reads: list[reads.PersonalRead] = []

    def note(self, read: reads.PersonalRead) -> None:
        self.reads.append(read)


def test_every_read_is_told_with_ids_and_without_values(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    (janna,) = counter.land(JANNA)
    customer, sight = counter.customer(janna), counter.sight("service")
    with caplog.at_level(logging.INFO, logger="townclerk.reads"):
        sheet.customer_sheet(counter.db, sight, customer)
    (line,) = caplog.records
    assert (line.purpose, line.actor, line.customers) == ("service", "Sam", 1)  # type: ignore[attr-defined]
    assert "Janna" not in str(vars(line))
    kept = Kept()
    before = reads.tell_reads_to(kept)
    try:
        search_customers(counter.db, sight, "janna@post.nl")
        sheet.customer_history(counter.db, sight, customer)
        around.customer_around(counter.db, sight, customer)
        sheet.list_sheets(counter.db, sight)
    finally:
        reads.tell_reads_to(before)
    told = {read.question: read for read in kept.reads}
    assert told.keys() == {
        "find_customers", "customer_history", "customer_around", "customers"
    }  # fmt: skip
    assert told["customer_history"].customers == (customer,)
    assert told["customer_history"].lawful_basis.startswith("GDPR 6(1)(e)")


def test_a_look_at_a_household_is_told_of_all_whose_names_are_shown(counter: Counter) -> None:
    janna, kees, ward = counter.land(
        {**JANNA, "national_id": "999990019"},
        {**JANNA, "given_name": "Kees", "national_id": "111222333", "email": None},
        PIET,
    )
    hers = {"data_set_id": counter.data_sets[0], "customer_key": counter.key(janna)}
    a_customer_role(counter.db, **hers, role="guardian", other_key=counter.key(ward))
    kept = Kept()
    before = reads.tell_reads_to(kept)
    try:
        around.customer_around(counter.db, counter.sight(), counter.customer(janna))
    finally:
        reads.tell_reads_to(before)
    assert kept.reads[0].customers == tuple(map(counter.customer, (janna, kees, ward)))


# ---- find ------------------------------------------------------------------------------------


def test_a_customer_is_found_by_id_key_number_likeness_or_name(counter: Counter) -> None:
    (janna,) = counter.land(JANNA)
    customer = counter.customer(janna)
    data_set, key = counter.data_sets[0], counter.key(janna)
    a_customer_identifier(
        counter.db, data_set_id=data_set, customer_key=key, type="iban", value="NL91ABNA0417164300"
    )

    def by(words: str) -> str | None:
        found = search_customers(counter.db, counter.sight(), words)
        return next((one.by for one in found if one.id == customer), None)

    assert by(str(customer)) == "id"
    assert by(key) == "key"
    assert by("NL91.ABNA.0417164300") == "number"
    assert by("Jana van de Woude 06-05-1971") == "likeness"
    assert by("wouden") in {"likeness", "name"}
    assert by("WOU") == "name"


@pytest.mark.parametrize(
    "words", ["", " ", "%", "_", "\0", "\\", "'; DROP TABLE customer --", "x" * 300, "%%%% ____"]
)
def test_hostile_words_find_nobody_and_harm_nothing(counter: Counter, words: str) -> None:
    assert search_customers(counter.db, counter.sight(), words) == []
    with pytest.raises(InvalidInput, match="at most 300"):
        search_customers(counter.db, counter.sight(), words + "x" * 301)


# ---- past and present ------------------------------------------------------------------------


def test_nobody_knows_what_a_customer_will_be(counter: Counter) -> None:
    (janna,) = counter.land(JANNA)
    customer = counter.customer(janna)
    soon = datetime.now(tz=UTC) + timedelta(seconds=5)  # by a clock that runs a little ahead
    assert sheet.customer_sheet(counter.db, counter.sight(), customer, as_of=soon).id == customer
    for moment in (soon + timedelta(days=1), datetime(2999, 1, 1)):  # noqa: DTZ001  # no zone is UTC
        with pytest.raises(InvalidInput, match="has not been yet"):
            sheet.customer_sheet(counter.db, counter.sight(), customer, as_of=moment)


def test_an_id_that_was_never_one_is_not_shown_as_another(counter: Counter) -> None:
    with pytest.raises(sheet.UnknownCustomer, match="No customer has this id") as told:
        sheet.current_id(counter.db, alias_of("nonsense"))
    assert "customers find" in told.value.remedy


def test_a_merged_id_leads_on_and_a_customer_has_a_past(counter: Counter) -> None:
    janna, piet = counter.land(JANNA, PIET)
    first, second = counter.customer(janna), counter.customer(piet)
    decision = stewardship.decide(
        counter.db, janna, piet, Verdict.LINK, reason="shown a passport", actor="Sam"
    )
    merged = counter.customer(janna)
    retired = second if merged == first else first
    found = sheet.customer_sheet(counter.db, counter.sight(), retired)
    assert (found.id, found.asked_id, found.record_count) == (merged, retired, 2)
    history = sheet.customer_history(counter.db, counter.sight(), merged)
    assert [one.revision for one in history] == [2, 1]
    assert history[1].record_count == 1
    stewardship.undo(counter.db, decision, actor="Sam")
    with pytest.raises(sheet.UnknownCustomer):
        sheet.customer_sheet(counter.db, counter.sight(), uuid7())
    with pytest.raises(sheet.UnknownCustomer, match="then"):
        sheet.customer_sheet(counter.db, counter.sight(), merged, as_of=DAY - timedelta(days=999))


def test_a_customer_is_shown_as_it_was(counter: Counter) -> None:
    customer = factories.a_customer(
        counter.db, attrs={"city": "Nieuw"}, revision=2, changed_at=DAY, created_at=DAY
    )
    factories.CUSTOMER_FACTORIES["customer_version"](
        counter.db,
        customer_id=customer.id,
        attrs={"city": "Oud"},
        valid_from=DAY - timedelta(days=9),
        valid_to=DAY,
    )
    sight = counter.sight()
    for moment, city in ((DAY, "Nieuw"), (DAY - timedelta(seconds=1), "Oud")):
        found = sheet.customer_sheet(counter.db, sight, customer.id, as_of=moment)
        assert values(found) == {"city": city}


# ---- around ----------------------------------------------------------------------------------


def test_everything_sources_know_around_a_customer_is_there(counter: Counter) -> None:
    janna, kees, stranger = counter.land(
        {**JANNA, "national_id": "999990019"},
        {**JANNA, "given_name": "Kees", "national_id": "111222333", "email": None},
        PIET,
    )
    customer, db = counter.customer(janna), counter.db
    hers = {"data_set_id": counter.data_sets[0], "customer_key": counter.key(janna)}
    an_interaction(
        db,
        **hers,
        channel="phone",
        service="waste",
        happened_at=DAY,
        outcome="solved",
        feedback="9",
    )
    a_consent(db, **hers, topic="newsletter", given_at=DAY)
    a_consent(
        db,
        **hers,
        topic="Newsletter",
        state=ConsentState.REVOKED,
        given_at=DAY + timedelta(days=1),
    )
    a_channel_preference(db, **hers, channel="phone", rank=1)
    a_customer_role(db, **hers, role="guardian", other_key=counter.key(stranger))
    a_contact_point(db, **hers, value="werk@post.nl", label="work")
    a_customer_address(db, **hers, usage="post", city="Elders")
    a_customer_identifier(db, **hers, type="passport", value="SPECI2021")
    found = around.customer_around(db, counter.sight(), customer)
    dealing = next(one for one in found.timeline if one.what == "dealing")
    assert (dealing.channel, dealing.outcome, dealing.feedback) == ("phone", "solved", "9")
    assert "new" in {one.what for one in found.timeline}
    assert [(one.id, one.same_name) for one in found.household] == [(counter.customer(kees), True)]
    assert [(one.state, one.in_force) for one in found.consents] == [
        ("revoked", True),
        ("granted", False),
    ]
    assert found.preferences[0].channel == "phone"
    assert found.roles[0].other_id == counter.customer(stranger)
    assert {one.value: one.golden for one in found.contact_points} == {
        "janna@post.nl": True,
        "werk@post.nl": False,
    }
    assert [one.golden for one in found.addresses] == [True, False]
    assert [one.type for one in found.identifiers] == ["bsn", "passport"]
    assert found.masked == []


def test_parts_outside_the_purpose_are_named_as_masked(counter: Counter) -> None:
    (janna,) = counter.land(JANNA)
    found = around.customer_around(counter.db, counter.sight("contact"), counter.customer(janna))
    assert set(found.masked) == {"timeline", "household", "roles", "identifiers"}
    assert found.timeline == []
    assert found.contact_points[0].value == "janna@post.nl"


# ---- outbox ----------------------------------------------------------------------------------


def test_a_copy_reads_events_in_order_and_says_how_far_it_is(counter: Counter) -> None:
    janna, piet = counter.land(JANNA, PIET)
    events = outbox.events_for(counter.db, "dwh")
    assert [one.change for one in events] == ["new", "new"]
    outbox.acknowledge(counter.db, "dwh", events[-1].number)
    stewardship.decide(counter.db, janna, piet, Verdict.LINK, reason="seen", actor="Sam")
    changes = {one.change for one in outbox.events_for(counter.db, "dwh")}
    assert changes == {"changed", "merged"}
    (merged,) = outbox.events_for(counter.db, "dwh", change=CustomerChange.MERGED)
    assert merged.other_id == counter.customer(janna)
    (reader,) = outbox.readers(counter.db)
    assert (reader.name, reader.behind) == ("dwh", 2)
    for name, event in (("", 0), ("dwh", -1), ("dwh", 10**12), ("x" * 121, 0)):
        with pytest.raises(InvalidInput):
            outbox.acknowledge(counter.db, name, event)


def test_what_changed_since_names_attributes_and_no_values(counter: Counter) -> None:
    customer = factories.a_customer(
        counter.db,
        attrs={"city": "Nieuw", "email": "a@b.nl"},
        revision=2,
        created_at=DAY - timedelta(days=9),
        changed_at=DAY,
    )
    factories.CUSTOMER_FACTORIES["customer_version"](
        counter.db,
        customer_id=customer.id,
        attrs={"city": "Oud", "phone": "+31612345678", "email": "a@b.nl"},
        valid_from=DAY - timedelta(days=9),
        valid_to=DAY,
    )
    factories.CUSTOMER_FACTORIES["customer_event"](
        counter.db, customer_id=customer.id, change=CustomerChange.CHANGED, happened_at=DAY
    )
    (found,) = outbox.changed_since(counter.db, DAY - timedelta(hours=1), customer=customer.id)
    assert found.attributes == ["city", "phone"]
    assert found.changes == ["changed"]
    assert outbox.changed_since(counter.db, DAY + timedelta(hours=1), customer=customer.id) == []


def test_possible_duplicates_are_counted(counter: Counter) -> None:
    before = review.count_doubts(counter.db)
    counter.land(
        {"given_name": "Kees", "family_name": "Blok", "postal_code": "2688 CD"},
        {"given_name": "Kees", "family_name": "Blok", "house_number": "7"},
    )
    after = review.count_doubts(counter.db)
    assert after.customers >= before.customers + 1
    assert after.apart >= before.apart
    assert after.concerned <= after.customers
