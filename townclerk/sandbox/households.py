"""Households of the sandbox city, each a pure function of the town's seed and its number.

People of one household share address, family name, landline, often a mailbox, sometimes even
birthday (twins) or full name (father and son). That, not typing errors, is what makes matching
municipal records hard, so the shares follow those of a Dutch town.
"""

from random import Random

from msgspec import Struct

from townclerk.sandbox.addresses import dwelling
from townclerk.sandbox.identifiers import landline
from townclerk.sandbox.names import CULTURES, Culture, FamilyName, initials
from townclerk.sandbox.people import (
    DAYS_PER_YEAR,
    MEMBERS_MAX,
    NEVER,
    TODAY_DAY,
    NameUse,
    Person,
    Role,
    born_in_culture,
)
from townclerk.sandbox.urns import Draw, pick, weighted_urn

SEED_BITS = 40  # room for the household number below the town's seed

KINDS = weighted_urn(
    [
        ("single", 380),
        ("couple", 285),
        ("family", 232),
        ("one_parent", 66),
        ("students", 17),
        ("three_generations", 12),
        ("care_home", 4),
    ]
)
TWIN_SHARE = 0.035  # of families' second and later children
ALIKE_SHARE = 0.35  # of twins: parents like one initial for both
ALIKE_DRAWS_MAX = 12  # names looked at for one with the same initial; rare initials give up
JUNIOR_SHARE = 0.07  # of sons: named after the father
MOVED_SHARE = 0.42  # of households within the last twelve years
MIXED_SHARE = 0.11  # of couples: two naming cultures
SHARED_MAILBOX_SHARE = 0.13  # of couples


class Household(Struct):
    """Those who live at one address.

    Attributes:
        number: Number in the town.
        kind: One of KINDS.
        members: Heads first.
    """

    number: int
    kind: str
    members: list[Person]


def household_seed(seed: int, number: int) -> int:
    """Return the seed of one household's randomness."""
    return seed << SEED_BITS | number


def household(rng: Random, number: int) -> Household:
    """Found household `number`, drawing from a generator seeded with `household_seed`."""
    draw = rng.random
    kind = pick(draw, KINDS)
    culture = pick(draw, CULTURES)
    founder = _Founder(draw, culture, number)
    match kind:
        case "single":
            founder.single()
        case "couple":
            founder.couple(28 + int(62 * draw() ** 0.8))
        case "family":
            parent_age = 26 + int(34 * draw())
            founder.couple(parent_age)
            founder.children(1 + int(3.2 * draw() ** 1.4))
        case "one_parent":
            parent_age = 26 + int(34 * draw())
            founder.adult(parent_age, "F" if draw() < 0.82 else "M", Role.HEAD)
            founder.children(1 + int(2.5 * draw() ** 1.5))
        case "students":
            founder.lodgers(3 + int(draw() * 4), 18, 10)
        case "care_home":
            founder.lodgers(8 + int(draw() * 7), 74, 26)
        case _:
            founder.three_generations()
    _settle(draw, number, kind, founder.members)
    return Household(number, kind, founder.members)


