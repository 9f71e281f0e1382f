"""What the parking desk knows: a spreadsheet of permit holders, kept by hand."""

from datetime import date

from townclerk.sandbox.identifiers import Scramble
from townclerk.sandbox.noise import Care, Sighting
from townclerk.sandbox.sources.desk import Desk, Moment, choose_by_age, first_name
from townclerk.sandbox.urns import Draw

HEADERS = (
    "Vergunningnummer", "Type", "Bedrijfsnaam", "Voornaam", "Achternaam", "Geboortedatum",
    "E-mail adres", "Mobiel", "Straat", "Huisnummer", "Postcode", "Plaats", "Laatst gewijzigd",
)  # fmt: skip


def shape(_draw: Draw, key: str, seen: Sighting, changed: Moment) -> tuple[str | date | None, ...]:
    """Return one row in the order of HEADERS; dates are real spreadsheet dates."""
    return (
        key,
        "Zakelijk" if seen.organisation else "Bewoner",
        seen.organisation,
        first_name(seen.given),
        f"{seen.prefix} {seen.family}".strip(),
        seen.birth_text or seen.birth,
        seen.email,
        seen.phone,
        seen.street,
        f"{seen.number} {seen.addition}".strip(),
        seen.postal_code,
        seen.city,
        changed.day,
    )


def desk() -> Desk:
    """Open the parking desk."""
    return Desk(
        "parking.permits",
        data_set="urn:townclerk:data_set:parking-permits",
        care=Care(
            slips=0.14, junk=0.03, call_name=0.7, email=0.8, phone=0.7, birth=0.6, bsn=0.0,
            twice=0.025, unreadable=0.006,
        ),
        oldest_days=1460,
        freshness=1.3,
        key_format="PV-{:06d}",
        scramble=Scramble(1_000_000, 732_051, 161_803),
        choose=choose_by_age(adult=0.07, youth=0.0, child=0.0, organisation=0.15),
        shape=shape,
    )  # fmt: skip
