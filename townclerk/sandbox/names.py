"""What people in the sandbox city are called: given, call and family names, by culture and age.

A Dutch family name is a prefix ("van der") and the name proper; most people bear one of a few
hundred common names, the rest one of many thousand rare ones that we build from parts.
"""

from collections.abc import Sequence
from typing import NamedTuple

from townclerk.sandbox.urns import Draw, pick, sections, urn, weighted_urn, words

RARE_SHARE = 0.7  # part of Dutch families whose name is not among the common ones
GENDERED_ENDINGS = (("ski", "ska"), ("cki", "cka"), ("dzki", "dzka"))  # Polish: his, hers


class GivenName(NamedTuple):
    """A first name as on the birth certificate, and what the bearer may be called."""

    official: str
    calls: tuple[str, ...]


class FamilyName(NamedTuple):
    """A family name; the prefix stands in lower case before it and does not count in sorting."""

    prefix: str
    name: str


class Era(NamedTuple):
    """Given names of those born before a year."""

    until: int
    names: tuple[GivenName, ...]


class Culture(NamedTuple):
    """One of the town's naming cultures."""

    name: str
    female: tuple[Era, ...]
    male: tuple[Era, ...]
    families: tuple[FamilyName, ...]

    def given(self, draw: Draw, gender: str, born: int) -> GivenName:
        """Draw a given name that was usual for this gender and year of birth."""
        for era in self.female if gender == "F" else self.male:
            if born < era.until:
                return pick(draw, era.names)
        raise AssertionError("the last era has no end")

    def family(self, draw: Draw) -> FamilyName:
        """Draw a family name; Dutch and Frisian ones are often rare."""
        if self.name in {"dutch", "frisian"} and draw() < RARE_SHARE:
            return rare_family(draw, frisian=self.name == "frisian")
        return pick(draw, self.families)


def split_prefix(text: str) -> FamilyName:
    """Split "van der Meer" into its prefix and the name proper."""
    parts = text.split(" ")
    first = next((at for at, part in enumerate(parts) if part[0].isupper()), 0)
    return FamilyName(" ".join(parts[:first]), " ".join(parts[first:]))


def _given(text: str) -> GivenName:
    official, _, calls = text.partition("(")
    return GivenName(official, tuple(calls.rstrip(")").split("/")) if calls else ())


def _eras(culture: str, gender: str) -> tuple[Era, ...]:
    eras = []
    for label, line in sections("names.txt")[culture].items():
        if label.startswith(gender):
            until = int(label.rsplit(" ", 1)[1]) if " until " in label else 9999
            eras.append(Era(until, urn([_given(name) for name in line.split(", ")], head=3.0)))
    return tuple(eras)


def _culture(name: str) -> Culture:
    families = [split_prefix(text) for text in words("names.txt", name, "family")]
    return Culture(name, _eras(name, "female"), _eras(name, "male"), urn(families, head=12.0))


CULTURES: Sequence[Culture] = weighted_urn(
    [(_culture(name), float(lines["share"])) for name, lines in sections("names.txt").items()]
)
_PARTS = {
    label: urn(words("places.txt", "rare", label)) for label in sections("places.txt")["rare"]
}
_SPELLINGS = (("ij", "y"), ("ei", "ey"), ("k", "ck"), ("oo", "o"), ("aa", "ae"), ("s", "sch"))


def rare_family(draw: Draw, *, frisian: bool = False) -> FamilyName:
    """Build a family name that few families share."""
    sort = draw()
    if frisian or sort < 0.12:
        name = FamilyName("", pick(draw, _PARTS["stem"]) + pick(draw, _PARTS["frisian"]))
    elif sort < 0.45:
        name = FamilyName("", pick(draw, _PARTS["stem"]) + pick(draw, _PARTS["ending"]))
    elif sort < 0.65:
        name = FamilyName("van", pick(draw, _PARTS["stem"]) + pick(draw, _PARTS["toponym"]))
    elif sort < 0.85:
        name = FamilyName(pick(draw, _PARTS["noun before"]), pick(draw, _PARTS["noun"]))
    else:
        name = FamilyName("", pick(draw, _PARTS["father"]) + pick(draw, _PARTS["father ending"]))
    if draw() < 0.25:
        modern, old = pick(draw, _SPELLINGS)
        return FamilyName(name.prefix, name.name.replace(modern, old, 1))
    return name


def for_gender(family: FamilyName, gender: str) -> FamilyName:
    """Give a family name the ending that fits a woman, where the language has one."""
    if gender == "F":
        for his, hers in GENDERED_ENDINGS:
            if family.name.endswith(his):
                return FamilyName(family.prefix, family.name[: -len(his)] + hers)
    return family


def initials(given: str) -> str:
    """Return the initials of official given names: "Johannes Cornelis" is "J.C."."""
    return "".join(f"{part[0]}." for part in given.split(" "))
