"""What the CRM knows around its customers: contacts, consents, and how they want to be reached.

Drawn from a source of luck of their own, so that whether a town has them or not, its people and
their records are the same.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from msgspec import Struct, json

from townclerk.sandbox.people import TODAY
from townclerk.sandbox.sources.desk import OFFICE_TIMES, Moment, Note
from townclerk.sandbox.urns import Draw, pick, weighted_urn

CONTACTS = "crm.contacts"
CONSENTS = "crm.consents"
PREFERENCES = "crm.preferences"
STREAMS = (CONTACTS, CONSENTS, PREFERENCES)

CONTACT_SHARE = 0.45  # of adults and organisations; the others never called
CONTACTS_MAX = 7  # of one customer; enough for a timeline
CONSENT_SHARE = 0.25
WITHDRAWN_SHARE = 0.2  # of those who once said yes
PREFERENCE_SHARE = 0.2
OLDEST_DAYS = 1500  # contacts are kept for some four years
_SALT = 0x636F6E74  # keeps this luck apart from that of the people

CHANNELS = weighted_urn([("phone", 42), ("web", 24), ("counter", 20), ("email", 10), ("letter", 4)])
TOPICS = weighted_urn([("newsletter", 5), ("survey", 3), ("reminders by text message", 2)])
WISHES = weighted_urn([("email", 5), ("phone", 3), ("post", 2)])
# What people come for, and what comes of it.
SERVICES = weighted_urn(
    [
        (("Passport and identity card", ("appointment made", "document handed over")), 20),
        (("Moving house", ("change noted", "proof of rent asked for")), 14),
        (("Waste collection", ("container replaced", "passed to Public works", "answered")), 16),
        (("Municipal taxes", ("payment in parts agreed", "assessment explained")), 14),
        (("Parking permit", ("permit issued", "put on the waiting list", "answered")), 12),
        (("Report from the street", ("passed to Public works", "mended within the week")), 12),
        (("Building permit", ("form sent", "appointment made", "passed to Permits")), 7),
        (("Library pass", ("pass renewed", "answered")), 5),
    ]
)
FEEDBACK = weighted_urn(
    [
        (None, 74), ("helped at once", 9), ("friendly", 5), ("had to wait long", 5),
        ("had to explain it twice", 4), ("unclear letter", 3),
    ]
)  # fmt: skip


class Contact(Struct):
    """One contact as GET /contacts returns it."""

    id: str
    customer_id: str
    channel: str
    service: str
    at: str
    outcome: str
    feedback: str | None
    updated_at: str


class Consent(Struct):
    """One answer as GET /consents returns it."""

    id: str
    customer_id: str
    topic: str
    answer: str
    said_at: str
    until: str | None
    updated_at: str


class Preference(Struct):
    """One wish as GET /preferences returns it."""

    id: str
    customer_id: str
    channel: str
    rank: int
    updated_at: str


class ContactDesk:
    """Keeps what happened around the customers that the CRM has registered.

    Args:
        seed: The town's seed.
    """

    def __init__(self, seed: int) -> None:
        self._draw: Draw = Random(seed ^ _SALT).random
        self.counts = dict.fromkeys(STREAMS, 0)

    def notes(self, customer: Note) -> Iterator[tuple[str, Note]]:
        """Yield stream and record of what is known around one customer of the CRM."""
        draw = self._draw
        if draw() < CONTACT_SHARE:
            for _ in range(1 + int(CONTACTS_MAX * draw() ** 3)):
                yield CONTACTS, self._contact(customer)
        if draw() < CONSENT_SHARE:
            yield from self._consents(customer)
        if draw() < PREFERENCE_SHARE:
            yield from self._preferences(customer)

    def _contact(self, customer: Note) -> Note:
        moment = self._moment()
        service, outcomes = pick(self._draw, SERVICES)
        number, key = self._next(CONTACTS, "C")
        body = Contact(
            key, customer.key, pick(self._draw, CHANNELS), service, moment.iso,
            pick(self._draw, outcomes), pick(self._draw, FEEDBACK), moment.iso,
        )  # fmt: skip
        return _note(customer, number, key, moment, json.encode(body))

    def _consents(self, customer: Note) -> Iterator[tuple[str, Note]]:
        """Yield what the customer said on one topic; some who said yes withdrew it later."""
        topic = pick(self._draw, TOPICS)
        said = "yes" if self._draw() < 0.7 else "no"
        first = self._moment()
        yield CONSENTS, self._consent(customer, topic, said, first)
        if said == "yes" and self._draw() < WITHDRAWN_SHARE and first.day < TODAY:
            later = self._moment(first.day + timedelta(days=1))
            yield CONSENTS, self._consent(customer, topic, "withdrawn", later)

    def _consent(self, customer: Note, topic: str, answer: str, moment: Moment) -> Note:
        number, key = self._next(CONSENTS, "T")
        ends = answer == "yes" and self._draw() < 0.3
        until = (moment.day + timedelta(days=730)).isoformat() if ends else None
        body = Consent(key, customer.key, topic, answer, moment.iso, until, moment.iso)
        return _note(customer, number, key, moment, json.encode(body))

    def _preferences(self, customer: Note) -> Iterator[tuple[str, Note]]:
        wanted = [pick(self._draw, WISHES)]
        if (second := pick(self._draw, WISHES)) not in wanted:
            wanted.append(second)
        moment = self._moment()
        for rank, channel in enumerate(wanted, start=1):
            number, key = self._next(PREFERENCES, "W")
            body = Preference(key, customer.key, channel, rank, moment.iso)
            yield PREFERENCES, _note(customer, number, key, moment, json.encode(body))

    def _moment(self, after: date | None = None) -> Moment:
        """Draw a moment of the last years, most of them recent; none before `after`."""
        days = OLDEST_DAYS if after is None else (TODAY - after).days
        day = TODAY - timedelta(days=int(self._draw() ** 1.6 * days))
        return Moment(day, day.isoformat() + pick(self._draw, OFFICE_TIMES))

    def _next(self, stream: str, letter: str) -> tuple[int, str]:
        self.counts[stream] += 1
        number = self.counts[stream]
        return number, f"{letter}-{number:08d}"


def _note(customer: Note, number: int, key: str, moment: Moment, body: bytes) -> Note:
    return Note(number, key, moment, body, customer.owner, customer.household)
