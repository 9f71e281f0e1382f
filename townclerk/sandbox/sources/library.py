"""What the library knows: patrons, half of them children who read on a parent's mailbox."""

from msgspec import Struct, json

from townclerk.sandbox.identifiers import Scramble
from townclerk.sandbox.noise import Care, Sighting
from townclerk.sandbox.sources.desk import Desk, Moment, choose_by_age, dashed_phone, first_name
from townclerk.sandbox.urns import Draw


class Patron(Struct):
    """One patron as GET /api/v1/patrons returns it."""

    patron_id: int
    cardnumber: str
    firstname: str | None
    surname: str
    date_of_birth: str | None
    gender: str | None
    email: str | None
    phone: str | None
    mobile: str | None
    address: str
    street_number: str
    postal_code: str
    city: str
    updated_on: str


def shape(draw: Draw, key: str, seen: Sighting, changed: Moment) -> bytes:
    """Return one patron as JSON; the prefix stands within the surname, before it or after."""
    surname = seen.family
    if seen.prefix:
        after = draw() < 0.12
        surname = f"{surname}, {seen.prefix}" if after else f"{seen.prefix} {surname}"
    phone = dashed_phone(seen.phone)
    is_mobile = phone.startswith("06")
    return json.encode(
        Patron(
            patron_id=int(key),
            cardnumber=f"29033{int(key):08d}",
            firstname=first_name(seen.given) or None,
            surname=surname,
            date_of_birth=seen.birth.isoformat() if seen.birth else None,
            gender=seen.gender or None,
            email=seen.email or None,
            phone=None if is_mobile else phone or None,
            mobile=phone if is_mobile else None,
            address=seen.street,
            street_number=f"{seen.number}{seen.addition.lower()}",
            postal_code=seen.postal_code,
            city=seen.city,
            updated_on=changed.iso,
        )
    )


def desk() -> Desk:
    """Open the library's desk."""
    return Desk(
        "library.patrons",
        data_set="urn:townclerk:data_set:library-patrons",
        care=Care(
            slips=0.1, junk=0.02, call_name=0.85, email=0.85, phone=0.6, birth=0.95, bsn=0.0,
            twice=0.02,
        ),
        oldest_days=3600,
        freshness=1.4,
        key_format="{}",
        scramble=Scramble(4_000_000, 1_414_213, 577_215),
        choose=choose_by_age(adult=0.18, youth=0.42, child=0.46, organisation=0.0),
        shape=shape,
    )  # fmt: skip
