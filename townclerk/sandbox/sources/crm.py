"""What the CRM knows: persons and organisations in one stream, told apart by `type`."""

from msgspec import Struct, json

from townclerk.sandbox.identifiers import Scramble
from townclerk.sandbox.noise import Care, Sighting
from townclerk.sandbox.sources.desk import (
    Desk,
    Moment,
    choose_by_age,
    first_name,
    international_phone,
)
from townclerk.sandbox.urns import Draw


class CrmAddress(Struct):
    """Address as the CRM writes it."""

    street: str
    house_number: str
    house_number_addition: str | None
    postcode: str
    city: str


class CrmCustomer(Struct):
    """One customer as GET /customers returns it."""

    id: str
    type: str
    first_name: str | None
    initials: str | None
    prefix: str | None
    last_name: str | None
    birth_date: str | None
    gender: str | None
    bsn: str | None
    organisation_name: str | None
    chamber_number: str | None
    email: str | None
    phone: str | None
    address: CrmAddress
    updated_at: str


def shape(draw: Draw, key: str, seen: Sighting, changed: Moment) -> bytes:
    """Return one record as the JSON text that pages are joined from."""
    code = seen.postal_code
    return json.encode(
        CrmCustomer(
            id=key,
            type="ORG" if seen.organisation else "PER",
            first_name=first_name(seen.given) or None,
            initials=(seen.initials or None) if draw() < 0.7 else None,
            prefix=seen.prefix or None,
            last_name=seen.family or None,
            birth_date=seen.birth_text or (seen.birth.isoformat() if seen.birth else None),
            gender=seen.gender or None,
            bsn=seen.bsn or None,
            organisation_name=seen.organisation or None,
            chamber_number=seen.chamber_number or None,
            email=seen.email or None,
            phone=international_phone(seen.phone) if draw() < 0.5 else seen.phone or None,
            address=CrmAddress(
                seen.street,
                str(seen.number),
                seen.addition or None,
                f"{code[:4]} {code[4:]}",
                seen.city,
            ),
            updated_at=changed.iso,
        )
    )


def desk() -> Desk:
    """Open the CRM's desk."""
    return Desk(
        "crm.customers",
        data_set="urn:townclerk:data_set:crm-customers",
        care=Care(
            slips=0.12, junk=0.03, call_name=0.55, email=0.72, phone=0.7, birth=0.78, bsn=0.2,
            twice=0.035, unreadable=0.002,
        ),
        oldest_days=4400,
        freshness=1.6,
        key_format="K-{:07d}",
        scramble=Scramble(10_000_000, 3_819_661, 2_236_067),
        choose=choose_by_age(adult=0.62, youth=0.16, child=0.07, organisation=0.8),
        shape=shape,
    )  # fmt: skip
