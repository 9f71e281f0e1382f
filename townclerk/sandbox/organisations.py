"""Organisations of the sandbox city: shops at home, companies, clubs.

A sole trader's organisation shares address, telephone and mailbox with the person, and often
carries the family name; telling the two apart is part of the matcher's task.
"""

from msgspec import Struct

from townclerk.sandbox import identifiers
from townclerk.sandbox.addresses import Address, workplace
from townclerk.sandbox.households import Household
from townclerk.sandbox.names import CULTURES, rare_family
from townclerk.sandbox.people import NEVER, TODAY_DAY, Person, plain
from townclerk.sandbox.urns import Draw, pick, urn, words

SOLE_TRADER_SHARE = 0.075  # of households with an adult of working age
COMPANY_SHARE = 0.055  # per household: companies, clubs and schools with premises of their own

_TRADES = urn(words("places.txt", "organisations", "trade"))
_FANTASY = urn(words("places.txt", "organisations", "fantasy"), head=20.0)
_CLUBS = urn(words("places.txt", "organisations", "club"))
_FORMS = urn(words("places.txt", "organisations", "form"))


class Organisation(Struct, kw_only=True):
    """One organisation; `owner` is set for a sole trader."""

    number: int
    household: int
    name: str
    home: Address
    former_home: Address
    moved_on: int = NEVER
    phone: str = ""
    email: str = ""
    owner: Person | None = None

    @property
    def key(self) -> str:
        """Return the organisation's name in the truth file."""
        return f"O{self.number:08d}"

    @property
    def chamber_number(self) -> str:
        """Return the chamber of commerce number."""
        return identifiers.chamber_number(self.number)

    def home_on(self, day: int) -> Address:
        """Return where the organisation was on a day."""
        return self.home if day >= self.moved_on or self.moved_on == NEVER else self.former_home


def organisations_of(draw: Draw, household: Household) -> list[Organisation]:
    """Found the organisations that come with one household's place in the town."""
    found = []
    head = household.members[0]
    if 20 <= head.age <= 68 and draw() < SOLE_TRADER_SHARE:
        found.append(_sole_trader(draw, household.number, head))
    if draw() < COMPANY_SHARE:
        found.append(_company(draw, household.number))
    return found


def _sole_trader(draw: Draw, number: int, owner: Person) -> Organisation:
    family = f"{owner.own.prefix} {owner.own.name}".strip()
    trade = pick(draw, _TRADES)
    style = draw()
    if style < 0.4:
        name = f"{trade} {family}"
    elif style < 0.6:
        name = f"{family[0].upper()}{family[1:]} {trade}"
    elif style < 0.8:
        name = f"{trade} {pick(draw, _FANTASY)}"
    else:
        name = f"{owner.call} {family} {trade}"
    return Organisation(
        number=2 * number,
        household=owner.household,
        name=name,
        home=owner.home,
        former_home=owner.former_home,
        moved_on=owner.moved_on,
        phone=owner.mobile,
        email=owner.email if draw() < 0.6 else _mailbox(draw, name, number),
        owner=owner,
    )


def _company(draw: Draw, number: int) -> Organisation:
    style = draw()
    if style < 0.22:
        name = f"{pick(draw, _CLUBS)} {pick(draw, _FANTASY)}"
    else:
        family = pick(draw, CULTURES).family(draw) if draw() < 0.5 else rare_family(draw)
        proper = f"{family.prefix} {family.name}".strip()
        what = pick(draw, _TRADES) if style < 0.8 else pick(draw, _FANTASY)
        name = f"{what} {proper} {pick(draw, _FORMS)}"
    company = Organisation(
        number=2 * number + 1,
        household=-1,
        name=name,
        home=workplace(number),
        former_home=workplace(number),
        phone=identifiers.landline(1_000_000 + number),
        email=_mailbox(draw, name, number),
    )
    if draw() < 0.2:
        company.former_home = workplace(int(draw() * (number + 50)))
        company.moved_on = TODAY_DAY - int(draw() * 4000)
    return company


def _mailbox(draw: Draw, name: str, number: int) -> str:
    """Return a mailbox at a host of its own below example.nl."""
    who = "info" if draw() < 0.8 else "administratie"
    return f"{who}@{plain(name)[:24]}{number % 997}.example.nl"