class _Founder:
    """Fills one household, member by member."""

    def __init__(self, draw: Draw, culture: Culture, number: int) -> None:
        self.draw = draw
        self.culture = culture
        self.number = number
        self.family = culture.family(draw)
        self.home = dwelling(number)
        self.members: list[Person] = []

    def adult(self, age: int, gender: str, role: Role) -> Person:
        """Add a person who bears the family's name."""
        return self._add(self.culture, age, gender, role, self.family)

    def _add(self, culture: Culture, age: int, gender: str, role: Role, own: FamilyName) -> Person:
        person = born_in_culture(
            self.draw,
            culture,
            number=self.number * MEMBERS_MAX + len(self.members),
            role=role,
            age=age,
            gender=gender,
            own=own,
            home=self.home,
        )
        self.members.append(person)
        return person

    def single(self) -> None:
        """Add somebody who lives alone; older women among them often bear a husband's name."""
        draw = self.draw
        age = 19 + int(74 * draw() ** 0.9)
        gender = "F" if draw() < (0.44 if age < 60 else 0.62) else "M"
        person = self.adult(age, gender, Role.HEAD)
        if gender == "F" and age > 45 and draw() < 0.5:
            _marry(draw, person, self.culture.family(draw), age)

    def couple(self, age: int) -> None:
        """Add two adults of whom the head gives the family its name."""
        draw = self.draw
        same_gender = draw() < 0.02
        head = self.adult(age, "F" if same_gender and draw() < 0.5 else "M", Role.HEAD)
        gender = head.gender if same_gender else "F"
        culture = pick(draw, CULTURES) if draw() < MIXED_SHARE else self.culture
        partner_age = max(18, age + int(draw() * 9) - 6)
        partner = self._add(culture, partner_age, gender, Role.PARTNER, culture.family(draw))
        if draw() < (0.35 if age < 35 else 0.78):
            married_on = _marry(draw, partner, head.own, min(age, partner_age))
            head.spouse, head.married_on = partner.own, married_on
            if draw() < 0.03:
                head.name_use = NameUse.OWN_PARTNER if draw() < 0.7 else NameUse.PARTNER_OWN
        if draw() < SHARED_MAILBOX_SHARE and head.email:
            partner.email = head.email

    def children(self, count: int) -> None:
        """Add children, some twins, some named after the father."""
        draw = self.draw
        father = self.members[0]
        parents = len(self.members)
        youngest_parent = min(parent.age for parent in self.members)
        eldest = min(youngest_parent - 20 - int(draw() * 14), 27)
        age = max(0, eldest)
        for _ in range(count):
            before = self.members[-1]
            child = self.adult(age, "F" if draw() < 0.49 else "M", Role.CHILD)
            if len(self.members) > parents + 1 and draw() < TWIN_SHARE:
                child.birth, child.age = before.birth, before.age
                if draw() < ALIKE_SHARE:
                    _name_alike(draw, self.culture, child, before)
            elif child.gender == father.gender and draw() < JUNIOR_SHARE:
                child.given, child.initials = father.given, father.initials
                child.call = father.call if draw() < 0.6 else child.call
            age -= 1 + int(draw() * 4)
            if age < 0:
                return

    def lodgers(self, count: int, youngest: int, span: int) -> None:
        """Add people of different families who share nothing but the address."""
        draw = self.draw
        for _ in range(count):
            culture = pick(draw, CULTURES)
            age = youngest + int(draw() * span)
            gender = "F" if draw() < (0.7 if youngest > 60 else 0.5) else "M"
            self._add(culture, age, gender, Role.LODGER, culture.family(draw))

    def three_generations(self) -> None:
        """Add a family and a parent of its head."""
        draw = self.draw
        age = 30 + int(25 * draw())
        self.couple(age)
        self.children(1 + int(draw() * 3))
        gender = "F" if draw() < 0.7 else "M"
        elder = self.adult(min(age + 22 + int(draw() * 14), 98), gender, Role.LODGER)
        if gender == "F":  # she bears her husband's name, which is the family's
            elder.spouse, elder.own = elder.own, self.culture.family(draw)
            elder.married_on = TODAY_DAY - int((age + 2) * DAYS_PER_YEAR)
            elder.name_use = NameUse.PARTNER if draw() < 0.3 else NameUse.PARTNER_OWN


def _marry(draw: Draw, person: Person, spouse: FamilyName, age: int) -> int:
    """Marry a woman (or second husband), who may from that day go by another name."""
    years = draw() * max(1.0, min(age - 20.0, 55.0))
    person.spouse = spouse
    person.married_on = TODAY_DAY - int(years * DAYS_PER_YEAR)
    luck = draw()
    own, partner = (0.12, 0.3) if age > 68 else (0.42, 0.52) if age > 42 else (0.7, 0.76)
    if luck >= own:
        person.name_use = NameUse.PARTNER if luck < partner else NameUse.PARTNER_OWN
    return person.married_on


def _name_alike(draw: Draw, culture: Culture, child: Person, twin: Person) -> None:
    """Look for a name with the initial of the twin's, for a matcher's hardest pair."""
    for _ in range(ALIKE_DRAWS_MAX):
        name = culture.given(draw, child.gender, child.birth.year)
        if name.official[0] == twin.given[0] and name.official not in twin.given:
            child.given = child.call = name.official
            child.initials = initials(child.given)
            return


def _settle(draw: Draw, number: int, kind: str, members: list[Person]) -> None:
    """Give the household its landline, its former address and its children's contacts."""
    head = members[0]
    has_phone = draw() < (0.7 if head.age > 60 else 0.25)
    phone = landline(number) if has_phone or kind == "care_home" else ""
    moved = NEVER
    if draw() < MOVED_SHARE:
        moved = TODAY_DAY - int(draw() * 12 * DAYS_PER_YEAR)
        # Within the town as it is by then: a move never depends on how large the town becomes.
        former = dwelling(int(draw() * (number + 200)))
    for person in members:
        person.landline = phone
        if moved != NEVER:
            person.moved_on, person.former_home = moved, former
        if person.role == Role.CHILD and not person.email and head.email:
            person.email = head.email
