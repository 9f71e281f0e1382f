"""What the waste service knows: one container pass per household, on one member's initials."""

from anyascii import anyascii

from townclerk.sandbox.households import Household
from townclerk.sandbox.identifiers import Scramble
from townclerk.sandbox.noise import Care, Sighting
from townclerk.sandbox.organisations import Organisation
from townclerk.sandbox.sightings import Customer
from townclerk.sandbox.sources.desk import Desk, Moment
from townclerk.sandbox.urns import Draw

HEADERS = (
    "Pasnummer", "Soort", "Bedrijfsnaam", "Voorletters", "Tussenvoegsel", "Achternaam", "Straat",
    "Huisnummer", "Toevoeging", "Postcode", "Woonplaats", "Telefoon", "Tarief", "Gewijzigd op",
)  # fmt: skip


ENCODING = "cp1252"


def western(text: str) -> str:
    """Replace the letters that the service's code page lacks: the Polish "ł" becomes "l"."""
    if text.isascii():
        return text
    return "".join(
        letter if letter.encode(ENCODING, "ignore") else anyascii(letter) for letter in text
    )


def shape(draw: Draw, key: str, seen: Sighting, changed: Moment) -> tuple[str, ...]:
    """Return one CSV row in the order of HEADERS; day-month-year and a decimal comma."""
    fee = 1250 + int(draw() * 40) * 125
    return (
        key,
        "Bedrijf" if seen.organisation else "Particulier",
        western(seen.organisation),
        western(seen.initials),
        western(seen.prefix),
        western(seen.family),
        western(seen.street),
        str(seen.number),
        seen.addition,
        f"{seen.postal_code[:4]} {seen.postal_code[4:]}",
        seen.city,
        seen.phone,
        f"{fee // 100},{fee % 100:02d}",
        changed.day.strftime("%d-%m-%Y"),
    )


def choose(draw: Draw, household: Household, organisations: list[Organisation]) -> list[Customer]:
    """Pick the pass holder: mostly the head, else the partner; some shops have a pass too."""
    known: list[Customer] = []
    if draw() < 0.86:
        members = household.members
        second = len(members) > 1 and members[1].age >= 18 and draw() < 0.35
        known.append(members[1] if second else members[0])
    known.extend(one for one in organisations if draw() < 0.2)
    return known


def desk() -> Desk:
    """Open the waste service's desk."""
    return Desk(
        "waste.passes",
        data_set="urn:townclerk:data_set:waste-passes",
        care=Care(
            slips=0.1, junk=0.015, call_name=0.0, email=0.0, phone=0.35, birth=0.0, bsn=0.0,
            twice=0.01,
        ),
        oldest_days=3650,
        freshness=1.0,
        key_format="AP{:07d}",
        scramble=Scramble(10_000_000, 6_180_339, 1_123_581),
        choose=choose,
        shape=shape,
    )  # fmt: skip
