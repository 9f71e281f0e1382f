"""One inhabitant of the sandbox city, and what was true about her on a given day.

People marry and change names, move, and change mailboxes and telephones. A source that last
heard of somebody years ago therefore holds an old address or a maiden name: records age by
themselves, nobody has to corrupt them.
"""

from datetime import date
from enum import IntEnum

from anyascii import anyascii
from msgspec import Struct

from townclerk.sandbox import identifiers
from townclerk.sandbox.addresses import Address
from townclerk.sandbox.names import Culture, FamilyName, for_gender, initials
from townclerk.sandbox.urns import Draw

TODAY = date(2026, 6, 30)  # the town stands still on this day, so that every run is the same
TODAY_DAY = TODAY.toordinal()
DAYS_PER_YEAR = 365.2425
NEVER = TODAY_DAY + 1  # later than any day a source can have heard of
MEMBERS_MAX = 16  # numbers kept free per household; people of one household are numbered through

UNKNOWN_BIRTHDAY_SHARE = {"moroccan": 0.14, "turkish": 0.12, "arabic": 0.16, "african": 0.22}


class Role(IntEnum):
    """What somebody is in the household."""

    HEAD = 0
    PARTNER = 1
    CHILD = 2
    LODGER = 3


class NameUse(IntEnum):
    """Which family name a married person goes by, as Dutch law lets them choose."""

    OWN = 0
    PARTNER = 1
    PARTNER_OWN = 2
    OWN_PARTNER = 3


class Person(Struct, kw_only=True):
    """One inhabitant; days are proleptic ordinals, NEVER where it did not happen.

    Attributes:
        age: In whole years at the end of last year.
    """

    number: int
    household: int
    role: Role
    gender: str
    given: str
    call: str
    initials: str
    own: FamilyName
    birth: date
    age: int
    home: Address
    former_home: Address
    moved_on: int = NEVER
    spouse: FamilyName | None = None
    married_on: int = NEVER
    name_use: NameUse = NameUse.OWN
    mobile: str = ""
    former_mobile: str = ""
    mobile_on: int = 0
    landline: str = ""
    email: str = ""
    former_email: str = ""
    email_on: int = 0

    @property
    def key(self) -> str:
        """Return the person's name in the truth file."""
        return f"P{self.number:08d}"

    @property
    def bsn(self) -> str:
        """Return the personal number."""
        return identifiers.bsn(self.number)

    def name_on(self, day: int) -> FamilyName:
        """Return the family name the person went by on a day."""
        spouse = self.spouse
        if day < self.married_on or spouse is None or self.name_use == NameUse.OWN:
            return self.own
        if self.name_use == NameUse.PARTNER:
            return spouse
        first, second = (
            (spouse, self.own) if self.name_use == NameUse.PARTNER_OWN else (self.own, spouse)
        )
        tail = f"{second.prefix} {second.name}" if second.prefix else second.name
        return FamilyName(first.prefix, f"{first.name}-{tail}")

    def home_on(self, day: int) -> Address:
        """Return where the person lived on a day."""
        return self.home if day >= self.moved_on or self.moved_on == NEVER else self.former_home


def birth_date(draw: Draw, born: int, culture: str) -> date:
    """Draw a day of birth; where papers were missing, many are registered on 1 January."""
    if draw() < UNKNOWN_BIRTHDAY_SHARE.get(culture, 0.0):
        return date(born, 1 if draw() < 0.8 else 7, 1)
    return date.fromordinal(date(born, 1, 1).toordinal() + int(draw() * 365))


def born_in_culture(
    draw: Draw,
    culture: Culture,
    *,
    number: int,
    role: Role,
    age: int,
    gender: str,
    own: FamilyName,
    home: Address,
) -> Person:
    """Bring one person into the town, with given names, call name and contact details.

    Args:
        draw: Randomness.
        culture: Naming culture.
        number: The person's number; its household is `number // MEMBERS_MAX`.
        role: Place in the household.
        age: Age in whole years at the end of last year.
        gender: "F" or "M".
        own: Family name by birth, in the form of the family.
        home: Where the person lives.
    """
    born = TODAY.year - 1 - age
    first = culture.given(draw, gender, born)
    call = first.calls[int(draw() * len(first.calls))] if first.calls else first.official
    given = first.official
    while draw() < 0.28:  # one in four has a second name, some a third
        extra = culture.given(draw, gender, born - 30).official
        if extra not in given:
            given = f"{given} {extra}"
    person = Person(
        number=number,
        household=number // MEMBERS_MAX,
        role=role,
        gender=gender,
        given=given,
        call=call,
        initials=initials(given),
        own=for_gender(own, gender),
        birth=birth_date(draw, born, culture.name),
        age=age,
        home=home,
        former_home=home,
    )
    _give_contacts(draw, person, age)
    return person


def _give_contacts(draw: Draw, person: Person, age: int) -> None:
    """Give a telephone and a mailbox to those of an age to have them; some changed them."""
    chance = 0.0 if age < 11 else 0.97 if age < 70 else 0.75 if age < 85 else 0.35
    luck = draw()
    if luck < chance:
        person.mobile = identifiers.mobile(person.number, 0)
        if luck < 0.3:
            person.former_mobile = identifiers.mobile(person.number, 1)
            person.mobile_on = TODAY_DAY - int(draw() * 3650)
    if draw() < chance * 0.96:
        give_mailbox(draw, person)


def give_mailbox(draw: Draw, person: Person) -> None:
    """Give a person a mailbox, and to one in five a former one."""
    call = plain(person.call)
    family = plain(person.own.prefix + person.own.name)
    person.email = identifiers.mailbox(draw, person.number, call, family)
    if draw() < 0.2:
        person.former_email = identifiers.mailbox(draw, person.number + 1, call, family)
        person.email_on = TODAY_DAY - int(draw() * 3650)


def plain(text: str) -> str:
    """Fold a name to lower-case ASCII letters, as it stands in a mailbox."""
    folded = text if text.isascii() else anyascii(text)
    return (folded if folded.isalpha() else "".join(filter(str.isalpha, folded))).lower()
