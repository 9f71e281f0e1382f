"""How a desk comes to know a customer: as of which day, with which fields, with which errors."""

from townclerk.sandbox.noise import Care, Sighting, disturb
from townclerk.sandbox.organisations import Organisation
from townclerk.sandbox.people import Person
from townclerk.sandbox.urns import Draw

Customer = Person | Organisation


def sight(draw: Draw, customer: Customer, day: int, care: Care) -> Sighting:
    """Return what a desk knows that last heard of the customer on `day`."""
    if isinstance(customer, Person):
        seen = _person(draw, customer, day, care)
    else:
        seen = _organisation(draw, customer, day, care)
    disturb(draw, seen, care)
    return seen


def _person(draw: Draw, person: Person, day: int, care: Care) -> Sighting:
    name = person.name_on(day)
    home = person.home_on(day)
    return Sighting(
        given=person.call if draw() < care.call_name else person.given,
        initials=person.initials,
        prefix=name.prefix,
        family=name.name,
        gender=person.gender,
        birth=person.birth if draw() < care.birth else None,
        bsn=person.bsn if draw() < care.bsn else "",
        email=_email(person, day) if draw() < care.email else "",
        phone=_phone(draw, person, day) if draw() < care.phone else "",
        street=home.street,
        number=home.number,
        addition=home.addition,
        postal_code=home.postal_code,
        city=home.city,
    )


def _email(person: Person, day: int) -> str:
    return person.former_email if day < person.email_on else person.email


def _phone(draw: Draw, person: Person, day: int) -> str:
    if person.landline and (not person.mobile or draw() < 0.35):
        return person.landline
    return person.former_mobile if day < person.mobile_on else person.mobile


def _organisation(draw: Draw, organisation: Organisation, day: int, care: Care) -> Sighting:
    home = organisation.home_on(day)
    name = organisation.name
    if draw() < care.slips:  # legal forms come and go with the clerk
        name = name.removesuffix(" B.V.").replace("B.V.", "BV")
    return Sighting(
        organisation=name,
        chamber_number=organisation.chamber_number if draw() < care.bsn else "",
        email=organisation.email if draw() < care.email else "",
        phone=organisation.phone if draw() < care.phone else "",
        street=home.street,
        number=home.number,
        addition=home.addition,
        postal_code=home.postal_code,
        city=home.city,
    )
