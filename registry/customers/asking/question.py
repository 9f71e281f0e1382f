"""What is known of whom somebody looks for: free words taken apart into things to look up.

A thing is one fact: a name, a birthday, a house number. Numbers, dates and addresses are told by
their shape. Names, streets and towns need no telling apart, because a record is found by each of
its words, in any order.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import log2
from typing import Final

from rapidfuzz.distance import OSA

from registry.customers.live.words import initial_word, is_spelt
from registry.customers.matching.standard import LEGAL_FORMS
from registry.customers.values.contact import email_address, phone_number
from registry.customers.values.dates import date_digits
from registry.customers.values.identifiers import chamber_number, citizen_service_number
from registry.customers.values.names import PREFIX_WORDS
from registry.customers.values.nicknames import full_names
from registry.customers.values.phonetic import phonetic
from registry.customers.values.text import fold

# More facts than anybody gives; the rest would only cost time.
THINGS_MAX: Final = 12
# Spellings that one word may stand for; the nearest and commonest first.
SPELLINGS_MAX: Final = 8
# Bits that are lost where a fact is not quite as asked: by a slip, another form of a name, a mere
# beginning, day and month the other way round.
SLIP_BITS: Final = 4.0
NICKNAME_BITS: Final = 2.0
BEGINNING_BITS: Final = 3.0
TURNED_DATE_BITS: Final = 4.0
# What a fact tells that nobody counts: log2 of how many different ones there are.
NUMBER_BITS: Final = 24.0  # an e-mail address, telephone or official number
DATE_BITS: Final = 14.5  # days in a lifetime
POSTAL_BITS: Final = 12.0
YEAR_BITS: Final = 6.0
SHORT_NUMBER_BITS: Final = 6.0  # house numbers
INITIAL_BITS: Final = 4.0
# Slips that a short word may have, and a long one.
_SLIPS_MAX = (1, 2)
_LONG_WORD_LETTERS = 6
# Words that sound alike may differ in this share of their letters.
_SPOKEN_SHARE_MAX = 0.4
_PHONE_DIGITS = 9
_LONG_NUMBER_DIGITS = 6
_DATE_DIGITS = 8
# Small words that follow a year or a house number more often than they end a postal code.
_SMALL_WORDS = frozenset(
    {"aan", "al", "bij", "de", "den", "el", "en", "in", "la", "le", "op", "te"}
)
_OPTIONAL = frozenset(word for prefix in PREFIX_WORDS for word in fold(prefix).split()) | (
    LEGAL_FORMS
)
_YEAR = re.compile(r"(?:18|19|20)\d\d")
_POSTAL = re.compile(r"(?<!\d)([1-9]\d{3})\s?([A-Za-z]{2})\b")
_SPELT_DATE = re.compile(r"(?<!\d)(\d{1,2})[ .]+([A-Za-z]{3})[a-z]*[ .]+(\d{4})\b")
_NUMBER_RUN = re.compile(r"(?<![\w@])[+(]?\d[\d\s().\-/]{6,22}\d(?![\w@])")
_HOUSE = re.compile(r"0*(\d{1,5})(?:[\-/]?[a-z]{0,4}\d{0,2})?")


@dataclass
class Thing:
    """One fact that is known of whom is meant.

    Attributes:
        words: Kept words that tell it, each with the bits it lacks of the whole fact.
        bits: What the fact tells where it is met.
        spelt: The word as asked, where it is one that can be misspelt.
        optional: Not being met says nothing against anybody, e.g. for "van" or "BV".
        begun: Those of `words` that only begin like it.
    """

    words: dict[str, float]
    bits: float
    spelt: str | None = None
    optional: bool = False
    begun: set[str] = field(default_factory=set)

    def exact(self) -> list[str]:
        """Return the words that say the same without a slip."""
        return [word for word, lost in self.words.items() if lost <= NICKNAME_BITS]


def read_question(text: str) -> list[Thing]:
    """Take free words apart.

    Args:
        text: Whatever is known: names, numbers, dates, addresses, in any order.

    Returns:
        At most THINGS_MAX facts, numbers before words.
    """
    found: list[Thing] = []

    def taking(read: Callable[..., Thing | None]) -> Callable[[re.Match[str]], str]:
        def take(match: re.Match[str]) -> str:
            thing = read(*(match.groups() or (match.group(),)))
            if thing is None:
                return match.group()
            found.append(thing)
            return " "

        return take

    rest = []
    for word in text.replace(",", " ").replace(";", " ").split():
        thing = _address_or_date(word)
        if thing is None:
            rest.append(word)
        else:
            found.append(thing)
    left = _SPELT_DATE.sub(taking(_spelt_date), " ".join(rest))
    left = _POSTAL.sub(taking(_postal), left)
    left = _NUMBER_RUN.sub(taking(_long_number), left)
    for word in left.split():
        found += _plain(word)
    return found[:THINGS_MAX]


def _address_or_date(word: str) -> Thing | None:
    if "@" in word:
        address = email_address(word.strip("<>"))
        return Thing({address: 0.0}, NUMBER_BITS) if address else None
    return None if word.isdigit() else _date(date_digits(word))


def _date(digits: str | None) -> Thing | None:
    if digits is None or len(digits) != _DATE_DIGITS:
        return None
    turned = f"{digits[:4]}{digits[6:]}{digits[4:6]}"
    return Thing({turned: TURNED_DATE_BITS, digits: 0.0}, DATE_BITS)


def _spelt_date(day: str, month: str, year: str) -> Thing | None:
    return _date(date_digits(f"{day}-{month}-{year}"))


def _postal(digits: str, letters: str) -> Thing | None:
    if letters in _SMALL_WORDS:
        return None
    return Thing({f"{digits}{letters}".lower(): 0.0}, POSTAL_BITS)


def _long_number(text: str) -> Thing | None:
    """Read a telephone or an official number, in whatever notation; a date as eight digits too."""
    phone = phone_number(text.strip())
    digits = "".join(sign for sign in text if sign.isdigit())
    found = {
        phone[-_PHONE_DIGITS:] if phone else None,
        citizen_service_number(digits),
        chamber_number(digits),
        date_digits(text) if text.isdigit() else None,
    } - {None}
    if text.isdigit():
        found.add(text)
    return Thing({word: 0.0 for word in found if word}, NUMBER_BITS) if found else None


def _plain(word: str) -> Iterable[Thing]:
    """Read a word without blanks: a number, an initial, or one or more words that can be spelt."""
    number = _HOUSE.fullmatch(word.lower())
    if word.isdigit() and len(word) >= _LONG_NUMBER_DIGITS:
        thing = _long_number(word)
        return [thing] if thing else []
    if number:
        digits = number.group(1)
        return [Thing({digits: 0.0}, YEAR_BITS if _YEAR.fullmatch(word) else SHORT_NUMBER_BITS)]
    parts = fold(word).split()
    if parts and all(len(part) == 1 for part in parts):
        optional = parts[0] in _OPTIONAL
        return [Thing({initial_word(parts[0]): 0.0}, INITIAL_BITS, optional=optional)]
    return [_spelt(part) for part in parts if len(part) > 1]


def _spelt(word: str) -> Thing:
    words = dict.fromkeys(full_names(word), NICKNAME_BITS) | {word: 0.0}
    return Thing(words, NUMBER_BITS, word if is_spelt(word) else None, optional=word in _OPTIONAL)


def spell(thing: Thing, known: Iterable[tuple[str, int]], town: int, *, begun: bool) -> None:
    """Let a word stand for what the town knows that is spelt or spoken like it.

    Args:
        thing: A word that can be misspelt; its spellings and bits are set.
        known: Words of the town and how many records have each.
        town: Records of the whole town.
        begun: Whether the word may be the beginning of another.
    """
    asked = thing.spelt or ""
    code = phonetic(asked)
    near: list[tuple[float, int, str]] = []
    counts = {}
    for word, records in known:
        counts[word] = records
        lost = _lost_bits(asked, word, code)
        if lost is None and begun and word.startswith(asked):
            lost = BEGINNING_BITS
            thing.begun.add(word)
        if lost is not None and word not in thing.words:
            near.append((lost, -records, word))
    near.sort()
    thing.words |= {word: lost for lost, _, word in near[:SPELLINGS_MAX]}
    met = max((counts[word] for word in thing.words if word in counts), default=0)
    thing.bits = min(max(log2(max(town, 2) / max(met, 1)), 0.0), NUMBER_BITS)
    if not met:
        thing.words = {}


def _lost_bits(asked: str, word: str, code: str) -> float | None:
    """Return the bits that a spelling lacks; None where it is another word."""
    most = _SLIPS_MAX[len(asked) >= _LONG_WORD_LETTERS]
    letters = max(len(asked), len(word))
    slips = OSA.distance(asked, word, score_cutoff=max(most, int(letters * _SPOKEN_SHARE_MAX)))
    if slips <= most:
        return SLIP_BITS * slips
    spoken = slips <= letters * _SPOKEN_SHARE_MAX and code == phonetic(word)
    return SLIP_BITS * most if spoken else None
