"""Personal names as they stand in Dutch registers: prefix beside the family name, initials apart.

Source:
    Logisch Ontwerp BRP, table 36 (voorvoegsels) for which words count as prefix.
"""

import re

from registry.customers.values.text import fold, named, tidy

# Blanks inside a prefix are written as hyphens here.
_PREFIX_LIST = """
van van-de van-der van-den van-'t van-het van-ter van-ten de den der 't het te ten ter in-'t in-de
in-den in-het op-de op-den op-'t op-het op-ten uit-de uit-den uit-'t uit-het uyt-de uyt-den aan-de
aan-den aan-'t aan-het bij-de bij-den onder-de over-de voor-de voor-'t voor-den von von-der von-dem
von-den von-und-zu vom zu zum zur de-la de-l' d' du des da do dos das del della di dal la le les l'
el al bin ben ibn
"""
# Longest first, so that "van der" is not read as "van" and a family name "der ...".
_PREFIXES = sorted(_PREFIX_LIST.split(), key=len, reverse=True)
PREFIX_WORDS = tuple(prefix.replace("-", " ") for prefix in _PREFIXES)
_PREFIX = re.compile(
    "(" + "|".join(re.escape(prefix) for prefix in PREFIX_WORDS) + r")(?:\s+|(?<='))(?=\S)",
    re.IGNORECASE,
)
_INITIAL_MARKS = re.compile(r"[\s.\-]+")
_ONLY_INITIALS = re.compile(r"(?:[^\W\d_]\.?[\s-]*){1,8}")
# Nobody carries more initials than this; longer text is a name in the wrong column.
INITIALS_MAX = 8


def split_prefix(family_name: str) -> tuple[str | None, str]:
    """Return prefix and family name apart, e.g. ("van der", "Berg").

    Reads "van der Berg" as well as "Berg, van der". A name that is only a prefix ("De") stays.
    """
    before, comma, after = family_name.partition(",")
    if comma and is_prefix(after):
        return " ".join(after.split()).lower(), before.strip()
    match = _PREFIX.match(family_name)
    if match is None:
        return None, family_name
    rest = family_name[match.end() :]
    if not any(character.isalpha() for character in rest):
        return None, family_name
    return match.group(1).lower(), rest


_FOLDED_PREFIXES = frozenset(fold(prefix) for prefix in PREFIX_WORDS)


def is_prefix(text: str) -> bool:
    """Tell whether a text is a prefix and nothing else."""
    return fold(text) in _FOLDED_PREFIXES


def family_parts(name_prefix: str | None, family_name: str | None) -> tuple[str | None, str | None]:
    """Return the cleaned prefix and family name of one record."""
    prefix = tidy(name_prefix)
    family = named(family_name)
    if family is None:
        return None, None
    found, rest = split_prefix(family)
    if prefix is None:
        return found, rest
    # Sources with a prefix column often repeat it inside the family name.
    return prefix.lower(), rest if found is not None and fold(found) == fold(prefix) else family


def given_parts(given_name: str | None, initials: str | None) -> tuple[str | None, str | None]:
    """Return given name and initials; initials typed into the given name's column move over."""
    given = named(given_name)
    letters = initials_of(initials)
    if given is not None and _looks_like_initials(given):
        return None, letters or initials_of(given)
    return given, letters


def initials_of(value: str | None) -> str | None:
    """Return upper-case letters without points, e.g. "J.P." as "JP"; None for anything else."""
    text = tidy(value)
    if text is None:
        return None
    parts = [part for part in _INITIAL_MARKS.split(text) if part]
    letters = "".join(parts).upper()
    if not letters.isalpha() or len(letters) > INITIALS_MAX:
        return None
    return letters


def _looks_like_initials(given: str) -> bool:
    if len(given) > 1 and "." not in given and " " not in given:
        return False  # "Jo" and "JP" cannot be told apart without points; believe the column
    return _ONLY_INITIALS.fullmatch(given) is not None
