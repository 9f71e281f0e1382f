"""What the permits system knows: applicants, official names in full, with their permits."""

from msgspec import Struct, json

from townclerk.sandbox.identifiers import Scramble
from townclerk.sandbox.noise import Care, Sighting
from townclerk.sandbox.sources.desk import Desk, Moment, choose_by_age
from townclerk.sandbox.urns import Draw, pick, weighted_urn

PERMITS_MAX = 4  # per applicant; enough to page through, few enough to stay a small town

PERMIT_TYPES = weighted_urn(
    [("BUILDING", 34), ("EVENT", 16), ("DORMER", 14), ("TREE_FELLING", 12), ("TERRACE", 10),
     ("SIGN", 8), ("DEMOLITION", 6)]
)  # fmt: skip
PERMIT_STATES = weighted_urn([("GRANTED", 70), ("REQUESTED", 14), ("REFUSED", 9), ("WITHDRAWN", 7)])


class Permit(Struct):
    """One permit of an applicant; snake case here, camel case on the wire."""

    number: str
    type: str
    state: str
    requested_on: str


class Applicant(Struct):
    """One applicant, a person or an organisation."""

    number: str
    kind: str
    official_names: str | None
    initials: str | None
    prefix: str | None
    family_name: str | None
    born_on: str | None
    gender: str | None
    bsn: str | None
    organisation_name: str | None
    chamber_number: str | None
    email: str | None
    telephone: str | None
    street: str
    house_number: str
    postal_code: str
    place: str
    modified_at: str
    permits: list[Permit]


def shape(draw: Draw, key: str, seen: Sighting, changed: Moment) -> bytes:
    """Return one applicant with permits as JSON, from which GraphQL answers are made."""
    count = 1 + int(PERMITS_MAX * draw() ** 2.5)
    year = changed.day.year
    permits = [
        Permit(
            f"{year - turn}-{key[2:]}-{turn + 1}",
            pick(draw, PERMIT_TYPES),
            pick(draw, PERMIT_STATES) if turn else "REQUESTED" if draw() < 0.1 else "GRANTED",
            changed.day.replace(year=year - turn, day=1).isoformat(),
        )
        for turn in range(count)
    ]
    return json.encode(
        Applicant(
            number=key,
            kind="ORGANISATION" if seen.organisation else "PERSON",
            official_names=seen.given or None,
            initials=seen.initials or None,
            prefix=seen.prefix or None,
            family_name=seen.family or None,
            born_on=seen.birth.isoformat() if seen.birth else None,
            gender={"F": "FEMALE", "M": "MALE"}.get(seen.gender),
            bsn=seen.bsn or None,
            organisation_name=seen.organisation or None,
            chamber_number=seen.chamber_number or None,
            email=seen.email or None,
            telephone=seen.phone or None,
            street=seen.street,
            house_number=f"{seen.number}-{seen.addition}" if seen.addition else str(seen.number),
            postal_code=seen.postal_code,
            place=seen.city,
            modified_at=changed.iso,
            permits=permits,
        )
    )


def desk() -> Desk:
    """Open the permits desk."""
    return Desk(
        "permits.applicants",
        data_set="urn:townclerk:data_set:permit-applicants",
        care=Care(
            slips=0.07, junk=0.01, call_name=0.12, email=0.9, phone=0.75, birth=0.88, bsn=0.55,
            twice=0.05,
        ),
        oldest_days=2900,
        freshness=1.2,
        key_format="A-{:06d}",
        scramble=Scramble(1_000_000, 381_967, 446_067),
        choose=choose_by_age(adult=0.1, youth=0.0, child=0.0, organisation=0.3),
        shape=shape,
    )  # fmt: skip
