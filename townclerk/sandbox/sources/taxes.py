"""What the tax office knows: an old system that writes capitals, no accents, 28 letters."""

from anyascii import anyascii

from townclerk.sandbox.households import Household
from townclerk.sandbox.identifiers import Scramble
from townclerk.sandbox.noise import Care, Sighting
from townclerk.sandbox.organisations import Organisation
from townclerk.sandbox.people import Role
from townclerk.sandbox.sightings import Customer
from townclerk.sandbox.sources.desk import Desk, Moment
from townclerk.sandbox.urns import Draw

NAME_MAX = 28  # letters that fit the old system's name column
POSTAL_CODE_MAX = 7  # two slips in one code would make it eight

COLUMNS = (
    "subject_number", "subject_kind", "bsn", "chamber_number", "initials", "prefix", "name",
    "sex", "birth_date", "street", "house_number", "house_letter", "postal_code", "place",
    "assessed_value", "changed_at",
)  # fmt: skip


def capitals(text: str) -> str | None:
    """Write text as the old system can: capitals without accents, cut off."""
    folded = text if text.isascii() else anyascii(text)
    return folded.upper()[:NAME_MAX] or None


def shape(draw: Draw, key: str, seen: Sighting, changed: Moment) -> tuple[str | None, ...]:
    """Return one row in the order of COLUMNS."""
    return (
        key,
        "R" if seen.organisation else "N",
        seen.bsn or None,
        seen.chamber_number or None,
        capitals(seen.initials),
        seen.prefix or None,
        capitals(seen.organisation or seen.family),
        {"F": "V", "M": "M"}.get(seen.gender),
        seen.birth.isoformat() if seen.birth else None,
        capitals(seen.street),
        str(seen.number),
        seen.addition or None,
        seen.postal_code[:POSTAL_CODE_MAX],
        capitals(seen.city),
        f"{120_000 + int(draw() ** 2 * 600) * 1000}.00",
        changed.iso,
    )


def choose(draw: Draw, household: Household, organisations: list[Organisation]) -> list[Customer]:
    """Pick whoever gets a bill: one or both heads, lodgers seldom, nearly all organisations."""
    known: list[Customer] = []
    for person in household.members:
        if person.role == Role.HEAD:
            chance = 0.95
        elif person.role == Role.PARTNER:
            chance = 0.32
        else:
            chance = 0.1 if person.age >= 18 else 0.0
        if draw() < chance:
            known.append(person)
    known.extend(one for one in organisations if draw() < 0.9)
    return known


def desk() -> Desk:
    """Open the tax office's desk."""
    return Desk(
        "taxes.subjects",
        data_set="urn:townclerk:data_set:tax-subjects",
        care=Care(
            slips=0.04, junk=0.006, call_name=0.0, email=0.0, phone=0.0, birth=0.96, bsn=0.9,
            twice=0.012,
        ),
        oldest_days=760,
        freshness=2.0,
        key_format="{}",
        scramble=Scramble(90_000_000, 38_196_601, 10_000_019),
        choose=choose,
        shape=shape,
    )  # fmt: skip
