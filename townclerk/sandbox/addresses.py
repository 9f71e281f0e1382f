"""The streets of the sandbox city: address number n is always the same house.

The town grows street by street, so a larger town holds the smaller one. Streets are unique by
name; each side of a street has its own postal code, as in the Netherlands.
"""

from functools import lru_cache
from typing import NamedTuple

from townclerk.sandbox.urns import words

STREET_LENGTHS = (24, 44, 36, 60, 30, 86)  # dwellings; a short pattern keeps lookup O(1)
ROUND = sum(STREET_LENGTHS)
STREETS_PER_CODE = 180  # streets that share the four digits of a postal code
FIRST_CODE = 4101
CODE_LETTERS = "ABCDEGHJKLMNPRSTVWXZ"  # the letters the postal service uses
STREET_CACHE_MAX = 4096  # streets are visited in order; moves look back at random ones
FLATS_EVERY = 5  # every fifth street has flats, whose numbers carry letters

_STEMS = words("places.txt", "streets", "stem")
_ENDINGS = words("places.txt", "streets", "ending")
_BEFORE = ["", *(f"{word} " for word in words("places.txt", "streets", "before"))]
_WORK = words("places.txt", "streets", "work")
_PLACES = words("places.txt", "places", "name")
# Which place the blocks of streets belong to: six of ten to the main town.
_DISTRICTS = (0, 0, 1, 0, 2, 0, 3, 0, 4, 5)


class Address(NamedTuple):
    """Where somebody lives or works.

    Attributes:
        number: House number without addition.
        addition: Letter or mark after the number, often empty.
        postal_code: Four digits and two letters, no blank.
    """

    street: str
    number: int
    addition: str
    postal_code: str
    city: str


class _Street(NamedTuple):
    name: str
    even_code: str
    odd_code: str
    city: str
    flats: bool


@lru_cache(maxsize=STREET_CACHE_MAX)
def _street(index: int) -> _Street:
    combinations = len(_STEMS) * len(_ENDINGS)
    which = index * 1009 % combinations  # 1009 is prime, so every combination comes once
    before = _BEFORE[index // combinations % len(_BEFORE)]
    name = _STEMS[which // len(_ENDINGS)] + _ENDINGS[which % len(_ENDINGS)]
    block, within = divmod(index, STREETS_PER_CODE)
    return _Street(
        before + (name.lower() if before else name),
        _postal_code(block, 2 * within),
        _postal_code(block, 2 * within + 1),
        _PLACES[_DISTRICTS[block % len(_DISTRICTS)]],
        index % FLATS_EVERY == 0,
    )


def _postal_code(block: int, within: int) -> str:
    first, second = divmod(within, len(CODE_LETTERS))
    return f"{FIRST_CODE + block}{CODE_LETTERS[first]}{CODE_LETTERS[second]}"


def dwelling(index: int) -> Address:
    """Return dwelling number `index` of the town."""
    turn, rest = divmod(index, ROUND)
    street_index = turn * len(STREET_LENGTHS)
    for length in STREET_LENGTHS:
        if rest < length:
            break
        rest -= length
        street_index += 1
    street = _street(street_index)
    if street.flats:
        number, letter = 1 + rest // 4, "ABCD"[rest % 4]
    else:
        number, letter = rest + 1, ""
    code = street.odd_code if number % 2 else street.even_code
    return Address(street.name, number, letter, code, street.city)


def workplace(index: int) -> Address:
    """Return premises number `index` on the town's business estates."""
    street, number = divmod(index, 120)
    estate, name = divmod(street, len(_WORK))
    code = f"{3990 - estate % 900}{CODE_LETTERS[name % 20]}{CODE_LETTERS[(number // 12) % 20]}"
    ending = ("weg", "park", "kade", "terrein")[estate % 4]
    return Address(_WORK[name] + ending, number + 1, "", code, _PLACES[estate % 2])
