"""Whole names in one cell, taken apart: given and family name, or the name of an organisation."""

import re
from collections.abc import Callable

from registry.customers.tables.column_values import is_business
from registry.customers.values.names import family_parts, is_prefix, split_prefix
from registry.customers.values.text import fold, named

Parts = tuple[str | None, ...]

_TITLE_WORDS = """
mr mrs ms miss dr prof ir ing drs mw mevr mevrouw dhr heer herr frau monsieur madame
fam familie famille familia erven
"""
_TITLES = frozenset(_TITLE_WORDS.split())
# A Chinese name is written without a blank, the family name of one sign first.
_HAN_NAME = re.compile(r"[\u4e00-\u9fff]{2,3}")
# What follows a family name and is none of it.
_GENERATIONS = frozenset(
    ["jr", "sr", "ii", "iii", "iv", "phd", "md", "dds", "dvm", "esq", "msc", "bsc", "ma", "mba"]
)


def name_parts(text: str) -> Parts:
    """Return given and family name out of one cell: "Jan van der Berg" or "Berg, Jan van der"."""
    whole = named(text)
    if whole is None:
        return None, None
    family, comma, given = whole.partition(",")
    if comma and given.strip():
        return _without_prefix(without_titles(given.split())), family.strip()
    if _HAN_NAME.fullmatch(whole):
        return whole[1:], whole[0]
    words = _without_generation(without_titles(whole.split()))
    if len(words) < 2 or _are_family_alone(words):
        return None, words[-1] if words else None
    for start in range(1, len(words) - 1):
        prefix, rest = family_parts(None, " ".join(words[start:]))
        if prefix:
            return " ".join(words[:start]), rest
    return " ".join(words[:-1]), words[-1]


def reversed_name_parts(text: str) -> Parts:
    """Return given and family name out of one cell that begins with the family name."""
    whole = named(text)
    if whole is None or "," in whole:
        return name_parts(text)
    words = _without_generation(without_titles(whole.split()))
    if len(words) < 2:
        return None, words[0] if words else None
    prefix, rest = split_prefix(whole)
    if prefix is not None:
        words = [*prefix.split(), *_without_generation(rest.split())]
        cut = len(prefix.split()) + 1
    else:
        cut = 1
    return " ".join(words[cut:]) or None, family_parts(None, " ".join(words[:cut]))[1]


def parts_of_party(parts: Callable[[str], Parts]) -> Callable[[str], Parts]:
    """Return a function that also tells names of organisations, which have no parts."""

    def parts_of(text: str) -> Parts:
        return (None, None, named(text)) if is_business(text) else (*parts(text), None)

    return parts_of


def _are_family_alone(words: list[str]) -> bool:
    """Tell "van der Berg", which is a family name, from "Van Morrison" and "Ben Smith"."""
    prefix, rest = split_prefix(" ".join(words))
    return prefix is not None and " " not in rest and words[0][0].islower()


def _without_prefix(words: list[str]) -> str | None:
    """Return the given names of "Berg, Jan van der" without what belongs to the family name.

    "Ben", "Al" and the initial "D." look like prefixes too, so only small letters are one.
    """
    for start in range(len(words)):
        if words[start].islower() and is_prefix(" ".join(words[start:])):
            return " ".join(words[:start]) or None
    return " ".join(words)


def _without_generation(words: list[str]) -> list[str]:
    while len(words) > 2 and fold(words[-1]) in _GENERATIONS:
        words = words[:-1]
    return words


def without_titles(words: list[str]) -> list[str]:
    """Return the words of a name without salutations before it."""
    while len(words) > 1 and fold(words[0]) in _TITLES:
        words = words[1:]
    return words
